//! How the program behaves at a terminal and away from one.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::fixtures::{NOT_LOGGED_IN, login_success, with_backend};
use crate::support::backend::{After, Backend, Behaviour, KEY};
use crate::support::command::TestCommand;
use crate::support::home::Home;

const ESCAPE: char = '\x1b';

#[test]
fn colour_is_only_for_a_terminal() {
    let home = Home::new();
    home.write_auth("");
    for (variables, coloured) in [
        (&[("TERM", "xterm")][..], true),
        (&[("TERM", "xterm"), ("NO_COLOR", "")], true),
        (&[("TERM", "xterm"), ("NO_COLOR", "1")], false),
        (&[("TERM", "dumb")], false),
        (&[], false),
    ] {
        let command = || {
            let plain = TestCommand::new().home(&home).arg("status");
            let set = |run: TestCommand, (name, value): &(&str, &str)| run.env(name, value);
            variables.iter().fold(plain, set)
        };
        let shown = command().pty().finish().exits_with(3).terminal.clone();
        let coloured_label = "\x1b[1;31merror:\x1b[0m ";
        let label = if coloured { coloured_label } else { "error: " };
        assert!(shown.starts_with(label), "{variables:?}: {shown:?}");
        assert_eq!(shown.contains(ESCAPE), coloured, "{variables:?}: {shown:?}");
        command().run().exits_with(3).never_shows("\x1b");
    }
}

#[test]
fn results_come_before_notes_and_warnings() {
    let backend = Backend::http();
    let home = Home::new();
    let auth = home.auth_json().display().to_string();
    let shown = |arguments: &[&str], variable| {
        let command = with_backend(&home, &backend).args(arguments);
        let command = command.env("SEKUIRE_API_KEY", variable);
        let outcome = command.stdin(KEY.as_bytes()).pty().finish();
        outcome.terminal.replace("\r\n", "\n")
    };
    let login = login_success(&backend.url());
    let logout = format!(
        "Logging out...\nLogged out successfully!\nCredentials removed from: {auth}\n\
         note: the key stays valid until you revoke it\n"
    );
    for (arguments, variable, screen) in [
        (
            &["login", "--api-key-stdin"][..],
            KEY,
            login
                + "warning: SEKUIRE_API_KEY is set and takes precedence over the saved key; \
                 unset it to use this one\n",
        ),
        (
            &["logout"],
            KEY,
            logout + "warning: SEKUIRE_API_KEY is still set; unset it to be logged out\n",
        ),
        (
            &["status"],
            "",
            format!("{NOT_LOGGED_IN}note: looked in {auth}; SEKUIRE_API_KEY is set but empty\n"),
        ),
    ] {
        assert_eq!(shown(arguments, variable), screen);
    }
}

fn waiting(home: &Home, backend: &Backend, behaviour: Behaviour) -> TestCommand {
    backend.behave(behaviour);
    TestCommand::new()
        .home(home)
        .env("SEKUIRE_API_KEY", KEY)
        .env("SEKUIRE_BACKEND_URL", backend.url())
        .env("TERM", "xterm")
        .arg("whoami")
}

/// Without a line's automatic wrap (DECAWM): one that wraps could not be erased.
#[test]
fn waiting_line_appears_after_a_second_and_is_erased() {
    let (home, backend) = (Home::new(), Backend::http());
    let slow = Behaviour::Delay(Duration::from_millis(1600));
    let outcome = waiting(&home, &backend, slow).pty().finish();
    let screen = &outcome.exits_with(1).terminal;
    let (line, rest) = screen.split_once("\r\x1b[K").expect("the line is erased");
    let expected = format!("Waiting for {} (Ctrl-C stops)", backend.url());
    assert_eq!(line, format!("\x1b[?7l{expected}\x1b[?7h"), "{outcome}");
    let is_erased = rest.contains("error:") && !rest.contains("Waiting");
    assert!(is_erased, "{outcome}");
}

#[test]
fn there_is_no_waiting_line_where_none_belongs() {
    let slow = Behaviour::Delay(Duration::from_millis(1600));
    let (home, backend) = (Home::new(), Backend::http());
    let command = || waiting(&home, &backend, slow.clone());
    let mut dumb = command().env("TERM", "dumb").pty();
    let mut quiet = command().arg("-q").pty();
    let mut piped = command().spawn();
    let mut half = command().capture_stderr().pty();
    let (answering, closing) = (Backend::http(), Backend::http());
    let mut quick = waiting(&home, &answering, Behaviour::Normal).pty();
    // Two pauses of less than 0.25 and 0.5 s: over before a person wonders.
    let mut pauses = waiting(&home, &closing, Behaviour::CloseOnAccept).pty();
    for (name, outcome, code) in [
        ("dumb", dumb.finish(), 1),
        ("quiet", quiet.finish(), 1),
        ("piped", piped.finish(), 1),
        ("stderr piped", half.finish(), 1),
        ("a quick answer", quick.finish(), 1),
        ("short pauses", pauses.finish(), 4),
    ] {
        assert_eq!(outcome.code, Some(code), "{name}: {outcome}");
        outcome
            .never_shows("Waiting")
            .never_shows("again in")
            .never_shows("\x1b[K");
    }
}

/// In an attempt that hangs, and between two attempts.
#[test]
fn ctrl_c_ends_the_waiting_at_once() {
    for (behaviour, line) in [
        (Behaviour::Silent(After::Request), "Waiting for "),
        (Behaviour::CloseOnAccept, "again in "),
    ] {
        let (home, backend) = (Home::new(), Backend::http());
        let run = waiting(&home, &backend, behaviour).args(["--wait", "60"]);
        let mut terminal = run.pty();
        terminal.wait_for(line);
        let begun = Instant::now();
        terminal.send(b"\x03");
        terminal.finish().killed_by(Signal::SIGINT);
        assert!(begun.elapsed() < Duration::from_secs(1), "after {line:?}");
    }
}
