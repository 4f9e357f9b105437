//! The README's recipes, executed; the files lie in tests/recipes. What needs a tool that is missing is
//! skipped, and said. `make container` builds the containers, `make boot` boots what an init runs.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::fixtures::{auth, host_name, log_in};
use crate::support::backend::{Backend, KEY};
use crate::support::command::{TestCommand, binary};
use crate::support::home::Home;
use crate::support::needs;

fn recipe(name: &str) -> String {
    format!("{}/tests/recipes/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn text(name: &str) -> String {
    fs::read_to_string(recipe(name)).expect("the recipe")
}

/// What follows `start` on a line of a recipe.
fn line(name: &str, start: &str) -> String {
    let text = text(name);
    let found = text.lines().find_map(|line| line.strip_prefix(start));
    found.expect("the line").to_owned()
}

/// Where recipes run: a home, a backend, and a folder on PATH that holds the program.
struct Site {
    home: Home,
    backend: Backend,
    folder: Home,
}

impl Site {
    fn new() -> Self {
        let folder = Home::new();
        symlink(binary(), folder.path().join("sekuire")).expect("a link");
        Self {
            home: Home::new(),
            backend: Backend::http(),
            folder,
        }
    }

    fn sh(&self) -> TestCommand {
        let path = format!("{}:/usr/bin:/bin", self.folder.path().display());
        TestCommand::at(Path::new("/bin/sh"))
            .home(&self.home)
            .env("PATH", path)
            .env("SEKUIRE_BACKEND_URL", self.backend.url())
    }

    fn recipe(&self, name: &str) -> TestCommand {
        self.sh().arg(recipe(name))
    }

    /// Gives its path.
    fn write(&self, name: &str, content: &str) -> String {
        let path = format!("{}/{name}", self.folder.path().display());
        fs::write(&path, content).expect("a file");
        path
    }
}

/// CI runs it on the others.
#[test]
fn shellcheck_takes_the_init_script() {
    if let Some(shellcheck) = needs::tool("shellcheck") {
        let run = TestCommand::at(&shellcheck).args(["-e", "SC1091"]);
        let run = run.arg(recipe("agent.init")).run();
        run.exits_with(0).stderr_is_empty();
    }
}

/// Also that the programs named in them are there: verify runs on copies that name ours.
#[test]
fn systemd_takes_the_units() {
    let Some(analyze) = needs::tool("systemd-analyze") else {
        return;
    };
    let site = Site::new();
    // A path of its own: the program's may have a space in it.
    let program = format!("{}/sekuire", site.folder.path().display());
    for kind in ["", "-with-credential", "-exec"] {
        let name = format!("agent{kind}.service");
        let text = text(&name).replace("/usr/bin/sekuire", &program);
        assert!(text.contains(&program), "{name}");
        let verify = TestCommand::at(&analyze).args(["verify", "--man=no"]);
        let verify = verify.arg(site.write(&name, &text)).run();
        verify.exits_with(0).stderr_is_empty();
    }
}

/// `ExecCondition=`: 0 starts, 1 to 254 skip without failing, 255 fails (systemd.service(5)).
#[test]
fn the_condition_of_the_unit_skips_only_where_nobody_is_logged_in() {
    let site = Site::new();
    // As systemd does: a dollar sign is written twice (systemd.service(5), "Command lines").
    let condition = line("agent.service", "ExecCondition=")
        .replace("/usr/bin/sekuire", "sekuire")
        .replace("$$", "$");
    let run = |key: &str, code: i32| {
        let run = site.sh().env("SEKUIRE_API_KEY", key);
        run.args(["-c", &condition])
            .run()
            .exits_with(code)
            .stdout_is("");
    };
    run("", 1);
    run("nonsense", 255);
    site.home.write_auth("{");
    run("", 255);
    site.home.write_auth(&auth().to_string());
    run("", 0);
}

/// By the command in its comment, for the identity in its environment.
#[test]
fn the_credential_of_the_unit_is_bound_without_storing_it() {
    let site = Site::new();
    let unit = "agent-with-credential.service";
    assert_eq!(line(unit, "Environment=SEKUIRE_DEVICE_ID="), "%H");
    let secret = site.write("api-key", &format!("{KEY}\n"));
    let login = line(unit, "#     ").replace("/etc/sekuire/api-key", &secret);
    let login = site.sh().args(["-c", &login]).run();
    login.exits_with(0).stderr_is_empty();
    assert!(site.home.listing().is_empty());
    for (device, code) in [(&*host_name(), 0), ("other", 1)] {
        let whoami = site.sh().env("SEKUIRE_DEVICE_ID", device);
        let whoami = whoami.env("SEKUIRE_API_KEY_FILE", &secret);
        whoami.args(["-c", "sekuire whoami"]).run().exits_with(code);
    }
}

#[test]
fn the_init_script_starts_its_daemon_only_when_logged_in() {
    let site = Site::new();
    let daemon = site.write("daemon", "#!/bin/sh\nexec sleep 60\n");
    fs::set_permissions(&daemon, Permissions::from_mode(0o755)).expect("chmod");
    let pid_file = site.folder.path().join("pid");
    let run = |verb: &str| {
        let run = site.recipe("agent.init").arg(verb).env("DAEMON", &daemon);
        let run = run.env("SEKUIRE_CONFIG_DIR", site.home.sekuire_dir());
        run.env("PIDFILE", &pid_file).run()
    };
    let pid = || fs::read_to_string(&pid_file).expect("a process id");
    run("start").exits_with(1).stderr_contains("not started");
    run("status").exits_with(3);
    site.home.write_auth("{");
    run("start").exits_with(3).stderr_contains("error: ");
    site.home.write_auth(&auth().to_string());
    run("start").exits_with(0).stderr_is_empty();
    let first = pid();
    run("status").exits_with(0);
    run("start").exits_with(0);
    assert_eq!(first, pid(), "a second start starts nothing");
    run("stop").exits_with(0);
    run("status").exits_with(3);
    run("else").exits_with(2).stderr_contains("usage");
}

/// Traced, too: `set -x` writes each command with its arguments.
#[test]
fn a_ci_job_never_prints_its_key() {
    let site = Site::new();
    log_in(&Home::new(), &site.backend);
    let step = r#"read -r key < "$1" && [ "$SEKUIRE_API_KEY" = "$key" ] && echo the step has it"#;
    let job = |key: &str, code: i32, says: &str| {
        let secret = site.write("secret", &format!("{key}\n"));
        let run = site
            .recipe("ci-job.sh")
            .args(["sh", "-c", step, "-", &secret]);
        let outcome = run.env("SEKUIRE_API_KEY_FILE", &secret).run();
        outcome
            .exits_with(code)
            .never_shows(key)
            .stdout_contains(says);
        outcome.stderr_contains("+ sekuire auth whoami");
        assert!(site.home.listing().is_empty(), "{outcome}");
    };
    job(KEY, 0, "the step has it\n");
    job(&KEY.replace("abc", "xyz"), 1, "failed   account: ");
}
