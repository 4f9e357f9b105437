//! A well-behaved proxy in this process, on loopback, for one connection: all that minreq ever
//! meets. It carries bytes between minreq and the way that route.rs has opened; of an https request
//! it sees only what is encrypted.
//!
//! It is the guard against what minreq 3.0.0 does with a network of its own. It panics where a proxy
//! resets. It subtracts below zero where a header line has exactly what is left of their limit, and
//! lets headers grow without end from then on (`read_metadata`, `read_trailers`). It takes a connection
//! that ends within the head for an answer, and anything that is not HTTP for one with status 503.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::backend_url::Scheme;
use crate::random;

/// The most that a server may send beside the body, in bytes: a TLS handshake, a head, and what frames
/// the records and chunks. minreq keeps headers, also those behind the body, and of two bytes of them
/// makes a hundred: this is what bounds its memory. The body is bounded by who reads it.
const MAX_BESIDE_BODY: usize = 48 * 1024;

/// How long minreq may take to make something of what it has: it is in this process.
const DIGESTION: Duration = Duration::from_secs(1);

/// The most that is moved at once, in bytes.
const BUFFER: usize = 4 * 1024;

/// How long the one who connects may take to say who it is: it is in this process.
const INTRODUCTION: Duration = Duration::from_secs(2);

/// What a relay opens once minreq comes: minreq's own end of the connection, the relay's, and a copy
/// of both its connections for the way back.
const DESCRIPTORS: usize = 4;

/// How long the relay waits where a connection can't be accepted, before it tries again.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);

/// What the relay saw go wrong on the server's side.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Trouble {
    /// The connection ended, or broke with this cause, before the head of an answer in clear was
    /// complete.
    NoHead(String),
    /// The connection broke with this cause.
    Broken(String),
    /// The server does not speak HTTP.
    NotHttp,
    /// The server does not speak TLS.
    NotTls,
    /// The server sent more than any answer has.
    Endless,
}

/// The relay, from minreq's side. Dropping it ends it.
pub(super) struct Relay {
    address: SocketAddr,
    nonce: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    trouble: Mutex<Option<Trouble>>,
    /// How many more bytes minreq has got than it has made into body.
    undigested: Mutex<usize>,
    digested: Condvar,
    accepted: AtomicBool,
    done: AtomicBool,
}

impl Shared {
    /// Waits until minreq may have `length` more bytes; false: it makes no body of what it has.
    fn admit(&self, length: usize) -> bool {
        let is_full = |undigested: &mut usize| *undigested > MAX_BESIDE_BODY;
        let undigested = self
            .undigested
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (mut undigested, waited) = self
            .digested
            .wait_timeout_while(undigested, DIGESTION, is_full)
            .unwrap_or_else(PoisonError::into_inner);
        *undigested += length;
        !waited.timed_out()
    }
}

impl Relay {
    /// Starts a relay to `upstream`; its waits end at `deadline`.
    ///
    /// # Errors
    /// No socket or no thread could be had.
    pub(super) fn start(
        upstream: TcpStream,
        scheme: Scheme,
        deadline: Instant,
    ) -> io::Result<Relay> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        // Where there are too few descriptors, that is to be known before anything is sent.
        let copies: io::Result<Vec<_>> = (0..DESCRIPTORS).map(|_| upstream.try_clone()).collect();
        drop(copies?);
        let relay = Relay {
            address: listener.local_addr()?,
            nonce: random::hex::<16>()?,
            shared: Arc::default(),
        };
        let (nonce, shared) = (relay.nonce.clone(), Arc::clone(&relay.shared));
        let serve = move || {
            // What fails here shows on minreq's side as an end of the connection.
            let _ = serve(&listener, &nonce, upstream, scheme, deadline, &shared);
        };
        thread::Builder::new().name("relay".into()).spawn(serve)?;
        Ok(relay)
    }

    /// The relay as a proxy for minreq. The nonce in it keeps other processes of this machine out.
    pub(super) fn proxy_url(&self) -> String {
        format!("http://{}@{}", self.nonce, self.address)
    }

    /// Says that minreq has made `length` bytes of the body of what it got.
    pub(super) fn digested(&self, length: usize) {
        let mut undigested = self
            .shared
            .undigested
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *undigested = undigested.saturating_sub(length);
        self.shared.digested.notify_all();
    }

    /// What went wrong on the server's side, so far.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.shared
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.done.store(true, Ordering::SeqCst);
        if !self.shared.accepted.load(Ordering::SeqCst) {
            // Wakes the relay from accept(), which has no time-out.
            drop(TcpStream::connect_timeout(&self.address, INTRODUCTION));
        }
    }
}

