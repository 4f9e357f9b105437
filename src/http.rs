//! One HTTPS request with its attempts: where it may go, how long it may take, when it is tried
//! again. No redirect is followed: a redirected request would carry the key to another host.

mod attempt;
mod progress;
mod proxy;
mod relay;
mod retry;
mod route;

use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::backend_url::{BackendUrl, Scheme};
use crate::error::{Error, Kind};
use crate::terminal::WaitingLine;
use crate::tls::TrustSource;
use crate::{environment, platform, random, tls};
use attempt::Attempt;
use retry::Retry;
use route::Route;

/// What this program calls itself (RFC 9110, 10.1.5).
const USER_AGENT: &str = concat!("sekuire/", env!("CARGO_PKG_VERSION"));

/// The longest time for one attempt, where `--timeout` does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// After this long a person is told what is waited for.
const QUIET: Duration = Duration::from_secs(1);

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// One attempt as a whole: name look-up to the last byte of the answer.
    pub timeout: Duration,
    /// All attempts; zero for the usual three.
    pub wait: Duration,
}

impl Limits {
    /// The limits of `--timeout` and `--wait`.
    pub fn new(timeout: Option<Duration>, wait: Option<Duration>) -> Limits {
        Limits {
            timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
            wait: wait.unwrap_or_default(),
        }
    }
}

/// A request. What may hold the key is wiped when dropped.
#[derive(Clone)]
pub struct Request {
    /// The whole path, the base URL's prefix included, is `{base}{path}`.
    pub path: &'static str,
    /// Headers beside those that every request has. The values must be visible ASCII.
    pub headers: Vec<(&'static str, Zeroizing<String>)>,
    /// The JSON to post; none for a GET.
    pub body: Option<Zeroizing<String>>,
}

/// An answer, of whatever status.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The body, up to the cap.
    pub body: Vec<u8>,
    /// Whether the body went on beyond the cap.
    pub too_long: bool,
    /// The header `Retry-After`, where it is one.
    pub retry_after: Option<Duration>,
    /// The header `Location`.
    pub location: Option<String>,
    /// What to add to a message: how often and how long it was tried.
    pub attempts: String,
}

/// Why an attempt brought no answer.
#[derive(Clone, Debug)]
pub struct Failure {
    kind: Kind,
    cause: String,
    hint: String,
    again: Again,
}

/// Whether a failure is worth another attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Again {
    /// It would fail again.
    Never,
    /// Only while `--wait` lasts: a clock that is not yet set.
    WhileWaiting,
    /// It may pass.
    Yes,
}

impl Failure {
    /// A failure that may pass.
    fn transient(cause: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure {
            again: Again::Yes,
            ..Failure::lasting(cause, hint)
        }
    }

    /// A failure that another attempt would meet again.
    fn lasting(cause: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure {
            kind: Kind::Backend,
            cause: cause.into(),
            hint: hint.into(),
            again: Again::Never,
        }
    }
}

/// The way to one backend.
pub struct Client {
    base: BackendUrl,
    route: Route,
    trust: Option<TrustSource>,
    limits: Limits,
    waiting: WaitingLine,
}

impl Client {
    /// Prepares the way to `base`. Call it before the first thread starts: it changes this
    /// process's environment.
    ///
    /// # Errors
    /// `http` where it is not allowed, a malformed proxy (2); a CA file that can't be used (3).
    pub fn new(base: BackendUrl, limits: Limits, waiting: WaitingLine) -> Result<Client, Error> {
        check_scheme(&base)?;
        let route = Route::choose(&base)?;
        // minreq would take its time-out from here, and then start a thread by a call that can panic.
        platform::set_variable("MINREQ_TIMEOUT", None);
        let trust = match base.scheme() {
            Scheme::Https => Some(tls::prepare_trust()?),
            Scheme::Http => None,
        };
        tls::choose_provider();
        Ok(Client {
            base,
            route,
            trust,
            limits,
            waiting,
        })
    }

    /// The base URL.
    pub fn base(&self) -> &BackendUrl {
        &self.base
    }

