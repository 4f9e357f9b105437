//! A connection to a host: its addresses, tried a quarter of a second apart (RFC 8305).

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::deadline::{Deadline, LONG};
use super::failure::Failure;
use super::worker::Worker;
use crate::platform::{self, Watch};

/// How long an address has to itself before the next is tried beside it (RFC 8305, 8).
const HEAD_START: Duration = Duration::from_millis(250);

type Addresses = io::Result<Vec<SocketAddr>>;

/// Looks up names, each in a thread that can be left behind: the system's resolver knows no deadline.
#[derive(Default)]
pub(super) struct Resolver {
    /// A look-up that an earlier attempt left behind. The next one waits for it, so that there is never
    /// more than one.
    pending: Option<(String, Worker<Addresses>)>,
}

impl Resolver {
    /// The addresses of a host. This machine's own name needs no resolver (RFC 6761, 6.3).
    ///
    /// # Errors
    /// The name did not resolve, or not in time; no thread could be had.
    pub(super) fn resolve(
        &mut self,
        host: &str,
        port: u16,
        peer: &str,
        deadline: &mut Deadline<'_>,
    ) -> Result<Vec<SocketAddr>, Failure> {
        if host == "localhost" {
            return Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))]);
        }
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::from((address, port))]);
        }
        let look_up = match self.pending.take().filter(|(pending, _)| pending == host) {
            Some((_, look_up)) => look_up,
            None => look_up(host, port).map_err(|cause| Failure::local(&cause))?,
        };
        match look_up.wait(deadline).map(Result::flatten) {
            Some(Ok(addresses)) => Ok(addresses),
            Some(Err(cause)) if platform::shortage(&cause).is_some() => Err(Failure::local(&cause)),
            Some(Err(cause)) => Err(Failure::NotResolved {
                peer: peer.to_owned(),
                cause,
            }),
            None => {
                self.pending = Some((host.to_owned(), look_up));
                Err(Failure::timed_out(format!("looking up {peer}")))
            }
        }
    }
}

fn look_up(host: &str, port: u16) -> io::Result<Worker<Addresses>> {
    let host = host.to_owned();
    Worker::start("resolver", move || {
        let addresses = (host.as_str(), port).to_socket_addrs();
        addresses.map(Iterator::collect)
    })
}

/// A connection.
pub(super) struct Connected {
    /// It does not block.
    pub(super) stream: TcpStream,
    /// The address that answered.
    pub(super) address: SocketAddr,
    /// Those that were tried before, and did not.
    pub(super) failed: Vec<(SocketAddr, io::Error)>,
}

/// Connects to the first of a host's addresses that answers.
///
/// # Errors
/// None of them did.
pub(super) fn connect(
    addresses: &[SocketAddr],
    port: u16,
    peer: &str,
    deadline: &mut Deadline<'_>,
) -> Result<Connected, Failure> {
    match race(addresses, deadline) {
        Ok(connected) => {
            // minreq never does; without it a request can wait 40 ms for an acknowledgement.
            let _ = connected.stream.set_nodelay(true);
            Ok(connected)
        }
        Err(cause) if platform::shortage(&cause).is_some() => Err(Failure::local(&cause)),
        Err(cause) if cause.kind() == io::ErrorKind::TimedOut && deadline.left().is_zero() => Err(
            Failure::timed_out(format!("connecting to {peer} port {port}")),
        ),
        Err(cause) => Err(Failure::NotConnected {
            peer: peer.to_owned(),
            port,
            cause,
        }),
    }
}