/// Moves the time-outs of a socket up to a deadline.
///
/// # Errors
/// The deadline has passed.
pub(super) fn set_deadline(stream: &TcpStream, deadline: Instant) -> io::Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    stream.set_read_timeout(Some(left))?;
    stream.set_write_timeout(Some(left))
}

fn serve(
    listener: &TcpListener,
    nonce: &str,
    mut upstream: TcpStream,
    scheme: Scheme,
    deadline: Instant,
    shared: &Arc<Shared>,
) -> io::Result<()> {
    let mut client = accept(listener, nonce, deadline, shared)?;
    set_deadline(&client, deadline)?;
    client.set_nodelay(true)?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let mut buffer = Zeroizing::new([0; BUFFER]);
    // The request comes first: what a server says before it must not run into the reply above.
    if !forward(&mut client, &mut upstream, &mut *buffer, deadline)? {
        return Ok(());
    }
    let (server, mut answer) = (upstream.try_clone()?, client.try_clone()?);
    let (inbound_shared, inbound) = (Arc::clone(shared), Inbound::new(scheme));
    let carry_back = move || {
        let trouble = inbound.carry(server, &mut answer, &inbound_shared, deadline);
        *inbound_shared
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = trouble;
        let _ = answer.shutdown(Shutdown::Both);
    };
    thread::Builder::new()
        .name("relay back".into())
        .spawn(carry_back)?;
    while let Ok(true) = forward(&mut client, &mut upstream, &mut *buffer, deadline) {}
    let _ = upstream.shutdown(Shutdown::Both);
    Ok(())
}

/// Waits for the connection that knows the nonce.
fn accept(
    listener: &TcpListener,
    nonce: &str,
    deadline: Instant,
    shared: &Shared,
) -> io::Result<TcpStream> {
    let expected = format!(
        "\r\nProxy-Authorization: Basic {}\r\n",
        STANDARD.encode(nonce)
    );
    // A connection that was too slow is kept all the same: it may be minreq's, in a process that was
    // stopped, and minreq panics where it can't write its first line.
    let mut slow = Vec::new();
    loop {
        let accepted = listener.accept();
        if shared.done.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let mut stream = match accepted {
            Ok((stream, _)) => stream,
            // To give up would reset the connection that waits here.
            Err(_) if Instant::now() < deadline => {
                thread::sleep(ACCEPT_AGAIN);
                continue;
            }
            Err(cause) => return Err(cause),
        };
        match introduction(&mut stream) {
            Ok(head) if head.contains(&expected) => {
                shared.accepted.store(true, Ordering::SeqCst);
                return Ok(stream);
            }
            Ok(_) => {}
            Err(_) => slow.push(stream),
        }
    }
}

