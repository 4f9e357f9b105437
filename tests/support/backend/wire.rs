//! A connection in clear or under TLS, and the ways to end it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, Stream};
use socket2::SockRef;

use super::behaviour::End;

/// How long a client may take to close after us.
const LINGER: Duration = Duration::from_secs(5);

pub(super) struct Wire {
    socket: TcpStream,
    tls: Option<ServerConnection>,
}

impl Wire {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self { socket, tls: None }
    }

    /// Completes the handshake.
    pub(super) fn handshake(&mut self, config: Arc<ServerConfig>) -> io::Result<()> {
        let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut self.socket)?;
        }
        self.tls = Some(tls);
        Ok(())
    }

    /// Appends what comes next; an error at the end.
    pub(super) fn receive(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let mut piece = [0; 4096];
        let length = match &mut self.tls {
            None => self.socket.read(&mut piece)?,
            Some(tls) => Stream::new(tls, &mut self.socket).read(&mut piece)?,
        };
        bytes.extend_from_slice(&piece[..length]);
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            return self.socket.write_all(bytes);
        };
        let mut stream = Stream::new(tls, &mut self.socket);
        stream.write_all(bytes)?;
        stream.flush()
    }

    /// Ends it. What is closed before all is read is reset, which could take our last words with it (RFC 9112,
    /// section 9.6): the client closes first.
    pub(super) fn end(mut self, end: End) -> io::Result<()> {
        match end {
            End::Silence => {}
            // The socket's close is a reset (`SO_LINGER` 0, socket(7)).
            End::Reset => return SockRef::from(&self.socket).set_linger(Some(Duration::ZERO)),
            End::Close | End::Cut => {
                if let (Some(tls), End::Close) = (&mut self.tls, end) {
                    tls.send_close_notify();
                    self.send(b"")?;
                }
                self.socket.shutdown(Shutdown::Write)?;
                self.socket.set_read_timeout(Some(LINGER))?;
            }
        }
        io::copy(&mut self.socket, &mut io::sink()).map(drop)
    }
}
