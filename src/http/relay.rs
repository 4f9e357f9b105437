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
const PIECE: usize = 4096;

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
            if asked && answer.is_empty() {
                match answer.fill(server) {
                    Filled::Some => inspector.inspect(answer.rest())?,
                    Filled::None => {}
                    Filled::Short(cause) => return Err(RelayError::Halted(cause)),
                    Filled::End if inspector.lacks_head() => {
                        return Err(RelayError::NoHead("closed the connection".into()));
                    }
                    Filled::Broken(how) if inspector.lacks_head() => {
                        return Err(RelayError::NoHead(how));
                    }
                    Filled::Broken(how) if !ended => {
                        broken = Some(RelayError::Broken(how));
                        ended = true;
                    }
                    // Behind an end in order some systems tell of a reset, too.
                    Filled::End | Filled::Broken(_) => ended = true,
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

impl Filled {
    fn by_error(cause: io::Error) -> Filled {
        if is_passing(&cause) {
            return Filled::None;
        }
        if platform::shortage(&cause).is_some() {
            return Filled::Short(cause);
        }
        Filled::Broken(match cause.kind() {
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
                "reset the connection".into()
            }
            _ => format!("broke the connection ({cause})"),
        })
    }
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
            Err(cause) => Filled::by_error(cause),
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

#[cfg(test)]
#[cfg(unix)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {

    use std::io::Error;
    use std::net::TcpListener;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::thread::{self, JoinHandle};
    use std::time::Duration;

    use socket2::SockRef;

    use super::{
        Deadline, ErrorKind, Filled, Inspector, Piece, Read, RelayError, Scheme, Shutdown,
        TcpStream, Write, carry, check_supplies,
    };

    const MOMENT: Duration = Duration::from_millis(20);
    const PLENTY: Duration = Duration::from_secs(10);

    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n";

    /// What is said of these pieces, in a word, and whether a head is lacking after them.
    fn inspect(scheme: Scheme, pieces: &[&[u8]]) -> (&'static str, bool) {
        let mut inspector = Inspector::new(scheme);
        assert!(inspector.lacks_head());
        for piece in pieces {
            if let Err(error) = inspector.inspect(piece) {
                return (word(&Err(error)), inspector.lacks_head());
            }
        }
        ("", inspector.lacks_head())
    }

    fn word(carried: &Result<(), RelayError>) -> &'static str {
        match carried {
            Ok(()) => "",
            Err(RelayError::NoHead(_)) => "no head",
            Err(RelayError::Broken(_)) => "broken",
            Err(RelayError::NotHttp) => "not HTTP",
            Err(RelayError::NotTls) => "not TLS",
            Err(RelayError::TooLong) => "too long",
            Err(RelayError::Halted(_)) => "halted",
        }
    }

    #[test]
    fn tls_begins_with_a_handshake_or_an_alert() {
        for (pieces, said) in [
            (&[&[0x16, 3, 3][..], b"HTTP"][..], ("", false)),
            (&[&[0x15]], ("", false)),
            (&[b"HTTP/1.1"], ("not TLS", true)),
            (&[&[0x17]], ("not TLS", true)),
        ] {
            assert_eq!(inspect(Scheme::Https, pieces), said, "{pieces:?}");
        }
    }

    #[test]
    fn a_head_in_clear_ends_with_an_empty_line_however_it_is_cut() {
        for end in 1..HEAD.len() {
            let (first, second) = HEAD.split_at(end);
            assert_eq!(inspect(Scheme::Http, &[first]), ("", true));
            assert_eq!(
                inspect(Scheme::Http, &[first, second, b"body"]),
                ("", false)
            );
        }
        assert_eq!(
            inspect(Scheme::Http, &[b"HTTP/1.0 200\n", b"\n"]),
            ("", false)
        );
        assert_eq!(
            inspect(Scheme::Http, &[b"HTTP/1.0 200\n", b" \n"]),
            ("", true)
        );
        for other in [
            &[&b"SSH"[..]][..],
            &[b"HTTP", b"S"],
            &[b"H", b"T", b"X"],
            &[b"http/1.1"],
            &[&[0x16]],
        ] {
            assert_eq!(
                inspect(Scheme::Http, other),
                ("not HTTP", true),
                "{other:?}"
            );
        }
    }

    #[test]
    fn an_answer_has_a_longest_length() {
        let longest = vec![0x16; 114_688];
        assert_eq!(inspect(Scheme::Https, &[&longest]), ("", false));
        let (first, second) = longest.split_at(1000);
        assert_eq!(inspect(Scheme::Https, &[first, second]), ("", false));
        assert_eq!(inspect(Scheme::Https, &[first, second, b"x"]).0, "too long");
    }

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        ours.set_nonblocking(true).unwrap();
        (ours, listener.accept().unwrap().0)
    }

    type Carried = JoinHandle<Result<(), RelayError>>;

    fn begin(client: TcpStream, server: TcpStream, time: Duration) -> Carried {
        thread::spawn(move || {
            let mut tell = || {};
            let mut deadline = Deadline::new(time, PLENTY, &mut tell);
            carry(&client, &server, Scheme::Http, &mut deadline)
        })
    }

    /// minreq's end, the server's, and what comes of carrying between them for so long.
    fn between(time: Duration) -> (TcpStream, TcpStream, Carried) {
        let ((client, minreq), (server, backend)) = (pair(), pair());
        (minreq, backend, begin(client, server, time))
    }

    #[test]
    fn what_one_side_says_the_other_hears() {
        let (mut minreq, mut backend, carried) = between(PLENTY);
        // A server that speaks first is not heard before it is asked.
        backend.write_all(HEAD).unwrap();
        minreq.set_read_timeout(Some(MOMENT)).unwrap();
        let early = minreq.read(&mut [0]).map_err(|cause| cause.kind());
        assert_eq!(early, Err(ErrorKind::WouldBlock));
        let request: Vec<u8> = (0..25_000_u32).flat_map(u32::to_le_bytes).collect();
        minreq.write_all(&request).unwrap();
        let mut asked = vec![0; request.len()];
        backend.read_exact(&mut asked).unwrap();
        assert_eq!(asked, request);
        let body = request.get(..50_000).unwrap();
        backend.write_all(body).unwrap();
        drop(backend);
        minreq.set_read_timeout(None).unwrap();
        let mut answer = Vec::new();
        minreq.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, [HEAD, body].concat());
        drop(minreq);
        assert_eq!(word(&carried.join().unwrap()), "");
    }

    #[test]
    fn an_answer_that_comes_before_the_request_has_gone_stays_whole() {
        let ((client, mut minreq), (server, mut backend)) = (pair(), pair());
        // So that both are in each other's way.
        for stream in [&client, &server] {
            SockRef::from(stream).set_send_buffer_size(4096).unwrap();
        }
        let request = vec![b'x'; 1_000_000];
        let body: Vec<u8> = (0..25_000_u32).flat_map(u32::to_le_bytes).collect();
        let answer = [HEAD, &body].concat();
        let carried = begin(client, server, PLENTY);
        let (to_send, to_take) = (answer.clone(), request.len());
        let answering = thread::spawn(move || {
            backend.read_exact(&mut [0]).unwrap();
            backend.write_all(&to_send).unwrap();
            backend.read_exact(&mut vec![0; to_take - 1]).unwrap();
        });
        minreq.write_all(&request).unwrap();
        let mut heard = Vec::new();
        minreq.read_to_end(&mut heard).unwrap();
        assert!(heard == answer, "{} bytes", heard.len());
        answering.join().unwrap();
        drop(minreq);
        assert_eq!(word(&carried.join().unwrap()), "");
    }

    #[test]
    fn a_request_that_can_not_be_sent_may_be_answered_all_the_same() {
        let ((client, mut minreq), (server, mut backend)) = (pair(), pair());
        server.shutdown(Shutdown::Write).unwrap();
        let carried = begin(client, server, PLENTY);
        minreq.write_all(b"x").unwrap();
        backend.write_all(HEAD).unwrap();
        let mut head = vec![0; HEAD.len()];
        minreq.read_exact(&mut head).unwrap();
        assert_eq!(head, HEAD);
        drop(minreq);
        assert_eq!(word(&carried.join().unwrap()), "");
    }

    #[test]
    fn what_does_not_fit_yet_is_kept() {
        // No acknowledgement that is under way can make room in a Unix socket a moment later.
        let (full, _peer) = UnixStream::pair().unwrap();
        full.set_nonblocking(true).unwrap();
        let mut full = TcpStream::from(OwnedFd::from(full));
        while full.write(&[0; 4096]).is_ok() {}
        let mut piece = Piece::new();
        piece.to = 1;
        piece.drain(&full).unwrap();
        assert!(!piece.is_empty());
    }

    #[test]
    fn a_shortage_of_this_machine_is_not_the_peers_doing() {
        let error = Error::from_raw_os_error;
        let filled = [libc::EMFILE, libc::ECONNRESET, libc::EPERM, libc::EINTR]
            .map(|number| Filled::by_error(error(number)));
        assert!(
            matches!(&filled, [Filled::Short(_), Filled::Broken(reset), Filled::Broken(broke), Filled::None]
            if reset == "reset the connection" && broke.starts_with("broke the connection ("))
        );
        assert_eq!(word(&check_supplies(error(libc::EMFILE))), "halted");
        assert_eq!(word(&check_supplies(error(libc::EPIPE))), "");
    }

    #[test]
    fn an_end_before_the_head_is_told() {
        let (mut minreq, mut backend, carried) = between(PLENTY);
        minreq.write_all(b"x").unwrap();
        backend.read_exact(&mut [0]).unwrap();
        backend.write_all(b"HTTP/1.1 200 OK\r\n").unwrap();
        drop(backend);
        let said = carried.join().unwrap();
        assert!(matches!(said, Err(RelayError::NoHead(how)) if how == "closed the connection"));
        // What is closed before all was read is reset (RFC 9293, 3.10.4).
        let (mut minreq, backend, carried) = between(PLENTY);
        minreq.write_all(b"xx").unwrap();
        (&backend).read_exact(&mut [0]).unwrap();
        drop(backend);
        let said = carried.join().unwrap();
        assert!(matches!(said, Err(RelayError::NoHead(how)) if how == "reset the connection"));
    }

    #[test]
    fn a_break_behind_the_head_is_told_when_all_was_heard() {
        let (mut minreq, mut backend, carried) = between(PLENTY);
        minreq.write_all(b"xx").unwrap();
        backend.read_exact(&mut [0]).unwrap();
        backend.write_all(HEAD).unwrap();
        let mut head = vec![0; HEAD.len()];
        minreq.read_exact(&mut head).unwrap();
        drop(backend);
        assert_eq!(minreq.read(&mut [0]).unwrap(), 0);
        drop(minreq);
        let said = carried.join().unwrap();
        assert!(matches!(said, Err(RelayError::Broken(how)) if how == "reset the connection"));
    }

    #[test]
    fn time_and_what_is_no_http_end_it() {
        let (_minreq, _backend, carried) = between(MOMENT);
        assert_eq!(word(&carried.join().unwrap()), "halted");
        let (mut minreq, mut backend, carried) = between(PLENTY);
        minreq.write_all(b"x").unwrap();
        backend.write_all(b"SSH-2.0\r\n").unwrap();
        assert_eq!(word(&carried.join().unwrap()), "not HTTP");
        let (minreq, _backend, carried) = between(PLENTY);
        drop(minreq);
        assert_eq!(word(&carried.join().unwrap()), "");
    }

    /// The processor time, in milliseconds, that 200 milliseconds of carrying take.
    #[cfg(target_os = "linux")]
    fn effort(begin: impl FnOnce(&TcpStream, TcpStream) -> Option<TcpStream>) -> i64 {
        use nix::sys::resource::{UsageWho, getrusage};
        use nix::sys::time::TimeValLike;
        let ((client, minreq), (server, backend)) = (pair(), pair());
        // So that little fits in between.
        let small = SockRef::from(&server).set_send_buffer_size(4096);
        small
            .and(SockRef::from(&backend).set_recv_buffer_size(4096))
            .unwrap();
        let _backend = begin(&minreq, backend);
        thread::spawn(move || {
            let mut tell = || {};
            let mut deadline = Deadline::new(10 * MOMENT, PLENTY, &mut tell);
            let carried = carry(&client, &server, Scheme::Http, &mut deadline);
            assert_eq!(word(&carried), "halted");
            let used = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
            (used.user_time() + used.system_time()).num_milliseconds()
        })
        .join()
        .unwrap()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_can_not_be_moved_is_waited_for_at_rest() {
        let not_taken = effort(|mut minreq, backend| {
            minreq.set_nonblocking(true).unwrap();
            while minreq.write(&[0; 4096]).is_ok() {}
            Some(backend)
        });
        let not_asked = effort(|_, mut backend| {
            backend.write_all(HEAD).unwrap();
            Some(backend)
        });
        let over = effort(|mut minreq, mut backend| {
            minreq.write_all(b"x").unwrap();
            backend.write_all(HEAD).unwrap();
            None
        });
        for effort in [not_taken, not_asked, over] {
            assert!(effort < 20, "{not_taken} {not_asked} {over}");
        }
    }
}
