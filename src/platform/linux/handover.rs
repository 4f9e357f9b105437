//! How minreq gets a connection that this program has made.
//!
//! minreq 3.0.0 has no parameter for a socket: it always calls connect(2), through std. So this file
//! defines `connect` for the program, and the linker takes the program's before the C library's, as
//! it does for any symbol. A thread that was handed a connection gets that one, once; every other
//! call is the system call and nothing else.
//!
//! The alternative is a listener on loopback (src/platform/loopback.rs, where this can't be had). It
//! needs a loopback interface that works, and every user of the machine can connect to it.

use std::cell::Cell;
use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use libc::{c_int, sockaddr, socklen_t};

use crate::platform::read_head;

/// No descriptor.
const NONE: RawFd = -1;

thread_local! {
    /// What this thread's next call of connect(2) gets.
    static NEXT: Cell<RawFd> = const { Cell::new(NONE) };
}

/// The end of a connection that waits for the HTTP client's.
pub struct Waiting(TcpStream);

/// The other end, for the HTTP client.
pub struct Handover {
    theirs: OwnedFd,
    /// The end that takes the request of a [`replay`], and that nobody reads.
    sink: Option<UnixStream>,
}

/// A connection within this process (socketpair(2)), in two ends.
///
/// # Errors
/// As socketpair(2).
pub fn local_connection() -> io::Result<(Waiting, Handover)> {
    let (ours, theirs) = UnixStream::pair()?;
    // Both are stream sockets: what TcpStream does with one holds for the other (socket(7)).
    let ours = TcpStream::from(OwnedFd::from(ours));
    let handover = Handover {
        theirs: theirs.into(),
        sink: None,
    };
    Ok((Waiting(ours), handover))
}

/// A connection on which `bytes` come, and then the end.
///
/// # Errors
/// As socketpair(2); they are more than the kernel holds for a connection.
pub fn replay(bytes: &[u8]) -> io::Result<Handover> {
    let (mut ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    ours.write_all(bytes)?;
    ours.shutdown(Shutdown::Write)?;
    Ok(Handover {
        theirs: theirs.into(),
        sink: Some(ours),
    })
}

impl Waiting {
    /// Our end, when minreq has asked for its tunnel. Nobody but this process has the other one.
    ///
    /// # Errors
    /// It did not ask within `at_most`, or gave up first (`UnexpectedEof`).
    pub fn accept(self, at_most: Duration) -> io::Result<TcpStream> {
        match read_head(&self.0, at_most) {
            Ok(_) => Ok(self.0),
            Err(cause) => {
                // Left open as long as the process: minreq panics where it can't write its first line.
                let _ = self.0.into_raw_fd();
                Err(cause)
            }
        }
    }
}

impl Handover {
    /// The address of a proxy for minreq, to which no connection is made.
    #[allow(clippy::unused_self, reason = "one signature on every system")]
    pub fn proxy(&self) -> String {
        "http://127.0.0.1:1".to_owned()
    }

    /// Makes the first connection that `call` asks for this one.
    pub fn give<T>(self, call: impl FnOnce() -> T) -> T {
        NEXT.set(self.theirs.into_raw_fd());
        let result = call();
        drop(take_next());
        if let Some(mut request) = self.sink {
            // Closed before it is read, it would reset the other end (unix(7)). It does not block.
            let _ = io::copy(&mut request, &mut io::sink());
        }
        result
    }
}

fn take_next() -> Option<OwnedFd> {
    let next = NEXT.replace(NONE);
    // SAFETY: a descriptor in NEXT came out of an OwnedFd, and the replacement makes us its only owner.
    (next != NONE).then(|| unsafe { OwnedFd::from_raw_fd(next) })
}

/// connect(2), or the connection that was handed over.
#[unsafe(no_mangle)]
extern "C" fn connect(socket: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
    let Some(given) = take_next() else {
        // SAFETY: the caller's arguments, unchanged, under the caller's contract (connect(2)).
        let result = unsafe { libc::syscall(libc::SYS_connect, socket, address, length) };
        return if result < 0 { -1 } else { 0 };
    };
    // SAFETY: both descriptors are open; the caller's, a new socket, becomes a copy of ours (dup3(2)).
    match unsafe { libc::dup3(given.as_raw_fd(), socket, libc::O_CLOEXEC) } {
        ..0 => -1,
        _ => 0,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::ErrorKind;
    use std::net::{SocketAddr, TcpStream};
    use std::ptr;

    use super::{connect, local_connection};

    #[test]
    fn what_can_not_be_connected_is_an_error() {
        // Bound, and not listening: nobody else gets the port.
        let taken =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        taken
            .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
            .unwrap();
        let address = taken.local_addr().unwrap().as_socket().unwrap();
        let refused = TcpStream::connect(address).map_err(|cause| cause.kind());
        assert_eq!(refused.map(drop), Err(ErrorKind::ConnectionRefused));
    }

    #[test]
    fn a_socket_that_is_none_is_given_nothing() {
        let (_waiting, handover) = local_connection().unwrap();
        assert_eq!(handover.give(|| connect(-1, ptr::null(), 0)), -1);
    }
}
