//! `sekuire auth exec`: another program in the place of this one, with the key in its environment.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, symlink};

use nix::libc;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, Signal, signal};
use serde_json::json;

use crate::fixtures::{auth_with, logged_in_home, sekuire};
use crate::support::backend::{KEY, WORKSPACES};
use crate::support::home::Home;
use crate::support::outcome::Outcome;

fn exec(home: &Home, call: &[&str]) -> Outcome {
    sekuire(home).args(["auth", "exec", "--"]).args(call).run()
}

fn shell(home: &Home, script: &str) -> Outcome {
    exec(home, &["/bin/sh", "-c", script])
}

#[test]
fn the_program_finds_what_the_sdk_reads() {
    let home = logged_in_home();
    let script = "echo $SEKUIRE_API_KEY $SEKUIRE_WORKSPACE_ID $SEKUIRE_API_URL";
    let workspace = WORKSPACES[0];
    shell(&home, script)
        .exits(0)
        .prints(&format!("{KEY} {workspace} https://api.sekuire.ai\n"))
        .complains_not();
    home.write_auth(&auth_with("backend_url", json!("https://sekuire.example:8443/x")).to_string());
    shell(&home, "echo $SEKUIRE_API_URL")
        .exits(0)
        .prints("https://sekuire.example:8443/x\n");
    home.write_auth(&auth_with("workspace_id", json!(null)).to_string());
    shell(&home, "echo ${SEKUIRE_WORKSPACE_ID-unset}")
        .exits(0)
        .prints("unset\n");
}

#[test]
fn a_key_from_the_environment_goes_before_the_file() {
    let other = "sk_test_another-key-of-mine";
    let home = logged_in_home();
    let secret = home.path().join("secret");
    fs::write(&secret, format!("{other}\n")).expect("a secret file");
    for (name, value) in [
        ("SEKUIRE_API_KEY", other),
        ("SEKUIRE_API_KEY_FILE", secret.to_str().expect("text")),
    ] {
        sekuire(&home)
            .env(name, value)
            .env("SEKUIRE_BACKEND_URL", "https://backend.example")
            .args(["auth", "exec", "--", "/bin/sh", "-c"])
            .arg("echo $SEKUIRE_API_KEY $SEKUIRE_API_URL")
            .run()
            .exits(0)
            .prints(&format!("{other} https://backend.example\n"));
    }
}

/// What JSON can hold and the environment can't.
#[test]
fn a_workspace_with_a_zero_byte() {
    let home = Home::new();
    home.write_auth(&auth_with("workspace_id", json!("ws\0abc")).to_string());
    exec(&home, &["true"])
        .exits(3)
        .complains("zero byte")
        .complains("hint: run: sekuire login\n");
}

#[test]
fn without_a_key_nothing_runs() {
    let outcome = shell(&Home::new(), "echo ran");
    outcome.exits(1).prints("");
    assert_eq!(
        outcome.stderr,
        "error: Not logged in\nhint: run: sekuire login\n"
    );
}

#[test]
fn usage() {
    let home = logged_in_home();
    for arguments in [
        &["auth", "exec"][..],
        &["auth", "exec", "--"],
        &["auth", "exec", "--", ""],
        &["auth", "exec", "/bin/true"],
        &["auth", "exec", "/bin/true", "--", "x"],
        &["auth", "exec", "--json", "--", "/bin/true"],
        &["exec", "--", "/bin/true"],
        &["status", "--", "x"],
        &["auth", "exec", "--", "/bin/true", "sk_live_abcdefghi"],
    ] {
        let outcome = sekuire(&home).args(arguments).run();
        outcome.exits(2).prints("").hides("sk_live_abcdefghi");
        assert!(
            outcome.stderr.contains("hint: "),
            "{arguments:?}: {outcome}"
        );
    }
    // What stands behind -- is the program's.
    exec(&home, &["/bin/echo", "--help", "-V", "--", "--json"])
        .exits(0)
        .prints("--help -V -- --json\n");
    // The likeliest slip: the options before a missing -- are the program's, too.
    for arguments in [
        &["auth", "exec", "sh", "-c", "id"][..],
        &["auth", "exec", "-c", "id"],
        &["auth", "exec", "/bin/ls", "--json"],
    ] {
        let outcome = sekuire(&home).args(arguments).run();
        outcome
            .exits(2)
            .complains("needs a program behind --")
            .complains("hint: for example: sekuire auth exec -- ");
    }
}

