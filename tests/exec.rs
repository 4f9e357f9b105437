//! `sekuire auth exec`: a command in the place of this program, with the key in its environment.

use std::ffi::CString;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use nix::libc;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, Signal, signal};
use serde_json::json;

use crate::fixtures::{home_with, log_in, logged_in_home, sekuire, sekuire_with};
use crate::support::backend::{Backend, KEY, WORKSPACES};
use crate::support::command::{TestCommand, binary};
use crate::support::home::Home;
use crate::support::outcome::Outcome;

const EXEC: [&str; 3] = ["auth", "exec", "--"];

fn exec(home: &Home, call: &[&str]) -> Outcome {
    sekuire(home).args(EXEC).args(call).run()
}

fn shell(home: &Home, script: &str) -> Outcome {
    exec(home, &["/bin/sh", "-c", script])
}

/// With these variables, below it: key, workspace, backend, and the two variables that are taken out.
#[track_caller]
fn finds(home: &Home, variables: &[(&str, &str)], expected: &str) {
    let script = "echo $SEKUIRE_API_KEY ${SEKUIRE_WORKSPACE_ID-unset} $SEKUIRE_API_URL \
                  ${SEKUIRE_API_KEY_FILE-unset} ${SEKUIRE_BACKEND_URL-unset}";
    let run = sekuire_with(home, variables).args(EXEC);
    let outcome = run.args(["/bin/sh", "-c", script]).run();
    let expected = format!("{expected} unset unset\n");
    outcome.exits_with(0).stdout_is(&expected).stderr_is_empty();
}

#[test]
fn command_finds_key_workspace_and_backend_of_the_file() {
    let (workspace, public) = (WORKSPACES[0], "https://api.sekuire.ai");
    let home = logged_in_home();
    finds(&home, &[], &format!("{KEY} {workspace} {public}"));
    let mine = ("SEKUIRE_WORKSPACE_ID", "ws_mine");
    finds(&home, &[mine], &format!("{KEY} ws_mine {public}"));
    let empty = ("SEKUIRE_WORKSPACE_ID", "");
    finds(&home, &[empty], &format!("{KEY} {workspace} {public}"));
    let own = "https://sekuire.example:8443/x";
    let elsewhere = home_with("backend_url", json!(own));
    finds(&elsewhere, &[], &format!("{KEY} {workspace} {own}"));
    // Unknown, or what JSON can hold and the environment can't.
    for unusable in [json!(null), json!("ws\0abc")] {
        let home = home_with("workspace_id", unusable);
        finds(&home, &[], &format!("{KEY} unset {public}"));
    }
}

#[test]
fn command_finds_the_key_and_the_backend_of_the_variables() {
    let other = "sk_test_another-key-of-mine";
    let home = logged_in_home();
    let secret = home.path().join("secret");
    fs::write(&secret, format!("{other}\n")).expect("a secret file");
    let backend = ("SEKUIRE_BACKEND_URL", "https://backend.example");
    let secret = secret.to_str().expect("text");
    for key in [("SEKUIRE_API_KEY", other), ("SEKUIRE_API_KEY_FILE", secret)] {
        let expected = format!("{other} unset https://backend.example");
        finds(&home, &[key, backend], &expected);
    }
}

/// As for `whoami`: the program would send the key in clear.
#[test]
fn backend_in_clear_is_refused() {
    let clear = "http://backend.example:9300";
    let home = home_with("backend_url", json!(clear));
    let echo = |variables: &[(&str, &str)]| {
        let run = sekuire_with(&home, variables).args(EXEC);
        run.args(["/bin/echo", "ran"]).run()
    };
    let key = ("SEKUIRE_API_KEY", KEY);
    for variables in [
        &[][..],
        &[key, ("SEKUIRE_BACKEND_URL", clear)],
        &[key, ("SEKUIRE_API_URL", clear)],
    ] {
        let outcome = echo(variables);
        outcome.exits_with(2).stdout_is("");
        outcome
            .stderr_contains(&format!("{clear} is not https"))
            .stderr_contains(&format!("SEKUIRE_ALLOW_HTTP={clear}"));
    }
    let allowed = echo(&[("SEKUIRE_ALLOW_HTTP", clear)]);
    allowed.exits_with(0).stdout_is("ran\n").stderr_is_empty();
}

