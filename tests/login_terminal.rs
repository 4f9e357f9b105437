//! `sekuire login` at a pseudo-terminal.

mod first_process;
mod jobs;
mod odd_terminals;

use std::fs::{self, File};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::fixtures::{
    DEVICE_ID, MASKED, SECRET, auth_with, login_steps, login_success, with_backend,
};
use crate::support::backend::{After, Backend, Behaviour, KEY};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;
use crate::support::needs;
use crate::support::pty::Pty;

const PROMPT: &str = "Enter your API Key: ";

fn at_prompt(home: &Home, backend: &Backend) -> Pty {
    let terminal = with_backend(home, backend)
        .env("TERM", "xterm")
        .arg("login")
        .pty();
    terminal.wait_for(PROMPT);
    wait_until("echo is off", || !terminal.echo_on());
    terminal
}

#[track_caller]
fn wait_until(what: &str, mut held: impl FnMut() -> bool) {
    let started = Instant::now();
    while !held() {
        assert!(started.elapsed() < Duration::from_secs(10), "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn whole_screen(backend: &Backend) -> String {
    format!(
        "{}{PROMPT}{MASKED}\n\n{}",
        login_steps(),
        login_success(&backend.url())
    )
}

#[test]
fn the_documented_screen_with_the_key_masked() {
    let backend = Backend::https();
    let home = Home::new();
    let mut terminal = at_prompt(&home, &backend);
    terminal.send(format!("{KEY}\r").as_bytes());
    let outcome = terminal.finish();
    outcome
        .exits(0)
        .shows(&whole_screen(&backend))
        .hides(SECRET);
    assert!(terminal.echo_on());
    assert!(home.auth_json().is_file());
}

#[test]
fn keys_of_the_keyboard_and_pastes_work() {
    let backend = Backend::http();
    let cases: &[(&str, String)] = &[
        (
            "backspace",
            "sk_livX\x7fe_abc123def456xyzzy\x7f\x7f\r".to_owned(),
        ),
        ("Ctrl-U", format!("wrong\x15{KEY}\r")),
        ("Ctrl-W", format!("wrong \x17{KEY}\r")),
        ("a bracketed paste", format!("\x1b[200~{KEY}\x1b[201~\r")),
        ("a paste with its line end", format!("{KEY}\r")),
        ("a paste with spaces", format!("  {KEY}  \r")),
        ("Ctrl-D twice at the end", format!("{KEY}\x04\x04")),
    ];
    for (name, typed) in cases {
        let home = Home::new();
        let mut terminal = at_prompt(&home, &backend);
        terminal.send(typed.as_bytes());
        let outcome = terminal.finish();
        assert_eq!(outcome.code, Some(0), "{name}; {outcome}");
        outcome.shows(&whole_screen(&backend)).hides(SECRET);
        assert!(terminal.echo_on(), "{name}");
    }
}

#[test]
fn a_wrong_key_is_not_shown_and_ends_the_line() {
    let backend = Backend::http();
    let home = Home::new();
    home.write_auth(&auth_with("org_id", "before".into()).to_string());
    let before = home.read_auth();
    for (typed, code) in [
        ("hunter2secret\r", 2),
        ("\r", 2),
        ("sk_live_hunter2 secret\r", 2),
        ("\x04", 1),
    ] {
        let mut terminal = at_prompt(&home, &backend);
        terminal.send(typed.as_bytes());
        let outcome = terminal.finish();
        assert_eq!(outcome.code, Some(code), "{typed:?}; {outcome}");
        assert!(
            outcome.terminal.contains("Enter your API Key: \r\n"),
            "{typed:?}; {outcome}"
        );
        assert!(outcome.terminal.contains("error:"), "{typed:?}; {outcome}");
        assert!(outcome.terminal.contains("hint: "), "{typed:?}; {outcome}");
        outcome.hides("hunter2");
        assert!(terminal.echo_on(), "{typed:?}");
    }
    assert_eq!(home.read_auth(), before);
    assert_eq!(backend.connections(), 0);
}

#[test]
fn signals_at_the_prompt_leave_echo_on_and_kill() {
    let backend = Backend::http();
    let home = Home::new();
    home.write_auth(&auth_with("org_id", "before".into()).to_string());
    let before = home.read_auth();
    for signal in [
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGQUIT,
    ] {
        let mut terminal = at_prompt(&home, &backend);
        terminal.send(b"sk_live_half");
        // The kernel hands typed bytes on in its own time, and nothing shows when: what comes after the
        // signal would be shown, for then the echo is on again.
        thread::sleep(Duration::from_millis(200));
        terminal.signal(signal);
        let outcome = terminal.finish();
        outcome.dies_of(signal).hides("half");
        assert!(terminal.echo_on(), "{signal}");
        assert!(
            outcome.terminal.ends_with("Enter your API Key: \r\n"),
            "{signal}; {outcome}"
        );
    }
    for (key, signal) in [(b"\x03", Signal::SIGINT), (b"\x1c", Signal::SIGQUIT)] {
        let mut terminal = at_prompt(&home, &backend);
        terminal.send(key);
        terminal.finish().dies_of(signal);
        assert!(terminal.echo_on(), "{signal}");
    }
    assert_eq!(home.read_auth(), before);
    assert_eq!(home.listing(), ["auth.json"]);
    assert_eq!(backend.connections(), 0);
}

/// As a shell sees Ctrl-C: 130.
#[test]
fn control_c_is_130_for_the_shell() {
    let backend = Backend::http();
    let home = Home::new();
    let mut terminal = under_shell(&home, &backend, "trap : INT; \"$1\" login; echo status $?");
    terminal.send(b"\x03");
    let outcome = terminal.finish();
    assert!(outcome.terminal.ends_with("status 130\r\n"), "{outcome}");
    assert!(terminal.echo_on());
}

/// With a shell's job control: without a shell in its session nothing is ever stopped (setpgid(2),
/// "orphaned process group").
#[test]
fn a_stop_gives_the_echo_back_and_the_prompt_goes_on() {
    let backend = Backend::http();
    let home = Home::new();
    let script = "set -m; \"$1\" login; echo stopped; read -r line; fg; echo again; read -r line; fg; echo status $?";
    let mut terminal = under_shell(&home, &backend, script);
    for (said, prompts) in [("stopped", 2), ("again", 3)] {
        terminal.send(b"\x1a");
        terminal.wait_for(said);
        assert!(terminal.echo_on(), "{said}: {}", terminal.output());
        terminal.send(b"\r");
        wait_until("the prompt is shown again", || {
            terminal.output().matches(PROMPT).count() == prompts
        });
        wait_until("echo is off again", || !terminal.echo_on());
    }
    terminal.send(format!("{KEY}\r").as_bytes());
    let outcome = terminal.finish();
    outcome.hides(SECRET);
    let screen = outcome.terminal.replace("\r\n", "\n");
    let end = format!(
        "{PROMPT}{MASKED}\n\n{}status 0\n",
        login_success(&backend.url())
    );
    assert!(screen.ends_with(&end), "{outcome}");
    assert!(terminal.echo_on());
}

/// At the prompt of a program that a shell's script starts as `"$1" login`.
fn under_shell(home: &Home, backend: &Backend, script: &str) -> Pty {
    let terminal = start_under_shell(home, backend, script);
    terminal.wait_for(PROMPT);
    wait_until("echo is off", || !terminal.echo_on());
    terminal
}

fn start_under_shell(home: &Home, backend: &Backend, script: &str) -> Pty {
    Sekuire::at(Path::new("/bin/sh"))
        .home(home)
        .env("SEKUIRE_BACKEND_URL", backend.url())
        .env("SEKUIRE_DEVICE_ID", DEVICE_ID)
        .args(["-c", script, "sh"])
        .arg(binary())
        .pty()
}

/// Else the key's second half, or a command that was copied with it, would be run.
#[test]
fn a_paste_of_several_lines_does_not_reach_the_shell() {
    let backend = Backend::http();
    let home = Home::new();
    let script =
        "\"$1\" login; printf 'ready\\n'; IFS= read -r line; printf 'read:%s.\\n' \"$line\"";
    let mut terminal = under_shell(&home, &backend, script);
    terminal.send(format!("{KEY}\rrm -rf precious\rmore\r").as_bytes());
    terminal.wait_for("ready");
    terminal.send(b"typed later\r");
    let outcome = terminal.finish();
    assert!(outcome.terminal.contains("Login successful!"), "{outcome}");
    assert!(
        outcome.terminal.ends_with("read:typed later.\r\n"),
        "{outcome}"
    );
    assert!(!outcome.terminal.contains("precious"), "{outcome}");
}

#[test]
fn with_standard_output_elsewhere_the_prompt_is_on_the_terminal() {
    let backend = Backend::http();
    let home = Home::new();
    let mut terminal = with_backend(&home, &backend)
        .arg("login")
        .capture_stdout()
        .pty();
    terminal.wait_for(PROMPT);
    wait_until("echo is off", || !terminal.echo_on());
    terminal.send(format!("{KEY}\r").as_bytes());
    let outcome = terminal.finish();
    outcome
        .exits(0)
        .prints(&whole_screen(&backend))
        .shows(&format!("{PROMPT}{MASKED}\n"))
        .hides(SECRET);
}

#[test]
fn with_standard_error_elsewhere_errors_go_there() {
    let backend = Backend::http();
    let home = Home::new();
    let mut terminal = with_backend(&home, &backend)
        .arg("login")
        .capture_stderr()
        .pty();
    terminal.wait_for(PROMPT);
    wait_until("echo is off", || !terminal.echo_on());
    terminal.send(b"hunter2\r");
    let outcome = terminal.finish();
    outcome
        .exits(2)
        .complains("error: the API key does not begin")
        .hides("hunter2");
}

/// Colour and erased lines are for terminals that know them.
#[test]
fn a_dumb_terminal_gets_no_escapes() {
    let backend = Backend::http();
    for (variable, value) in [("TERM", "dumb"), ("NO_COLOR", "1")] {
        let home = Home::new();
        let mut terminal = with_backend(&home, &backend)
            .env("TERM", "xterm")
            .env(variable, value)
            .arg("login")
            .pty();
        terminal.wait_for(PROMPT);
        wait_until("echo is off", || !terminal.echo_on());
        terminal.send(b"wrong\r");
        let outcome = terminal.finish();
        outcome.exits(2).hides("\x1b");
        assert!(outcome.terminal.contains("error: the API key"), "{outcome}");
    }
    let home = Home::new();
    let mut terminal = with_backend(&home, &backend)
        .env("TERM", "xterm")
        .arg("status")
        .arg("-x")
        .pty();
    let outcome = terminal.finish();
    assert!(
        outcome.terminal.contains("\x1b[1;31merror:\x1b[0m "),
        "{outcome}"
    );
}

#[test]
fn api_key_stdin_at_a_terminal_reads_one_line() {
    let backend = Backend::http();
    let home = Home::new();
    let input = home.path().join("key");
    fs::write(&input, KEY).expect("a key file");
    let mut terminal = with_backend(&home, &backend)
        .args(["login", "--api-key-stdin"])
        .stdin_from(File::open(&input).expect("the key file"))
        .pty();
    terminal
        .finish()
        .exits(0)
        .shows(&login_success(&backend.url()))
        .hides(SECRET);
}

/// As under setsid(1): the terminal is there and shows the prompt, though /dev/tty is not.
#[test]
fn without_a_controlling_terminal_the_prompt_is_on_standard_output() {
    let Some(setsid) = needs::tool("setsid") else {
        return;
    };
    let backend = Backend::http();
    let home = Home::new();
    let detached = || {
        Sekuire::at(&setsid)
            .home(&home)
            .env("SEKUIRE_BACKEND_URL", backend.url())
            .arg("-w")
            .arg(binary())
            .arg("login")
    };
    let mut terminal = detached().pty();
    terminal.wait_for(PROMPT);
    wait_until("echo is off", || !terminal.echo_on());
    terminal.send(format!("{KEY}\r").as_bytes());
    terminal
        .finish()
        .exits(0)
        .shows(&whole_screen(&backend))
        .hides(SECRET);
    let outcome = detached().capture_stdout().capture_stderr().pty().finish();
    outcome
        .exits(3)
        .complains("error: can't open the terminal")
        .complains("--api-key-stdin");
}

/// Only what is typed at a terminal needs hiding; the transcript is the same.
#[test]
fn a_key_by_pipe_while_the_output_is_a_terminal() {
    let backend = Backend::http();
    let home = Home::new();
    let mut terminal = with_backend(&home, &backend)
        .arg("login")
        .stdin(KEY.as_bytes())
        .pty();
    terminal
        .finish()
        .exits(0)
        .shows(&whole_screen(&backend))
        .hides(SECRET);
    assert!(terminal.echo_on());
}

/// Nothing is saved before the backend has answered.
#[test]
fn an_interrupted_request_leaves_the_file_as_it_was() {
    let backend = Backend::http();
    let home = Home::new();
    home.write_auth(&auth_with("org_id", "before".into()).to_string());
    let before = home.read_auth();
    backend.behave(Behaviour::Silent(After::Request));
    let mut terminal = at_prompt(&home, &backend);
    terminal.send(format!("{KEY}\r").as_bytes());
    assert!(backend.wait_for_requests(1, Duration::from_secs(10)));
    assert!(terminal.echo_on());
    terminal.send(b"\x03");
    let outcome = terminal.finish();
    outcome.dies_of(Signal::SIGINT).hides(SECRET);
    assert_eq!(home.read_auth(), before);
    assert_eq!(home.listing(), ["auth.json"]);
}

/// A key must not come to lie in a core file (core(5)).
#[test]
fn no_core_file_is_left_of_a_process_that_may_hold_a_key() {
    let backend = Backend::http();
    let home = Home::new();
    let mut terminal = at_prompt(&home, &backend);
    let limits = fs::read_to_string(format!("/proc/{}/limits", terminal.pid())).expect("limits");
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let words: Vec<&str> = core.unwrap_or_default().split_whitespace().collect();
    assert_eq!(words.get(4), Some(&"0"), "{limits}");
    terminal.send(b"\x03");
    terminal.finish().dies_of(Signal::SIGINT);
}