fn race(addresses: &[SocketAddr], deadline: &mut Deadline<'_>) -> io::Result<Connected> {
    let mut waiting = interleave(addresses).into_iter();
    let mut racing: Vec<(SocketAddr, TcpStream)> = Vec::new();
    let mut failed = Vec::new();
    loop {
        match waiting.next().map(|address| (address, begin(address))) {
            Some((address, Ok(stream))) => racing.push((address, stream)),
            Some((address, Err(cause))) => {
                failed.push((address, cause));
                continue;
            }
            None if racing.is_empty() => return Err(most_telling(failed)),
            None => {}
        }
        let others_wait = !waiting.as_slice().is_empty();
        let Some(index) = first_ready(&racing, others_wait, deadline)? else {
            continue;
        };
        let (address, stream) = racing.swap_remove(index);
        match stream.take_error() {
            Ok(None) => {
                let unanswered = |(address, _)| (address, io::ErrorKind::TimedOut.into());
                failed.extend(racing.into_iter().map(unanswered));
                return Ok(Connected {
                    stream,
                    address,
                    failed,
                });
            }
            Ok(Some(cause)) | Err(cause) => failed.push((address, cause)),
        }
    }
}

/// Begins a connection, which [`first_ready`] waits for.
fn begin(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address.into()) {
        Err(cause) if !platform::is_in_progress(&cause) => Err(cause),
        _ => Ok(socket.into()),
    }
}

fn first_ready(
    racing: &[(SocketAddr, TcpStream)],
    others_wait: bool,
    deadline: &mut Deadline<'_>,
) -> io::Result<Option<usize>> {
    let mut watched: Vec<Watch<'_>> = racing
        .iter()
        .map(|(_, stream)| Watch::for_writing(stream))
        .collect();
    let at_most = if others_wait { HEAD_START } else { LONG };
    deadline.poll(&mut watched, at_most)?;
    Ok(watched.iter().position(|watch| watch.ready))
}

/// The addresses with their families in turn, the resolver's choice first (RFC 8305, 4): one family
/// that does not work must not delay the other.
fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<SocketAddr>, Vec<SocketAddr>) = addresses
        .iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let turns = 0..first.len().max(second.len());
    let pairs = turns.flat_map(|turn| [first.get(turn), second.get(turn)]);
    pairs.flatten().copied().collect()
}

/// The failure to tell a person: that this machine has no way to an address says less than what became
/// of another one.
fn most_telling(failed: Vec<(SocketAddr, io::Error)>) -> io::Error {
    use io::ErrorKind::{AddrNotAvailable, HostUnreachable, NetworkUnreachable};
    let no_way = |cause: &io::Error| {
        let kind = cause.kind();
        matches!(
            kind,
            AddrNotAvailable | HostUnreachable | NetworkUnreachable
        )
    };
    let causes = failed.into_iter().map(|(_, cause)| cause);
    causes
        .reduce(|before, cause| if no_way(&cause) { before } else { cause })
        .unwrap_or_else(|| AddrNotAvailable.into())
}

