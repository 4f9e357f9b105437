//! One HTTPS request with its attempts: where it may go, how long it may take, when it is tried
//! again. No redirect is followed: a redirected request would carry the key to another host.

mod attempt;
mod connect;
mod deadline;
mod failure;
mod message;
mod no_proxy;
mod probe;
mod proxy;
mod relay;
mod retry;
mod worker;

use std::time::{Duration, Instant};

use crate::backend_url::{BackendUrl, Scheme};
use crate::error::{Error, Kind};
use crate::tls::{self, TrustSource};
use crate::{environment, platform, random};
pub use message::{Request, Response};
pub use probe::NAME_LOOK_UP;
pub use proxy::{Route, choose_route};

use attempt::Target;
use connect::Resolver;
use deadline::Deadline;
use failure::{Failure, Retryable, Words};
use retry::Retry;

/// What minreq reads from the environment: a time-out, for which it starts a thread by a call that can
/// panic, and proxies.
const MINREQ_VARIABLES: [&str; 6] = [
    "MINREQ_TIMEOUT",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
];

/// The longest time for one attempt, where `--timeout` does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a person who got no answer can look further.
const SEE_DOCTOR: &str = "; 'sekuire doctor --online' looks at each step";

/// After this long a person is told what is waited for.
const QUIET: Duration = Duration::from_secs(1);

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// One attempt as a whole: name look-up to the last byte of the answer.
    pub timeout: Duration,
    /// All attempts; zero for the usual three.
    pub wait: Duration,
    /// Whether `doctor` asks, who has no `--wait` and needs no hint at itself.
    pub for_doctor: bool,
}

impl Limits {
    /// The limits of `--timeout` and `--wait`.
    pub fn new(timeout: Option<Duration>, wait: Option<Duration>) -> Limits {
        Limits {
            timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
            wait: wait.unwrap_or_default(),
            for_doctor: false,
        }
    }
}

/// Tells a person what is waited for, where there is somebody: a text to show in place of the one
/// before, or none any more.
pub type Notify = Box<dyn FnMut(Option<&str>)>;

/// The way to one backend.
pub struct Client {
    target: Target,
    /// A proxy's variable that is not read.
    unread_variable: Option<&'static str>,
    limits: Limits,
    resolver: Resolver,
    notify: Notify,
}

impl Client {
    /// Prepares the way to `base`. Call it before the first thread starts: it changes this
    /// process's environment.
    ///
    /// # Errors
    /// `http` where it is not allowed, a malformed proxy (2); a CA file that can't be used, no random
    /// numbers (3).
    pub fn new(base: BackendUrl, limits: Limits, notify: Notify) -> Result<Client, Error> {
        Client::trusting(None, base, limits, notify)
    }

    /// As [`Client::new`], with trust that may have been prepared already: once is enough.
    ///
    /// # Errors
    /// As there.
    pub fn trusting(
        prepared: Option<TrustSource>,
        base: BackendUrl,
        limits: Limits,
        notify: Notify,
    ) -> Result<Client, Error> {
        base.check_scheme(environment::raw("SEKUIRE_ALLOW_HTTP").as_deref())?;
        random::require()?;
        let proxy = match choose_route(Some(&base))? {
            Route::Through(_, proxy) => Some(proxy),
            _ => None,
        };
        let unread_variable = proxy::unread_variable(&base);
        for variable in MINREQ_VARIABLES {
            platform::remove_variable(variable);
        }
        let trust = match base.scheme() {
            Scheme::Https => Some(prepared.map_or_else(tls::prepare_trust, Ok)?),
            Scheme::Http => None,
        };
        tls::choose_provider();
        Ok(Client {
            target: Target { base, proxy, trust },
            unread_variable,
            limits,
            resolver: Resolver::default(),
            notify,
        })
    }

