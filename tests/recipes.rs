//! The README's recipes, executed; the files lie in tests/recipes. What needs a tool that is missing is
//! skipped, and said. `make container` builds the containers, `make boot` boots what an init runs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::fixtures::host_name;
use crate::support::backend::{Backend, Behaviour, Endpoint, KEY, Response};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;
use crate::support::needs;

const SCRIPTS: [&str; 5] = [
    "agent.init",
    "ci-login.sh",
    "ci-job.sh",
    "wait-at-boot.sh",
    "air-gapped.sh",
];
const UNITS: &[&str] = &[
    "agent.service",
    "agent-with-credential.service",
    "agent-exec.service",
];

fn recipe(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/recipes")
        .join(name)
}

/// `sh recipe`, with the program under test on its PATH.
struct Shell {
    home: Home,
    path: TempDir,
}

impl Shell {
    fn new() -> Self {
        let path = TempDir::with_prefix("sekuire-path-").expect("a folder");
        symlink(binary(), path.path().join("sekuire")).expect("a link");
        Self {
            home: Home::new(),
            path,
        }
    }

    fn search(&self) -> String {
        format!("{}:/usr/bin:/bin", self.path.path().display())
    }

    fn run(&self, name: &str) -> Sekuire {
        let run = Sekuire::at(Path::new("/bin/sh")).home(&self.home);
        run.env("PATH", self.search()).arg(recipe(name))
    }
}

#[test]
fn shellcheck_takes_the_scripts() {
    let Some(shellcheck) = needs::tool("shellcheck") else {
        return;
    };
    let run = Sekuire::at(&shellcheck).args(["-s", "sh", "-e", "SC1091"]);
    run.args(SCRIPTS.map(recipe)).run().exits(0).complains_not();
}

/// Also that the programs named in them are there: verify runs on copies that name ours.
#[test]
fn systemd_takes_the_units() {
    let Some(analyze) = needs::tool("systemd-analyze") else {
        return;
    };
    for name in UNITS {
        let folder = TempDir::with_prefix("sekuire-unit-").expect("a folder");
        let text = fs::read_to_string(recipe(name)).expect("the unit");
        assert!(text.contains("/usr/bin/sekuire"), "{name}");
        // A path of its own: the program's may have a space in it.
        let program = folder.path().join("sekuire");
        symlink(binary(), &program).expect("a link to the program");
        let text = text.replace("/usr/bin/sekuire", program.to_str().expect("text"));
        let unit = folder.path().join(name);
        fs::write(&unit, text).expect("the copy");
        let run = Sekuire::at(&analyze)
            .args(["verify", "--man=no"])
            .arg(&unit);
        run.run().exits(0).complains_not();
    }
}

