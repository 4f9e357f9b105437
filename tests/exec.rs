//! `sekuire auth exec`: a command in the place of this program, with the key in its environment.

use std::ffi::CString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use nix::libc;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, Signal, signal};
use serde_json::json;

use crate::fixtures::{auth_with, log_in, logged_in_home, sekuire};
use crate::support::backend::{Backend, KEY, WORKSPACES};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;
use crate::support::outcome::Outcome;

fn exec(home: &Home, call: &[&str]) -> Outcome {
    sekuire(home).args(["auth", "exec", "--"]).args(call).run()
}

fn shell(home: &Home, script: &str) -> Outcome {
    exec(home, &["/bin/sh", "-c", script])
}

#[test]
fn the_command_finds_what_the_sdk_reads() {
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
    // Unknown, or what JSON can hold and the environment can't.
    for unusable in [json!(null), json!("ws\0abc")] {
        home.write_auth(&auth_with("workspace_id", unusable).to_string());
        shell(&home, "echo ${SEKUIRE_WORKSPACE_ID-unset}")
            .exits(0)
            .prints("unset\n");
    }
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

/// As for `whoami`: the program would send the key in clear.
#[test]
fn a_backend_in_clear_is_refused() {
    let home = Home::new();
    let clear = "http://backend.example:9300";
    let call = || sekuire(&home).args(["auth", "exec", "--", "/bin/echo", "ran"]);
    home.write_auth(&auth_with("backend_url", json!(clear)).to_string());
    let of_variable = |name| call().env("SEKUIRE_API_KEY", KEY).env(name, clear);
    for refused in [
        call(),
        of_variable("SEKUIRE_BACKEND_URL"),
        of_variable("SEKUIRE_API_URL"),
    ] {
        let outcome = refused.run();
        outcome
            .exits(2)
            .prints("")
            .complains(&format!("{clear} is not https"))
            .complains(&format!("SEKUIRE_ALLOW_HTTP={clear}"));
    }
    let allowed = call().env("SEKUIRE_ALLOW_HTTP", clear);
    allowed.run().exits(0).prints("ran\n").complains_not();
}

/// Nor does a key of auth.json's go where a variable says.
#[test]
fn a_variable_does_not_change_the_keys_backend() {
    let home = logged_in_home();
    for name in ["SEKUIRE_BACKEND_URL", "SEKUIRE_API_URL"] {
        let call = |url| {
            sekuire(&home)
                .env(name, url)
                .args(["auth", "exec", "--", "/bin/sh", "-c"])
                .arg("echo $SEKUIRE_API_URL ${SEKUIRE_BACKEND_URL-unset}")
                .run()
        };
        let elsewhere = call("https://elsewhere.example");
        elsewhere
            .exits(2)
            .prints("")
            .complains(name)
            .complains("https://elsewhere.example")
            .complains("https://api.sekuire.ai");
        call("https://api.sekuire.ai/another/prefix")
            .exits(0)
            .prints("https://api.sekuire.ai unset\n");
    }
}

#[test]
fn below_it_the_same_backend_is_asked_with_the_same_key() {
    let backend = Backend::http();
    let home = Home::new();
    log_in(&home, &backend);
    let requests = backend.requests().len();
    let own = binary();
    let own = own.to_str().expect("text");
    let exec = ["auth", "exec", "--", own];
    let whoami = ["auth", "whoami", "--quiet", "--timeout", "1"];
    for above in [exec.to_vec(), [exec, exec].concat()] {
        let call = sekuire(&home).args(above).args(whoami);
        call.run().exits(0).complains_not();
    }
    let asked = &backend.requests()[requests..];
    assert_eq!(asked.len(), 2);
    assert!(
        asked
            .iter()
            .all(|request| request.header("X-API-Key") == Some(KEY))
    );
}

#[test]
fn the_callers_workspace_stays_and_the_secret_files_name_goes() {
    let home = logged_in_home();
    let secret = home.path().join("secret");
    fs::write(&secret, KEY).expect("a secret file");
    let seen = |variables: &[(&str, &str)]| {
        let start = sekuire(&home).args(["auth", "exec", "--", "/bin/sh", "-c"]);
        let start = start.arg("echo $SEKUIRE_WORKSPACE_ID ${SEKUIRE_API_KEY_FILE-unset}");
        let start = variables
            .iter()
            .fold(start, |start, (name, value)| start.env(name, value));
        let outcome = start.run();
        outcome.exits(0).complains_not();
        outcome.stdout
    };
    let mine = ("SEKUIRE_WORKSPACE_ID", "ws_mine");
    let file = ("SEKUIRE_API_KEY_FILE", secret.to_str().expect("text"));
    assert_eq!(seen(&[mine]), "ws_mine unset\n");
    assert_eq!(seen(&[mine, file]), "ws_mine unset\n");
    let empty = ("SEKUIRE_WORKSPACE_ID", "");
    assert_eq!(seen(&[empty]), format!("{} unset\n", WORKSPACES[0]));
}

/// execve(2) takes any list; getenv(3) finds the first entry of a name.
#[test]
fn a_variable_set_twice_is_passed_on_once() {
    let home = logged_in_home();
    let path = format!("HOME={}", home.path().display());
    let environment = [
        "SEKUIRE_API_KEY=sk_test_the-one-that-counts",
        &path,
        "SEKUIRE_WORKSPACE_ID=ws_first",
        "SEKUIRE_BACKEND_URL=https://first.example",
        "SEKUIRE_API_KEY=sk_test_another",
        "SEKUIRE_API_URL=https://second.example",
        "SEKUIRE_BACKEND_URL=https://second.example",
        "SEKUIRE_API_URL=https://third.example",
        "SEKUIRE_WORKSPACE_ID=ws_second",
        "SEKUIRE_API_KEY_FILE=/a",
        "SEKUIRE_API_KEY_FILE=/b",
    ];
    let cat = ["auth", "exec", "--", "/bin/cat", "/proc/self/environ"];
    let outcome = in_environment(&environment, &cat).run();
    outcome.exits(0).complains_not();
    let mut found: Vec<&str> = outcome.stdout.split_terminator('\0').collect();
    found.sort_unstable();
    let mut expected = [
        &path,
        "SEKUIRE_API_KEY=sk_test_the-one-that-counts",
        "SEKUIRE_API_URL=https://first.example",
        "SEKUIRE_WORKSPACE_ID=ws_first",
    ];
    expected.sort_unstable();
    assert_eq!(found, expected);
}

/// The program with exactly these entries for its environment, which no library would make.
fn in_environment(entries: &[&str], arguments: &[&str]) -> Sekuire {
    // Never freed, and as numbers, which another thread may take along; a null ends a list.
    let list = |texts: &[&str]| -> Vec<usize> {
        let texts = texts.iter().map(|text| CString::new(*text).expect("text"));
        let addresses = texts.map(|text| text.into_raw().expose_provenance());
        addresses.chain([0]).collect()
    };
    let program = binary();
    let program = program.to_str().expect("text");
    let (arguments, entries) = (list(&[&[program], arguments].concat()), list(entries));
    let program = CString::new(program).expect("text");
    Sekuire::new().before_exec(move || {
        let (argv, envp) = (arguments.as_ptr(), entries.as_ptr());
        // SAFETY: zero-terminated texts, in lists that a null pointer ends.
        #[allow(unsafe_code, reason = "an environment as no library makes it")]
        unsafe {
            libc::execve(program.as_ptr(), argv.cast(), envp.cast())
        };
        Err(std::io::Error::last_os_error())
    })
}

#[test]
fn without_a_key_nothing_runs() {
    let outcome = shell(&Home::new(), "echo ran");
    outcome
        .exits(1)
        .prints("")
        .complains("error: Not logged in")
        .complains("\nhint: run: sekuire login\n");
}

#[test]
fn without_dashes_or_a_command_it_is_a_usage_error() {
    let home = logged_in_home();
    for arguments in [
        &["auth", "exec"][..],
        &["auth", "exec", "--"],
        &["auth", "exec", "--", ""],
        &["auth", "exec", "/bin/true", "--", "x"],
        &["auth", "exec", "--json", "--", "/bin/true"],
        &["auth", "exec", "sh", "-c", "id"],
        &["exec", "--", "/bin/true"],
        &["status", "--", "x"],
        &["auth", "exec", "--", "/bin/true", "sk_live_abcdefghi"],
    ] {
        let outcome = sekuire(&home).args(arguments).run();
        outcome
            .exits(2)
            .prints("")
            .complains("\nhint: ")
            .hides("sk_live_abcdefghi");
    }
    // What stands behind -- is the command's.
    exec(&home, &["/bin/echo", "--help", "-V", "--", "--json"])
        .exits(0)
        .prints("--help -V -- --json\n");
}

/// No API key, though Sekuire's other secrets begin so: users, databases and folders of the program's.
#[test]
fn arguments_that_begin_as_other_secrets_are_passed_on() {
    let home = logged_in_home();
    for argument in ["adm_reporting2024", "skt_nightly20241231"] {
        exec(&home, &["/bin/echo", argument])
            .exits(0)
            .prints(&format!("{argument}\n"));
        sekuire(&home).args(["status", argument]).run().exits(2);
    }
}

#[test]
fn a_command_that_can_not_be_run() {
    let home = logged_in_home();
    let file = |name: &str, content: &[u8], mode: u32| {
        let path = home.path().join(name);
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
        path.to_str().expect("text").to_owned()
    };
    let plain = file("plain", b"no program", 0o644);
    for (command, code) in [
        (file("script", b"#!/no/such/interpreter\n", 0o755), 127),
        (format!("{plain}/x"), 127),
        (plain, 126),
        ("/".to_owned(), 126),
        ("no-such-command-at-all".to_owned(), 127),
    ] {
        let outcome = exec(&home, &[&command]);
        outcome
            .exits(code)
            .prints("")
            .complains(&command)
            .complains("\nhint: ")
            .hides("os error");
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

/// Ignored signals, which execve(2) keeps, and limits are as the caller left them; SIGPIPE has its default
/// action.
#[test]
fn signals_limits_and_descriptors_are_as_they_were() {
    let home = logged_in_home();
    let probe = "grep -E '^Sig(Blk|Ign)' /proc/self/status; ulimit -c; set -- /proc/$$/fd/*; echo $#; echo ${HOME-unset}";
    let plain = |ignored: &'static [Signal], pipe: SigHandler| {
        move || {
            for signal_number in [
                Signal::SIGPIPE,
                Signal::SIGXFSZ,
                Signal::SIGINT,
                Signal::SIGTERM,
            ] {
                let handler = if signal_number == Signal::SIGPIPE {
                    pipe
                } else if ignored.contains(&signal_number) {
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
        &[Signal::SIGINT],
        &[Signal::SIGXFSZ, Signal::SIGTERM],
    ] {
        let without = Sekuire::at("/bin/sh".as_ref())
            .home(&home)
            .args(["-c", probe])
            .before_exec(plain(ignored, SigHandler::SigDfl))
            .run();
        let with = sekuire(&home)
            .args(["auth", "exec", "--", "/bin/sh", "-c", probe])
            .before_exec(plain(ignored, SigHandler::SigIgn))
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

/// As execvp(3): what can't be run is passed over.
#[test]
fn the_command_is_found_by_path() {
    let home = logged_in_home();
    let [denied, good] = ["denied", "good"].map(|name| home.path().join(name));
    for folder in [&denied, &good] {
        fs::create_dir(folder).expect("a folder");
    }
    fs::write(denied.join("agent"), "#!/bin/sh\n").expect("a file of the name");
    symlink("/bin/echo", good.join("agent")).expect("a link");
    let agent = |path: &str| {
        let call = sekuire(&home).env("PATH", path);
        call.args(["auth", "exec", "--", "agent", "hello"]).run()
    };
    let (denied, good) = (denied.display(), good.display());
    agent(&format!("/no/such/folder:{denied}:{good}"))
        .exits(0)
        .prints("hello\n");
    agent(&format!("/no/such/folder:{denied}")).exits(126);
}
