//! Signals and job control at the prompt.

use std::thread;
use std::time::Duration;

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{PROMPT, at_prompt, under_shell, wait_until};
use crate::fixtures::{MASKED, SECRET, login_success};
use crate::support::backend::{Backend, Behaviour, KEY};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;
use crate::support::needs;

/// All but those that do nothing by default (signal(7)), those that can't be caught, and those that the
/// program ignores.
fn ending_signals() -> Vec<libc::c_int> {
    let others = [
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
    // musl keeps 32 to 34 for itself: there no program can catch them.
    (1..32)
        .chain([35, libc::SIGRTMAX()])
        .filter(|signal| !others.contains(signal))
        .collect()
}

#[allow(unsafe_code, reason = "nix knows no real-time signals")]
fn send(pid: Pid, signal: libc::c_int) {
    // SAFETY: kill(2) takes two numbers.
    assert_eq!(unsafe { libc::kill(pid.as_raw(), signal) }, 0, "{signal}");
}

#[test]
fn every_signal_that_ends_the_prompt_gives_the_echo_back() {
    let backend = Backend::http();
    let home = Home::new();
    for signal in ending_signals() {
        let mut terminal = at_prompt(&home, &backend);
        send(terminal.pid(), signal);
        let outcome = terminal.finish();
        assert_eq!(outcome.signal, Some(signal), "{outcome}");
        assert!(terminal.echo_on(), "signal {signal}");
        assert!(
            outcome.terminal.ends_with("Enter your API Key: \r\n"),
            "signal {signal}; {outcome}"
        );
    }
    assert_eq!(backend.connections(), 0);
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
        Signal::SIGCONT,
        Signal::SIGSTOP,
        Signal::SIGCONT,
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

/// As under setsid(1): there are no jobs, and so the terminal is nobody else's.
#[test]
fn where_no_terminal_controls_the_session_the_echo_comes_back_too() {
    let Some(setsid) = needs::tool("setsid") else {
        return;
    };
    let home = Home::new();
    let mut terminal = Sekuire::at(&setsid)
        .home(&home)
        .arg("-w")
        .arg(binary())
        .arg("login")
        .pty();
    terminal.wait_for(PROMPT);
    wait_until("echo is off", || !terminal.echo_on());
    kill(only_child(terminal.pid()), Signal::SIGTERM).expect("a signal is sent");
    terminal.finish();
    assert!(terminal.echo_on());
}

/// While the backend is waited for a stop and what follows it are the shell's business alone.
#[test]
fn behind_the_prompt_a_job_that_continues_asks_nothing_again() {
    let backend = Backend::http();
    backend.behave(Behaviour::Delay(Duration::from_millis(700)));
    let home = Home::new();
    let mut terminal = at_prompt(&home, &backend);
    terminal.send(format!("{KEY}\r").as_bytes());
    wait_until("the backend is asked", || backend.connections() > 0);
    terminal.signal(Signal::SIGCONT);
    let outcome = terminal.finish();
    outcome
        .exits(0)
        .shows(&super::whole_screen(&backend))
        .hides(SECRET);
    assert!(terminal.echo_on());
}

/// The program can't know of a SIGSTOP; a shell then sets the terminal as it likes it.
#[test]
fn after_an_uncatchable_stop_the_key_is_still_hidden() {
    let backend = Backend::http();
    let home = Home::new();
    let script = "set -m; \"$1\" login; stty echo; echo stopped; read -r line; fg; echo status $?";
    let mut terminal = under_shell(&home, &backend, script);
    let program = only_child(terminal.pid());
    kill(program, Signal::SIGSTOP).expect("a signal is sent");
    terminal.wait_for("stopped");
    wait_until("the shell has its echo", || terminal.echo_on());
    terminal.send(b"\r");
    wait_until("echo is off again", || !terminal.echo_on());
    wait_until("the prompt is shown again", || {
        terminal.output().matches(PROMPT).count() == 2
    });
    terminal.send(format!("{KEY}\r").as_bytes());
    let outcome = terminal.finish();
    outcome.hides(SECRET);
    let screen = outcome.terminal.replace("\r\n", "\n");
    let end = format!(
        "{PROMPT}{MASKED}\n\n{}status 0\n",
        login_success(&backend.url())
    );
    assert!(screen.ends_with(&end), "{outcome}");
}

/// `sekuire login &`: it is stopped before it touches the terminal, which is the shell's; one `fg` brings
/// it back.
#[test]
fn in_the_background_it_stops_and_leaves_the_terminal_alone() {
    let backend = Backend::http();
    let home = Home::new();
    let script =
        "set -m; \"$1\" login & sleep 0.5; jobs; echo waiting; read -r line; fg; echo status $?";
    let mut terminal = super::start_under_shell(&home, &backend, script);
    terminal.wait_for("waiting");
    assert!(terminal.echo_on(), "{}", terminal.output());
    assert!(!terminal.output().contains(PROMPT), "{}", terminal.output());
    terminal.send(b"\r");
    terminal.wait_for(PROMPT);
    wait_until("echo is off", || !terminal.echo_on());
    terminal.send(format!("{KEY}\r").as_bytes());
    let outcome = terminal.finish();
    outcome.hides(SECRET);
    assert_eq!(outcome.terminal.matches(PROMPT).count(), 1, "{outcome}");
    assert!(outcome.terminal.ends_with("status 0\r\n"), "{outcome}");
    assert!(terminal.echo_on());
}

/// `bg` gives it no terminal: it stops again, and leaves the shell's settings alone.
#[test]
fn a_stopped_prompt_continued_in_the_background_stops_again() {
    let backend = Backend::http();
    let home = Home::new();
    let script = "set -m; \"$1\" login; echo stopped; bg; sleep 0.5; echo waiting; read -r line; fg; echo status $?";
    let mut terminal = under_shell(&home, &backend, script);
    terminal.send(b"\x1a");
    terminal.wait_for("waiting");
    assert!(terminal.echo_on(), "{}", terminal.output());
    terminal.send(b"\r");
    wait_until("the prompt is shown again", || {
        terminal.output().matches(PROMPT).count() == 2
    });
    wait_until("echo is off again", || !terminal.echo_on());
    terminal.send(format!("{KEY}\r").as_bytes());
    let outcome = terminal.finish();
    outcome.hides(SECRET);
    assert!(outcome.terminal.ends_with("status 0\r\n"), "{outcome}");
    assert!(terminal.echo_on());
}

fn only_child(shell: Pid) -> Pid {
    let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"));
    let pid = children.expect("the shell's children");
    Pid::from_raw(pid.trim().parse().expect("one child"))
}
