//! The operating system: one file for each, with one signature per function on every system.
//! All unsafe code lies below this file, and all `cfg` but those of src/tls.rs and of tests.

mod stream;

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

use std::ffi::OsStr;
use std::{env, io};

pub use stream::*;

/// A family of addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
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

/// Sets a variable of this process's environment.
///
/// Call it only while no second thread exists.
///
/// # Errors
/// A zero byte stands in the value: std would panic.
pub fn set_variable(name: &str, value: &OsStr) -> io::Result<()> {
    if value.as_encoded_bytes().contains(&0) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: called before the first look-up's thread is started, so nobody reads the environment meanwhile.
    unsafe { env::set_var(name, value) };
    Ok(())
}

/// Removes all entries of a variable from this process's environment.
///
/// Call it only while no second thread exists.
pub fn remove_variable(name: &str) {
    // SAFETY: as in `set_variable`; a name of ours is never malformed.
    unsafe { env::remove_var(name) };
}
