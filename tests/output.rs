//! Standard output that is closed, full or a closed pipe; standard error that is closed.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use nix::libc;
use nix::sys::signal::Signal;

use crate::fixtures::{log_in, logged_in_home, with_backend};
use crate::support::backend::{After, Backend, Behaviour, KEY};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::needs;
use crate::support::outcome::Outcome;

const STANDARD: [libc::c_int; 3] = [libc::STDIN_FILENO, libc::STDOUT_FILENO, libc::STDERR_FILENO];

/// Every command that prints a result.
const COMMANDS: &[&[&str]] = &[
    &["help"],
    &["--help"],
    &["login", "--help"],
    &["--version"],
    &["man"],
    &["completions", "bash"],
    &["completions", "zsh"],
    &["completions", "fish"],
    &["status"],
    &["status", "--json"],
    &["status", "--get", "key"],
    &["doctor"],
    &["doctor", "--json"],
    &["auth", "token"],
    &["whoami"],
    &["whoami", "--json"],
    &["login"],
    &["login", "--api-key-stdin"],
    &["logout"],
];

fn each_command(to: impl Fn(Sekuire) -> Sekuire, check: impl Fn(&[&str], &Outcome)) {
    let backend = Backend::http();
    for arguments in COMMANDS {
        let home = Home::new();
        log_in(&home, &backend);
        let command = with_backend(&home, &backend)
            .args(*arguments)
            .stdin(KEY.as_bytes());
        let outcome = to(command).run();
        check(arguments, &outcome);
        assert!(
            !outcome.stderr.contains("panicked"),
            "{arguments:?}; {outcome}"
        );
        if !arguments.contains(&"logout") {
            // In no case has it been taken for standard output.
            with_backend(&home, &backend)
                .args(["auth", "token"])
                .run()
                .exits(0)
                .prints(&format!("{KEY}\n"));
        }
    }
}

#[test]
fn a_full_disk_is_exit_status_three() {
    each_command(
        |command| {
            let full = OpenOptions::new()
                .write(true)
                .open("/dev/full")
                .expect("/dev/full");
            command.stdout_to(full)
        },
        |arguments, outcome| {
            assert_eq!(outcome.code, Some(3), "{arguments:?}; {outcome}");
            outcome
                .complains("error: could not write to standard output")
                .complains("\nhint: ");
        },
    );
}

#[test]
fn a_closed_standard_output_is_exit_status_three() {
    each_command(
        |command| command.before_exec(|| close(libc::STDOUT_FILENO)),
        |arguments, outcome| {
            assert_eq!(outcome.code, Some(3), "{arguments:?}; {outcome}");
            outcome
                .complains("error: could not write to standard output")
                .complains("\nhint: ");
        },
    );
}

#[test]
fn a_closed_pipe_is_silent() {
    each_command(
        |command| command.stdout_to(closed_pipe()),
        |arguments, outcome| {
            let piped = outcome.signal == Some(Signal::SIGPIPE as i32);
            assert!(
                piped || matches!(outcome.code, Some(0 | 141)),
                "{arguments:?}; {outcome}"
            );
            assert!(
                !outcome.stderr.contains("error"),
                "{arguments:?}; {outcome}"
            );
        },
    );
}

/// Quiet commands write nothing, and so nothing can go wrong.
#[test]
fn what_prints_nothing_does_not_mind() {
    let backend = Backend::http();
    let home = Home::new();
    log_in(&home, &backend);
    for arguments in [["status", "--quiet"], ["whoami", "--quiet"]] {
        with_backend(&home, &backend)
            .args(arguments)
            .before_exec(|| close(libc::STDOUT_FILENO))
            .run()
            .exits(0)
            .complains_not();
    }
}

