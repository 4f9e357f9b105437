//! Servers that say nothing, too little, or something else, at each stage.

use std::thread;
use std::time::{Duration, Instant};

use super::{Asks, BOTH, Behaviour, Case, Fixture, SLACK, case, try_all};
use crate::support::backend::{After, KEY, TlsKind};

const SECONDS: u32 = 1;

/// Where nobody waits for the time limit, a slow machine must not reach it.
const NEVER_REACHED: u32 = 20;

#[test]
fn at_every_stage() {
    thread::scope(|scope| {
        for kind in BOTH {
            for asks in [Asks::Verify, Asks::Me] {
                scope.spawn(move || try_all("silence", stages(), asks, kind, SECONDS));
            }
        }
    });
}

#[test]
fn ended_or_answered_by_something_else() {
    thread::scope(|scope| {
        for kind in BOTH {
            for asks in [Asks::Verify, Asks::Me] {
                scope.spawn(move || try_all("ended", ends(kind), asks, kind, NEVER_REACHED));
            }
        }
    });
}

fn stages() -> Vec<Case> {
    let second = Duration::from_secs(1);
    let drip = Duration::from_millis(90);
    vec![
        case(
            "silent after accept",
            Behaviour::Silent(After::Accept),
            &[4],
            "nothing within 1 s",
        ),
        case(
            "silent after handshake",
            Behaviour::Silent(After::Handshake),
            &[4],
            "nothing within 1 s",
        ),
        case(
            "silent after request",
            Behaviour::Silent(After::Request),
            &[4],
            "nothing within 1 s",
        ),
        case(
            "silent after head",
            Behaviour::Silent(After::Head),
            &[4],
            "nothing within 1 s",
        ),
        case(
            "drips its answer",
            Behaviour::Drip(drip),
            &[4],
            "nothing within 1 s",
        ),
        case(
            "drips an endless head",
            Behaviour::DripRaw(b"HTTP/1.1 200 OK\r\nX: ".repeat(50), drip),
            &[4],
            "",
        ),
        case(
            "drips an endless status line",
            Behaviour::DripRaw(b"HTTP/1.1 200 ".repeat(50), drip),
            &[4],
            "",
        ),
        case(
            "answers too late",
            Behaviour::Delay(second * 2),
            &[4],
            "nothing within 1 s",
        ),
    ]
}

fn ends(kind: TlsKind) -> Vec<Case> {
    // One line without a colon leaves nothing of itself behind in minreq.
    let in_answer = match kind {
        TlsKind::None => "does not speak HTTP",
        _ => "closed the connection",
    };
    let not_spoken = match kind {
        TlsKind::None => "does not speak HTTP",
        _ => "does not speak TLS",
    };
    vec![
        case(
            "closes on accept",
            Behaviour::CloseOnAccept,
            &[4],
            "tried 3 times",
        ),
        case(
            "resets on accept",
            Behaviour::ResetOnAccept,
            &[4],
            "tried 3 times",
        ),
        case(
            "closes after the request",
            Behaviour::CloseAfterRequest,
            &[4],
            "closed the connection",
        ),
        case(
            "resets after the request",
            Behaviour::ResetAfterRequest,
            &[4],
            "reset the connection",
        ),
        case(
            "speaks SSH",
            Behaviour::SpeakFirst(b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec()),
            &[4],
            not_spoken,
        ),
        case(
            "speaks SMTP",
            Behaviour::SpeakFirst(b"220 mail.example ESMTP\r\n".to_vec()),
            &[4],
            not_spoken,
        ),
        case(
            "speaks zeros",
            Behaviour::SpeakFirst(vec![0; 4096]),
            &[4],
            not_spoken,
        ),
        case(
            "SSH as an answer",
            Behaviour::Raw(b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec()),
            &[4],
            in_answer,
        ),
    ]
}

/// A person sees what is waited for, and ends it at once.
#[test]
fn waiting_is_shown_and_ends_with_ctrl_c() {
    let stages = [
        (
            "an attempt",
            Behaviour::Silent(After::Request),
            "Waiting for http://127.0.0.1:",
        ),
        ("a pause", Behaviour::CloseOnAccept, " again in "),
    ];
    for (name, behaviour, shown) in stages {
        let fixture = Fixture::new(TlsKind::None);
        fixture.backend.behave(behaviour);
        let mut pty = fixture
            .whoami()
            .args(["--wait", "60", "--timeout", "60"])
            .env("TERM", "xterm")
            .pty();
        pty.wait_for(shown);
        let typed = Instant::now();
        pty.send(b"\x03");
        let outcome = pty.finish();
        assert_eq!(outcome.signal, Some(2), "{name}: {outcome}");
        assert!(typed.elapsed() < SLACK / 4, "{name}: {:?}", typed.elapsed());
        outcome.hides(KEY);
    }
}

/// Nothing is drawn where nothing can be erased.
#[test]
fn waiting_is_not_shown_in_pipes_or_to_quiet() {
    let fixture = Fixture::new(TlsKind::None);
    fixture
        .backend
        .behave_once(1, Behaviour::Delay(Duration::from_millis(1500)));
    let outcome = fixture.whoami().env("TERM", "xterm").run();
    outcome.exits(0).complains_not();

    fixture
        .backend
        .behave_once(1, Behaviour::Delay(Duration::from_millis(1500)));
    let outcome = fixture
        .whoami()
        .arg("--quiet")
        .env("TERM", "xterm")
        .pty()
        .finish();
    outcome.exits(0).shows("");
}

/// A terminal is left as if nothing had been shown.
#[test]
fn waiting_line_is_erased() {
    let fixture = Fixture::new(TlsKind::None);
    fixture
        .backend
        .behave_once(1, Behaviour::Delay(Duration::from_millis(1500)));
    let outcome = fixture.whoami().env("TERM", "xterm").pty().finish();
    outcome.exits(0);
    let (line, rest) = outcome.terminal.split_once("\r\x1b[K").expect("erased");
    assert!(
        line.starts_with("Waiting for http://127.0.0.1:"),
        "{outcome}"
    );
    assert!(rest.starts_with("Current User Information:"), "{outcome}");
}

/// What a narrow terminal wraps can't be erased.
#[test]
fn waiting_line_is_no_wider_than_the_terminal() {
    let fixture = Fixture::new(TlsKind::None);
    fixture
        .backend
        .behave_once(1, Behaviour::Delay(Duration::from_millis(1500)));
    let mut pty = fixture.whoami().env("TERM", "xterm").pty();
    pty.resize(20);
    let outcome = pty.finish();
    outcome.exits(0);
    let (line, _) = outcome.terminal.split_once("\r\x1b[K").expect("erased");
    assert_eq!(line, "Waiting for http://", "{outcome}");
}
