//! Standard input, output and error as a parent may leave them: closed, full, not blocking, no input at all.

use std::fs::{File, OpenOptions};
use std::io::{self, PipeWriter, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::sys::signal::Signal;

use crate::fixtures::{SECRET, log_in, logged_in_home, login_success, sekuire, with_backend};
use crate::support::backend::{Backend, KEY};
use crate::support::command::TestCommand;
use crate::support::home::Home;
use crate::support::process::comes_to_rest;

/// Every command that prints a result.
const COMMANDS: &str = "help, --help, login --help, --version, man, completions bash, status, status --json, \
    status --get key, doctor, doctor --json, auth token, whoami, whoami --json, login, login --api-key-stdin, logout";

fn full() -> File {
    let device = OpenOptions::new().write(true).open("/dev/full");
    device.expect("/dev/full")
}

fn closed_pipe() -> PipeWriter {
    io::pipe().expect("a pipe").1
}

#[test]
fn full_disk_is_exit_status_three_and_closed_pipe_is_silent() {
    let backend = Backend::http();
    for arguments in COMMANDS.split(", ") {
        let run = |output: OwnedFd| {
            let home = Home::new();
            log_in(&home, &backend);
            let command = with_backend(&home, &backend).args(arguments.split(' '));
            command.stdin(KEY.as_bytes()).stdout_to(output).run()
        };
        let outcome = run(full().into());
        assert_eq!(outcome.code, Some(3), "{arguments}; {outcome}");
        outcome
            .stderr_contains("error: can't write to standard output: no space left on device\n")
            .stderr_contains("hint: ");
        let outcome = run(closed_pipe().into());
        let is_piped = outcome.signal == Some(Signal::SIGPIPE as i32);
        let is_quiet = is_piped || matches!(outcome.code, Some(0 | 141));
        assert!(is_quiet, "{arguments}; {outcome}");
        assert!(!outcome.stderr.contains("error"), "{arguments}; {outcome}");
    }
}

#[test]
fn standard_error_that_takes_nothing_changes_no_exit_status() {
    let wrong = || TestCommand::new().arg("frobnicate");
    wrong().stderr_to(full()).run().exits_with(2);
    wrong().stderr_to(closed_pipe()).run().exits_with(2);
    TestCommand::new().stderr_to(full()).run().exits_with(2);
}

/// Else auth.json, or the socket that carries the key, would take the number of a closed descriptor.
#[test]
fn closed_descriptors_take_nothing_and_nothing_is_written_into_auth_json() {
    let backend = Backend::http();
    let (whole, damaged) = (logged_in_home(), Home::new());
    damaged.write_auth("{");
    for (home, arguments, code) in [
        (&whole, &["status"][..], 0),
        (&whole, &["auth", "token"], 0),
        (&whole, &["frobnicate"], 2),
        (&whole, &["login"], 1),
        (&damaged, &["status"], 3),
    ] {
        for closed in [&[0][..], &[1], &[2], &[0, 1, 2]] {
            let before = home.read_auth();
            let command = with_backend(home, &backend).args(arguments);
            let outcome = command
                .before_exec(|| closed.iter().copied().try_for_each(close))
                .run();
            let case = format!("{arguments:?} {closed:?}; {outcome}");
            assert_eq!(outcome.code, Some(code), "{case}");
            assert_eq!(home.read_auth(), before, "{case}");
        }
    }
    assert_eq!(backend.connections(), 0);
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

#[test]
fn what_is_no_input_is_an_error() {
    let backend = Backend::http();
    let home = Home::new();
    let folder = File::open("/").expect("a folder");
    for source in [OwnedFd::from(folder), closed_pipe().into()] {
        let login = with_backend(&home, &backend).args(["login", "--api-key-stdin"]);
        let outcome = login.stdin_from(source).run();
        let words = "error: can't read the API key from standard input";
        outcome.exits_with(3).stderr_contains(words);
    }
    assert_eq!(backend.connections(), 0);
}

fn flags(of: impl AsFd) -> OFlag {
    OFlag::from_bits_retain(fcntl(of, FcntlArg::F_GETFL).expect("flags"))
}

fn set_nonblocking(end: impl AsFd) {
    let now = flags(&end);
    fcntl(&end, FcntlArg::F_SETFL(now | OFlag::O_NONBLOCK)).expect("O_NONBLOCK");
}

#[test]
fn input_that_does_not_block_is_waited_for_and_keeps_its_flag() {
    let backend = Backend::http();
    let (half, rest) = KEY.split_at(10);
    for (arguments, pieces) in [
        (&["login"][..], &[half, rest, "\n"][..]),
        (&["login", "--api-key-stdin"], &[half, rest]),
    ] {
        let home = Home::new();
        let (input, mut writer) = io::pipe().expect("a pipe");
        set_nonblocking(&input);
        let shared = input.try_clone().expect("a descriptor");
        let login = with_backend(&home, &backend).args(arguments);
        let mut login = login.stdin_from(input).spawn();
        for piece in pieces {
            assert!(comes_to_rest(login.pid()), "busy");
            writer.write_all(piece.as_bytes()).expect("it is read");
        }
        drop(writer);
        let outcome = login.finish();
        outcome.exits_with(0).stderr_is_empty().never_shows(SECRET);
        let success = login_success(&backend.url());
        assert!(outcome.stdout.ends_with(&success), "{outcome}");
        assert!(flags(&shared).contains(OFlag::O_NONBLOCK), "{arguments:?}");
    }
}

#[test]
fn slow_reader_of_an_output_that_does_not_block_gets_all_of_it() {
    for (arguments, to_stderr) in [(&["man"][..], false), (&[], true)] {
        let whole = sekuire(&Home::new()).args(arguments).run();
        let (mut reader, writer) = io::pipe().expect("a pipe");
        // As small as can be, and full but for a few bytes.
        fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4096)).expect("a small pipe");
        (&writer).write_all(&[b'.'; 4000]).expect("there is room");
        set_nonblocking(&writer);
        let command = sekuire(&Home::new()).args(arguments);
        let (mut running, expected) = if to_stderr {
            (command.stderr_to(writer).spawn(), whole.stderr)
        } else {
            (command.stdout_to(writer).spawn(), whole.stdout)
        };
        assert!(comes_to_rest(running.pid()), "busy");
        let mut received = String::new();
        reader.read_to_string(&mut received).expect("text");
        assert_eq!(running.finish().code, whole.code, "{arguments:?}");
        assert_eq!(received.get(4000..), Some(&*expected), "{arguments:?}");
    }
}