/// Nor does a key of auth.json's go where a variable says.
#[test]
fn variable_does_not_change_the_backend_of_the_file() {
    let (home, public) = (logged_in_home(), "https://api.sekuire.ai");
    for name in ["SEKUIRE_BACKEND_URL", "SEKUIRE_API_URL"] {
        let elsewhere = "https://elsewhere.example";
        let run = sekuire(&home).env(name, elsewhere).args(EXEC);
        let outcome = run.arg("/bin/true").run();
        outcome.exits_with(2).stdout_is("").stderr_contains(name);
        outcome.stderr_contains(elsewhere).stderr_contains(public);
        let prefix = format!("{public}/another/prefix");
        let expected = format!("{KEY} {} {public}", WORKSPACES[0]);
        finds(&home, &[(name, &prefix)], &expected);
    }
}

#[test]
fn sekuire_below_exec_asks_the_same_backend_with_the_same_key() {
    let (home, backend) = (Home::new(), Backend::http());
    log_in(&home, &backend);
    let requests = backend.requests().len();
    let own = binary();
    let exec = [&EXEC[..], &[own.to_str().expect("text")]].concat();
    let whoami = ["auth", "whoami", "--quiet", "--timeout", "1"];
    for above in [exec.clone(), exec.repeat(2)] {
        let call = sekuire(&home).args(above).args(whoami);
        call.run().exits_with(0).stderr_is_empty();
    }
    let asked = &backend.requests()[requests..];
    let keys: Vec<_> = asked.iter().map(|it| it.header("X-API-Key")).collect();
    assert_eq!(keys, [Some(KEY); 2]);
}

/// execve(2) takes any list; getenv(3) finds the first entry of a name.
#[test]
fn variable_that_is_set_twice_is_passed_on_once() {
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
    let cat = [&EXEC[..], &["/bin/cat", "/proc/self/environ"]].concat();
    let outcome = in_environment(&environment, &cat).run();
    outcome.exits_with(0).stderr_is_empty();
    let mut found: Vec<&str> = outcome.stdout.split_terminator('\0').collect();
    found.sort_unstable();
    let expected = [
        &path,
        "SEKUIRE_API_KEY=sk_test_the-one-that-counts",
        "SEKUIRE_API_URL=https://first.example",
        "SEKUIRE_WORKSPACE_ID=ws_first",
    ];
    assert_eq!(found, expected);
}