#[test]
fn a_closed_standard_error_changes_no_exit_status() {
    let home = logged_in_home();
    let no_login = Home::new();
    let damaged = Home::new();
    damaged.write_auth("{");
    for (home, arguments, code) in [
        (&home, &["status"][..], 0),
        (&no_login, &["status"], 1),
        (&no_login, &["whoami"], 1),
        (&home, &["frobnicate"], 2),
        (&home, &[], 2),
        (&damaged, &["status"], 3),
        (
            &home,
            &[
                "whoami",
                "--backend",
                "http://127.0.0.1:1",
                "--timeout",
                "1",
            ],
            4,
        ),
    ] {
        let outcome = Sekuire::new()
            .home(home)
            .args(arguments)
            .before_exec(|| close(libc::STDERR_FILENO))
            .run();
        assert_eq!(outcome.code, Some(code), "{arguments:?}; {outcome}");
    }
    assert_eq!(
        damaged.read_auth(),
        "{",
        "nothing is written into a file that took its place"
    );
}

#[test]
fn a_full_standard_error_changes_no_exit_status() {
    let full = || {
        OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("/dev/full")
    };
    Sekuire::new()
        .arg("frobnicate")
        .stderr_to(full())
        .run()
        .exits(2);
    Sekuire::new().stderr_to(full()).run().exits(2);
    Sekuire::new()
        .arg("frobnicate")
        .stderr_to(closed_pipe())
        .run()
        .exits(2);
}

#[test]
fn a_closed_standard_input_is_the_end_of_input() {
    let backend = Backend::http();
    let home = Home::new();
    for arguments in [&["login"][..], &["login", "--api-key-stdin"]] {
        let outcome = with_backend(&home, &backend)
            .args(arguments)
            .before_exec(|| close(libc::STDIN_FILENO))
            .run();
        assert!(
            matches!(outcome.code, Some(1 | 3)),
            "{arguments:?}; {outcome}"
        );
        outcome.complains("error: ").complains("\nhint: ");
    }
    assert_eq!(backend.connections(), 0);
    assert!(home.listing().is_empty());
}

#[test]
fn all_three_closed_is_survived() {
    let home = logged_in_home();
    let before = home.read_auth();
    for (arguments, code) in [
        (&["status"][..], 3),
        (&["auth", "token"], 3),
        (&["status", "-q"], 0),
        (&["login"], 3),
    ] {
        let outcome = Sekuire::new()
            .home(&home)
            .args(arguments)
            .before_exec(|| STANDARD.into_iter().try_for_each(close))
            .run();
        assert_eq!(outcome.code, Some(code), "{arguments:?}; {outcome}");
        assert_eq!(home.read_auth(), before, "{arguments:?}");
    }
}

/// Else the socket that carries the key, or auth.json, would take the number of standard output.
#[test]
fn closed_descriptors_are_occupied_before_anything_is_opened() {
    // The program lets nobody else look at it.
    if !needs::root() {
        return;
    }
    let backend = Backend::http();
    let home = Home::new();
    log_in(&home, &backend);
    let requests = backend.requests().len();
    backend.behave(Behaviour::Silent(After::Request));
    let whoami = with_backend(&home, &backend)
        .arg("whoami")
        .before_exec(|| STANDARD.into_iter().try_for_each(close))
        .spawn();
    assert!(backend.wait_for_requests(requests + 1, Duration::from_secs(10)));
    for descriptor in STANDARD {
        let leads_to = fs::read_link(format!("/proc/{}/fd/{descriptor}", whoami.pid()));
        assert_eq!(
            leads_to.ok().as_deref(),
            Some(Path::new("/")),
            "{descriptor}"
        );
    }
}

fn closed_pipe() -> OwnedFd {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[allow(unsafe_code, reason = "std closes no standard descriptor")]
fn close(descriptor: libc::c_int) -> io::Result<()> {
    // SAFETY: between fork and exec nobody else uses it; std's guard for its own report of a failed
    // exec is another descriptor.
    match unsafe { libc::close(descriptor) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A file takes all.
#[test]
fn a_file_holds_the_same_as_a_pipe() {
    let home = logged_in_home();
    let path = home.path().join("out");
    let file = File::create(&path).expect("a file");
    Sekuire::new()
        .home(&home)
        .arg("status")
        .stdout_to(file)
        .run()
        .exits(0);
    let piped = Sekuire::new().home(&home).arg("status").run();
    assert_eq!(fs::read_to_string(&path).expect("the file"), piped.stdout);
}
