//! Ports of a test's own: one that refuses connections, and one that takes them.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use socket2::{Domain, Socket, Type};

/// Bound, but not listening: the kernel refuses what comes, and gives the number to nobody else. A
/// port that is merely free may be another test's server a moment later.
pub(crate) struct RefusingPort(Socket);

impl RefusingPort {
    pub(crate) fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        // A program that does the same may listen on it, as long as nobody else does: socket(7).
        socket
            .set_reuse_address(true)
            .expect("the number can be shared");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any.into()).expect("a port on loopback");
        RefusingPort(socket)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        let address = self.0.local_addr().expect("its address");
        address.as_socket().expect("an IPv4 address")
    }

    /// From here on connections are taken.
    pub(crate) fn listen(self) -> TcpListener {
        self.0.listen(16).expect("it listens");
        self.0.into()
    }
}

/// A listener and a thread for each of its connections. Stops accepting when dropped. A connection's thread ends with its client, which no test lets outlive itself.
pub(super) struct Server {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(
        listen: SocketAddr,
        serve: impl Fn(TcpStream) + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(listen).expect("a port to listen on");
        let stopped = Arc::new(AtomicBool::new(false));
        Self {
            address: listener.local_addr().expect("its address"),
            stopped: Arc::clone(&stopped),
            accepting: Some(thread::spawn(move || {
                for stream in listener.incoming() {
                    if stopped.load(Ordering::SeqCst) {
                        return;
                    }
                    let Ok(stream) = stream else { continue };
                    let serve = serve.clone();
                    thread::spawn(move || serve(stream));
                }
            })),
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // The accept loop waits for a connection: this is the last one.
        drop(TcpStream::connect(self.address));
        let _ = self.accepting.take().map(JoinHandle::join);
    }
}
