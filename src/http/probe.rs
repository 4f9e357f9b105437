//! The steps of a request one by one, without a request: what `doctor --online` shows.

use std::net::IpAddr;
use std::time::Duration;

use super::attempt::{Attempt, Target};
use super::deadline::Deadline;
use super::failure::Failure;
use crate::error::Error;
use crate::tls;

/// Takes the name of a step, and what was found.
pub(super) type OnStep<'a> = &'a mut dyn FnMut(&'static str, Result<String, Error>);

/// Takes the steps up to TLS, together within `time`. The first that fails ends it: none.
pub(super) fn probe(target: &mut Target, time: Duration, on_step: OnStep<'_>) -> Option<()> {
    let mut on_tick = || ();
    let deadline = Deadline::new(time, &mut on_tick);
    let mut attempt = Attempt { target, deadline };
    let mut step = Step { on_step };
    let addresses = attempt.resolve();
    let addresses = step.report("name look-up", &attempt, addresses, |addresses| {
        let texts: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        texts.join(", ")
    })?;
    let stream = attempt.connect(&addresses);
    let stream = step.report("connection", &attempt, stream, |stream| {
        let peer = stream.peer_addr().map(|peer| format!("{peer} "));
        format!("{}answered", peer.unwrap_or_default())
    })?;
    if attempt.target.proxy.is_some() {
        let tunnel = attempt.tunnel(&stream);
        step.report("tunnel", &attempt, tunnel, |()| {
            "the proxy connected".to_owned()
        })?;
    }
    if attempt.target.trust.is_some() {
        let session = attempt.shake_hands(&addresses, stream);
        step.report("tls", &attempt, session, |(_, session)| {
            session.as_ref().map_or("none", tls::version).to_owned()
        })?;
    }
    Some(())
}

struct Step<'a> {
    on_step: OnStep<'a>,
}

impl Step<'_> {
    fn report<T>(
        &mut self,
        name: &'static str,
        attempt: &Attempt<'_>,
        result: Result<T, Failure>,
        describe: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        let found = match &result {
            Ok(value) => Ok(describe(value)),
            Err(failure) => Err(failure.error(attempt.target, "", false)),
        };
        (self.on_step)(name, found);
        result.ok()
    }
}
