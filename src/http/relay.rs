//! Carries bytes between minreq, which has one end of a connection within this process, and the
//! server. Of an https request it sees only what is encrypted.
//!
//! It is the guard against what minreq 3.0.0 does with a network of its own: it knows no deadline,
//! subtracts below zero where a header line has exactly what is left of their limit and lets headers
//! grow without end from then on (`read_metadata`, `read_trailers`), takes a connection that ends within
//! the head for an answer, and anything that is not HTTP for one with status 503.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use zeroize::Zeroizing;

use super::deadline::{Deadline, LONG};
use crate::backend_url::Scheme;
use crate::platform::{self, Watch};

/// The most that a server may send in all, in bytes: a body of 64 KiB, its head, a TLS handshake, and
/// what frames records and chunks. It bounds minreq's memory, which keeps each header line.
const MAX_ANSWER: usize = 112 * 1024;

/// The most that is moved at once, in bytes.
const PIECE: usize = 4 * 1024;

/// What went wrong between minreq and the server.
#[derive(Debug)]
pub(super) enum RelayError {
    /// The connection ended or broke, in these words, before the head of an answer in clear was complete.
    NoHead(String),
    /// The connection broke, in these words.
    Broken(String),
    /// The server does not speak HTTP.
    NotHttp,
    /// The server does not speak TLS.
    NotTls,
    /// The server sent more than any answer has.
    TooLong,
    /// The deadline has passed, or this machine is short of what is needed to go on.
    Halted(io::Error),
}

/// Carries everything until minreq has what it wants. Neither stream blocks.
///
/// # Errors
/// What went wrong, where it did not just show to minreq as the end of the connection.
pub(super) fn carry(
    client: &TcpStream,
    server: &TcpStream,
    scheme: Scheme,
    deadline: &mut Deadline<'_>,
) -> Result<(), RelayError> {
    let mut request = Piece::new();
    let mut answer = Piece::new();
    let mut inspector = Inspector::new(scheme);
    // The request comes first: what a server says before it must not run into the tunnel's reply.
    let (mut asked, mut ended, mut broken) = (false, false, None);
    loop {
        let mut watched = [
            Watch {
                read: request.is_empty(),
                write: !answer.is_empty(),
                ..Watch::for_reading(client)
            },
            Watch {
                read: asked && !ended && answer.is_empty(),
                write: !request.is_empty(),
                ..Watch::for_reading(server)
            },
        ];
        deadline
            .poll(&mut watched, LONG)
            .map_err(RelayError::Halted)?;
        let [client_ready, server_ready] = watched.map(|watch| watch.ready);
        if client_ready {
            if let Err(cause) = answer.drain(client) {
                check_supplies(cause)?;
                // minreq has all that it wants.
                return broken.map_or(Ok(()), Err);
            }
            if request.is_empty() {
                match request.fill(client) {
                    Filled::End => return broken.map_or(Ok(()), Err),
                    Filled::Short(cause) => return Err(RelayError::Halted(cause)),
                    Filled::Some | Filled::None | Filled::Broken(_) => {}
                }
            }
        }
        if server_ready {
            asked |= !request.is_empty();
            if let Err(cause) = request.drain(server) {
                check_supplies(cause)?;
                // What is left of the request is in vain. An answer may have come all the same.
                request.clear();
            }
            if asked && !ended && answer.is_empty() {
                match answer.fill(server) {
                    Filled::Some => inspector.inspect(answer.rest())?,
                    Filled::None => {}
                    Filled::Short(cause) => return Err(RelayError::Halted(cause)),
                    Filled::End if inspector.lacks_head() => {
                        return Err(RelayError::NoHead("closed the connection".into()));
                    }
                    Filled::End => ended = true,
                    Filled::Broken(how) if inspector.lacks_head() => {
                        return Err(RelayError::NoHead(how));
                    }
                    Filled::Broken(how) => {
                        broken = Some(RelayError::Broken(how));
                        ended = true;
                    }
                }
            }
        }
        if ended && answer.is_empty() {
            let _ = client.shutdown(Shutdown::Write);
        }
    }
}

