//! A connection to the first of a host's addresses that answers.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use super::deadline::Deadline;

/// How many milliseconds each address has, of several, in one round after the other. A dead one costs a
/// quarter of a second (RFC 8305, 8); a network that answers late gets its time in a later round.
const ROUNDS: [u64; 3] = [250, 1000, 4000];

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
    let mut rounds = ROUNDS.into_iter().map(Duration::from_millis);
    while !silent.is_empty() && !deadline.left().is_zero() {
        let share = match (silent.len(), rounds.next()) {
            (2.., Some(round)) => round,
            (count, _) => deadline.left() / u32::try_from(count).unwrap_or(u32::MAX),
        };
        for ip in std::mem::take(&mut silent) {
            let address = SocketAddr::new(ip, port);
            let connect = |time| TcpStream::connect_timeout(&address, time);
            // In pieces: the kernel would send its next SYN after a second, too (RFC 6298, 2.1).
            match deadline.within(share).wait(connect) {
                Ok(stream) => {
                    // Without it a request can wait 40 ms for an acknowledgement.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(cause) if cause.kind() == ErrorKind::TimedOut => silent.push(ip),
                Err(cause) => refusal = Some(cause),
            }
        }
    }
    Err(refusal.unwrap_or_else(|| ErrorKind::TimedOut.into()))
}
