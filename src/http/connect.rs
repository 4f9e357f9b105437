//! A connection to the first of a host's addresses that answers.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use super::deadline::Deadline;

/// How many milliseconds each of several addresses has, in one round after the other. A dead one costs a
/// quarter of a second (RFC 8305, 8); a network that answers late gets its time in a later round.
const ROUNDS: &[u64] = &[250, 1000, 4000];

/// The same for a single address: it has all the time, with one break, so that a person hears of the wait.
const ALONE: &[u64] = &[1000];

/// Connects to one of `addresses`.
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
    let mut rounds = if silent.len() == 1 { ALONE } else { ROUNDS }.iter();
    while !silent.is_empty() && !deadline.left().is_zero() {
        let count = u32::try_from(silent.len()).unwrap_or(u32::MAX);
        let share = match rounds.next() {
            Some(round) => Duration::from_millis(*round),
            None => deadline.left() / count,
        };
        for ip in std::mem::take(&mut silent) {
            deadline.slice()?;
            let time = share.min(deadline.left()).max(Duration::from_millis(1));
            match TcpStream::connect_timeout(&SocketAddr::new(ip, port), time) {
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr, TcpStream};
    use std::thread;
    use std::time::Duration;

    use socket2::{Domain, Socket, Type};

    use super::connect;
    use crate::http::deadline::Deadline;

    /// A listener whose queue is full answers nobody (listen(2)), as a network that is slow.
    #[test]
    fn an_address_that_answers_after_a_second_is_reached() {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        listener.bind(&any_port.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let moment = Duration::from_millis(100);
        let mut queue = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, moment) {
            queue.push(stream);
        }
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(1200));
            while listener.accept().is_ok() {}
        });
        let mut on_tick = || ();
        let mut deadline = Deadline::new(Duration::from_secs(10), &mut on_tick);
        assert!(connect(&[address.ip()], address.port(), &mut deadline).is_ok());
    }
}
