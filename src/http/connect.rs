//! A connection to the first of a host's addresses that answers.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::deadline::Deadline;

/// How long each address has, of several, in one round after the other. A dead one costs a quarter of a
/// second (RFC 8305, 8); a network that answers late gets its time in a later round.
const ROUNDS: [Duration; 3] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(4),
];

/// Connects to one of `addresses`: a single one has all the time that is left.
///
/// # Errors
/// Why none answered; the deadline has passed (`TimedOut`).
pub(super) fn connect(
    addresses: &[IpAddr],
    port: u16,
    deadline: &mut Deadline<'_>,
) -> io::Result<TcpStream> {
    let mut silent = addresses.to_vec();
    // The last counts: IPv4's, which says more than that this machine has no way to an IPv6 address.
    let mut refusal = None;
    let mut rounds = ROUNDS.into_iter();
    while !silent.is_empty() {
        let share = match (silent.len(), rounds.next()) {
            (2.., Some(round)) => round,
            (count, _) => deadline.left() / u32::try_from(count).unwrap_or(u32::MAX),
        };
        let mut still_silent = Vec::new();
        for ip in silent {
            match try_one(SocketAddr::new(ip, port), share, deadline) {
                Ok(stream) => {
                    // Without it a request can wait 40 ms for an acknowledgement.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(cause) if cause.kind() == ErrorKind::TimedOut => still_silent.push(ip),
                Err(cause) => refusal = Some(cause),
            }
        }
        silent = still_silent;
        if deadline.left().is_zero() {
            break;
        }
    }
    Err(refusal.unwrap_or_else(|| ErrorKind::TimedOut.into()))
}

/// Connects to one address for at most `share`, in pieces, between which the deadline can tick.
fn try_one(
    address: SocketAddr,
    share: Duration,
    deadline: &mut Deadline<'_>,
) -> io::Result<TcpStream> {
    let until = Instant::now() + share;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let slice = deadline.slice()?.min(left);
        if slice.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        match TcpStream::connect_timeout(&address, slice) {
            // The kernel would send its next SYN after a second, too (RFC 6298, 2.1).
            Err(cause) if cause.kind() == ErrorKind::TimedOut => {}
            result => return result,
        }
    }
}
