//! A network that can't hurt: section 5 of the specification against backends and proxies that
//! misbehave.

#![allow(clippy::string_slice, reason = "a test fails by panicking")]

mod answers;
mod fuzz;
mod memory;
mod messages;
mod odd_networks;
mod openssl;
mod proxies;
mod redaction;
mod redirects;
mod retries;
mod shortage;
mod silence;
mod stores;
mod tls;
mod transport;

use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::fixtures::FINGERPRINT;
use crate::support::backend::{ApiKey, Backend, Behaviour, KEY, TlsKind};
use crate::support::command::Sekuire;
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

    fn bare(&self) -> Sekuire {
        Sekuire::new().home(&self.home).ca(&self.backend.ca_file())
    }

    fn login(&self) -> Sekuire {
        self.bare()
            .args(["login", "--api-key-stdin", "--backend", &self.backend.url()])
            .stdin(KEY.as_bytes())
    }

    fn whoami(&self) -> Sekuire {
        self.bare()
            .args(["whoami", "--backend-url", &self.backend.url()])
            .env("SEKUIRE_API_KEY", KEY)
    }

    fn ask(&self, asks: Asks) -> Sekuire {
        match asks {
            Asks::Verify => self.login(),
            Asks::Me => self.whoami(),
        }
    }

    /// A failure that left nothing behind, said something, and showed neither key nor panic.
    #[track_caller]
    fn assert_clean_failure(&self, name: &str, outcome: &Outcome) {
        assert_eq!(
            self.home.read_auth(),
            OLD_AUTH,
            "{name}: auth.json; {outcome}"
        );
        assert_eq!(
            self.home.listing(),
            ["auth.json"],
            "{name}: strays; {outcome}"
        );
        assert_eq!(outcome.stdout, "", "{name}: a result; {outcome}");
        assert!(
            outcome.stderr.contains("error: "),
            "{name}: silent; {outcome}"
        );
        assert_no_panic(name, outcome);
    }
}

#[track_caller]
fn assert_no_panic(name: &str, outcome: &Outcome) {
    outcome.hides(KEY);
    assert_eq!(outcome.signal, None, "{name}: {outcome}");
    assert!(!outcome.stderr.contains("panicked"), "{name}: {outcome}");
}

/// What a backend does to one request, and what is to come of it.
struct Case {
    name: String,
    behaviour: Behaviour,
    /// The exit statuses that are right: one, but where a reset may or may not overtake the answer.
    codes: &'static [i32],
    /// Words that standard error must have.
    says: &'static str,
}

fn case(
    name: impl Into<String>,
    behaviour: Behaviour,
    codes: &'static [i32],
    says: &'static str,
) -> Case {
    Case {
        name: name.into(),
        behaviour,
        codes,
        says,
    }
}

/// An answer as it goes over the wire.
fn raw(text: impl AsRef<[u8]>) -> Behaviour {
    Behaviour::Raw(text.as_ref().to_vec())
}

/// An answer with status 200 and this body, well framed.
fn body(body: impl AsRef<[u8]>) -> Behaviour {
    Behaviour::Raw(framed("200 OK", body.as_ref()))
}

fn framed(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Tries all cases, over `kind`, each with a limit of `seconds` per attempt, and says how many.
#[track_caller]
fn try_all(table: &str, cases: Vec<Case>, asks: Asks, kind: TlsKind, seconds: u32) {
    let count = cases.len();
    in_parallel(
        cases,
        || Fixture::new(kind),
        |fixture, case| try_one(fixture, &case, asks, seconds),
    );
    eprintln!("{table}, {asks:?}, {kind:?}: {count} cases");
}

fn try_one(fixture: &Fixture, case: &Case, asks: Asks, seconds: u32) {
    let Case {
        name,
        behaviour,
        codes,
        says,
    } = case;
    fixture.home.write_auth(OLD_AUTH);
    fixture.backend.behave(behaviour.clone());
    let outcome = fixture
        .ask(asks)
        .args(["--timeout", &seconds.to_string()])
        .timeout(Duration::from_secs(60))
        .run();
    let code = outcome.code.unwrap_or(-1);
    assert!(codes.contains(&code), "{name}: not in {codes:?}; {outcome}");
    assert!(
        outcome.stderr.contains(says),
        "{name}: lacks {says:?}; {outcome}"
    );
    if code == 0 {
        assert_no_panic(name, &outcome);
    } else {
        fixture.assert_clean_failure(name, &outcome);
    }
    // Three attempts with pauses of at most 0.25 and 0.5 s.
    let most = Duration::from_secs(u64::from(seconds) * 3) + SLACK;
    assert!(
        outcome.elapsed < most,
        "{name}: longer than {most:?}; {outcome}"
    );
}

/// Runs the cases in a few threads, each with a state of its own.
#[track_caller]
fn in_parallel<C: Send, S>(
    cases: Vec<C>,
    state: impl Fn() -> S + Sync,
    run: impl Fn(&S, C) + Sync,
) {
    let threads = AT_ONCE.min(cases.len());
    let queue = Mutex::new(VecDeque::from(cases));
    let next = || queue.lock().unwrap().pop_front();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let state = state();
                while let Some(case) = next() {
                    run(&state, case);
                }
            });
        }
    });
}