/// No API key, though Sekuire's other secrets begin so: users, databases and folders of the program's.
#[test]
fn the_programs_arguments_are_the_users() {
    let home = logged_in_home();
    for argument in ["adm_reporting2024", "skt_nightly20241231"] {
        exec(&home, &["/bin/echo", argument])
            .exits(0)
            .prints(&format!("{argument}\n"));
        sekuire(&home).args(["status", argument]).run().exits(2);
    }
}

#[test]
fn a_program_that_can_not_be_run() {
    let home = logged_in_home();
    let file = home.path().join("file");
    fs::write(&file, "no program").expect("a file");
    let script = home.path().join("script");
    fs::write(&script, "#!/no/such/interpreter\n").expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("its mode");
    let text = |path: &std::path::Path| path.to_str().expect("text").to_owned();
    // A C library may hand what the kernel can't run to /bin/sh, which makes nonsense of it.
    let unmarked = home.path().join("unmarked");
    fs::write(&unmarked, "echo ran\n").expect("a script without a first line for the kernel");
    let foreign = home.path().join("foreign");
    fs::write(&foreign, b"\x7fELF of another machine").expect("a program");
    for path in [&unmarked, &foreign] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its mode");
    }
    for (program, code) in [
        (text(&unmarked), 126),
        (text(&foreign), 126),
        ("no-such-program-at-all".to_owned(), 127),
        ("/no/such/program".to_owned(), 127),
        (text(&script), 127),
        (format!("{}/x", text(&file)), 127),
        (text(&file), 126),
        (text(home.path()), 126),
    ] {
        let outcome = exec(&home, &[&program]);
        outcome.exits(code).prints("").hides(KEY);
        assert!(outcome.stderr.contains("hint: "), "{program}: {outcome}");
    }
}

#[test]
fn it_is_the_same_process_and_its_end_is_the_programs() {
    let home = logged_in_home();
    let mut running = sekuire(&home)
        .args(["auth", "exec", "--", "/bin/sh", "-c", "echo $$; exit 42"])
        .spawn();
    let pid = running.pid();
    let outcome = running.finish();
    outcome.exits(42).prints(&format!("{pid}\n"));
    let outcome = shell(&home, "kill -TERM $$");
    assert_eq!(outcome.signal, Some(libc::SIGTERM), "{outcome}");
}

/// What we changed for ourselves is as the caller left it: `execve` keeps ignored signals and limits.
#[test]
fn everything_is_given_back() {
    let home = logged_in_home();
    let probe = "grep -E '^Sig(Blk|Ign)' /proc/self/status; ulimit -c; set -- /proc/$$/fd/*; echo $#; echo ${HOME-unset}";
    let plain = |ignored: &'static [Signal]| {
        move || {
            for signal_number in [
                Signal::SIGPIPE,
                Signal::SIGXFSZ,
                Signal::SIGINT,
                Signal::SIGTERM,
            ] {
                let handler = if ignored.contains(&signal_number) {
                    SigHandler::SigIgn
                } else {
                    SigHandler::SigDfl
                };
                // SAFETY: no handler is a function of ours.
                #[allow(unsafe_code, reason = "dispositions are what is tested")]
                unsafe { signal(signal_number, handler) }?;
            }
            Ok(setrlimit(Resource::RLIMIT_CORE, 4096, 8192)?)
        }
    };
    for ignored in [
        &[][..],
        &[Signal::SIGPIPE, Signal::SIGINT],
        &[Signal::SIGXFSZ, Signal::SIGTERM],
    ] {
        let without = crate::support::command::Sekuire::at("/bin/sh".as_ref())
            .home(&home)
            .args(["-c", probe])
            .before_exec(plain(ignored))
            .run();
        let with = sekuire(&home)
            .args(["auth", "exec", "--", "/bin/sh", "-c", probe])
            .before_exec(plain(ignored))
            .run();
        without.exits(0);
        with.exits(0).complains_not();
        assert_eq!(with.stdout, without.stdout, "{ignored:?}");
    }
}

