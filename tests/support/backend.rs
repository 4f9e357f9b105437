//! The development backend: a real HTTP/1.1 server, on loopback unless told otherwise, that keeps keys, bindings and users in
//! memory, speaks TLS with a certificate of a CA of its own, and misbehaves as told. It sends TLS 1.3
//! session tickets, as servers do.

mod connection;
mod faults;
mod http;
mod limit;
mod record;
mod sockets;
mod state;
mod tls;
mod wire;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub(crate) use faults::{After, Behaviour, Endpoint, Framing};
pub(crate) use http::Response;
pub(crate) use limit::RetryAfter;
pub(crate) use record::Recorded;
pub(crate) use state::{ApiKey, KEY, ORG_ID, ORGANIZATION, USER_EMAIL, USER_ID, WORKSPACES};
pub(crate) use tls::TlsKind;

use faults::Plan;
use limit::Limiter;
use record::Record;
use sockets::Sockets;
use state::State;
use tls::Authority;

/// Stops, and waits for its threads, when dropped.
pub(crate) struct Backend {
    address: SocketAddr,
    host: String,
    secure: bool,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// What every connection's thread sees.
struct Shared {
    authority: Authority,
    tls: Mutex<Option<Arc<rustls::ServerConfig>>>,
    state: Mutex<State>,
    plan: Mutex<Plan>,
    limiter: Mutex<Option<Limiter>>,
    record: Record,
    sockets: Sockets,
}

pub(crate) struct Builder {
    tls: TlsKind,
    listen: SocketAddr,
    name: Option<String>,
    records: bool,
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

    /// Keeps no requests: for a backend that runs on where nobody asks for them.
    pub(crate) fn without_record(mut self) -> Self {
        self.records = false;
        self
    }

    pub(crate) fn start(self) -> Backend {
        Backend::start(self)
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
            records: true,
        }
    }

    fn start(builder: Builder) -> Self {
        let listener = TcpListener::bind(builder.listen).expect("a port to listen on");
        let address = listener.local_addr().expect("its address");
        let authority = Authority::new(builder.name.as_deref());
        let shared = Arc::new(Shared {
            tls: Mutex::new(authority.server(builder.tls)),
            authority,
            state: Mutex::new(State::new()),
            plan: Mutex::default(),
            limiter: Mutex::default(),
            record: Record::new(builder.records),
            sockets: Sockets::default(),
        });
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Self {
            address,
            host: builder.name.unwrap_or_else(|| address.ip().to_string()),
            secure: builder.tls != TlsKind::None,
            shared,
            accepting: Some(accepting),
        }
    }

    /// `https://127.0.0.1:PORT`, or `http`, or by its name where it has one.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}:{}", self.scheme(), self.host, self.address.port())
    }

    /// The same by name.
    pub(crate) fn origin_localhost(&self) -> String {
        format!("{}://localhost:{}", self.scheme(), self.address.port())
    }

    fn scheme(&self) -> &str {
        if self.secure { "https" } else { "http" }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CA to trust, as PEM; there as long as the backend is.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.shared.authority.file()
    }

    /// Another certificate of the same CA from now on: a clock that has been set, say.
    pub(crate) fn present(&self, kind: TlsKind) {
        assert!(
            self.secure && kind != TlsKind::None,
            "between clear text and TLS: start another"
        );
        *self.shared.tls.lock().unwrap() = self.shared.authority.server(kind);
    }

    /// Adds or replaces.
    pub(crate) fn add_key(&self, key: ApiKey) {
        self.state().add(key);
    }

    pub(crate) fn revoke(&self, key: &str) {
        self.state().revoke(key);
    }

    /// The fingerprint that the key is bound to.
    pub(crate) fn bound(&self, key: &str) -> Option<String> {
        self.state().bound(key)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    /// From now on, until told otherwise; `Behaviour::Normal` ends it.
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.plan().stand(None, behaviour);
    }

    /// From now on for this endpoint only.
    pub(crate) fn on(&self, endpoint: Endpoint, behaviour: Behaviour) {
        self.plan().stand(Some(endpoint), behaviour);
    }

    /// For the next `times`, then as before.
    pub(crate) fn behave_once(&self, times: usize, behaviour: Behaviour) {
        self.script(vec![behaviour; times]);
    }

    /// One for each connection or request that comes, then as before.
    pub(crate) fn script(&self, behaviours: Vec<Behaviour>) {
        self.plan().queue(None, behaviours);
    }

    /// One for each request to this endpoint, then as before.
    pub(crate) fn script_on(&self, endpoint: Endpoint, behaviours: Vec<Behaviour>) {
        self.plan().queue(Some(endpoint), behaviours);
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.shared.plan.lock().unwrap()
    }

    /// A token bucket of one second's worth; what it refuses is answered 429.
    pub(crate) fn rate_limit(&self, per_second: u32, retry_after: RetryAfter) {
        *self.shared.limiter.lock().unwrap() = Some(Limiter::new(per_second, retry_after));
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.shared.record.requests()
    }

    /// Until so many requests have come in all; false when the limit passes first.
    pub(crate) fn wait_for_requests(&self, count: usize, limit: Duration) -> bool {
        self.shared.record.wait_for_requests(count, limit)
    }

    /// TCP connections accepted.
    pub(crate) fn connections(&self) -> usize {
        self.shared.record.connections()
    }

    /// TLS handshakes completed.
    pub(crate) fn handshakes(&self) -> usize {
        self.shared.record.handshakes()
    }

    /// TLS handshakes begun and not completed; waits until there are `count`, for two seconds at most:
    /// the client may have ended before this server's thread has noticed.
    pub(crate) fn handshake_errors(&self, count: usize) -> usize {
        let end = Instant::now() + Duration::from_secs(2);
        while self.shared.record.handshake_errors() < count && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        self.shared.record.handshake_errors()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.shared.sockets.stop();
        // The accept loop waits for a connection: this is the last one.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.accepting.take() {
            let ended = thread.join();
            assert!(
                ended.is_ok() || thread::panicking(),
                "a thread of the backend panicked"
            );
        }
    }
}

/// One thread per connection, no more than `Sockets` admits; all have ended when this returns.
fn accept(listener: &TcpListener, shared: &Shared) {
    thread::scope(|threads| {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { continue };
            let Some(socket) = shared.sockets.admit(stream) else {
                return;
            };
            shared.record.connection();
            threads.spawn(move || {
                // A client that goes away is no error of ours, and most tests make it go away.
                let _ = connection::serve(shared, &socket);
                drop(socket);
                shared.sockets.left();
            });
        }
    });
}
