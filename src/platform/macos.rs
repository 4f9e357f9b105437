//! macOS.

use std::io;
use std::sync::OnceLock;

pub(super) use libc::__error as errno_location;

pub use super::unix::*;
use crate::hex;

/// The operating system's identity of this machine, as 32 lower-case hexadecimal digits
/// (gethostuuid(2)). It is only ever hashed.
pub fn machine_id() -> Option<String> {
    let mut id = [0_u8; 16];
    let one_second = libc::timespec {
        tv_sec: 1,
        tv_nsec: 0,
    };
    // SAFETY: gethostuuid(2) writes sixteen bytes, and `id` has sixteen.
    if unsafe { libc::gethostuuid(id.as_mut_ptr(), &raw const one_second) } != 0 || id == [0; 16] {
        return None;
    }
    Some(hex::encode(&id))
}

/// The limit for core dumps that was found.
static CORE_LIMIT: OnceLock<libc::rlimit> = OnceLock::new();

/// Keeps what this process holds out of core dumps. Only the soft limit is lowered: it can be raised again.
///
/// # Errors
/// As setrlimit(2).
pub fn forbid_core_dumps() -> io::Result<()> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: getrlimit(2) writes the one structure that it is given.
    check(unsafe { libc::getrlimit(libc::RLIMIT_CORE, &raw mut limit) })?;
    CORE_LIMIT.get_or_init(|| limit);
    limit.rlim_cur = 0;
    // SAFETY: setrlimit(2) reads the one structure that it is given.
    check(unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const limit) })
}

/// Gives the limit for core dumps back to the program that takes this one's place.
pub(super) fn restore_core_limit() {
    if let Some(limit) = CORE_LIMIT.get() {
        // SAFETY: setrlimit(2) reads the one structure that it is given. Up to the hard limit it can't fail.
        unsafe { libc::setrlimit(libc::RLIMIT_CORE, limit) };
    }
}
