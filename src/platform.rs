//! The operating system: one file for each, with one signature per function on every system.
//! All unsafe code lies below this file, and all `cfg` but those of src/tls.rs and of tests.

mod stream;

#[cfg(unix)]
mod unix;

// Another system needs a file of its own.
#[cfg(target_os = "linux")]
#[path = "platform/linux.rs"]
mod system;
#[cfg(target_os = "macos")]
#[path = "platform/macos.rs"]
mod system;
#[cfg(windows)]
#[path = "platform/windows.rs"]
mod system;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::{env, fmt};

pub use stream::*;
pub use system::*;

/// A family of addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Who may do what with a file or folder.
#[derive(Default)]
pub struct Access {
    /// The permission bits; none where access lists decide.
    pub mode: Option<u32>,
    /// Whose it is.
    pub owner: u32,
    /// Who asks: this process's user.
    pub user: u32,
}

impl Access {
    /// Whether it belongs to the user who asks.
    pub fn is_own(&self) -> bool {
        self.owner == self.user
    }

    /// Whether it belongs to somebody else, and not to root, who can do everything anyway.
    pub fn is_foreign(&self) -> bool {
        self.owner != 0 && !self.is_own()
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = user(self.owner);
        match self.mode {
            Some(mode) => write!(f, "owner {owner}, mode {mode:04o}"),
            None => f.write_str("see its access list"),
        }
    }
}

/// A user in words. No name is looked up: the password database may be a network's.
pub fn user(uid: u32) -> String {
    match uid {
        0 => "root".to_owned(),
        uid => format!("uid {uid}"),
    }
}

/// Makes the disk keep what was renamed or removed in a folder (fsync(2)).
///
/// # Errors
/// As fsync(2). It is no error where it can't be done: in a folder that this user can't read, on Windows, which
/// opens no folder, and on a file system that does not know how.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    use ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    let is_done = |kind| matches!(kind, InvalidInput | PermissionDenied | Unsupported);
    match File::open(path).and_then(|folder| folder.sync_all()) {
        Err(cause) if is_done(cause.kind()) => Ok(()),
        result => result,
    }
}

/// Whether something is mounted on this very file: but for Linux nothing can be.
#[cfg(not(target_os = "linux"))]
pub fn is_mount_point(_path: &Path) -> bool {
    false
}

/// Sets a variable of this process's environment.
///
/// Call it only while no second thread exists, and with a value that has no zero byte: std would panic.
pub fn set_variable(name: &str, value: &OsStr) {
    // SAFETY: called before the first look-up's thread is started, so nobody reads the environment meanwhile.
    unsafe { env::set_var(name, value) };
}

/// Removes all entries of a variable from this process's environment.
///
/// Call it only while no second thread exists.
pub fn remove_variable(name: &str) {
    // SAFETY: as in `set_variable`; a name of ours is never malformed.
    unsafe { env::remove_var(name) };
}
