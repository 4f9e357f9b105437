//! The way of a request, one step after the other, without a request: what `doctor --online` shows.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::attempt::Target;
use super::connect::{self, Connected, Resolver};
use super::deadline::{Deadline, LONG};
use super::failure::Failure;
use crate::backend_url::Scheme;
use crate::tls;

/// The step that asks the name servers.
pub const NAME_LOOK_UP: &str = "name look-up";

/// Takes the name of a step, how long it took, and what was found.
pub(super) type OnStep<'a> = &'a mut dyn FnMut(&'static str, Duration, Result<String, Failure>);

/// Goes the way to `target`, and tells `on_step` of each step. The first that fails ends it. Each has
/// `time`.
pub(super) fn probe(
    target: &Target,
    resolver: &mut Resolver,
    time: Duration,
    on_step: OnStep<'_>,
) -> Option<()> {
    let (host, port, peer) = target.first_peer();
    let addresses = step(NAME_LOOK_UP, time, on_step, |deadline| {
        let addresses = resolver.resolve(host, port, &peer, deadline)?;
        let found = list(addresses.iter().map(SocketAddr::ip));
        Ok((addresses, format!("{peer} is {found}")))
    })?;
    let stream = step("connection", time, on_step, |deadline| {
        let connected = connect::connect(&addresses, port, &peer, deadline)?;
        let found = describe(&connected);
        Ok((connected.stream, found))
    })?;
    if let Some(proxy) = &target.proxy {
        step("tunnel", time, on_step, |deadline| {
            proxy.tunnel(&stream, &target.base, deadline)?;
            Ok((
                (),
                format!("the proxy lets us through to {}", target.base.host()),
            ))
        })?;
    }
    if target.base.scheme() == Scheme::Http {
        return Some(());
    }
    step("tls", time, on_step, |deadline| {
        let session = tls::shake_hands(&mut deadline.bound(&stream), target.base.host());
        let session = session.map_err(|cause| {
            if deadline.left().is_zero() {
                return Failure::timed_out("shaking hands".into());
            }
            match cause.get_ref().and_then(|cause| cause.downcast_ref()) {
                Some(error) => target.refusal(error),
                None => Failure::Lost {
                    host: target.base.host().to_owned(),
                    how: format!("broke the connection ({cause})"),
                },
            }
        })?;
        Ok(((), session.to_string()))
    })
}

fn step<T>(
    name: &'static str,
    time: Duration,
    on_step: OnStep<'_>,
    work: impl FnOnce(&mut Deadline<'_>) -> Result<(T, String), Failure>,
) -> Option<T> {
    let began = Instant::now();
    let result = work(&mut Deadline::new(time, LONG, &mut || {}));
    let took = began.elapsed();
    match result {
        Ok((value, found)) => {
            on_step(name, took, Ok(found));
            Some(value)
        }
        Err(failure) => {
            on_step(name, took, Err(failure.within(time)));
            None
        }
    }
}

fn describe(connected: &Connected) -> String {
    let answered = format!("{} answered", connected.address);
    let failed = connected.failed.iter();
    let failed = failed.map(|(address, cause)| format!("; {address} did not ({cause})"));
    std::iter::once(answered).chain(failed).collect()
}

fn list(items: impl Iterator<Item = impl ToString>) -> String {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    items.join(", ")
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn a_list_has_commas_in_between() {
        assert_eq!(list([1, 2, 3].iter()), "1, 2, 3");
        assert_eq!(list([1].iter()), "1");
    }
}
