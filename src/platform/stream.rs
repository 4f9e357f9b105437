//! The standard descriptors and the terminal.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind::WouldBlock, IsTerminal, Read, Write};
use std::mem::ManuallyDrop;

use super::{TERMINAL, borrow, wait_until_readable, wait_until_writable};

/// A standard descriptor or the terminal: without a buffer, which would keep a copy of the key and
/// take bytes that belong to the next reader; and never closed.
///
/// It waits also where the descriptor does not block. `O_NONBLOCK` belongs to the open file (open(2)),
/// which other processes share: it is not ours to clear.
pub struct Stream(pub(super) ManuallyDrop<File>);

/// Standard input.
pub fn standard_input() -> Stream {
    Stream(borrow(&io::stdin()))
}

/// Standard output.
pub fn standard_output() -> Stream {
    Stream(borrow(&io::stdout()))
}

/// Standard error.
pub fn standard_error() -> Stream {
    Stream(borrow(&io::stderr()))
}

/// The terminal of this session, for a prompt while standard output leads elsewhere.
///
/// # Errors
/// There is no such terminal.
pub fn controlling_terminal() -> io::Result<Stream> {
    let terminal = OpenOptions::new().read(true).write(true).open(TERMINAL)?;
    Ok(Stream(ManuallyDrop::new(terminal)))
}

impl Stream {
    /// Whether this is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.0.is_terminal()
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(cause) if cause.kind() == WouldBlock => wait_until_readable(&self.0)?,
                result => return result,
            }
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(cause) if cause.kind() == WouldBlock => wait_until_writable(&self.0)?,
                result => return result,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
