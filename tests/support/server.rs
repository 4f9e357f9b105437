//! A listener on a port of its own and a thread for each of its connections.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// Stops accepting when dropped. A connection's thread ends with its client, which no test lets outlive itself.
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
            accepting: Some(thread::spawn(move || accept(&listener, &stopped, &serve))),
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

fn accept<S>(listener: &TcpListener, stopped: &AtomicBool, serve: &S)
where
    S: Fn(TcpStream) + Clone + Send + 'static,
{
    for stream in listener.incoming() {
        if stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let serve = serve.clone();
        thread::spawn(move || serve(stream));
    }
}