fn introduction(stream: &mut TcpStream) -> io::Result<String> {
    let deadline = Instant::now() + INTRODUCTION;
    let mut head = Vec::new();
    let mut buffer = [0; 512];
    while !head.ends_with(b"\r\n\r\n") && head.len() < BUFFER {
        set_deadline(stream, deadline)?;
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        head.extend_from_slice(buffer.get(..read).unwrap_or_default());
    }
    String::from_utf8(head).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Carries one piece of the request; false at its end.
fn forward(
    client: &mut TcpStream,
    upstream: &mut TcpStream,
    buffer: &mut [u8],
    deadline: Instant,
) -> io::Result<bool> {
    set_deadline(client, deadline)?;
    let read = client.read(buffer)?;
    set_deadline(upstream, deadline)?;
    upstream.write_all(buffer.get(..read).unwrap_or_default())?;
    Ok(read > 0)
}

/// The server's bytes on their way to minreq.
struct Inbound {
    scheme: Scheme,
    /// Whether anything has come.
    begun: bool,
    /// How much of `HTTP/` has been seen.
    greeting: usize,
    /// The line ends in a row that were seen last; two end a head.
    line_ends: u8,
}

impl Inbound {
    fn new(scheme: Scheme) -> Inbound {
        Inbound {
            scheme,
            begun: false,
            greeting: 0,
            line_ends: 0,
        }
    }

    /// Carries all of them and says what went wrong. A time-out is nothing that goes wrong here: who
    /// waits for the answer has noticed it.
    fn carry(
        mut self,
        mut server: TcpStream,
        client: &mut TcpStream,
        shared: &Shared,
        deadline: Instant,
    ) -> Option<Trouble> {
        let mut buffer = [0; BUFFER];
        loop {
            let read = set_deadline(&server, deadline).and_then(|()| server.read(&mut buffer));
            let bytes = match read {
                Ok(0) if self.lacks_head() => {
                    return Some(Trouble::NoHead("closed the connection".into()));
                }
                Ok(0) => return None,
                Ok(read) => buffer.get(..read).unwrap_or_default(),
                Err(cause)
                    if matches!(
                        cause.kind(),
                        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
                    ) =>
                {
                    return None;
                }
                Err(cause) if self.lacks_head() => return Some(Trouble::NoHead(broke(&cause))),
                Err(cause) => return Some(Trouble::Broken(broke(&cause))),
            };
            if let Some(trouble) = self.inspect(bytes) {
                return Some(trouble);
            }
            if !shared.admit(bytes.len()) {
                return Some(Trouble::Endless);
            }
            if client.write_all(bytes).is_err() {
                // minreq has all that it wants.
                return None;
            }
        }
    }

    fn lacks_head(&self) -> bool {
        self.scheme == Scheme::Http && self.line_ends < 2
    }

    fn inspect(&mut self, bytes: &[u8]) -> Option<Trouble> {
        // The record types of a handshake and of an alert (RFC 8446, 5.1) are what a server begins with.
        let is_tls = |first: &u8| matches!(first, 0x15 | 0x16);
        if self.scheme == Scheme::Https && !self.begun && !bytes.first().is_some_and(is_tls) {
            return Some(Trouble::NotTls);
        }
        self.begun = true;
        if self.scheme == Scheme::Http {
            let expected = b"HTTP/".get(self.greeting..).unwrap_or_default();
            if expected
                .iter()
                .zip(bytes)
                .any(|(expected, found)| expected != found)
            {
                return Some(Trouble::NotHttp);
            }
            self.greeting = (self.greeting + bytes.len()).min(5);
            for byte in bytes {
                match byte {
                    _ if self.line_ends >= 2 => break,
                    b'\n' => self.line_ends += 1,
                    b'\r' => {}
                    _ => self.line_ends = 0,
                }
            }
        }
        None
    }
}

fn broke(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            "reset the connection".into()
        }
        _ => format!("broke the connection ({cause})"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// A relay, and the server that it leads to.
    fn relay() -> (TcpListener, Relay) {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let upstream = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        let relay = Relay::start(upstream, Scheme::Http, deadline).unwrap();
        (server, relay)
    }

    fn connect(relay: &Relay, nonce: &str) -> TcpStream {
        let mut client = TcpStream::connect(relay.address).unwrap();
        let who = STANDARD.encode(nonce);
        let head = format!("CONNECT a:1 HTTP/1.1\r\nProxy-Authorization: Basic {who}\r\n\r\n");
        client.write_all(head.as_bytes()).unwrap();
        client
    }

    /// Another process of this machine may be faster than minreq.
    #[test]
    fn a_stranger_is_turned_away_and_the_one_with_the_nonce_is_served() {
        let (_server, relay) = relay();
        let mut said = Vec::new();
        connect(&relay, "guessed").read_to_end(&mut said).unwrap();
        assert_eq!(said, b"");
        let mut own = connect(&relay, &relay.nonce);
        let mut said = [0; 15];
        own.read_exact(&mut said).unwrap();
        assert_eq!(&said, b"HTTP/1.1 200 OK");
    }

    /// Where this process was stopped before minreq could speak, the connection still takes what it
    /// writes, twice: the first write after a reset would succeed.
    #[test]
    fn the_one_who_is_slow_to_speak_is_not_reset() {
        let (_server, relay) = relay();
        let mut slow = TcpStream::connect(relay.address).unwrap();
        thread::sleep(INTRODUCTION + Duration::from_millis(300));
        for _ in 0..2 {
            slow.write_all(b"CONNECT ").unwrap();
            thread::sleep(Duration::from_millis(100));
        }
        let mut own = connect(&relay, &relay.nonce);
        own.read_exact(&mut [0; 15]).unwrap();
    }
}
