//! The operating system: one file for each, with one signature per function on every system.
//! All unsafe code lies below this file, and all `cfg` but that of src/tls.rs.

mod stream;
pub use stream::Stream;

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