#[cfg(test)]
#[cfg(unix)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{
        Addresses, Deadline, Domain, Duration, Failure, Resolver, Socket, Type, Worker, connect,
        interleave, most_telling,
    };
    use std::io::{Error, ErrorKind};
    use std::iter;
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
    use std::sync::mpsc::channel;
    use std::thread;

    const MOMENT: Duration = Duration::from_millis(10);
    const PLENTY: Duration = Duration::from_secs(10);

    #[test]
    fn this_machine_and_addresses_need_no_resolver() {
        let mut tell = || {};
        let mut deadline = Deadline::new(Duration::ZERO, PLENTY, &mut tell);
        for (host, address) in [("localhost", "127.0.0.1:7"), ("10.1.2.3", "10.1.2.3:7")] {
            let found = Resolver::default().resolve(host, 7, host, &mut deadline);
            assert_eq!(found.unwrap(), [address.parse().unwrap()]);
        }
    }

    /// One that an earlier attempt left behind looking up `it`, which ends like this.
    fn looking_up(end: impl FnOnce() -> Addresses + Send + 'static) -> Resolver {
        let look_up = Worker::start("test", end).unwrap();
        Resolver {
            pending: Some(("it".to_owned(), look_up)),
        }
    }

    #[test]
    fn a_look_up_that_was_left_behind_is_waited_for() {
        let found: SocketAddr = "192.0.2.1:7".parse().unwrap();
        let (sender, found_later) = channel();
        let mut resolver = looking_up(move || found_later.recv().unwrap_or(Ok(Vec::new())));
        let mut tell = || {};
        let mut over = Deadline::new(MOMENT, PLENTY, &mut tell);
        let late = resolver.resolve("it", 7, "the peer", &mut over);
        let late = late.unwrap_err().within(MOMENT).words().cause;
        assert_eq!(late, "nothing within 0 s, while looking up the peer");
        sender.send(Ok(vec![found])).unwrap();
        let mut tell = || {};
        let mut deadline = Deadline::new(PLENTY, PLENTY, &mut tell);
        let addresses = resolver.resolve("it", 7, "the peer", &mut deadline);
        assert_eq!(addresses.unwrap(), [found]);
    }

    /// The resolver itself reads "127.1", as `inet_aton`(3) does, and asks nobody.
    #[test]
    fn another_hosts_look_up_is_not_waited_for() {
        let mut tell = || {};
        let mut deadline = Deadline::new(PLENTY, PLENTY, &mut tell);
        let mut resolver = looking_up(|| Ok(Vec::new()));
        let addresses = resolver.resolve("127.1", 7, "it", &mut deadline).unwrap();
        let expected = SocketAddr::from((Ipv4Addr::LOCALHOST, 7));
        assert!(addresses.contains(&expected), "{addresses:?}");
    }

    #[test]
    fn a_shortage_while_looking_up_is_this_machines() {
        let mut tell = || {};
        let mut deadline = Deadline::new(PLENTY, PLENTY, &mut tell);
        for (error, words) in [
            (
                Error::from_raw_os_error(libc::EMFILE),
                "this machine is out of open files (ulimit -n)",
            ),
            (Error::other("unknown"), "it did not resolve (unknown)"),
        ] {
            let mut resolver = looking_up(move || Err(error));
            let failure = resolver.resolve("it", 7, "it", &mut deadline).unwrap_err();
            assert_eq!(failure.words().cause, words);
        }
    }

    /// An address that nothing listens at, as long as the socket is there.
    fn refusing() -> (Socket, SocketAddr) {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&address.into()).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        (socket, address)
    }

    #[test]
    fn the_first_address_that_answers_is_taken() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let good = listener.local_addr().unwrap();
        let (_held, bad) = refusing();
        let mut tell = || {};
        let mut deadline = Deadline::new(PLENTY, PLENTY, &mut tell);
        for (addresses, failures) in [
            (&[good][..], 0),
            (&[bad, good], 1),
            (&[bad, bad, good, bad], 2),
            (&[good, bad], 0),
        ] {
            let connected = connect(addresses, 7, "it", &mut deadline).unwrap();
            assert_eq!(connected.address, good);
            assert_eq!(connected.stream.peer_addr().unwrap(), good);
            assert!(connected.stream.nodelay().unwrap());
            let failed = connected.failed.iter();
            let failed: Vec<_> = failed
                .map(|(address, cause)| (*address, cause.kind()))
                .collect();
            assert_eq!(
                failed,
                vec![(bad, ErrorKind::ConnectionRefused); failures],
                "{addresses:?}"
            );
        }
        let refused = connect(&[bad, bad], 7, "it", &mut deadline).err().unwrap();
        let Failure::NotConnected { peer, port, cause } = refused else {
            unreachable!("{refused:?}");
        };
        assert_eq!(
            (peer.as_str(), port, cause.kind()),
            ("it", 7, ErrorKind::ConnectionRefused)
        );
        let nowhere = connect(&[], 7, "it", &mut deadline).err().unwrap();
        assert!(
            matches!(nowhere, Failure::NotConnected { .. }),
            "{nowhere:?}"
        );
    }

    /// An address that does not answer, for its queue (listen(2)) is full.
    fn silent() -> (TcpListener, Vec<TcpStream>, SocketAddr) {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let listener = TcpListener::from(listener);
        let address = listener.local_addr().unwrap();
        let queue = || TcpStream::connect_timeout(&address, 5 * MOMENT).ok();
        let queued = iter::from_fn(queue).collect();
        (listener, queued, address)
    }

    /// The failure's words; in a thread, which is left behind where `connect` does not end.
    fn told(addresses: &[SocketAddr], time: Duration) -> String {
        let (sender, said) = channel();
        let addresses = addresses.to_vec();
        thread::spawn(move || {
            let mut tell = || {};
            let mut deadline = Deadline::new(time, PLENTY, &mut tell);
            let failure = connect(&addresses, 7, "it", &mut deadline).err();
            sender.send(failure.unwrap().words().cause)
        });
        said.recv_timeout(PLENTY).unwrap()
    }

    #[test]
    fn an_address_that_does_not_answer_has_a_head_start_and_no_more() {
        let (_listener, _queued, silent) = silent();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let good = listener.local_addr().unwrap();
        let (_held, bad) = refusing();
        let mut tell = || {};
        let mut deadline = Deadline::new(PLENTY, PLENTY, &mut tell);
        let connected = connect(&[silent, bad, good], 7, "it", &mut deadline).unwrap();
        assert_eq!(connected.address, good);
        assert!(deadline.left() > PLENTY / 2);
        let failed = connected
            .failed
            .iter()
            .map(|(address, cause)| (*address, cause.kind()));
        assert_eq!(
            failed.collect::<Vec<_>>(),
            [
                (bad, ErrorKind::ConnectionRefused),
                (silent, ErrorKind::TimedOut)
            ]
        );
    }

    #[test]
    fn what_does_not_answer_is_waited_for_as_long_as_there_is_time() {
        let (_listener, _queued, silent) = silent();
        let (_held, bad) = refusing();
        let late = "nothing within 0 s, while connecting to it port 7";
        assert_eq!(told(&[silent], MOMENT), late);
        assert_eq!(told(&[silent, bad], 2 * super::HEAD_START), late);
        let none = told(&[], Duration::ZERO);
        assert!(none.starts_with("can't connect to it port 7: "), "{none}");
    }

    /// A connection to a broadcast address fails before it is begun.
    #[cfg(target_os = "linux")]
    #[test]
    fn an_address_to_which_there_is_no_way_is_passed_over() {
        let nowhere = SocketAddr::from((Ipv4Addr::BROADCAST, 7));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let good = listener.local_addr().unwrap();
        let mut tell = || {};
        let mut deadline = Deadline::new(PLENTY, PLENTY, &mut tell);
        let connected = connect(&[nowhere, good], 7, "it", &mut deadline).unwrap();
        assert_eq!(connected.address, good);
        let failed = connected.failed.iter().map(|(address, _)| *address);
        assert_eq!(failed.collect::<Vec<_>>(), [nowhere]);
    }

    #[test]
    fn another_failure_says_more_than_that_there_is_no_way() {
        use ErrorKind::{
            AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable, TimedOut,
        };
        let (_held, address) = refusing();
        let told = |kinds: &[ErrorKind]| {
            let failed = kinds.iter().map(|kind| (address, Error::from(*kind)));
            most_telling(failed.collect()).kind()
        };
        for no_way in [AddrNotAvailable, HostUnreachable, NetworkUnreachable] {
            assert_eq!(told(&[ConnectionRefused, no_way]), ConnectionRefused);
            assert_eq!(told(&[no_way, ConnectionRefused]), ConnectionRefused);
            assert_eq!(told(&[no_way]), no_way);
        }
        assert_eq!(told(&[ConnectionRefused, TimedOut]), TimedOut);
        assert_eq!(told(&[]), AddrNotAvailable);
    }

    #[test]
    fn families_take_turns() {
        let v4 = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let v6 = |port| SocketAddr::from((Ipv6Addr::LOCALHOST, port));
        for (addresses, expected) in [
            (vec![], vec![]),
            (vec![v4(1), v4(2)], vec![v4(1), v4(2)]),
            (
                vec![v6(1), v6(2), v6(3), v4(4)],
                vec![v6(1), v4(4), v6(2), v6(3)],
            ),
            (
                vec![v4(1), v6(2), v6(3), v4(4)],
                vec![v4(1), v6(2), v4(4), v6(3)],
            ),
        ] {
            assert_eq!(interleave(&addresses), expected);
        }
    }
}
