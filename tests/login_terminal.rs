//! `sekuire login` at a pseudo-terminal.

mod first_process;
mod jobs;
mod raw_terminals;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::fixtures::{
    DEVICE_ID, MASKED, SECRET, auth_with, login_steps, login_success, with_backend,
};
use crate::support::backend::{After, Backend, Behaviour, KEY};
use crate::support::command::{TestCommand, binary};
use crate::support::home::Home;
use crate::support::needs;
use crate::support::pty::Pty;

const PROMPT: &str = "Enter your API Key: ";

/// Starts the command, which shows the prompt.
#[track_caller]
fn prompted(command: TestCommand) -> Pty {
    let terminal = command.pty();
    await_prompts(&terminal, 1);
    terminal
}

fn at_prompt(home: &Home, backend: &Backend) -> Pty {
    prompted(with_backend(home, backend).arg("login"))
}

/// At the prompt of a program that a shell's script starts as `"$1" login`.
fn under_shell(home: &Home, backend: &Backend, script: &str) -> TestCommand {
    TestCommand::at(Path::new("/bin/sh"))
        .home(home)
        .env("SEKUIRE_BACKEND_URL", backend.url())
        .env("SEKUIRE_DEVICE_ID", DEVICE_ID)
        .args(["-c", script, "sh"])
        .arg(binary())
}

/// Until the prompt has been shown so often, and typing is hidden.
#[track_caller]
fn await_prompts(terminal: &Pty, count: usize) {
    wait_until("the prompt is shown", || {
        terminal.output().matches(PROMPT).count() == count
    });
    wait_until("echo is off", || !terminal.echo_on());
}

