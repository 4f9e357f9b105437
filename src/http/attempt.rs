//! One attempt, from the name of the backend to the last byte of its answer.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, TcpStream};

use rustls::ClientConnection;

use super::codec::{Answer, encode};
use super::deadline::Deadline;
use super::failure::Failure;
use super::message::{Request, Response};
use super::proxy::Proxy;
use super::{connect, resolve};
use crate::backend_url::BackendUrl;
use crate::tls::{self, Trust};

/// What is read at once, in bytes.
const PIECE: usize = 8 * 1024;

/// Where requests go, and how.
pub(super) struct Target {
    /// The backend.
    pub(super) base: BackendUrl,
    /// The proxy in between.
    pub(super) proxy: Option<Proxy>,
    /// Which CAs are trusted, where it is https.
    pub(super) trust: Option<Trust>,
}

impl Target {
    /// What the connection is made to: the proxy, or the backend itself.
    fn next_hop(&self) -> &BackendUrl {
        self.proxy.as_ref().map_or(&self.base, |proxy| &proxy.url)
    }
}

/// An attempt, in steps that `sekuire doctor --online` takes one by one.
pub(super) struct Attempt<'a> {
    pub(super) target: &'a mut Target,
    pub(super) deadline: Deadline<'a>,
}

impl Attempt<'_> {
    /// Sends a request and returns the answer.
    ///
    /// # Errors
    /// There was no answer.
    pub(super) fn make(mut self, request: &Request) -> Result<Response, Failure> {
        let addresses = self.resolve()?;
        let stream = self.connect(&addresses)?;
        self.tunnel(&stream)?;
        let (stream, session) = self.shake_hands(&addresses, stream)?;
        // While the connection is open: the descriptors that suffice here suffice for decoding, too.
        let request = encode(&self.target.base, request).map_err(|cause| Failure::local(&cause))?;
        let mut wire = self.deadline.bound(&stream);
        match session {
            None => exchange(&mut wire, &request, self.target),
            Some(mut session) => {
                let mut wire = rustls::Stream::new(&mut session, &mut wire);
                exchange(&mut wire, &request, self.target)
            }
        }
    }

    /// The addresses of the backend, or of its proxy.
    pub(super) fn resolve(&mut self) -> Result<Vec<IpAddr>, Failure> {
        let hint = "check the name, the name servers and /etc/hosts";
        let failure = |how| Failure::passing(how, hint);
        resolve::resolve(self.target.next_hop().name(), &mut self.deadline)
            .map_err(|cause| Failure::of(&cause, "looking up the name", failure))
    }

    /// A connection to one of them.
    pub(super) fn connect(&mut self, addresses: &[IpAddr]) -> Result<TcpStream, Failure> {
        connect::connect(addresses, self.target.next_hop().port(), &mut self.deadline)
            .map_err(|cause| Failure::of(&cause, "connecting", Failure::network))
    }

    /// A way through the proxy, where there is one.
    pub(super) fn tunnel(&mut self, stream: &TcpStream) -> Result<(), Failure> {
        match &self.target.proxy {
            Some(proxy) => proxy.tunnel(&mut self.deadline.bound(stream), &self.target.base),
            None => Ok(()),
        }
    }

    /// TLS, where it is https. The system's hashed folder of CAs is read only when its bundle was not enough;
    /// then another connection is made.
    pub(super) fn shake_hands(
        &mut self,
        addresses: &[IpAddr],
        mut stream: TcpStream,
    ) -> Result<(TcpStream, Option<ClientConnection>), Failure> {
        loop {
            let Target { base, trust, .. } = &mut *self.target;
            let Some(trust) = trust else {
                return Ok((stream, None));
            };
            let cause = match trust.shake_hands(&mut self.deadline.bound(&stream), base.host()) {
                Ok(session) => return Ok((stream, Some(session))),
                Err(cause) => cause,
            };
            let Some(error) = tls::error(&cause) else {
                return Err(Failure::of(&cause, "shaking hands", Failure::network));
            };
            if !tls::is_unknown_ca(&error) || !trust.read_folders() {
                return Err(Failure::tls(&error, self.target));
            }
            stream = self.connect(addresses)?;
            self.tunnel(&stream)?;
        }
    }
}

/// Sends a request and reads the answer.
fn exchange(
    stream: &mut (impl Read + Write),
    request: &[u8],
    target: &Target,
) -> Result<Response, Failure> {
    // A server may answer before it has the whole request, and close: what matters is the answer.
    let _ = stream.write_all(request).and_then(|()| stream.flush());
    let mut answer = Answer::default();
    let mut buffer = [0; PIECE];
    loop {
        let read = match stream.read(&mut buffer) {
            Ok(0) => return answer.end(true),
            Ok(read) => buffer.get(..read).unwrap_or_default(),
            // So rustls reports an end without close_notify.
            Err(cause) if cause.kind() == ErrorKind::UnexpectedEof => return answer.end(false),
            Err(cause) => {
                return Err(match tls::error(&cause) {
                    Some(error) => Failure::tls(&error, target),
                    None => Failure::of(&cause, "waiting for the answer", |how| answer.lost(how)),
                });
            }
        };
        if let Some(response) = answer.push(read)? {
            return Ok(response);
        }
    }
}
