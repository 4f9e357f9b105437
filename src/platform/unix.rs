//! What Linux and macOS have in common (POSIX).

#[cfg(not(test))]
mod entry;
mod exec;
mod files;
mod handover;
mod hidden_input;
mod resolver;
mod signals;

use std::ffi::{CStr, CString, OsStr};
use std::fs::{File, OpenOptions};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::OnceLock;

pub use exec::run_program;
pub use files::*;
pub use handover::converse;
pub use hidden_input::read_hidden;
pub use resolver::addresses;
pub use signals::prepare_signals;

use super::Stream;

/// Standard input.
pub fn standard_input() -> Stream {
    descriptor(libc::STDIN_FILENO)
}

/// Standard output, without std's habit of taking a closed one for a sink.
pub fn standard_output() -> Stream {
    descriptor(libc::STDOUT_FILENO)
}

/// Standard error.
pub fn standard_error() -> Stream {
    descriptor(libc::STDERR_FILENO)
}

fn descriptor(number: RawFd) -> Stream {
    // SAFETY: the descriptors 0 to 2 are open from entry.rs on, and a Stream never closes its own.
    Stream(ManuallyDrop::new(unsafe { File::from_raw_fd(number) }))
}

/// The terminal of this session, for a prompt while standard output leads elsewhere.
///
/// # Errors
/// There is none.
pub fn controlling_terminal() -> io::Result<Stream> {
    let terminal = OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_NOCTTY)
        .open("/dev/tty")?;
    Ok(Stream(ManuallyDrop::new(terminal)))
}

/// Waits until there is something to read, or its end.
pub(super) fn wait_until_readable(file: &File) -> io::Result<()> {
    is_ready(file.as_raw_fd(), libc::POLLIN, -1).map(drop)
}

/// Waits until something can be written, or never can be again.
pub(super) fn wait_until_writable(file: &File) -> io::Result<()> {
    is_ready(file.as_raw_fd(), libc::POLLOUT, -1).map(drop)
}

/// Whether one of `events` comes within `milliseconds`, of which −1 is for ever (poll(2)).
fn is_ready(descriptor: RawFd, events: libc::c_short, milliseconds: i32) -> io::Result<bool> {
    let mut polled = libc::pollfd {
        fd: descriptor,
        events,
        revents: 0,
    };
    // SAFETY: poll(2) is told of one entry, and `polled` is one.
    match unsafe { libc::poll(&raw mut polled, 1, milliseconds) } {
        -1 => Err(io::Error::last_os_error()),
        ready => Ok(ready == 1),
    }
}

/// What a call said that returns 0, or −1 and errno.
pub(super) fn check(result: libc::c_int) -> io::Result<()> {
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The width of the terminal under standard error, in columns.
pub fn terminal_width() -> Option<usize> {
    // SAFETY: winsize is a plain structure of integers, for which zero is a value.
    let mut size: libc::winsize = unsafe { std::mem::zeroed() };
    // SAFETY: TIOCGWINSZ writes one winsize (ioctl_tty(2)), and `size` is one.
    let result = unsafe { libc::ioctl(libc::STDERR_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    Some(usize::from(size.ws_col)).filter(|columns| result == 0 && *columns > 0)
}

/// The whole host name (gethostname(2)).
pub fn host_name() -> String {
    let mut name = [0_u8; 256];
    // SAFETY: the buffer is valid for its length. Where a name fills it, no zero need stand behind it.
    let result = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len()) };
    if result != 0 {
        return String::new();
    }
    CStr::from_bytes_until_nul(&name)
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The limit for core dumps that was found.
static CORE_LIMIT: OnceLock<libc::rlim_t> = OnceLock::new();

/// Sets the limit for core dumps to nothing (core(5): it holds for files; see `forbid_core_dumps`
/// for pipes). Only the soft limit, which can be given back.
pub(super) fn forbid_core_files() -> io::Result<()> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: getrlimit(2) writes the one structure that it is given.
    check(unsafe { libc::getrlimit(libc::RLIMIT_CORE, &raw mut limit) })?;
    CORE_LIMIT.get_or_init(|| limit.rlim_cur);
    limit.rlim_cur = 0;
    // SAFETY: setrlimit(2) reads the one structure that it is given.
    check(unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const limit) })
}

/// Gives back the limit for core dumps that [`forbid_core_files`] found.
fn allow_core_files() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: getrlimit(2) writes the one structure that it is given.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_CORE, &raw mut limit) } == 0;
    if let (true, Some(found)) = (known, CORE_LIMIT.get()) {
        limit.rlim_cur = *found;
        // SAFETY: setrlimit(2) reads the one structure that it is given. Up to the hard limit it can't fail.
        unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const limit) };
    }
}

/// Sets a variable of this process's environment. std's own function panics where this fails.
///
/// Call it only while no second thread exists.
///
/// # Errors
/// As setenv(3): memory is short. Also where a zero byte stands in the value.
pub fn set_variable(name: &str, value: &OsStr) -> io::Result<()> {
    let (name, value) = (CString::new(name)?, CString::new(value.as_bytes())?);
    // SAFETY: both are zero-terminated, and copied; called from the main thread before the first thread
    // is started (http.rs), so nobody reads the environment meanwhile (setenv(3), "MT-Unsafe const:env").
    check(unsafe { libc::setenv(name.as_ptr(), value.as_ptr(), 1) })
}

/// Removes a variable from this process's environment.
///
/// Call it only while no second thread exists.
pub fn remove_variable(name: &str) {
    // SAFETY: as in `set_variable`. Nothing is allocated, and a name of ours is never malformed.
    unsafe { std::env::remove_var(name) }
}

/// What this machine is short of, where a call failed for that reason (errno(3)).
pub fn shortage(cause: &io::Error) -> Option<&'static str> {
    match cause.raw_os_error() {
        Some(libc::EAGAIN) => {
            Some("processes or threads (ulimit -u, or the container's pids limit)")
        }
        Some(libc::EMFILE | libc::ENFILE) => Some("open files (ulimit -n)"),
        Some(libc::ENOMEM | libc::ENOBUFS) => Some("memory or address space (ulimit -v)"),
        _ if cause.kind() == io::ErrorKind::OutOfMemory => {
            Some("memory or address space (ulimit -v)")
        }
        _ => None,
    }
}

/// Sets this thread's error number, which a caller of a C function reads.
fn set_errno(value: libc::c_int) {
    #[cfg(target_os = "linux")]
    // SAFETY: the pointer is to this thread's errno (errno(3)), valid while the thread lives.
    unsafe {
        *libc::__errno_location() = value;
    }
    #[cfg(target_os = "macos")]
    // SAFETY: as above.
    unsafe {
        *libc::__error() = value;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{check, io, shortage};

    #[test]
    fn a_shortage_has_words() {
        let of = |number| shortage(&io::Error::from_raw_os_error(number));
        let (processes, files) = (of(libc::EAGAIN).unwrap(), of(libc::EMFILE).unwrap());
        assert!(processes.contains("ulimit -u") && files.contains("ulimit -n"));
        assert_eq!(of(libc::ENFILE), Some(files));
        let memory = of(libc::ENOMEM).unwrap();
        assert!(memory.contains("ulimit -v"));
        assert_eq!(of(libc::ENOBUFS), Some(memory));
        assert_eq!(shortage(&io::ErrorKind::OutOfMemory.into()), Some(memory));
        assert_eq!(of(libc::ENOENT), None);
        assert_eq!(shortage(&io::Error::other("memory")), None);
    }

    #[test]
    fn a_call_says_whether_it_failed() {
        assert!(check(0).is_ok() && check(-1).is_err());
    }
}
