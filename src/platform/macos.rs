//! macOS.

use std::io;
use std::path::Path;

pub use super::unix::*;
use crate::hex;

/// The operating system's identity of this machine, as 32 lower-case hexadecimal digits
/// (gethostuuid(2)). It is only ever hashed.
pub fn machine_id() -> Option<String> {
    let mut id = [0_u8; 16];
    let at_once = libc::timespec {
        tv_sec: 1,
        tv_nsec: 0,
    };
    // SAFETY: gethostuuid(2) writes sixteen bytes, and `id` has sixteen.
    if unsafe { libc::gethostuuid(id.as_mut_ptr(), &raw const at_once) } != 0 || id == [0; 16] {
        return None;
    }
    Some(hex::encode(&id))
}

/// Opens a folder so that it can be neither read as a file nor written.
pub(super) const OPEN_UNUSABLE: libc::c_int = libc::O_RDONLY;

/// Keeps what this process holds out of core dumps (setrlimit(2)).
///
/// # Errors
/// As setrlimit(2).
pub fn forbid_core_dumps() -> io::Result<()> {
    forbid_core_files()
}

/// Whether something is mounted on this very file: here nothing can be.
pub fn is_mount_point(_path: &Path) -> bool {
    false
}