/// The program with exactly these entries for its environment, which no library would make.
fn in_environment(entries: &[&str], arguments: &[&str]) -> TestCommand {
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
    TestCommand::new().before_exec(move || {
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
        .exits_with(1)
        .stdout_is("")
        .stderr_contains("error: Not logged in");
    outcome.stderr_contains("\nhint: run: sekuire login\n");
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
            .exits_with(2)
            .stdout_is("")
            .never_shows("sk_live_abcdefghi");
        outcome.stderr_contains("\nhint: ");
    }
}

/// Our options too, and what begins as Sekuire's other secrets: users, databases and folders are named so.
#[test]
fn arguments_behind_the_dashes_are_the_commands() {
    let home = logged_in_home();
    for arguments in [
        "--help -V -- --json",
        "adm_reporting2024 skt_nightly20241231",
    ] {
        let words: Vec<&str> = arguments.split(' ').collect();
        let outcome = exec(&home, &[&["/bin/echo"], &words[..]].concat());
        outcome.exits_with(0).stdout_is(&format!("{arguments}\n"));
    }
}

#[test]
fn command_that_can_not_be_run_is_126_or_127() {
    let home = logged_in_home();
    let file = |name: &str, content: &[u8], mode: u32| {
        let path = home.path().join(name);
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("its mode");
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
        let hint = match code {
            127 => "\nhint: check the name and PATH",
            _ => "\nhint: check the file's mode",
        };
        let outcome = exec(&home, &[&command]);
        outcome
            .exits_with(code)
            .stdout_is("")
            .never_shows("os error");
        outcome.stderr_contains(&format!("error: can't run {command}: "));
        outcome.stderr_contains(hint);
    }
}

#[test]
fn command_replaces_the_process_and_its_exit_status_counts() {
    let home = logged_in_home();
    let call = sekuire(&home).args(EXEC);
    let mut running = call.args(["/bin/sh", "-c", "echo $$; exit 42"]).spawn();
    let pid = running.pid();
    let outcome = running.finish();
    outcome.exits_with(42).stdout_is(&format!("{pid}\n"));
    shell(&home, "kill -TERM $$").killed_by(Signal::SIGTERM);
}

/// Ignored signals, which execve(2) keeps, and limits are as the caller left them; SIGPIPE has its default
/// action.
#[test]
fn command_inherits_signals_limits_and_descriptors() {
    let home = logged_in_home();
    let probe = "grep -E '^Sig(Blk|Ign)' /proc/self/status; ulimit -c; set -- /proc/$$/fd/*; echo $#; echo ${HOME-unset}";
    let plain = |ignored: &'static [Signal]| {
        move || {
            for of in [
                Signal::SIGXFSZ,
                Signal::SIGINT,
                Signal::SIGTERM,
                Signal::SIGPIPE,
            ] {
                let handler = if ignored.contains(&of) {
                    SigHandler::SigIgn
                } else {
                    SigHandler::SigDfl
                };
                // SAFETY: no handler is a function of ours.
                #[allow(unsafe_code, reason = "dispositions are what is tested")]
                unsafe { signal(of, handler) }?;
            }
            Ok(setrlimit(Resource::RLIMIT_CORE, 4096, 8192)?)
        }
    };
    for (before, below) in [
        (&[Signal::SIGPIPE][..], &[][..]),
        (&[Signal::SIGINT, Signal::SIGPIPE], &[Signal::SIGINT]),
        (
            &[Signal::SIGXFSZ, Signal::SIGTERM],
            &[Signal::SIGXFSZ, Signal::SIGTERM],
        ),
    ] {
        let without = TestCommand::at("/bin/sh".as_ref()).home(&home);
        let without = without.args(["-c", probe]).before_exec(plain(below)).run();
        let with = sekuire(&home).args(EXEC).args(["/bin/sh", "-c", probe]);
        let with = with.before_exec(plain(before)).run();
        without.exits_with(0);
        with.exits_with(0)
            .stdout_is(&without.stdout)
            .stderr_is_empty();
    }
}

/// A program that traces or dumps itself finds itself allowed to.
#[test]
fn program_is_dumpable() {
    // Only who may trace a process may read this link (proc(5)).
    let outcome = shell(&logged_in_home(), "readlink /proc/self/exe");
    outcome.exits_with(0).stderr_is_empty();
}

/// As execvp(3): what can't be run is passed over.
#[test]
fn command_is_found_by_path() {
    let home = logged_in_home();
    let [denied, good] = ["denied", "good"].map(|name| home.path().join(name));
    for folder in [&denied, &good] {
        fs::create_dir(folder).expect("a folder");
    }
    fs::write(denied.join("agent"), "#!/bin/sh\n").expect("a file of the name");
    symlink("/bin/echo", good.join("agent")).expect("a link");
    let agent = |path: &str| {
        let call = sekuire(&home).env("PATH", path).args(EXEC);
        call.args(["agent", "hello"]).run()
    };
    let (denied, good) = (denied.display(), good.display());
    let found = agent(&format!("/no/such/folder:{denied}:{good}"));
    found.exits_with(0).stdout_is("hello\n");
    agent(&format!("/no/such/folder:{denied}")).exits_with(126);
}