    /// Sends a request, several times where a failure may pass.
    ///
    /// # Errors
    /// No answer was had: exit status 4, or 3 where this machine is to blame.
    pub fn send(&mut self, request: &Request) -> Result<Response, Error> {
        let started = Instant::now();
        let mut retry = Retry::new(self.limits.wait);
        loop {
            let time = retry.remaining(started.elapsed()).min(self.limits.timeout);
            let result = self.attempt(request, time);
            let (again, retry_after, cause) = match &result {
                Ok(response) => (
                    judge_status(response.status),
                    response.retry_after,
                    format!("status {}", response.status),
                ),
                Err(failure) => (failure.again, None, failure.cause.clone()),
            };
            let worth_it =
                again == Again::Yes || again == Again::WhileWaiting && !self.limits.wait.is_zero();
            let pause = if worth_it {
                retry.pause(started.elapsed(), retry_after, random::fraction())
            } else {
                None
            };
            let Some(pause) = pause else {
                let attempts = attempts(retry.attempts(), started.elapsed());
                return self.conclude(result, attempts);
            };
            self.pause(pause, started.elapsed(), &cause);
        }
    }

    fn attempt(&mut self, request: &Request, time: Duration) -> Result<Response, Failure> {
        let trust = self.trust.as_ref().map(ToString::to_string);
        let trust = trust.unwrap_or_default();
        let attempt = Attempt::start(&self.base, &self.route, request, time, &trust)?;
        if let Some(result) = attempt.wait(QUIET) {
            return result;
        }
        self.waiting.show(&format!(
            "Waiting for {} ... (Ctrl-C stops)",
            self.base.origin()
        ));
        let result = attempt
            .wait(time)
            .unwrap_or_else(|| Err(attempt.timed_out(time)));
        self.waiting.erase();
        result
    }

    fn pause(&mut self, pause: Duration, elapsed: Duration, cause: &str) {
        if elapsed + pause > QUIET {
            // The cause comes last: it is what a narrow terminal may cut.
            let seconds = pause.as_secs_f64().ceil();
            self.waiting.show(&format!(
                "Trying {} again in {seconds} s (Ctrl-C stops): {cause}",
                self.base.origin()
            ));
        }
        std::thread::sleep(pause);
        self.waiting.erase();
    }

    fn conclude(
        &self,
        result: Result<Response, Failure>,
        attempts: String,
    ) -> Result<Response, Error> {
        let failure = match result {
            Ok(response) => {
                return Ok(Response {
                    attempts,
                    ..response
                });
            }
            Err(failure) => failure,
        };
        let message = format!(
            "no answer from {}{}: {}{attempts}",
            self.base, self.route, failure.cause
        );
        Err(Error::new(failure.kind, message).with_hint(failure.hint))
    }
}

/// `http` is for this machine, or for the one origin that a person named: a key must not travel in
/// clear.
fn check_scheme(base: &BackendUrl) -> Result<(), Error> {
    if base.scheme() == Scheme::Https || base.is_loopback() || is_allowed_in_clear(base) {
        return Ok(());
    }
    let origin = base.origin();
    Err(Error::usage(format!(
        "{origin} is not https: the API key would travel in clear"
    ))
    .with_hint(format!(
        "use https; in a network that nobody else can read, set SEKUIRE_ALLOW_HTTP={origin}"
    )))
}

/// Whether `SEKUIRE_ALLOW_HTTP` holds exactly the origin of `base`.
fn is_allowed_in_clear(base: &BackendUrl) -> bool {
    environment::raw("SEKUIRE_ALLOW_HTTP").is_some_and(|allowed| allowed == *base.origin())
}

fn judge_status(status: u16) -> Again {
    match status {
        429 | 502 | 503 | 504 => Again::Yes,
        _ => Again::Never,
    }
}

fn attempts(attempts: u32, elapsed: Duration) -> String {
    match attempts {
        1 => String::new(),
        attempts => format!(
            " (tried {attempts} times in {:.1} s)",
            elapsed.as_secs_f64()
        ),
    }
}
