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

#[cfg(any(not(target_os = "linux"), test))]
mod loopback;
#[cfg(not(target_os = "linux"))]
pub use loopback::{Handover, Waiting, local_connection, replay};

use std::io::{self, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A socket, and what is waited for on it.
pub struct Watch<'a> {
    /// The socket.
    pub stream: &'a TcpStream,
    /// Whether it is of interest that something can be read, or that the peer has closed.
    pub read: bool,
    /// Whether it is of interest that something can be written, or that a connection is made.
    pub write: bool,
    /// Whether it has come.
    pub ready: bool,
}

impl Watch<'_> {
    /// A socket that is to be read.
    pub fn for_reading(stream: &TcpStream) -> Watch<'_> {
        Watch {
            stream,
            read: true,
            write: false,
            ready: false,
        }
    }

    /// A socket that is to be written, or that is connecting.
    pub fn for_writing(stream: &TcpStream) -> Watch<'_> {
        Watch {
            stream,
            read: false,
            write: true,
            ready: false,
        }
    }
}

/// The longest head of minreq's request for a tunnel, in bytes.
const MAX_HEAD: usize = 4 * 1024;

/// Reads minreq's request for a tunnel (RFC 9110, 9.3.6), behind which it waits for the reply.
fn read_head(mut stream: &TcpStream, at_most: Duration) -> io::Result<Vec<u8>> {
    let until = Instant::now() + at_most;
    let mut head = Vec::new();
    let mut buffer = [0; 512];
    while !head.ends_with(b"\r\n\r\n") {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || head.len() > MAX_HEAD {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => head.extend_from_slice(buffer.get(..read).unwrap_or_default()),
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            // As a socket's time-out tells of itself (socket(7)).
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(head)
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
