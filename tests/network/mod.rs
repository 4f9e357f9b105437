//! A network that can't hurt: section 5 of the specification against backends and proxies that
//! misbehave.

#![allow(clippy::string_slice, reason = "a test fails by panicking")]

mod answers;
mod messages;
mod names;
mod proxies;
mod redaction;
mod retries;
mod shortage;
mod silence;
mod tls;
mod transport;
mod unusual_networks;

use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::fixtures::FINGERPRINT;
use crate::support::backend::{ApiKey, Backend, Behaviour, End, KEY, TlsKind};
use crate::support::command::TestCommand;
use crate::support::home::Home;
use crate::support::outcome::Outcome;

/// What stands in auth.json before; no failure may change a byte of it.
const OLD_AUTH: &str = "{\"api_key\": \"sk_test_old-key-of-before\",  \"org_id\":\"org_old\"}\n";

/// How many cases of a table run at once: most of their time is waiting.
const AT_ONCE: usize = 12;

/// More than a busy machine takes for all but the waiting.
const SLACK: Duration = Duration::from_secs(8);

/// Both ways to speak to a backend.
const BOTH: [TlsKind; 2] = [TlsKind::None, TlsKind::Valid];

/// The two requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    Verify,
    Me,
}

/// A backend, and a home where somebody is logged in.
struct Fixture {
    backend: Backend,
    home: Home,
}

impl Fixture {
    fn new(kind: TlsKind) -> Self {
        let backend = Backend::builder().tls(kind).start();
        backend.add_key(ApiKey {
            bound: Some(FINGERPRINT.to_owned()),
            ..ApiKey::new(KEY)
        });
        let home = Home::new();
        home.write_auth(OLD_AUTH);
        Self { backend, home }
    }

    fn bare(&self) -> TestCommand {
        TestCommand::new()
            .home(&self.home)
            .ca(&self.backend.ca_file())
    }

    fn login(&self) -> TestCommand {
        self.ask_at(Asks::Verify, &self.backend.url())
    }

    fn whoami(&self) -> TestCommand {
        self.ask_at(Asks::Me, &self.backend.url())
    }

    fn ask(&self, asks: Asks) -> TestCommand {
        self.ask_at(asks, &self.backend.url())
    }

    /// The same of a backend at this URL.
    fn ask_at(&self, asks: Asks, url: &str) -> TestCommand {
        let call = self.bare();
        match asks {
            Asks::Verify => call
                .args(["login", "--api-key-stdin"])
                .stdin(KEY.as_bytes()),
            Asks::Me => call.arg("whoami").env("SEKUIRE_API_KEY", KEY),
        }
        .args(["--backend", url])
    }

    /// A failure that left nothing behind, said something, and showed neither key nor panic.
    #[track_caller]
    fn assert_clean_failure(&self, name: &str, outcome: &Outcome) {
        assert_eq!(self.home.read_auth(), OLD_AUTH, "{name}; {outcome}");
        assert_eq!(self.home.listing(), ["auth.json"], "{name}; {outcome}");
        assert_eq!(outcome.stdout, "", "{name}: a result; {outcome}");
        assert_no_panic(name, outcome);
        let behind = |label| outcome.stderr.split(label).skip(1);
        assert_eq!(behind("error: ").count(), 1, "{name}: {outcome}");
        assert!(behind("hint: ").count() <= 1, "{name}: {outcome}");
        let mut texts = behind("error: ").chain(behind("hint: "));
        let is_long = |text: &str| text.lines().any(|line| line.chars().count() > 200);
        assert!(!texts.any(is_long), "{name}: too long; {outcome}");
    }
}

#[track_caller]
fn assert_no_panic(name: &str, outcome: &Outcome) {
    outcome.never_shows(KEY);
    assert_eq!(outcome.signal, None, "{name}: {outcome}");
    assert!(!outcome.stderr.contains("panicked"), "{name}: {outcome}");
}

/// An answer as it goes over the wire, and the end of the connection.
fn raw(text: impl AsRef<[u8]>) -> Behaviour {
    Behaviour::Raw(text.as_ref().to_vec(), End::Close)
}

fn framed(status: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// The rows of a table: cells between bars, without the white space around them. `¶` is CRLF, `·` a space.
fn rows<const N: usize>(table: &str) -> Vec<[String; N]> {
    let cell = |text: &str| text.trim().replace('¶', "\r\n").replace('·', " ");
    let row = |line: &str| {
        let cells: Vec<String> = line.split('|').map(cell).collect();
        cells.try_into().expect("a row of the table's width")
    };
    let lines = table.lines().filter(|line| !line.trim().is_empty());
    lines.map(row).collect()
}

/// What a backend does to a request, the exit status of that, and what standard error must have.
type Case = (Behaviour, i32, String);

/// Tries all cases, each with a limit of `seconds` per attempt.
#[track_caller]
fn try_all(cases: Vec<Case>, asks: Asks, kind: TlsKind, seconds: u32) {
    in_parallel(cases, |(behaviour, code, says)| {
        let name = &match &behaviour {
            Behaviour::Raw(bytes, _) => String::from_utf8_lossy(bytes).chars().take(100).collect(),
            other => format!("{other:?}"),
        };
        let fixture = Fixture::new(kind);
        fixture.backend.behave(behaviour);
        let call = fixture.ask(asks).args(["--timeout", &seconds.to_string()]);
        let outcome = call.timeout(Duration::from_secs(60)).run();
        assert_eq!(outcome.code, Some(code), "{name}: {outcome}");
        assert!(
            outcome.stderr.contains(&says),
            "{name}: lacks {says:?}; {outcome}"
        );
        if code == 0 {
            assert_no_panic(name, &outcome);
        } else {
            fixture.assert_clean_failure(name, &outcome);
        }
        // Three attempts with pauses of at most 0.25 and 0.5 s.
        outcome.ends_within(Duration::from_secs(u64::from(seconds) * 3) + SLACK);
    });
}

/// Runs the cases in a few threads.
#[track_caller]
fn in_parallel<C: Send>(cases: Vec<C>, run: impl Fn(C) + Sync) {
    let queue = Mutex::new(VecDeque::from(cases));
    let next = || queue.lock().unwrap().pop_front();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = next() {
                    run(case);
                }
            });
        }
    });
}
