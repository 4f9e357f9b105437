//! Signals and job control at the prompt.

use std::fs;
use std::thread;
use std::time::Duration;

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{MASKED, PROMPT, at_prompt, await_prompts, prompted, under_shell, wait_until};
use crate::fixtures::{SECRET, login_success};
use crate::support::backend::{Backend, KEY};
use crate::support::home::Home;
use crate::support::pty::Pty;

pub(super) fn only_child(parent: Pid) -> Pid {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let pid = children.expect("the children");
    Pid::from_raw(pid.trim().parse().expect("one child"))
}

/// Do nothing by default (signal(7)), stop, can't be caught, or are ignored by the program.
const NOT_ENDING: [libc::c_int; 11] = [
    libc::SIGCHLD,
    libc::SIGCONT,
    libc::SIGKILL,
    libc::SIGPIPE,
    libc::SIGSTOP,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGURG,
    libc::SIGWINCH,
    libc::SIGXFSZ,
];

#[allow(unsafe_code, reason = "nix knows no real-time signals")]
fn send(pid: Pid, signal: libc::c_int) {
    // SAFETY: kill(2) takes two numbers.
    assert_eq!(unsafe { libc::kill(pid.as_raw(), signal) }, 0, "{signal}");
}

#[test]
fn every_signal_that_ends_the_prompt_gives_the_echo_back() {
    let backend = Backend::http();
    let home = Home::new();
    let ends = |mut terminal: Pty, signal: libc::c_int| {
        let outcome = terminal.finish();
        assert_eq!(outcome.signal, Some(signal), "{outcome}");
        assert!(terminal.echo_on(), "signal {signal}");
        let end = format!("{PROMPT}\r\n");
        assert!(
            outcome.terminal.ends_with(&end),
            "signal {signal}; {outcome}"
        );
    };
    // musl keeps 32 to 34 for itself: there no program can catch them.
    let numbers = (1..32).chain([35, libc::SIGRTMAX()]);
    for signal in numbers.filter(|signal| !NOT_ENDING.contains(signal)) {
        let terminal = at_prompt(&home, &backend);
        send(terminal.pid(), signal);
        ends(terminal, signal);
    }
    for (key, signal) in [(b"half\x03", libc::SIGINT), (b"half\x1c", libc::SIGQUIT)] {
        let terminal = at_prompt(&home, &backend);
        terminal.send(key);
        ends(terminal, signal);
    }
    assert_eq!(backend.connections(), 0);
    assert!(home.listing().is_empty());
}

#[test]
fn signals_that_do_nothing_do_not_disturb_the_prompt() {
    let backend = Backend::http();
    let home = Home::new();
    let mut terminal = at_prompt(&home, &backend);
    let (half, rest) = KEY.split_at(12);
    terminal.send(half.as_bytes());
    for signal in [
        Signal::SIGWINCH,
        Signal::SIGCHLD,
        Signal::SIGURG,
        Signal::SIGPIPE,
        Signal::SIGXFSZ,
    ] {
        terminal.signal(signal);
        thread::sleep(Duration::from_millis(50));
    }
    assert!(!terminal.echo_on());
    terminal.send(format!("{rest}\r").as_bytes());
    let outcome = terminal.finish();
    outcome
        .exits(0)
        .shows(&super::whole_screen(&backend))
        .hides(SECRET);
}

/// Types the key at the prompt of a shell's job, which `echo status $?` follows.
#[track_caller]
fn finish_login(mut terminal: Pty, backend: &Backend) {
    terminal.send(format!("{KEY}\r").as_bytes());
    let outcome = terminal.finish();
    outcome.hides(SECRET);
    let screen = outcome.terminal.replace("\r\n", "\n");
    let success = login_success(&backend.url());
    assert!(
        screen.ends_with(&format!("{PROMPT}{MASKED}\n\n{success}status 0\n")),
        "{outcome}"
    );
    assert!(terminal.echo_on());
}

/// Ctrl-Z, `fg`; Ctrl-Z, `bg`, which gives it no terminal, so that it stops again; `fg`. With a shell's job
/// control: without a shell in its session nothing is ever stopped (setpgid(2), "orphaned process group").
#[test]
fn stopped_prompt_gives_the_echo_back_and_goes_on_in_the_foreground() {
    let backend = Backend::http();
    let home = Home::new();
    let script = "set -m; \"$1\" login; echo stopped; read -r line; fg; \
                  echo again; bg; sleep 0.5; echo waiting; read -r line; fg; echo status $?";
    let terminal = prompted(under_shell(&home, &backend, script));
    for (said, prompts) in [("stopped", 2), ("waiting", 3)] {
        terminal.send(b"\x1a");
        terminal.wait_for(said);
        assert!(terminal.echo_on(), "{said}: {}", terminal.output());
        terminal.send(b"\r");
        await_prompts(&terminal, prompts);
    }
    finish_login(terminal, &backend);
}

/// The program can't know of a SIGSTOP; a shell then sets the terminal for itself.
#[test]
fn after_an_uncatchable_stop_the_key_is_still_hidden() {
    let backend = Backend::http();
    let home = Home::new();
    let script = "set -m; \"$1\" login; stty echo; echo stopped; read -r line; fg; echo status $?";
    let terminal = prompted(under_shell(&home, &backend, script));
    kill(only_child(terminal.pid()), Signal::SIGSTOP).expect("a signal is sent");
    terminal.wait_for("stopped");
    wait_until("the shell has its echo", || terminal.echo_on());
    terminal.send(b"\r");
    await_prompts(&terminal, 2);
    finish_login(terminal, &backend);
}

/// `sekuire login &`: it is stopped before it touches the terminal, which is the shell's; one `fg` brings
/// it back.
#[test]
fn in_the_background_it_stops_and_leaves_the_terminal_alone() {
    let backend = Backend::http();
    let home = Home::new();
    let script =
        "set -m; \"$1\" login & sleep 0.5; jobs; echo waiting; read -r line; fg; echo status $?";
    let terminal = under_shell(&home, &backend, script).pty();
    terminal.wait_for("waiting");
    assert!(terminal.echo_on(), "{}", terminal.output());
    assert!(!terminal.output().contains(PROMPT), "{}", terminal.output());
    terminal.send(b"\r");
    await_prompts(&terminal, 1);
    finish_login(terminal, &backend);
}
