//! Lets the HTTP client talk to this program instead of to the network.
//!
//! minreq has no parameter for a socket: it always calls connect(2), through std. So this file defines
//! `connect` for the program, and the linker takes the program's before the C library's. A call for the
//! sentinel address gets a socket pair that was handed over; every other call goes to the system untouched.

use std::cell::Cell;
use std::io::ErrorKind::{ConnectionReset, OutOfMemory, WouldBlock};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use libc::{c_int, sockaddr, sockaddr_in, socklen_t};
use zeroize::Zeroizing;

use super::{check, set_errno};

/// The sentinel: nobody can listen on port 0 (tcp(7)).
const SENTINEL: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// What the client is to use as the scheme and authority of a URL.
const BASE: &str = "http://127.0.0.1:0";

/// What each end has to hold at once, in bytes: more than the largest answer that is accepted.
static BUFFER: c_int = 256 * 1024;

/// More than any request, in bytes: growing would leave a copy of the key behind.
const REQUEST: usize = 16 * 1024;

thread_local! {
    /// What this thread's next connection to the sentinel gets.
    static NEXT: Cell<Option<UnixStream>> = const { Cell::new(None) };
}

/// Calls `client` with the start of a URL. What it connects to under that URL takes what it sends, and
/// answers with `answer`. Returns what `client` returned, and what it sent.
///
/// # Errors
/// As socketpair(2) and dup2(2); the kernel's buffers are smaller than the answer (`OutOfMemory`).
pub fn converse<T>(
    answer: &[u8],
    client: impl FnOnce(&str) -> T,
) -> io::Result<(T, Zeroizing<Vec<u8>>)> {
    let (mut ours, theirs) = UnixStream::pair()?;
    for end in [&ours, &theirs] {
        // A buffer that is too small is an error here; writing to it would wait without end.
        end.set_nonblocking(true)?;
        enlarge_buffer(end)?;
    }
    ours.write_all(answer).map_err(|_| OutOfMemory)?;
    ours.shutdown(Shutdown::Write)?;
    NEXT.set(Some(theirs));
    let result = client(BASE);
    // Closed, if it was not used: else reading would find no end.
    drop(NEXT.take());
    let mut sent = Zeroizing::new(Vec::with_capacity(REQUEST));
    // The client is done, so what is there is all: it closed its end without having read all of the answer
    // (unix(7)), or a child that was forked meanwhile holds that end open.
    let is_end = |cause: &io::Error| matches!(cause.kind(), ConnectionReset | WouldBlock);
    match ours.read_to_end(&mut sent) {
        Err(cause) if !is_end(&cause) => Err(cause),
        _ => Ok((result, sent)),
    }
}

fn enlarge_buffer(end: &UnixStream) -> io::Result<()> {
    let (end, level, option) = (end.as_raw_fd(), libc::SOL_SOCKET, libc::SO_SNDBUF);
    let (size, length) = (&raw const BUFFER, size_of_val(&BUFFER));
    let length = socklen_t::try_from(length).unwrap_or_default();
    // SAFETY: SO_SNDBUF reads one integer (socket(7)), and the length says so.
    check(unsafe { libc::setsockopt(end, level, option, size.cast(), length) })
}

// Not for other programs' libraries: only this program's own calls are meant.
#[cfg(target_os = "linux")]
std::arch::global_asm!(".hidden connect");

/// connect(2), or for the sentinel what was handed over.
#[unsafe(no_mangle)]
extern "C" fn connect(socket: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
    // SAFETY: the caller's arguments, under the caller's contract (connect(2)).
    if !unsafe { is_sentinel(address, length) } {
        // SAFETY: as above.
        return unsafe { system_connect(socket, address, length) };
    }
    let Some(given) = NEXT.take() else {
        set_errno(libc::ECONNREFUSED);
        return -1;
    };
    // SAFETY: both descriptors are open; the caller's, a new socket, becomes a copy of ours (dup2(2)).
    unsafe { libc::dup2(given.as_raw_fd(), socket) }.min(0)
}

/// Whether this is exactly the sentinel.
///
/// # Safety
/// `address` is valid for `length` bytes.
unsafe fn is_sentinel(address: *const sockaddr, length: socklen_t) -> bool {
    if address.is_null() || usize::try_from(length).is_ok_and(|l| l < size_of::<sockaddr_in>()) {
        return false;
    }
    // SAFETY: the address is long enough for one, which is plain integers; it need not be aligned.
    let address = unsafe { address.cast::<sockaddr_in>().read_unaligned() };
    let (ip, port) = SENTINEL;
    c_int::from(address.sin_family) == libc::AF_INET
        && address.sin_port == port.to_be()
        && address.sin_addr.s_addr == ip.to_bits().to_be()
}

/// The system's own connect(2).
///
/// # Safety
/// As connect(2).
#[cfg(target_os = "linux")]
unsafe fn system_connect(socket: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
    // SAFETY: the caller's arguments, unchanged.
    let result = unsafe { libc::syscall(libc::SYS_connect, socket, address, length) };
    c_int::try_from(result).unwrap_or(-1)
}

/// The system's own connect(2): the next one behind this program's (dlsym(3)).
///
/// # Safety
/// As connect(2).
#[cfg(target_os = "macos")]
unsafe fn system_connect(socket: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
    type Connect = unsafe extern "C" fn(c_int, *const sockaddr, socklen_t) -> c_int;
    // SAFETY: the name is zero-terminated.
    let found = unsafe { libc::dlsym(libc::RTLD_NEXT, c"connect".as_ptr()) };
    // SAFETY: the system's function of that name has this signature, and null means none.
    let connect = unsafe { std::mem::transmute::<*mut libc::c_void, Option<Connect>>(found) };
    // SAFETY: the caller's arguments, unchanged.
    connect.map_or(-1, |connect| unsafe { connect(socket, address, length) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::{BASE, converse, io};

    fn talk(base: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(base.trim_start_matches("http://"))?;
        stream.write_all(b"question")?;
        let mut heard = String::new();
        stream.read_to_string(&mut heard)?;
        Ok(heard)
    }

    #[test]
    fn the_sentinel_gets_what_was_handed_over_once() {
        let (heard, sent) = converse(b"answer", talk).unwrap();
        assert_eq!(heard.unwrap(), "answer");
        assert_eq!(*sent, b"question");
        let refused = talk(BASE).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn any_other_address_goes_to_the_system() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let other = format!("http://{}", listener.local_addr().unwrap());
        let ((), sent) = converse(b"answer", |_| {
            let mut stream = TcpStream::connect(other.trim_start_matches("http://")).unwrap();
            stream.write_all(b"question").unwrap();
        })
        .unwrap();
        assert!(sent.is_empty());
        let mut heard = String::new();
        let (mut accepted, _) = listener.accept().unwrap();
        accepted.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "question");
        // The same port elsewhere, and an address of another family.
        for address in ["127.0.0.2:0", "[::1]:0"] {
            let ((), sent) = converse(b"answer", |_| {
                TcpStream::connect(address).unwrap_err();
            })
            .unwrap();
            assert!(sent.is_empty(), "{address}");
        }
    }

    #[test]
    fn the_largest_answer_fits() {
        let largest = "x".repeat(112 * 1024);
        let (heard, _) = converse(largest.as_bytes(), talk).unwrap();
        assert_eq!(heard.unwrap(), largest);
        let beyond = vec![b'x'; 4 * 1024 * 1024];
        let cause = converse(&beyond, talk).unwrap_err();
        assert_eq!(cause.kind(), ErrorKind::OutOfMemory);
    }
}
