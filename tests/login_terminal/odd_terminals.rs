//! Terminals that a crashed program has left behind: the prompt works, and they are left as they were.

use std::io;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::sys::signal::Signal;
use nix::sys::termios::{
    InputFlags, LocalFlags, OutputFlags, SpecialCharacterIndices, Termios, cfmakeraw,
};

use super::{PROMPT, wait_until, whole_screen};
use crate::fixtures::{SECRET, with_backend};
use crate::support::backend::{ApiKey, Backend, KEY};
use crate::support::home::Home;
use crate::support::process::processor_time;
use crate::support::pty::{self, Pty};

type Leave = fn(&mut Termios);

/// How a terminal is left, by name.
const LEFT: &[(&str, Leave)] = &[
    ("raw", |left| cfmakeraw(left)),
    ("without ICRNL", |left| {
        left.input_flags.remove(InputFlags::ICRNL);
    }),
    ("with IGNCR", |left| {
        left.input_flags.insert(InputFlags::IGNCR);
    }),
    ("with INLCR", |left| {
        left.input_flags.insert(InputFlags::INLCR);
    }),
    ("without ICANON", |left| {
        left.local_flags.remove(LocalFlags::ICANON);
    }),
    ("without ISIG", |left| {
        left.local_flags.remove(LocalFlags::ISIG);
    }),
    ("without ECHO", |left| {
        left.local_flags.remove(LocalFlags::ECHO);
    }),
    ("with ECHONL", |left| {
        left.local_flags.insert(LocalFlags::ECHONL);
    }),
    ("without OPOST", |left| {
        left.output_flags.remove(OutputFlags::OPOST);
    }),
    ("without its keys", |left| {
        for key in [
            SpecialCharacterIndices::VINTR,
            SpecialCharacterIndices::VEOF,
            SpecialCharacterIndices::VERASE,
        ] {
            left.control_chars[key as usize] = libc::_POSIX_VDISABLE;
        }
    }),
    ("polled", |left| {
        cfmakeraw(left);
        left.control_chars[SpecialCharacterIndices::VMIN as usize] = 0;
    }),
];

fn at_prompt_left(home: &Home, backend: &Backend, leave: Leave) -> (Pty, Termios) {
    let mut found = None;
    let terminal = Pty::start_left(with_backend(home, backend).arg("login"), |settings| {
        leave(settings);
        found = Some(settings.clone());
    });
    terminal.wait_for(PROMPT);
    wait_until("echo is off", || {
        let now = terminal.settings().local_flags;
        !now.contains(LocalFlags::ECHO) && now.contains(LocalFlags::ICANON | LocalFlags::ISIG)
    });
    (terminal, found.expect("the settings"))
}

#[track_caller]
fn assert_same(now: &Termios, found: &Termios, case: &str) {
    let settings = |of: &Termios| {
        (
            (
                of.input_flags,
                of.output_flags,
                of.control_flags,
                of.local_flags,
            ),
            of.control_chars,
        )
    };
    assert_eq!(settings(now), settings(found), "{case}");
}

#[test]
fn enter_and_backspace_work_and_the_terminal_is_left_as_found() {
    let backend = Backend::http();
    for (name, leave) in LEFT {
        for enter in ["\r", "\n"] {
            let home = Home::new();
            let (mut terminal, found) = at_prompt_left(&home, &backend, *leave);
            terminal.send(format!("{KEY}xy\x7f\x7f{enter}").as_bytes());
            let outcome = terminal.finish();
            assert_eq!(outcome.code, Some(0), "{name}, {enter:?}; {outcome}");
            outcome.hides(SECRET);
            let plain = outcome.terminal.replace("\r\n", "\n");
            assert_eq!(plain, whole_screen(&backend), "{name}, {enter:?}");
            assert_same(&terminal.settings(), &found, name);
        }
    }
}

