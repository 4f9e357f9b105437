//! A connection in clear or under TLS, and the ways to end it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use nix::libc;
use nix::sys::socket::{setsockopt, sockopt};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How long a client may take to close after us.
const LINGER: Duration = Duration::from_secs(5);

pub(super) enum Wire<'a> {
    Clear(&'a TcpStream),
    Tls(Box<StreamOwned<ServerConnection, &'a TcpStream>>),
}

impl<'a> Wire<'a> {
    /// Completes the handshake.
    pub(super) fn tls(mut socket: &'a TcpStream, config: Arc<ServerConfig>) -> io::Result<Self> {
        let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        Ok(Self::Tls(Box::new(StreamOwned::new(connection, socket))))
    }

    /// Says goodbye, under TLS too, and waits for the client to do so: closing before all is read
    /// would reset the connection and could take our last words with it (RFC 9112, section 9.6).
    pub(super) fn close(mut self) -> io::Result<()> {
        if let Self::Tls(stream) = &mut self {
            stream.conn.send_close_notify();
            stream.flush()?;
        }
        self.end()
    }

    /// The same without the goodbye, as many servers under TLS.
    pub(super) fn end(self) -> io::Result<()> {
        self.socket().shutdown(Shutdown::Write)?;
        self.socket().set_read_timeout(Some(LINGER))?;
        self.drain()
    }

    /// The socket's close will be a reset (`SO_LINGER` 0, socket(7)), without goodbye.
    pub(super) fn reset(self) -> io::Result<()> {
        let at_once = libc::linger {
            l_onoff: 1,
            l_linger: 0,
        };
        Ok(setsockopt(self.socket(), sockopt::Linger, &at_once)?)
    }

    /// Waits, silent, until the client closes.
    pub(super) fn drain(&self) -> io::Result<()> {
        io::copy(&mut self.socket(), &mut io::sink()).map(drop)
    }

    fn socket(&self) -> &'a TcpStream {
        match self {
            Self::Clear(socket) => socket,
            Self::Tls(stream) => stream.sock,
        }
    }
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Clear(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Clear(socket) => socket.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Clear(socket) => socket.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
