//! The addresses of a host. Both families are asked at the same time, each for itself: many name servers
//! answer one and fail the other, and musl's resolver then fails both.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use super::deadline::Deadline;
use crate::platform::{self, Family};

/// How long the other family may take once one has an address (RFC 8305, 3).
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

/// A look-up's stack, in bytes: several times what was seen in use. Without it, std takes
/// `RUST_MIN_STACK` from the environment.
const STACK: usize = 512 * 1024;

type Answer = io::Result<Vec<IpAddr>>;

/// The addresses of `host`, the families in turn, IPv6 first (RFC 8305, 4). `localhost` needs no resolver
/// (RFC 6761, 6.3).
///
/// # Errors
/// The name did not resolve; the deadline has passed (`TimedOut`); no thread could be started.
pub(super) fn resolve(host: &str, deadline: &mut Deadline<'_>) -> io::Result<Vec<IpAddr>> {
    // As `BackendUrl::is_loopback` judges them: a dot at the end must not lead to the resolver.
    let bare = host.strip_suffix('.').unwrap_or(host);
    if bare == "localhost" {
        return Ok(vec![Ipv4Addr::LOCALHOST.into()]);
    }
    if let Ok(address) = bare.parse() {
        return Ok(vec![address]);
    }
    // A look-up that takes too long is left running: the system's resolver has no deadline.
    let (sender, answers) = channel();
    look_up(host, Family::V4, sender.clone())?;
    look_up(host, Family::V6, sender)?;
    let mut found = next(&answers, deadline)?;
    match &mut found {
        Ok(addresses) => {
            let time = RESOLUTION_DELAY.min(deadline.left());
            let other = answers.recv_timeout(time).ok().and_then(Result::ok);
            addresses.extend(other.unwrap_or_default());
        }
        Err(_) => found = next(&answers, deadline)?.or(found),
    }
    let (v6, v4): (Vec<_>, Vec<_>) = found?.into_iter().partition(IpAddr::is_ipv6);
    Ok(interleave(&v6, &v4))
}

fn look_up(host: &str, family: Family, answer: Sender<Answer>) -> io::Result<()> {
    let host = host.to_owned();
    let run = move || {
        let none = || io::Error::new(io::ErrorKind::NotFound, "no address");
        let found = platform::addresses(&host, family);
        let found = found.and_then(|ips| if ips.is_empty() { Err(none()) } else { Ok(ips) });
        // Nobody listens any more once the deadline has passed.
        let _ = answer.send(found);
    };
    thread::Builder::new().stack_size(STACK).spawn(run)?;
    Ok(())
}

fn next(answers: &Receiver<Answer>, deadline: &mut Deadline<'_>) -> io::Result<Answer> {
    deadline.wait(|time| {
        let answer = answers.recv_timeout(time);
        answer.map_err(|_| io::ErrorKind::TimedOut.into())
    })
}

/// One of each in turn: a family that does not work must not delay the other.
fn interleave(v6: &[IpAddr], v4: &[IpAddr]) -> Vec<IpAddr> {
    let turns = 0..v6.len().max(v4.len());
    let pairs = turns.flat_map(|turn| [v6.get(turn), v4.get(turn)]);
    pairs.flatten().copied().collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::time::Duration;

    use super::{Deadline, interleave, resolve};

    fn resolved(host: &str) -> String {
        let mut on_tick = || ();
        let mut deadline = Deadline::new(Duration::from_secs(10), &mut on_tick);
        match resolve(host, &mut deadline) {
            Ok(addresses) => format!("{addresses:?}"),
            Err(cause) => format!("{:?}", cause.kind()),
        }
    }

    #[test]
    fn this_machine_and_addresses_need_no_resolver() {
        assert_eq!(resolved("localhost"), "[127.0.0.1]");
        assert_eq!(resolved("localhost."), "[127.0.0.1]");
        assert_eq!(resolved("127.9.8.7"), "[127.9.8.7]");
        assert_eq!(resolved("127.9.8.7."), "[127.9.8.7]");
        assert_eq!(resolved("::1"), "[::1]");
    }

    #[test]
    fn families_take_turns() {
        let of = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let (v6, v4): (Vec<_>, Vec<_>) =
            (of(&["::1", "::2"]), of(&["1.1.1.1", "2.2.2.2", "3.3.3.3"]));
        let turns: Vec<_> = of(&["::1", "1.1.1.1", "::2", "2.2.2.2", "3.3.3.3"]);
        assert_eq!(interleave(&v6, &v4), turns);
        assert_eq!(interleave(&[], &v4), v4);
    }
}
