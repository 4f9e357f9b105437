//! What Linux and macOS have in common (POSIX).

#[cfg(not(test))]
mod entry;
mod files;
mod hidden_input;

use std::ffi::CStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::os::unix::fs::OpenOptionsExt;

pub use files::*;
pub use hidden_input::read_hidden;

/// Standard input without a buffer: a buffer would keep a copy of the key, and would take bytes
/// that belong to whoever reads next.
pub fn standard_input() -> ManuallyDrop<File> {
    descriptor(libc::STDIN_FILENO)
}

/// Standard output without a buffer, and without std's habit of taking a closed one for a sink.
pub fn standard_output() -> ManuallyDrop<File> {
    descriptor(libc::STDOUT_FILENO)
}

fn descriptor(number: libc::c_int) -> ManuallyDrop<File> {
    // SAFETY: the descriptors 0 to 2 are open from entry.rs on, and are never closed through this
    // File, for it is never dropped.
    ManuallyDrop::new(unsafe { File::from_raw_fd(number) })
}

/// The terminal of this session, for a prompt while standard output leads elsewhere.
///
/// # Errors
/// There is none.
pub fn controlling_terminal() -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_NOCTTY)
        .open("/dev/tty")
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
    // SAFETY: the buffer is valid for its length; its last byte stays zero, because one less is offered.
    let result = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) };
    if result != 0 {
        return String::new();
    }
    CStr::from_bytes_until_nul(&name)
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Sees to it that a closed pipe or a limit on file sizes is an error, not the end: a signal between
/// the backend's answer and the saving of the key would waste the binding.
pub fn ignore_write_signals() {
    for signal in [libc::SIGPIPE, libc::SIGXFSZ] {
        // SAFETY: SIG_IGN is a valid disposition for both (signal(7)); no handler of ours is replaced.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// Sets the limit for core dumps to nothing (core(5): it holds for files; see `forbid_core_dumps`
/// for pipes).
pub(super) fn forbid_core_files() {
    let none = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: setrlimit(2) reads the one structure that it is given. Lowering a limit can't fail.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
}

/// Sets or removes a variable of this process's environment.
///
/// Call it only while no second thread exists.
pub fn set_variable(name: &str, value: Option<&std::ffi::OsStr>) {
    // SAFETY: called from the main thread before the first thread is started (http.rs), so nobody
    // reads the environment meanwhile (setenv(3), "MT-Unsafe const:env").
    unsafe {
        match value {
            Some(value) => std::env::set_var(name, value),
            None => std::env::remove_var(name),
        }
    }
}
