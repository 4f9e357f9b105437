//! How minreq gets a connection that this program has made, where `connect` can't be defined
//! (src/platform/linux/handover.rs): by a listener on loopback, for one connection.
//!
//! Other users of the machine can connect to it. A nonce tells minreq from them; each of them can
//! delay it by [`PATIENCE`] at the most.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::read_head;
use crate::random;

/// How long the one who connects may take to say who it is: it is in this process.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long it takes until another look for a connection.
const PAUSE: Duration = Duration::from_millis(2);

/// The end of a connection that waits for the HTTP client's.
pub struct Waiting {
    listener: TcpListener,
    nonce: String,
}

/// The other end, for the HTTP client.
pub struct Handover {
    proxy: String,
}

/// A connection within this process, in two ends.
///
/// # Errors
/// There is no socket on loopback, or no randomness.
pub fn local_connection() -> io::Result<(Waiting, Handover)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let nonce = random::hex::<16>()?;
    let proxy = format!("http://{nonce}@{}", listener.local_addr()?);
    Ok((Waiting { listener, nonce }, Handover { proxy }))
}

/// A connection on which `bytes` come, and then the end: not here.
///
/// # Errors
/// Always.
pub fn replay(_bytes: &[u8]) -> io::Result<Handover> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Waiting {
    /// Our end, when minreq has asked for its tunnel.
    ///
    /// # Errors
    /// It did not ask within `at_most`.
    pub fn accept(self, at_most: Duration) -> io::Result<TcpStream> {
        let expected = format!(
            "\r\nProxy-Authorization: Basic {}\r\n",
            STANDARD.encode(&self.nonce)
        );
        let until = Instant::now() + at_most;
        // A connection that was too slow is kept all the same: it may be minreq's, in a process that was
        // stopped, and minreq panics where it can't write its first line.
        let mut slow = Vec::new();
        while Instant::now() < until {
            let Ok((stream, _)) = self.listener.accept() else {
                thread::sleep(PAUSE);
                continue;
            };
            stream.set_nonblocking(false)?;
            match read_head(&stream, PATIENCE) {
                Ok(head) if String::from_utf8_lossy(&head).contains(&expected) => {
                    return Ok(stream);
                }
                Ok(_) => {}
                Err(_) => slow.push(stream),
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

impl Handover {
    /// The address of the listener, as of a proxy for minreq.
    pub fn proxy(&self) -> String {
        self.proxy.clone()
    }

    /// Makes the first connection that `call` asks for this one.
    #[allow(clippy::unused_self, reason = "one signature on every system")]
    pub fn give<T>(self, call: impl FnOnce() -> T) -> T {
        call()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    fn connect(waiting: &Waiting, nonce: &str) -> TcpStream {
        let mut client = TcpStream::connect(waiting.listener.local_addr().unwrap()).unwrap();
        let who = STANDARD.encode(nonce);
        let head = format!("CONNECT a:1 HTTP/1.1\r\nProxy-Authorization: Basic {who}\r\n\r\n");
        client.write_all(head.as_bytes()).unwrap();
        client
    }

    /// Another process of this machine may be faster than minreq.
    #[test]
    fn a_stranger_is_turned_away_and_the_one_with_the_nonce_is_served() {
        let (waiting, handover) = local_connection().unwrap();
        assert!(handover.proxy().contains(&waiting.nonce));
        let mut stranger = connect(&waiting, "guessed");
        let mut own = connect(&waiting, &waiting.nonce.clone());
        let mut accepted = waiting.accept(Duration::from_secs(10)).unwrap();
        accepted.write_all(b"for you").unwrap();
        drop(accepted);
        let mut said = Vec::new();
        own.read_to_end(&mut said).unwrap();
        assert_eq!(said, b"for you");
        said.clear();
        // Closed, or reset: either way nothing was said.
        let _ = stranger.read_to_end(&mut said);
        assert_eq!(said, b"");
    }
}
