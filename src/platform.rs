//! The operating system: one file for each, with one signature per function on every system.
//! All unsafe code lies below this file, and all `cfg` but that of src/tls.rs.

mod stream;
pub use stream::Stream;

#[cfg(unix)]
mod unix;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::*;

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub use macos::*;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub use windows::*;

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
compile_error!("sekuire knows Linux, macOS and Windows: write src/platform/ for this system first");

#[cfg(any(not(target_os = "linux"), test))]
mod loopback;
#[cfg(not(target_os = "linux"))]
pub use loopback::{Handover, Waiting, local_connection, replay};

use std::io::{self, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A socket, and what is waited for on it.
pub struct Watch<'a> {
    /// The socket.
    pub stream: &'a TcpStream,
    /// Whether it is of interest that something can be read, or that the peer has closed.
    pub read: bool,
    /// Whether it is of interest that something can be written, or that a connection is made.
    pub write: bool,
    /// Whether it has come.
    pub ready: bool,
}

impl Watch<'_> {
    /// A socket that is to be read.
    pub fn for_reading(stream: &TcpStream) -> Watch<'_> {
        Watch {
            stream,
            read: true,
            write: false,
            ready: false,
        }
    }

    /// A socket that is to be written, or that is connecting.
    pub fn for_writing(stream: &TcpStream) -> Watch<'_> {
        Watch {
            stream,
            read: false,
            write: true,
            ready: false,
        }
    }
}

/// The longest head of minreq's request for a tunnel, in bytes.
const MAX_HEAD: usize = 4 * 1024;

/// Reads minreq's request for a tunnel (RFC 9110, 9.3.6), behind which it waits for the reply.
fn read_head(mut stream: &TcpStream, at_most: Duration) -> io::Result<Vec<u8>> {
    let until = Instant::now() + at_most;
    let mut head = Vec::new();
    let mut buffer = [0; 512];
    while !head.ends_with(b"\r\n\r\n") {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || head.len() > MAX_HEAD {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => head.extend_from_slice(buffer.get(..read).unwrap_or_default()),
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            // As a socket's time-out tells of itself (socket(7)).
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(head)
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A folder.
    Folder,
    /// A link.
    Link,
    /// Something else, by name: a FIFO, a socket, a device.
    Special(&'static str),
}

#[cfg(test)]
#[cfg(unix)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::os::unix::thread::JoinHandleExt;
    use std::thread;

    use super::{Duration, TcpStream, io, read_head};

    const MOMENT: Duration = Duration::from_millis(20);
    const PLENTY: Duration = Duration::from_secs(20);

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (ours, listener.accept().unwrap().0)
    }

    /// What is read of these pieces, between which a moment passes, and the end.
    fn read(pieces: &[&str], at_most: Duration) -> Result<usize, io::ErrorKind> {
        let (ours, mut theirs) = pair();
        thread::scope(|scope| {
            scope.spawn(move || {
                for piece in pieces {
                    let _ = theirs.write_all(piece.as_bytes());
                    thread::sleep(MOMENT);
                }
            });
            read_head(&ours, at_most)
                .map(|head| head.len())
                .map_err(|cause| cause.kind())
        })
    }

    #[test]
    fn a_head_is_read_to_its_empty_line() {
        assert_eq!(
            read(&["CONNECT a:1 HTTP/1.1\r\n", "\r", "\n"], PLENTY),
            Ok(24)
        );
        let longest = "x".repeat(4096);
        assert_eq!(read(&[&longest, "\r\n\r\n"], PLENTY), Ok(4100));
    }

    #[test]
    fn a_head_that_ends_too_early_or_never_is_an_error() {
        let whole = "x".repeat(5000) + "\r\n\r\n";
        assert_eq!(read(&[&whole], PLENTY), Err(io::ErrorKind::TimedOut));
        assert_eq!(
            read(&["CONNECT\r\n"], PLENTY),
            Err(io::ErrorKind::UnexpectedEof)
        );
        let (mut ours, theirs) = pair();
        let ended = read_head(&ours, MOMENT).map_err(|cause| cause.kind());
        assert_eq!(ended, Err(io::ErrorKind::TimedOut));
        // What is closed before all was read is reset (RFC 9293, 3.10.4).
        ours.write_all(b"x").unwrap();
        drop(theirs);
        let reset = read_head(&ours, PLENTY).map_err(|cause| cause.kind());
        assert_eq!(reset, Err(io::ErrorKind::ConnectionReset));
    }

    extern "C" fn nothing(_: libc::c_int) {}

    /// With a limit in time, a read is not begun again by itself (signal(7)).
    #[test]
    fn a_signal_does_not_end_the_reading() {
        let (ours, mut theirs) = pair();
        // SAFETY: a plain structure, for which zero is a value: no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = nothing as *const () as libc::sighandler_t;
        // SAFETY: sigaction(2) reads one structure; the handler does nothing, and no other test sends this signal.
        let set =
            unsafe { libc::sigaction(libc::SIGUSR2, &raw const action, std::ptr::null_mut()) };
        assert_eq!(set, 0);
        let reading = thread::spawn(move || read_head(&ours, PLENTY));
        for _ in 0..5 {
            thread::sleep(MOMENT);
            // SAFETY: the thread was not joined yet.
            unsafe { libc::pthread_kill(reading.as_pthread_t(), libc::SIGUSR2) };
        }
        theirs.write_all(b"\r\n\r\n").unwrap();
        assert_eq!(reading.join().unwrap().unwrap(), b"\r\n\r\n");
    }
}
