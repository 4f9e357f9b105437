//! One attempt, from the name of the backend to the last byte of its answer.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream};

use rustls::ClientConnection;

use super::codec::{Answer, encode};
use super::connect::connect;
use super::deadline::Deadline;
use super::failure::{Blame, Failure};
use super::message::{Request, Response};
use super::proxy::Proxy;
use super::resolve::resolve;
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

/// An attempt, in steps.
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
        let (stream, session) = self.open(&mut |_| ())?;
        // While the connection is open: the descriptors that suffice here suffice for decoding, too.
        let request = encode(&self.target.base, request).map_err(|cause| Failure::local(&cause))?;
        let trust = self.target.trust.as_ref();
        let mut wire = self.deadline.bound(&stream);
        match session {
            None => exchange(&mut wire, &request, trust),
            Some(mut session) => {
                let mut wire = rustls::Stream::new(&mut session, &mut wire);
                exchange(&mut wire, &request, trust)
            }
        }
    }

    /// Opens a connection; `found` gets what was found in each step before TLS, in words.
    ///
    /// # Errors
    /// There is no connection.
    pub(super) fn open(
        &mut self,
        found: &mut dyn FnMut(String),
    ) -> Result<(TcpStream, Option<ClientConnection>), Failure> {
        let Attempt { target, deadline } = self;
        let Target { base, proxy, trust } = &mut **target;
        let next = proxy.as_ref().map_or(&*base, |proxy| &proxy.url);
        let hint = "check the name, the name servers and /etc/hosts";
        let unresolved = |how| Failure::new(Blame::Network, how, hint);
        let addresses = resolve(next.name(), deadline)
            .map_err(|cause| Failure::of(&cause, "looking up the name", unresolved))?;
        let texts: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        found(texts.join(", "));
        let stream = connect(&addresses, next.port(), deadline)
            .map_err(|cause| Failure::of(&cause, "connecting", Failure::network))?;
        let peer = stream.peer_addr().map(|peer| format!("{peer} "));
        found(format!("{}answered", peer.unwrap_or_default()));
        if let Some(proxy) = proxy {
            proxy.tunnel(&mut deadline.bound(&stream), base)?;
            found("the proxy connected".to_owned());
        }
        let Some(trust) = trust else {
            return Ok((stream, None));
        };
        let cause = match trust.shake_hands(&mut deadline.bound(&stream), base.host()) {
            Ok(session) => return Ok((stream, Some(session))),
            Err(cause) => cause,
        };
        // The system's hashed folder of CAs is read only when its bundle was not enough.
        if matches!(trust.explain(&cause), Some((_, tls::ADD_CA))) && trust.read_folders() {
            return self.open(&mut |_| ());
        }
        let trust = Some(&*trust);
        Err(Failure::of_backend(
            &cause,
            trust,
            "negotiating TLS",
            Failure::network,
        ))
    }
}

/// Sends a request and reads the answer.
fn exchange(
    stream: &mut (impl Read + Write),
    request: &str,
    trust: Option<&Trust>,
) -> Result<Response, Failure> {
    // A server may answer before it has the whole request, and close: what matters is the answer.
    let _ = stream
        .write_all(request.as_bytes())
        .and_then(|()| stream.flush());
    let mut answer = Answer::default();
    let mut buffer = [0; PIECE];
    loop {
        let read = match stream.read(&mut buffer) {
            Ok(0) => return answer.end(),
            Ok(read) => buffer.get(..read).unwrap_or_default(),
            // rustls reports an end without close_notify, too.
            Err(cause) => {
                let lost = |how| answer.lost(how);
                let doing = "waiting for the answer";
                return Err(Failure::of_backend(&cause, trust, doing, lost));
            }
        };
        if let Some(response) = answer.push(read)? {
            return Ok(response);
        }
    }
}
