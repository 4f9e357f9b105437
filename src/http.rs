//! One HTTPS request with its attempts: where it may go, how long it may take, when it is tried
//! again. No redirect is followed: a redirected request would carry the key to another host.

mod attempt;
mod codec;
mod connect;
mod deadline;
mod failure;
mod message;
mod no_proxy;
mod proxy;
mod resolve;
mod retry;

use std::thread;
use std::time::{Duration, Instant};

use crate::backend_url::{BackendUrl, Scheme};
use crate::error::Error;
use crate::terminal::WaitingLine;
use crate::tls::{self, Trust};
use crate::{environment, platform, random};
pub use message::{Request, Response};
pub use proxy::{Route, choose_route};

use attempt::{Attempt, Target};
use deadline::{Deadline, TICK};
use failure::Failure;
use message::is_passing;
use retry::Retry;

/// The longest time for one attempt, where `--timeout` does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a request may take.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// One attempt as a whole: name look-up to the last byte of the answer.
    pub timeout: Option<Duration>,
    /// All attempts, instead of the usual three.
    pub wait: Option<Duration>,
    /// Whether `doctor` asks: it makes one attempt, and no hint names `doctor`.
    pub for_doctor: bool,
}

/// The way to one backend.
pub struct Client {
    target: Target,
    limits: Limits,
    waiting: WaitingLine,
}

impl Client {
    /// Prepares the way to `base`. Call it before the first thread starts: it changes this process's environment.
    ///
    /// # Errors
    /// `http` where it is not allowed, a malformed proxy (2); a CA file that can't be used, no random
    /// numbers (3).
    pub fn new(base: BackendUrl, limits: Limits, waiting: WaitingLine) -> Result<Client, Error> {
        base.check_scheme(environment::raw("SEKUIRE_ALLOW_HTTP").as_deref())?;
        random::require()?;
        let proxy = match choose_route(Some(&base))? {
            Route::Through(_, proxy) => Some(proxy),
            _ => None,
        };
        // minreq takes a time-out from it, for which it starts a thread, by a call that can panic.
        platform::remove_variable("MINREQ_TIMEOUT");
        let is_https = base.scheme() == Scheme::Https;
        let trust = is_https.then(Trust::prepare).transpose()?;
        Ok(Client {
            target: Target { base, proxy, trust },
            limits,
            waiting,
        })
    }

    /// The base URL.
    pub fn base(&self) -> &BackendUrl {
        &self.target.base
    }

    /// Sends a request, several times where a failure may pass.
    ///
    /// # Errors
    /// No answer came: exit status 4, or 3 where this machine is to blame.
    pub fn send(&mut self, request: &Request) -> Result<Response, Error> {
        let started = Instant::now();
        let wait = self.limits.wait.unwrap_or_default();
        let mut retry = Retry::new(wait);
        loop {
            let result = self.attempt(request, retry.remaining(started.elapsed()));
            let passing = match &result {
                Ok(response) if is_passing(response.status) => {
                    let cause = format!("status {}", response.status);
                    Some((cause, response.retry_after()))
                }
                Err(failure) if failure.may_pass(!wait.is_zero()) => {
                    Some((failure.cause.clone(), None))
                }
                _ => None,
            };
            if let Some((cause, retry_after)) = passing
                && !self.limits.for_doctor
                && let jitter = random::fraction()?
                && let Some(pause) = retry.pause(started.elapsed(), retry_after, jitter)
            {
                self.pause(pause, &cause);
                continue;
            }
            let attempts = attempts(retry.attempts(), started.elapsed());
            let for_doctor = self.limits.for_doctor;
            let failed = |failure: Failure| failure.error(&self.target, &attempts, for_doctor);
            let mut response = result.map_err(failed)?;
            response.attempts = attempts;
            return Ok(response);
        }
    }

    fn attempt(&mut self, request: &Request, left: Duration) -> Result<Response, Failure> {
        let time = self.limits.timeout.unwrap_or(DEFAULT_TIMEOUT).min(left);
        let origin = self.target.base.origin();
        let text = format!("Waiting for {origin}");
        let mut on_tick = || {
            self.waiting.log(&origin);
            self.waiting.show(&text);
        };
        let deadline = Deadline::new(time, &mut on_tick);
        let target = &mut self.target;
        let result = Attempt { target, deadline }.make(request);
        self.waiting.erase();
        result
    }

    fn pause(&mut self, pause: Duration, cause: &str) {
        let until = Instant::now() + pause;
        let origin = self.target.base.origin();
        while Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            let seconds = left.as_secs_f64().ceil();
            // The cause comes last: it is what a narrow terminal may cut.
            let text = format!("Trying {origin} again in {seconds} s: {cause}");
            self.waiting.log(&format!("{origin}: {cause}"));
            // A short pause is over before a person wonders.
            if pause >= TICK {
                self.waiting.show(&text);
            }
            thread::sleep(left.min(TICK));
        }
        self.waiting.erase();
    }

    /// Takes the steps of a request one by one, without sending one, and calls `on_step` with each: its
    /// name, and what was found. The first that fails ends it; false: one has.
    pub fn probe(&mut self, on_step: &mut dyn FnMut(&'static str, Result<String, Error>)) -> bool {
        let steps = ["name look-up", "connection", "tunnel", "tls"].into_iter();
        let has_tunnel = self.target.proxy.is_some();
        let mut steps = steps.filter(|step| has_tunnel || *step != "tunnel");
        // What fails is the step behind the last that was found.
        let mut report = |found| on_step(steps.next().unwrap_or_default(), found);
        let mut on_tick = || ();
        let time = self.limits.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let deadline = Deadline::new(time, &mut on_tick);
        let target = &mut self.target;
        let opened = Attempt { target, deadline }.open(&mut |found| report(Ok(found)));
        match &opened {
            Ok((_, Some(session))) => report(Ok(tls::version(session).to_owned())),
            Ok(_) => {}
            Err(failure) => report(Err(failure.error(&self.target, "", true))),
        }
        opened.is_ok()
    }
}

/// ` (3 attempts in 4.2 s)`; nothing for one.
fn attempts(attempts: u32, elapsed: Duration) -> String {
    match attempts {
        1 => String::new(),
        attempts => format!(" ({attempts} attempts in {:.1} s)", elapsed.as_secs_f64()),
    }
}
