//! The development backend: an HTTP/1.1 server that keeps keys, bindings and users in memory, speaks TLS with a
//! certificate of a CA of its own, answers one request a connection, and misbehaves as told.

mod behaviour;
mod connection;
mod http;
mod state;
mod tls;
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

pub(crate) use behaviour::{After, Behaviour, End, Endpoint};
pub(crate) use http::{Recorded, Response};
pub(crate) use state::{ApiKey, KEY, ORG_ID, WORKSPACES};
pub(crate) use tls::TlsKind;

use super::port::Server;
use super::process::eventually;
use state::State;
use tls::Authority;

pub(crate) struct Backend {
    host: String,
    authority: Authority,
    state: Arc<Mutex<State>>,
    server: Server,
}

pub(crate) struct Builder {
    tls: TlsKind,
    listen: SocketAddr,
    name: Option<String>,
}

impl Builder {
    pub(crate) fn tls(mut self, kind: TlsKind) -> Self {
        self.tls = kind;
        self
    }

    /// Elsewhere than on loopback: in a container, say. Port 0 is any that is free.
    pub(crate) fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// A DNS name or address that clients know this backend by, for its certificate and its URL.
    pub(crate) fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    pub(crate) fn start(self) -> Backend {
        let authority = Authority::new(self.name.as_deref());
        let state = Arc::new(Mutex::new(State {
            tls: authority.server(self.tls),
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        let server = Server::start(self.listen, move |stream| {
            // A client that goes away is no error of ours, and most tests make it go away.
            let _ = connection::serve(&shared, stream);
        });
        let host = server.address().ip().to_string();
        let backend = Backend {
            host: self.name.unwrap_or(host),
            authority,
            state,
            server,
        };
        backend.add_key(ApiKey::new(KEY));
        backend
    }
}

impl Backend {
    pub(crate) fn http() -> Self {
        Self::builder().start()
    }

    pub(crate) fn https() -> Self {
        Self::builder().tls(TlsKind::Valid).start()
    }

    pub(crate) fn builder() -> Builder {
        Builder {
            tls: TlsKind::None,
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            name: None,
        }
    }

    /// `https://127.0.0.1:PORT`, or `http`, or by its name where it has one.
    pub(crate) fn url(&self) -> String {
        self.origin(&self.host)
    }

    /// The same by name.
    pub(crate) fn origin_localhost(&self) -> String {
        self.origin("localhost")
    }

    fn origin(&self, host: &str) -> String {
        let is_secure = self.state().tls.is_some();
        let scheme = if is_secure { "https" } else { "http" };
        format!("{scheme}://{host}:{}", self.address().port())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The CA to trust, as PEM; there as long as the backend is.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.authority.file()
    }

    /// Another certificate of the same CA from now on: a clock that has been set, say.
    pub(crate) fn present(&self, kind: TlsKind) {
        self.state().tls = self.authority.server(kind);
    }

    /// Adds or replaces.
    pub(crate) fn add_key(&self, key: ApiKey) {
        self.state().keys.insert(key.key.clone(), key);
    }

    pub(crate) fn revoke(&self, key: &str) {
        let mut state = self.state();
        state.keys.get_mut(key).expect("a known key").revoked = true;
    }

    /// The fingerprint that the key is bound to.
    pub(crate) fn bound(&self, key: &str) -> Option<String> {
        self.state().keys.get(key)?.bound.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// From now on, until told otherwise.
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.state().standing.insert(None, behaviour);
    }

    /// From now on for this endpoint only.
    pub(crate) fn on(&self, endpoint: Endpoint, behaviour: Behaviour) {
        self.state().standing.insert(Some(endpoint), behaviour);
    }

    /// One for each connection or request that comes, then as before.
    pub(crate) fn script(&self, behaviours: Vec<Behaviour>) {
        let behaviours = behaviours.into_iter().map(|it| (None, it));
        self.state().queue.extend(behaviours);
    }

    /// One for each request to this endpoint, then as before.
    pub(crate) fn script_on(&self, endpoint: Endpoint, behaviours: Vec<Behaviour>) {
        let behaviours = behaviours.into_iter().map(|it| (Some(endpoint), it));
        self.state().queue.extend(behaviours);
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.state().requests.clone()
    }

    /// Until so many requests have come in all; false when the limit passes first.
    pub(crate) fn wait_for_requests(&self, count: usize, limit: Duration) -> bool {
        eventually(limit, || self.state().requests.len() >= count)
    }

    /// TCP connections accepted.
    pub(crate) fn connections(&self) -> usize {
        self.state().connections
    }

    /// Whether each TLS handshake was completed; waits until there are `count`, for two seconds at most: the
    /// client may have ended before this server's thread has noticed.
    pub(crate) fn handshakes(&self, count: usize) -> Vec<bool> {
        let limit = Duration::from_secs(2);
        eventually(limit, || self.state().handshakes.len() >= count);
        self.state().handshakes.clone()
    }
}
