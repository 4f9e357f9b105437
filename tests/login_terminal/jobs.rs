//! Signals and job control at the prompt.

use std::process::Command;
use std::thread;
use std::time::Duration;

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{MASKED, PROMPT, at_prompt, await_prompts, child, prompted, under_shell, wait_until};
use crate::fixtures::{SECRET, login_success};
use crate::support::backend::{Backend, KEY};
use crate::support::command::binary;
use crate::support::home::Home;
use crate::support::needs;

/// Do nothing by default (signal(7)), stop, can't be caught, or are no end for the program.
const NOT_ENDING: &str = "CHLD CONT KILL PIPE STOP TSTP TTIN TTOU URG WINCH XFSZ";

/// Also a real-time signal, which nix does not know.
fn send(pid: Pid, signal: libc::c_int) {
    let kill = format!("kill -{signal} {pid}");
    let sent = Command::new("sh").args(["-c", &kill]).status();
    assert!(sent.expect("sh").success(), "{signal}");
}

#[test]
fn every_signal_that_ends_the_prompt_gives_the_echo_back() {
    let backend = Backend::http();
    let home = Home::new();
    let not_ending = NOT_ENDING.split(' ').map(|name| format!("SIG{name}"));
    let not_ending: Vec<_> = not_ending
        .map(|name| name.parse::<Signal>().unwrap() as i32)
        .collect();
    // musl keeps 32 to 34 for itself: there no program can catch them.
    let numbers = (1..32).chain([35, libc::SIGRTMAX()]);
    let numbers = numbers.filter(|number| !not_ending.contains(number));
    let keys = [("half\x03", libc::SIGINT), ("half\x1c", libc::SIGQUIT)];
    for (key, signal) in numbers.map(|number| ("", number)).chain(keys) {
        let mut terminal = at_prompt(&home, &backend);
        if key.is_empty() {
            send(terminal.pid(), signal);
        }
        terminal.send(key.as_bytes());
        let outcome = terminal.finish();
        assert_eq!(outcome.signal, Some(signal), "{outcome}");
        assert!(terminal.echo_on(), "signal {signal}");
        let end = format!("{PROMPT}\r\n");
        assert!(
            outcome.terminal.ends_with(&end),
            "signal {signal}; {outcome}"
        );
    }
    assert_eq!(backend.connections(), 0);
    assert!(home.listing().is_empty());
}

/// As nohup(1) asks for.
#[test]
fn what_the_caller_ignores_stays_ignored() {
    let backend = Backend::http();
    let home = Home::new();
    let script = "trap '' HUP; exec \"$1\" login";
    let mut terminal = prompted(under_shell(&home, &backend, script));
    terminal.signal(Signal::SIGHUP);
    thread::sleep(Duration::from_millis(300));
    assert!(!terminal.echo_on(), "{}", terminal.output());
    terminal.signal(Signal::SIGTERM);
    terminal.finish().killed_by(Signal::SIGTERM);
    assert!(terminal.echo_on());
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
        .exits_with(0)
        .terminal_is(&super::whole_screen(&backend))
        .never_shows(SECRET);
}

/// At each of the calls that ask or set the terminal, before the prompt and behind it.
#[test]
fn a_signal_at_any_moment_leaves_the_terminal_as_it_was() {
    let backend = Backend::http();
    let home = Home::new();
    for call in 1..=16 {
        let Some(strace) = needs::strace() else {
            return;
        };
        let injection = format!("inject=ioctl:signal=SIGCONT:when={call}");
        let login = strace
            .home(&home)
            .args(["-qq", "-o", "/dev/null", "-e", &injection])
            .arg(binary())
            .args(["login", "--no-store", "--backend", &backend.url()]);
        let mut terminal = login.pty();
        terminal.wait_for(PROMPT);
        wait_until("echo is off", || !terminal.echo_on());
        terminal.send(format!("{KEY}\r").as_bytes());
        let outcome = terminal.finish();
        outcome.exits_with(0).never_shows(SECRET);
        assert!(terminal.echo_on(), "at call {call}: {outcome}");
    }
}

/// In the background it stops before it touches the terminal, which is the shell's. `fg`; Ctrl-Z, `fg`; Ctrl-Z, `bg`,
/// which stops it again, `fg`; a SIGSTOP, of which it can't know, so that the shell sets the terminal, `fg`. With a shell's
/// job control: without a shell in its session nothing is ever stopped (setpgid(2), "orphaned process group").
#[test]
fn stopped_prompt_leaves_the_terminal_to_the_shell_and_hides_the_key_in_the_foreground() {
    let backend = Backend::http();
    let home = Home::new();
    let script = "set -m; \"$1\" login & sleep 0.5; echo begun; read -r line; fg; \
                  echo stopped; read -r line; fg; echo again; bg; sleep 0.5; echo waiting; read -r line; fg; \
                  stty echo; echo killed; read -r line; fg; echo status $?";
    let mut terminal = under_shell(&home, &backend, script).pty();
    for (prompts, said) in ["begun", "stopped", "waiting", "killed"]
        .into_iter()
        .enumerate()
    {
        match said {
            "begun" => {}
            "killed" => kill(child(terminal.pid()), Signal::SIGSTOP).expect("a signal is sent"),
            _ => terminal.send(b"\x1a"),
        }
        terminal.wait_for(said);
        wait_until("the shell has its echo", || terminal.echo_on());
        let shown = terminal.output().matches(PROMPT).count();
        assert_eq!(shown, prompts, "{said}: {}", terminal.output());
        terminal.send(b"\r");
        await_prompts(&terminal, prompts + 1);
    }
    terminal.send(format!("{KEY}\r").as_bytes());
    let outcome = terminal.finish();
    outcome.never_shows(SECRET);
    let screen = outcome.terminal.replace("\r\n", "\n");
    let success = login_success(&backend.url());
    let end = format!("{PROMPT}{MASKED}\n\n{success}status 0\n");
    assert!(screen.ends_with(&end), "{outcome}");
    assert!(terminal.echo_on());
}
