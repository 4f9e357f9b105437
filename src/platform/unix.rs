//! What Linux and macOS have in common (POSIX).

mod files;
mod handover;
mod hidden_input;
mod resolver;
mod signals;

use std::ffi::{CStr, CString, OsString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::ptr;

pub use files::*;
pub use handover::converse;
pub use hidden_input::read_hidden;
pub use resolver::addresses;
pub use signals::prepare_signals;

/// The terminal of this session (tty(4)).
pub(super) const TERMINAL: &str = "/dev/tty";

/// A standard descriptor as a file that does not close it.
pub(super) fn borrow(standard: &impl AsRawFd) -> ManuallyDrop<File> {
    // SAFETY: std opens the descriptors 0 to 2 before `main` where they are closed, and nobody closes them.
    ManuallyDrop::new(unsafe { File::from_raw_fd(standard.as_raw_fd()) })
}

/// Waits until there is something to read, or its end.
pub(super) fn wait_until_readable(file: &File) -> io::Result<()> {
    is_ready(file.as_raw_fd(), libc::POLLIN, -1).map(drop)
}

/// Waits until something can be written, or never will be.
pub(super) fn wait_until_writable(file: &File) -> io::Result<()> {
    is_ready(file.as_raw_fd(), libc::POLLOUT, -1).map(drop)
}

/// Whether one of `events` comes within `milliseconds`; −1 waits forever (poll(2)).
fn is_ready(descriptor: RawFd, events: libc::c_short, milliseconds: i32) -> io::Result<bool> {
    let mut polled = libc::pollfd {
        fd: descriptor,
        events,
        revents: 0,
    };
    // SAFETY: poll(2) reads and writes one entry, and `polled` is one.
    match unsafe { libc::poll(&raw mut polled, 1, milliseconds) } {
        -1 => Err(io::Error::last_os_error()),
        ready => Ok(ready == 1),
    }
}

/// The result of a call that returns 0, or −1 and sets errno.
pub(super) fn check(result: libc::c_int) -> io::Result<()> {
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The whole host name (gethostname(2)).
pub fn host_name() -> String {
    let mut name = [0_u8; 256];
    // SAFETY: the buffer is valid for its length. Where a name fills it, no zero byte need follow.
    unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len()) };
    // Where the call fails, nothing has been written.
    let name = CStr::from_bytes_until_nul(&name).unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Replaces this process by the program that `call` names and gives arguments to, found by PATH. It inherits
/// this process's environment. What was changed for ourselves is undone: handlers go by themselves (execve(2)).
///
/// # Errors
/// As execvp(3). It returns only then.
pub fn run_program(call: &[OsString]) -> io::Result<u8> {
    let words = call.iter().map(|word| CString::new(word.as_bytes()));
    let words: Vec<CString> = words.collect::<Result<_, _>>()?;
    let program = words.first().ok_or(ErrorKind::InvalidInput)?;
    let pointers = words.iter().map(|word| word.as_ptr());
    let pointers: Vec<_> = pointers.chain([ptr::null()]).collect();
    super::restore_core_limit();
    // SAFETY: signal(2) takes two numbers here. std ignores SIGPIPE, and execve(2) keeps that.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    // SAFETY: each word is zero-terminated, the list ends with a null pointer, and both live on (execvp(3)).
    unsafe { libc::execvp(program.as_ptr(), pointers.as_ptr()) };
    Err(io::Error::last_os_error())
}

/// What this machine is short of, where a call failed for that reason (errno(3)).
pub fn shortage(cause: &io::Error) -> Option<&'static str> {
    match cause.raw_os_error() {
        Some(libc::EAGAIN) => {
            Some("processes or threads (ulimit -u, or the container's pids limit)")
        }
        Some(libc::EMFILE | libc::ENFILE) => Some("open files (ulimit -n)"),
        Some(libc::EFBIG) => Some("room for a file of this size (ulimit -f)"),
        _ if cause.kind() == ErrorKind::OutOfMemory => Some("memory or address space (ulimit -v)"),
        _ => None,
    }
}

/// Sets this thread's error number, which a caller of a C function reads.
fn set_errno(value: libc::c_int) {
    // SAFETY: the pointer is to this thread's errno (errno(3)), valid while the thread lives.
    unsafe { *super::errno_location() = value };
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{ErrorKind, check, io, set_errno, shortage};

    #[test]
    fn a_shortage_has_words() {
        let of = |number| shortage(&io::Error::from_raw_os_error(number));
        let (processes, files) = (of(libc::EAGAIN).unwrap(), of(libc::EMFILE).unwrap());
        assert!(processes.contains("ulimit -u") && files.contains("ulimit -n"));
        assert_eq!(of(libc::ENFILE), Some(files));
        let memory = of(libc::ENOMEM).unwrap();
        assert!(memory.contains("ulimit -v"));
        assert_eq!(shortage(&ErrorKind::OutOfMemory.into()), Some(memory));
        assert_eq!(of(libc::ENOENT), None);
        assert_eq!(shortage(&io::Error::other("memory")), None);
    }

    #[test]
    fn a_call_says_whether_it_failed() {
        set_errno(libc::EINTR);
        assert!(check(0).is_ok());
        assert_eq!(check(-1).unwrap_err().raw_os_error(), Some(libc::EINTR));
    }
}