/// `ExecCondition=`: 0 starts, 1 to 254 skip without failing, 255 fails (systemd.service(5)).
#[test]
fn the_condition_of_the_unit_skips_only_where_nobody_is_logged_in() {
    let home = Home::new();
    // As systemd does: a dollar sign is written twice (systemd.service(5), "Command lines").
    let condition = line("agent.service", "ExecCondition=")
        .replace("/usr/bin/sekuire", r#""$PROGRAM""#)
        .replace("$$", "$");
    let run = |key: &str, code: i32| {
        let run = Sekuire::at(Path::new("/bin/sh")).env("PROGRAM", binary());
        let run = run.env("SEKUIRE_CONFIG_DIR", home.sekuire_dir());
        let run = run.env("SEKUIRE_API_KEY", key);
        run.args(["-c", &condition]).run().exits(code).prints("");
    };
    run("", 1);
    run("nonsense", 255);
    home.write_auth("{");
    run("", 255);
    home.write_auth(&json!({"api_key": KEY}).to_string());
    run("", 0);
}

/// What follows `start` on a line of a recipe.
fn line(name: &str, start: &str) -> String {
    let text = fs::read_to_string(recipe(name)).expect("the recipe");
    let found = text.lines().find_map(|line| line.strip_prefix(start));
    found.expect("the line").to_owned()
}

/// By the command in its comment, for the identity in its environment.
#[test]
fn the_credential_of_the_unit_is_bound_without_storing_it() {
    let (shell, backend) = (Shell::new(), Backend::http());
    let unit = "agent-with-credential.service";
    assert_eq!(line(unit, "Environment=SEKUIRE_DEVICE_ID="), "%H");
    let secret = shell.path.path().join("api-key");
    fs::write(&secret, format!("{KEY}\n")).expect("the key");
    let command =
        line(unit, "#     ").replace("/etc/sekuire/api-key", secret.to_str().expect("text"));
    let run = |command: &str| {
        let run = Sekuire::at(Path::new("/bin/sh")).home(&shell.home);
        let run = run.env("PATH", shell.search());
        let run = run.env("SEKUIRE_BACKEND_URL", backend.url());
        run.args(["-c", command]).run()
    };
    run(&command).exits(0).complains_not();
    assert!(shell.home.listing().is_empty());
    let start = format!("SEKUIRE_API_KEY_FILE={}", secret.display());
    run(&format!(
        "{start} SEKUIRE_DEVICE_ID={} sekuire whoami",
        host_name()
    ))
    .exits(0);
    run(&format!("{start} SEKUIRE_DEVICE_ID=other sekuire whoami")).exits(1);
}

#[test]
fn the_init_script_starts_its_daemon_only_when_logged_in() {
    let shell = Shell::new();
    let daemon = shell.path.path().join("daemon");
    fs::write(&daemon, "#!/bin/sh\nexec sleep 60\n").expect("a daemon");
    fs::set_permissions(&daemon, fs::Permissions::from_mode(0o755)).expect("chmod");
    let pid_file = shell.path.path().join("pid");
    let run = |verb: &str| {
        let run = shell.run("agent.init").arg(verb).env("DAEMON", &daemon);
        let run = run.env("SEKUIRE_CONFIG_DIR", shell.home.sekuire_dir());
        run.env("PIDFILE", &pid_file).run()
    };
    run("start").exits(1).complains("not started");
    run("status").exits(3);
    shell.home.write_auth("{");
    run("start").exits(3).complains("error: ");
    shell.home.write_auth(&json!({"api_key": KEY}).to_string());
    run("start").exits(0).complains_not();
    let first = fs::read_to_string(&pid_file).expect("a process id");
    run("status").exits(0);
    run("start").exits(0);
    let still = fs::read_to_string(&pid_file).expect("a process id");
    assert_eq!(first, still, "a second start starts nothing");
    run("stop").exits(0);
    run("status").exits(3);
    run("else").exits(2).complains("usage");
}

/// And leaves nothing where temporary files are, nor touches the login of another job.
#[test]
fn a_ci_job_logs_in_from_a_secret() {
    let (shell, backend) = (Shell::new(), Backend::http());
    let others = json!({"api_key": "sk_test_of-another-job"}).to_string();
    shell.home.write_auth(&others);
    let job = |key: &str| {
        let temporary = TempDir::with_prefix("sekuire-job-").expect("a folder");
        let run = shell.run("ci-login.sh").env("AGENT_KEY", key);
        let run = run.env("TMPDIR", temporary.path());
        let outcome = run.env("SEKUIRE_BACKEND_URL", backend.url()).run();
        let mut left = fs::read_dir(temporary.path()).expect("the folder");
        assert!(left.next().is_none(), "{outcome}");
        outcome.hides(key);
        outcome
    };
    let outcome = job(KEY);
    outcome.exits(0);
    let email = "Email: dev@example.com";
    assert!(outcome.stdout.contains(email), "{outcome}");
    job("hunter2").exits(2).complains("sk_live_");
    let answer = Response::json(500, &json!({}));
    backend.on(Endpoint::Me, Behaviour::Respond(answer));
    job(KEY).exits(4).complains("the key is verified, but");
    assert_eq!(shell.home.read_auth(), others);
}

/// Traced, too: `set -x` writes each command with its arguments.
#[test]
fn a_ci_job_never_prints_its_key() {
    let (shell, backend, bound) = (Shell::new(), Backend::http(), Home::new());
    let login = Sekuire::new().env("SEKUIRE_DEVICE_ID", "ci-runners");
    let login = login.env("SEKUIRE_BACKEND_URL", backend.url()).home(&bound);
    let login = login.args(["login", "--api-key-stdin"]);
    login.stdin(KEY.as_bytes()).run().exits(0);
    let secret = shell.path.path().join("secret");
    let step = r#"read -r key < "$1" && [ "$SEKUIRE_API_KEY" = "$key" ] && echo the step has it"#;
    let job = |key: &str| {
        fs::write(&secret, format!("{key}\n")).expect("the secret");
        let run = shell.run("ci-job.sh").without("SEKUIRE_DEVICE_ID");
        let run = run.env("SEKUIRE_API_KEY_FILE", &secret);
        let run = run.env("SEKUIRE_BACKEND_URL", backend.url());
        run.args(["sh", "-c", step, "-"]).arg(&secret).run()
    };
    let outcome = job(KEY);
    outcome.exits(0).hides(KEY).complains("+ sekuire auth exec");
    assert!(outcome.stdout.contains("the step has it\n"), "{outcome}");
    let refused = KEY.replace("abc", "xyz");
    let outcome = job(&refused);
    outcome.exits(1).hides(&refused);
    let says = "failed   account: ";
    assert!(outcome.stdout.contains(says), "{outcome}");
    assert!(shell.home.listing().is_empty(), "{outcome}");
}

#[test]
fn a_boot_waits_for_the_backend() {
    let (shell, backend) = (Shell::new(), Backend::http());
    backend.behave(Behaviour::CloseOnAccept);
    let boot = || {
        let run = shell.run("wait-at-boot.sh").env("SEKUIRE_API_KEY", KEY);
        run.env("SEKUIRE_BACKEND_URL", backend.url())
    };
    let mut running = boot().env("BOOT_WAIT", "20").spawn();
    thread::sleep(Duration::from_secs(1));
    let answer = Response::json(200, &json!({}));
    backend.behave(Behaviour::Respond(answer));
    running
        .finish()
        .exits(0)
        .prints("the backend confirms the key\n")
        .complains_not();
    backend.behave(Behaviour::Normal);
    boot().run().exits(1).complains("sekuire doctor");
    backend.behave(Behaviour::CloseOnAccept);
    boot()
        .env("BOOT_WAIT", "1")
        .run()
        .exits(4)
        .complains("can't be asked");
}

#[test]
fn an_air_gapped_site_has_its_own_backend_and_ca() {
    let (shell, backend) = (Shell::new(), Backend::https());
    let site = |ca: &Path| {
        let run = shell
            .run("air-gapped.sh")
            .env("SITE_BACKEND", backend.url());
        let run = run
            .env("SITE_WEB", "https://sekuire.site.example")
            .env("SITE_CA", ca);
        run.stdin(format!("{KEY}\n").as_bytes()).run()
    };
    let outcome = site(&backend.ca_file());
    outcome.exits(0).complains_not();
    assert!(
        outcome.stdout.contains("Organization: Acme Corp"),
        "{outcome}"
    );
    assert!(
        shell.home.read_auth().contains(&backend.url()),
        "the backend is remembered"
    );
    // The certificates of another site.
    let other = Backend::https();
    site(&other.ca_file()).exits(4);
}