/// Bytes on their way.
struct Piece {
    bytes: Zeroizing<[u8; PIECE]>,
    from: usize,
    to: usize,
}

/// What came of reading.
enum Filled {
    /// Bytes.
    Some,
    /// Nothing yet.
    None,
    /// The end.
    End,
    /// An error, in words.
    Broken(String),
    /// This machine is short of something.
    Short(io::Error),
}

impl Piece {
    fn new() -> Piece {
        Piece {
            bytes: Zeroizing::new([0; PIECE]),
            from: 0,
            to: 0,
        }
    }

    fn is_empty(&self) -> bool {
        self.from == self.to
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.from..self.to).unwrap_or_default()
    }

    fn clear(&mut self) {
        (self.from, self.to) = (0, 0);
    }

    fn fill(&mut self, mut stream: &TcpStream) -> Filled {
        match stream.read(&mut *self.bytes) {
            Ok(0) => Filled::End,
            Ok(read) => {
                (self.from, self.to) = (0, read);
                Filled::Some
            }
            Err(cause) if is_passing(&cause) => Filled::None,
            Err(cause) if platform::shortage(&cause).is_some() => Filled::Short(cause),
            Err(cause) => Filled::Broken(match cause.kind() {
                ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
                    "reset the connection".into()
                }
                _ => format!("broke the connection ({cause})"),
            }),
        }
    }

    fn drain(&mut self, mut stream: &TcpStream) -> io::Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        match stream.write(self.rest()) {
            Ok(written) => self.from += written,
            Err(cause) if is_passing(&cause) => {}
            Err(cause) => return Err(cause),
        }
        Ok(())
    }
}

/// Makes sure that an error of a connection is the peer's doing, and no shortage of this machine.
fn check_supplies(cause: io::Error) -> Result<(), RelayError> {
    match platform::shortage(&cause) {
        Some(_) => Err(RelayError::Halted(cause)),
        None => Ok(()),
    }
}

fn is_passing(cause: &io::Error) -> bool {
    matches!(cause.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Looks at the server's bytes on their way to minreq.
struct Inspector {
    scheme: Scheme,
    /// How many bytes have passed.
    passed: usize,
    /// The line ends in a row that were seen last; two end a head.
    line_ends: u8,
}

impl Inspector {
    fn new(scheme: Scheme) -> Inspector {
        Inspector {
            scheme,
            passed: 0,
            line_ends: 0,
        }
    }

    fn lacks_head(&self) -> bool {
        self.passed == 0 || self.scheme == Scheme::Http && self.line_ends < 2
    }

    fn inspect(&mut self, bytes: &[u8]) -> Result<(), RelayError> {
        match self.scheme {
            // The record types of a handshake and of an alert (RFC 8446, 5.1) are what a server begins with.
            Scheme::Https if self.passed == 0 && !matches!(bytes, [0x15 | 0x16, ..]) => {
                return Err(RelayError::NotTls);
            }
            Scheme::Https => {}
            Scheme::Http => self.inspect_head(bytes)?,
        }
        self.passed += bytes.len();
        if self.passed > MAX_ANSWER {
            return Err(RelayError::TooLong);
        }
        Ok(())
    }

    fn inspect_head(&mut self, bytes: &[u8]) -> Result<(), RelayError> {
        let expected = b"HTTP/".iter().skip(self.passed);
        if expected
            .zip(bytes)
            .any(|(expected, found)| expected != found)
        {
            return Err(RelayError::NotHttp);
        }
        for byte in bytes {
            match byte {
                _ if self.line_ends >= 2 => break,
                b'\n' => self.line_ends += 1,
                b'\r' => {}
                _ => self.line_ends = 0,
            }
        }
        Ok(())
    }
}