/// A program that traces or dumps itself finds itself allowed to.
#[test]
fn the_program_is_dumpable() {
    let home = logged_in_home();
    // Only who may trace a process may read this link (proc(5)).
    let outcome = shell(&home, "readlink /proc/self/exe");
    outcome.exits(0).complains_not();
}

#[test]
fn closed_descriptors_stay_closed() {
    let home = logged_in_home();
    let outcome = sekuire(&home)
        .args([
            "auth",
            "exec",
            "--",
            "/bin/sh",
            "-c",
            "[ -e /proc/$$/fd/0 ] && echo open >&2; exit 7",
        ])
        .before_exec(|| {
            nix::unistd::close(std::io::stdin().as_raw_fd())?;
            Ok(())
        })
        .run();
    outcome.exits(7).complains_not();
}

#[test]
fn the_program_is_found_by_path() {
    let home = logged_in_home();
    let folder = home.path().join("bin");
    fs::create_dir(&folder).expect("a folder");
    symlink("/bin/echo", folder.join("agent")).expect("a link");
    let path = format!("{}:/usr/bin", folder.display());
    sekuire(&home)
        .env("PATH", path)
        .args(["auth", "exec", "--", "agent", "hello"])
        .run()
        .exits(0)
        .prints("hello\n");
}

/// As execvp(3): what can't be run is passed over, an empty entry is the working folder, and without PATH
/// there is a usual one.
#[test]
fn odd_paths() {
    let home = logged_in_home();
    let [empty, denied, good] = ["empty", "denied", "good"].map(|name| home.path().join(name));
    for folder in [&empty, &denied, &good] {
        fs::create_dir(folder).expect("a folder");
    }
    fs::create_dir(empty.join("agent")).expect("a folder of the name");
    fs::write(denied.join("agent"), "#!/bin/sh\n").expect("a file of the name");
    symlink("/bin/echo", good.join("agent")).expect("a link");
    let list = |folders: &[&std::path::Path]| {
        let folders: Vec<&str> = folders
            .iter()
            .map(|folder| folder.to_str().expect("text"))
            .collect();
        folders.join(":")
    };
    let agent = |path: &str| {
        let call = sekuire(&home).env("PATH", path);
        call.args(["auth", "exec", "--", "agent", "hello"])
    };
    let none = "/no/such/folder".as_ref();
    let all = list(&[none, &home.auth_json(), &empty, &denied, &good]);
    agent(&all).run().exits(0).prints("hello\n");
    agent(&list(&[none, &denied])).run().exits(126);
    agent(&list(&[none, &home.auth_json()])).run().exits(127);
    for path in ["/no/such/folder::/no/other", ""] {
        let here = agent(path).directory(&good);
        here.run().exits(0).prints("hello\n");
    }
    sekuire(&home)
        .without("PATH")
        .args(["auth", "exec", "--", "echo", "hello"])
        .run()
        .exits(0)
        .prints("hello\n");
}

/// Warnings come before, on standard error.
#[test]
fn warnings_are_shown() {
    let home = logged_in_home();
    fs::set_permissions(home.auth_json(), fs::Permissions::from_mode(0o644)).expect("its mode");
    let outcome = exec(&home, &["/bin/true"]);
    outcome.exits(0).complains("warning: ");
}
