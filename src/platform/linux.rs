//! Linux.

use std::ffi::CString;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub(super) use libc::__errno_location as errno_location;

pub use super::unix::*;

// The C library's would take 22 µs more per start. Tools that watch the heap know only that one.
#[cfg(not(system_heap))]
#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// The operating system's identity of this machine: 32 lower-case hexadecimal digits. It is
/// confidential (machine-id(5)) and is only ever hashed.
pub fn machine_id() -> Option<String> {
    let files = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
    files.into_iter().find_map(read_machine_id)
}

fn read_machine_id(path: &str) -> Option<String> {
    let mut text = String::new();
    // 32 digits and a line end; one byte more shows that the file is longer.
    let mut file = open_to_read(Path::new(path)).ok()?.take(34);
    file.read_to_string(&mut text).ok()?;
    let id = text.trim_ascii().to_ascii_lowercase();
    let is_valid = id.len() == 32
        && id.bytes().all(|digit| digit.is_ascii_hexdigit())
        && id.bytes().any(|digit| digit != b'0');
    is_valid.then_some(id)
}

/// Keeps what this process holds out of core dumps, by file and by pipe, and out of other
/// processes' reach. execve(2) resets it (prctl(2), `PR_SET_DUMPABLE`).
///
/// # Errors
/// A filter of system calls refuses it (seccomp(2)).
pub fn forbid_core_dumps() -> io::Result<()> {
    // SAFETY: PR_SET_DUMPABLE takes one integer and touches no memory of ours.
    check(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) })
}

/// There is nothing to restore for the program that takes this one's place.
pub(super) fn restore_core_limit() {}

/// Whether something is mounted on this very file, as containers do with a single file (statx(2),
/// `STATX_ATTR_MOUNT_ROOT`; a kernel before 5.8 does not tell).
pub fn is_mount_point(path: &Path) -> bool {
    let path = CString::new(path.as_os_str().as_bytes()).unwrap_or_default();
    // SAFETY: statx is a plain structure of integers, for which zero is a value.
    let mut found: libc::statx = unsafe { std::mem::zeroed() };
    let (folder, flags) = (libc::AT_FDCWD, libc::AT_SYMLINK_NOFOLLOW);
    // SAFETY: the path is zero-terminated and statx(2) writes one structure.
    unsafe { libc::statx(folder, path.as_ptr(), flags, 0, &raw mut found) };
    // Where the call fails, nothing has been written.
    found.stx_attributes & libc::STATX_ATTR_MOUNT_ROOT as u64 != 0
}
