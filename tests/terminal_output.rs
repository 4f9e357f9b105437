//! How the program behaves at a terminal and away from one.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::backend::{After, Backend, Behaviour, KEY};
use crate::support::command::Sekuire;
use crate::support::home::Home;

const ESCAPE: char = '\x1b';

fn failing(home: &Home) -> Sekuire {
    home.write_auth("");
    Sekuire::new().home(home).arg("status")
}

#[test]
fn colour_is_only_for_a_terminal() {
    type Variables = &'static [(&'static str, &'static str)];
    let cases: [(&str, Variables, bool); 5] = [
        ("a terminal", &[("TERM", "xterm")], true),
        (
            "an empty NO_COLOR",
            &[("TERM", "xterm"), ("NO_COLOR", "")],
            true,
        ),
        ("NO_COLOR", &[("TERM", "xterm"), ("NO_COLOR", "1")], false),
        ("TERM=dumb", &[("TERM", "dumb")], false),
        ("no TERM", &[], false),
    ];
    for (name, variables, coloured) in cases {
        let home = Home::new();
        let command = || {
            let plain = failing(&home);
            variables
                .iter()
                .fold(plain, |run, (name, value)| run.env(name, value))
        };
        let shown = command().pty().finish().exits(3).terminal.clone();
        assert_eq!(shown.contains(ESCAPE), coloured, "{name}: {shown:?}");
        let plain = shown.replace("\x1b[1;31m", "").replace("\x1b[0m", "");
        assert!(
            plain.starts_with("error: ") && plain.contains("\nhint: "),
            "{name}: {shown:?}"
        );
        let piped = command().run().exits(3).stderr.clone();
        assert!(!piped.contains(ESCAPE), "{name}, in a pipe: {piped:?}");
    }
}

fn waiting(home: &Home, backend: &Backend, behaviour: Behaviour) -> Sekuire {
    backend.behave(behaviour);
    Sekuire::new()
        .home(home)
        .env("SEKUIRE_API_KEY", KEY)
        .env("SEKUIRE_BACKEND_URL", backend.url())
        .arg("whoami")
}

#[test]
fn the_waiting_line_appears_after_a_second_and_is_erased() {
    let (home, backend) = (Home::new(), Backend::http());
    let slow = Behaviour::Delay(Duration::from_millis(1600));
    let mut terminal = waiting(&home, &backend, slow).env("TERM", "xterm").pty();
    terminal.wait_for("Waiting for ");
    let shown = terminal.finish().exits(1).terminal.clone();
    let (_, after) = shown.split_once("Waiting for ").expect("the line");
    let (line, rest) = after.split_once("\r\x1b[K").expect("the line is erased");
    assert!(
        line.contains(&backend.url()) && !line.contains('\n'),
        "{shown:?}"
    );
    assert!(
        rest.contains("error:") && !rest.contains("Waiting"),
        "{shown:?}"
    );
}

/// A line that wraps could not be erased. A terminal that does not know its width counts as 80 columns wide.
#[test]
fn the_waiting_line_is_as_long_as_the_terminal_is_wide() {
    let (home, backend) = (Home::new(), Backend::http());
    for (columns, width) in [(20, 19), (0, usize::MAX)] {
        let slow = Behaviour::Delay(Duration::from_millis(1600));
        let mut terminal = waiting(&home, &backend, slow).env("TERM", "xterm").pty();
        terminal.resize(columns);
        let shown = terminal.finish().exits(1).terminal.clone();
        let (line, _) = shown.split_once("\r\x1b[K").expect("the line is erased");
        let whole = format!("Waiting for {} (Ctrl-C stops)", backend.url());
        let cut: String = whole.chars().take(width).collect();
        assert_eq!(line, cut, "{columns} columns");
    }
}

#[test]
fn there_is_no_waiting_line_where_none_belongs() {
    let slow = || Behaviour::Delay(Duration::from_millis(1600));
    let (home, backend) = (Home::new(), Backend::http());
    let command = || waiting(&home, &backend, slow()).env("TERM", "xterm");
    let mut dumb = command().env("TERM", "dumb").pty();
    let mut quiet = command().arg("-q").pty();
    let mut piped = command().spawn();
    let mut half = command().capture_stderr().pty();
    let all = [dumb.finish(), quiet.finish(), piped.finish(), half.finish()];
    for (name, outcome) in ["dumb", "quiet", "piped", "stderr piped"].iter().zip(all) {
        assert_eq!(outcome.code, Some(1), "{name}: {outcome}");
        let said = format!("{}{}{}", outcome.stdout, outcome.stderr, outcome.terminal);
        assert!(
            !said.contains("Waiting") && !said.contains(ESCAPE),
            "{name}: {outcome}"
        );
    }
}

#[test]
fn a_quick_answer_shows_no_waiting_line() {
    let (home, backend) = (Home::new(), Backend::http());
    let run = waiting(&home, &backend, Behaviour::Normal).env("TERM", "xterm");
    let shown = run.pty().finish().exits(1).terminal.clone();
    assert!(
        !shown.contains("Waiting") && !shown.contains("\x1b[K"),
        "{shown:?}"
    );
}

/// Two pauses of less than 0.25 and 0.5 s: over before a person wonders.
#[test]
fn a_short_pause_shows_no_waiting_line() {
    let (home, backend) = (Home::new(), Backend::http());
    let run = waiting(&home, &backend, Behaviour::CloseOnAccept).env("TERM", "xterm");
    let shown = run.pty().finish().exits(4).terminal.clone();
    assert!(!shown.contains("\x1b[K"), "{shown:?}");
}

/// In an attempt that hangs, and between two attempts.
#[test]
fn ctrl_c_ends_the_waiting_at_once() {
    let hangs = Behaviour::Silent(After::Request);
    for (behaviour, line) in [
        (hangs, "Waiting for "),
        (Behaviour::CloseOnAccept, "again in "),
    ] {
        let (home, backend) = (Home::new(), Backend::http());
        let run = waiting(&home, &backend, behaviour).args(["--wait", "60"]);
        let mut terminal = run.env("TERM", "xterm").pty();
        terminal.wait_for(line);
        let begun = std::time::Instant::now();
        terminal.send(b"\x03");
        terminal.finish().dies_of(Signal::SIGINT);
        assert!(begun.elapsed() < Duration::from_secs(1), "after {line:?}");
    }
}