/// `stty lcase`, for terminals without small letters, makes another key of it.
#[cfg(target_os = "linux")]
#[test]
fn capitals_stay_capitals() {
    let key = "sk_live_ABCdef123456XYZ";
    let backend = Backend::http();
    backend.add_key(ApiKey::new(key));
    let home = Home::new();
    let (mut terminal, found) = at_prompt_left(&home, &backend, |left| {
        left.input_flags
            .insert(InputFlags::from_bits_retain(libc::IUCLC));
    });
    terminal.send(format!("{key}\r").as_bytes());
    let outcome = terminal.finish();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(home.read_auth().contains(key), "{}", home.read_auth());
    assert_same(&terminal.settings(), &found, "IUCLC");
}

#[test]
fn control_c_and_control_d_work_and_the_terminal_is_left_as_found() {
    let backend = Backend::http();
    let home = Home::new();
    for (name, leave) in LEFT {
        let (mut terminal, found) = at_prompt_left(&home, &backend, *leave);
        terminal.send(b"\x03");
        let outcome = terminal.finish();
        assert_eq!(
            outcome.signal,
            Some(Signal::SIGINT as i32),
            "{name}; {outcome}"
        );
        assert_same(&terminal.settings(), &found, name);

        let (mut terminal, found) = at_prompt_left(&home, &backend, *leave);
        terminal.send(b"\x04");
        let outcome = terminal.finish();
        assert_eq!(outcome.code, Some(1), "{name}; {outcome}");
        assert_same(&terminal.settings(), &found, name);
    }
    assert_eq!(backend.connections(), 0);
}

/// The flag belongs to the open file, which a crashed program shared with the shell.
#[test]
fn a_terminal_that_does_not_block_is_waited_for_and_keeps_its_flag() {
    let backend = Backend::http();
    let home = Home::new();
    let (keyboard, terminal) = pty::open();
    let flags = OFlag::from_bits_retain(fcntl(&terminal, FcntlArg::F_GETFL).expect("flags"));
    fcntl(&terminal, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).expect("O_NONBLOCK");
    let share = || OwnedFd::from(terminal.try_clone().expect("a descriptor"));
    let mut login = with_backend(&home, &backend)
        .arg("login")
        .stdin_from(share())
        .stdout_to(share())
        .spawn();
    thread::sleep(Duration::from_millis(500));
    let spent = processor_time(login.pid());
    assert!(spent < Duration::from_millis(300), "busy: {spent:?}");
    io::Write::write_all(&mut &keyboard, format!("{KEY}\r").as_bytes()).expect("it is typed");
    login.finish().exits(0);
    let after = OFlag::from_bits_retain(fcntl(&terminal, FcntlArg::F_GETFL).expect("flags"));
    assert!(after.contains(OFlag::O_NONBLOCK));
}

/// As after a lost connection, with SIGHUP ignored.
#[test]
fn a_terminal_that_hangs_up_ends_it() {
    let backend = Backend::http();
    let home = Home::new();
    let (keyboard, terminal) = pty::open();
    let mut login = with_backend(&home, &backend)
        .arg("login")
        .stdin_from(OwnedFd::from(terminal.try_clone().expect("a descriptor")))
        .stdout_to(OwnedFd::from(terminal))
        .spawn();
    thread::sleep(Duration::from_millis(500));
    drop(keyboard);
    let hung_up = Instant::now();
    let outcome = login.finish();
    assert!(matches!(outcome.code, Some(1 | 3)), "{outcome}");
    assert!(hung_up.elapsed() < Duration::from_secs(2), "{outcome}");
    outcome.complains("error: ");
    assert!(home.listing().is_empty());
}

/// Ctrl-S: what has to wait for Ctrl-Q must not keep a signal from ending the program.
#[test]
fn a_terminal_held_by_control_s_does_not_delay_a_signal() {
    let backend = Backend::http();
    let home = Home::new();
    let (mut terminal, _) = at_prompt_left(&home, &backend, |_| {});
    terminal.send(b"\x13");
    thread::sleep(Duration::from_millis(100));
    let sent = Instant::now();
    terminal.signal(Signal::SIGTERM);
    terminal.finish().dies_of(Signal::SIGTERM);
    assert!(sent.elapsed() < Duration::from_secs(2));
    assert!(terminal.echo_on());
}