    /// The base URL.
    pub fn base(&self) -> &BackendUrl {
        &self.target.base
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
            let result = self
                .attempt(request, time)
                .map_err(|failure| failure.within(time).words());
            let (retryable, retry_after, cause) = match &result {
                Ok(response) => (
                    retryable_status(response.status),
                    response.retry_after,
                    format!("status {}", response.status),
                ),
                Err(words) => (words.retryable, None, words.cause.clone()),
            };
            let worth_it = match retryable {
                Retryable::Yes => true,
                Retryable::WhileWaiting => !self.limits.wait.is_zero(),
                Retryable::No => false,
            };
            let pause = if worth_it {
                retry.pause(started.elapsed(), retry_after, random::fraction()?)
            } else {
                None
            };
            let Some(pause) = pause else {
                let attempts = attempts(retry.attempts(), started.elapsed());
                return match result {
                    Ok(response) => Ok(Response {
                        attempts,
                        advice: self.advise_to_wait(Kind::Backend, retryable),
                        ..response
                    }),
                    Err(mut words) => {
                        words
                            .hint
                            .push_str(self.advise_to_wait(words.kind, retryable));
                        if words.kind == Kind::Backend && !self.limits.for_doctor {
                            words.hint.push_str(SEE_DOCTOR);
                        }
                        Err(self.error(words, &attempts))
                    }
                };
            };
            self.pause(pause, started.elapsed(), &cause);
        }
    }

    /// The end of a hint: how to go on trying, where that can help and was not done.
    fn advise_to_wait(&self, kind: Kind, retryable: Retryable) -> &'static str {
        if !self.limits.wait.is_zero() || self.limits.for_doctor {
            return "";
        }
        match (kind, retryable) {
            (Kind::Backend, Retryable::Yes) => "; --wait SECS keeps trying",
            (_, Retryable::WhileWaiting) => "; --wait SECS waits until it is set",
            _ => "",
        }
    }

    fn attempt(&mut self, request: &Request, time: Duration) -> Result<Response, Failure> {
        let Client { notify, target, .. } = self;
        let origin = target.base.origin();
        let mut on_slow = || notify(Some(&format!("Waiting for {origin} ... (Ctrl-C stops)")));
        let mut deadline = Deadline::new(time, QUIET, &mut on_slow);
        let result = attempt::make(target, request, &mut self.resolver, &mut deadline);
        notify(None);
        result
    }

    fn pause(&mut self, pause: Duration, elapsed: Duration, cause: &str) {
        if elapsed + pause > QUIET {
            // The cause comes last: it is what a narrow terminal may cut.
            let seconds = pause.as_secs_f64().ceil();
            let origin = self.target.base.origin();
            (self.notify)(Some(&format!(
                "Trying {origin} again in {seconds} s (Ctrl-C stops): {cause}"
            )));
        }
        std::thread::sleep(pause);
        (self.notify)(None);
    }

    /// Goes the way of a request step by step, without sending one, and tells `on_step` of each: its name,
    /// how long it took, and what was found. The first that fails ends it; false: one has.
    pub fn probe(
        &mut self,
        mut on_step: impl FnMut(&'static str, Duration, Result<String, Error>),
    ) -> bool {
        let mut resolver = std::mem::take(&mut self.resolver);
        let mut on_step = |name, took, found: Result<String, Failure>| {
            on_step(
                name,
                took,
                found.map_err(|failure| self.error(failure.words(), "")),
            );
        };
        probe::probe(
            &self.target,
            &mut resolver,
            self.limits.timeout,
            &mut on_step,
        )
        .is_some()
    }

    /// What a failure is to whoever asked.
    fn error(&self, words: Words, attempts: &str) -> Error {
        let Target { base, proxy, .. } = &self.target;
        let cause = words.cause;
        let message = match (words.kind, proxy) {
            (Kind::Machine, _) => format!("can't ask {base}: {cause}"),
            (_, Some(proxy)) => {
                format!("no answer from {base} through proxy {proxy}: {cause}{attempts}")
            }
            (_, None) => format!("no answer from {base}: {cause}{attempts}"),
        };
        let hint = match self.unread_variable {
            Some(name) if words.retryable == Retryable::Yes => {
                format!(
                    "{}; {name} is set, but only HTTPS_PROXY is read here",
                    words.hint
                )
            }
            _ => words.hint,
        };
        Error::new(words.kind, message).with_hint(hint)
    }
}

fn retryable_status(status: u16) -> Retryable {
    match status {
        429 | 502..=504 => Retryable::Yes,
        _ => Retryable::No,
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
