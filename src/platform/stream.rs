//! The standard descriptors and the terminal.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::mem::ManuallyDrop;

use super::{wait_until_readable, wait_until_writable};

/// A standard descriptor or the terminal: without a buffer, which would keep a copy of the key and
/// take bytes that belong to whoever reads next; and never closed.
///
/// It waits also where the descriptor does not block. `O_NONBLOCK` belongs to the open file (open(2)),
/// which others share and may have set for themselves: it is not ours to clear.
pub struct Stream(pub(super) ManuallyDrop<File>);

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
                Err(cause) if cause.kind() == ErrorKind::WouldBlock => {
                    wait_until_readable(&self.0)?;
                }
                result => return result,
            }
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(cause) if cause.kind() == ErrorKind::WouldBlock => {
                    wait_until_writable(&self.0)?;
                }
                result => return result,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