#[track_caller]
fn wait_until(what: &str, mut held: impl FnMut() -> bool) {
    let started = Instant::now();
    while !held() {
        assert!(started.elapsed() < Duration::from_secs(10), "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Our program below another, once it is that.
fn child(parent: Pid) -> Pid {
    let mut found = None;
    wait_until("the program is started", || {
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
        found = children.ok().and_then(|pid| pid.trim().parse().ok());
        let name = |pid: i32| fs::read_to_string(format!("/proc/{pid}/comm")).ok();
        found.and_then(name).is_some_and(|name| name == "sekuire\n")
    });
    Pid::from_raw(found.expect("a process id"))
}

fn whole_screen(backend: &Backend) -> String {
    let success = login_success(&backend.url());
    format!("{}{PROMPT}{MASKED}\n\n{success}", login_steps())
}

#[test]
fn keyboard_and_pastes_give_the_documented_screen_with_the_key_masked() {
    let backend = Backend::http();
    for (name, typed) in [
        ("Enter", format!("{KEY}\r")),
        ("a bracketed paste", format!("\x1b[200~{KEY}\x1b[201~\r")),
        ("Ctrl-D twice at the end", format!("{KEY}\x04\x04")),
    ] {
        let home = Home::new();
        let mut terminal = at_prompt(&home, &backend);
        terminal.send(typed.as_bytes());
        let outcome = terminal.finish();
        assert_eq!(outcome.code, Some(0), "{name}; {outcome}");
        outcome
            .terminal_is(&whole_screen(&backend))
            .never_shows(SECRET);
        assert!(terminal.echo_on(), "{name}");
    }
}

#[test]
fn wrong_key_is_not_shown_and_ends_the_line() {
    let backend = Backend::http();
    let home = Home::new();
    for (typed, code) in [("hunter2 secret\r", 2), ("\r", 1), ("\x04", 1)] {
        let mut terminal = at_prompt(&home, &backend);
        terminal.send(typed.as_bytes());
        let outcome = terminal.finish();
        outcome.exits_with(code).never_shows("hunter2");
        let (_, shown) = outcome.terminal.split_once(PROMPT).expect("the prompt");
        let is_told = shown.starts_with("\r\nerror:") && shown.contains("hint: ");
        assert!(is_told, "{outcome}");
        assert!(terminal.echo_on(), "{typed:?}");
    }
    assert_eq!(backend.connections(), 0);
}

/// Else the key's second half, or a command that was copied with it, would be run.
#[test]
fn paste_of_several_lines_does_not_reach_the_shell() {
    let backend = Backend::http();
    let home = Home::new();
    let script =
        "\"$1\" login; printf 'ready\\n'; IFS= read -r line; printf 'read:%s.\\n' \"$line\"";
    let mut terminal = prompted(under_shell(&home, &backend, script));
    terminal.send(format!("{KEY}\rrm -rf precious\rmore\r").as_bytes());
    terminal.wait_for("ready");
    terminal.send(b"later\r");
    let outcome = terminal.finish();
    let screen = &outcome.terminal;
    let is_right = screen.contains("Login successful!") && screen.ends_with("read:later.\r\n");
    assert!(is_right, "{outcome}");
    outcome.never_shows("precious");
}

/// Wherever standard output leads, the key is typed at the terminal without echo. With `--api-key-stdin` the result
/// follows alone.
#[test]
fn with_standard_output_elsewhere_the_prompt_is_on_the_terminal() {
    let backend = Backend::http();
    let success = login_success(&backend.url());
    let line = format!("{PROMPT}{MASKED}\n");
    let home = Home::new();
    let login = || with_backend(&home, &backend).arg("login");
    let from_stdin = || login().arg("--api-key-stdin");
    for (command, prints, shows) in [
        (from_stdin(), "", &*format!("{line}{success}")),
        (from_stdin().capture_stdout(), &*success, &*line),
        (login().capture_stdout(), &whole_screen(&backend), &line),
    ] {
        let mut terminal = prompted(command);
        terminal.send(format!("{KEY}\r").as_bytes());
        let outcome = terminal.finish();
        outcome
            .exits_with(0)
            .stdout_is(prints)
            .terminal_is(shows)
            .never_shows(SECRET);
    }
}

/// As under setsid(1): there is no /dev/tty, and there are no jobs, so that the terminal is nobody else's.
#[test]
fn without_a_controlling_terminal_the_prompt_is_on_standard_output() {
    let Some(setsid) = needs::tool("setsid") else {
        return;
    };
    let backend = Backend::http();
    let home = Home::new();
    let detached = || {
        let command = TestCommand::at(&setsid).home(&home).arg("-w");
        let command = command.env("SEKUIRE_BACKEND_URL", backend.url());
        command.arg(binary()).arg("login")
    };
    let mut terminal = prompted(detached());
    terminal.send(format!("{KEY}\r").as_bytes());
    terminal
        .finish()
        .exits_with(0)
        .terminal_is(&whole_screen(&backend));

    let mut terminal = prompted(detached());
    kill(child(terminal.pid()), Signal::SIGTERM).expect("a signal is sent");
    terminal.finish();
    assert!(terminal.echo_on());

    let outcome = detached().capture_stdout().capture_stderr().pty().finish();
    let outcome = outcome
        .exits_with(3)
        .stderr_contains("error: can't open the terminal");
    outcome.stderr_contains("--api-key-stdin < FILE");
}

/// Nothing is saved before the backend has answered; and behind the prompt signals are the shell's business.
#[test]
fn interrupted_request_leaves_the_file_as_it_was() {
    let backend = Backend::http();
    let home = Home::new();
    home.write_auth(&auth_with("org_id", "before".into()).to_string());
    let before = home.read_auth();
    backend.behave(Behaviour::Silent(After::Request));
    let mut terminal = at_prompt(&home, &backend);
    terminal.send(format!("{KEY}\r").as_bytes());
    assert!(backend.wait_for_requests(1, Duration::from_secs(10)));
    terminal.signal(Signal::SIGCONT);
    thread::sleep(Duration::from_millis(100));
    assert!(terminal.echo_on());
    terminal.send(b"\x03");
    let outcome = terminal.finish();
    outcome.killed_by(Signal::SIGINT).never_shows(SECRET);
    assert_eq!(outcome.terminal.matches(PROMPT).count(), 1, "{outcome}");
    assert_eq!(home.read_auth(), before);
    assert_eq!(home.listing(), ["auth.json"]);
}
