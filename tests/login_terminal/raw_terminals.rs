//! Terminals that a crashed program has left behind: the prompt works, and they are left as they were.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::Signal;
use nix::sys::termios::{InputFlags, SpecialCharacterIndices::VMIN, Termios, cfmakeraw};

use super::{at_prompt, await_prompts, whole_screen};
use crate::fixtures::{SECRET, with_backend};
use crate::support::backend::{Backend, KEY};
use crate::support::home::Home;
use crate::support::process::comes_to_rest;
use crate::support::pty::{self, Pty};

fn all(it: &Termios) -> String {
    let flags = (
        it.input_flags,
        it.output_flags,
        it.control_flags,
        it.local_flags,
    );
    format!("{flags:?} {:?}", it.control_chars)
}

#[test]
fn keys_work_and_the_terminal_is_left_as_found() {
    let backend = Backend::http();
    for name in ["raw and polled", "without carriage returns"] {
        for (typed, code, signal) in [
            (&*format!("{KEY}xy\x7f\x7f\r"), Some(0), None),
            (&format!("{KEY}\n"), Some(0), None),
            ("\x03", None, Some(Signal::SIGINT as i32)),
            ("\x04", Some(1), None),
        ] {
            let home = Home::new();
            let mut found = None;
            let login = with_backend(&home, &backend).arg("login");
            let mut terminal = Pty::start_left(login, |settings| {
                if name == "raw and polled" {
                    cfmakeraw(settings);
                    settings.control_chars[VMIN as usize] = 0;
                } else {
                    settings.input_flags.remove(InputFlags::ICRNL);
                    settings.input_flags.insert(InputFlags::IGNCR);
                }
                found = Some(all(settings));
            });
            await_prompts(&terminal, 1);
            terminal.send(typed.as_bytes());
            let outcome = terminal.finish();
            let end = (outcome.code, outcome.signal);
            assert_eq!(end, (code, signal), "{name}, {typed:?}; {outcome}");
            if code == Some(0) {
                let plain = outcome.terminal.replace("\r\n", "\n");
                assert_eq!(plain, whole_screen(&backend), "{name}, {typed:?}");
            }
            outcome.never_shows(SECRET);
            let left = all(&terminal.settings());
            assert_eq!(Some(left), found, "{name}, {typed:?}");
        }
    }
}

/// The flag belongs to the open file, which a crashed program shared with the shell.
#[test]
fn terminal_that_does_not_block_is_waited_for_and_keeps_its_flag() {
    let backend = Backend::http();
    let home = Home::new();
    let (mut keyboard, terminal) = pty::open();
    let flags = || OFlag::from_bits_retain(fcntl(&terminal, FcntlArg::F_GETFL).expect("flags"));
    fcntl(&terminal, FcntlArg::F_SETFL(flags() | OFlag::O_NONBLOCK)).expect("O_NONBLOCK");
    let share = || OwnedFd::from(terminal.try_clone().expect("a descriptor"));
    let login = with_backend(&home, &backend).arg("login");
    let mut login = login.stdin_from(share()).stdout_to(share()).spawn();
    assert!(comes_to_rest(login.pid()), "busy");
    write!(keyboard, "{KEY}\r").expect("it is typed");
    login.finish().exits_with(0);
    assert!(flags().contains(OFlag::O_NONBLOCK));
}

/// Ctrl-S: what has to wait for Ctrl-Q must not keep a signal from ending the program.
#[test]
fn terminal_held_by_control_s_does_not_delay_a_signal() {
    let backend = Backend::http();
    let home = Home::new();
    let mut terminal = at_prompt(&home, &backend);
    terminal.send(b"\x13");
    thread::sleep(Duration::from_millis(100));
    let sent = Instant::now();
    terminal.signal(Signal::SIGTERM);
    terminal.finish().killed_by(Signal::SIGTERM);
    assert!(sent.elapsed() < Duration::from_secs(2));
    assert!(terminal.echo_on());
}
