//! The open connections: how many there may be, and the end of all of them.

use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::Duration;

/// More clients than this wait in the listener's queue.
const MOST: usize = 256;

#[derive(Default)]
pub(super) struct Sockets {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    stopped: bool,
    /// Weak, so that a connection's thread alone decides when its socket closes, and how.
    open: Vec<Weak<TcpStream>>,
}

impl Sockets {
    /// Waits for room; None once stopped.
    pub(super) fn admit(&self, stream: TcpStream) -> Option<Arc<TcpStream>> {
        let full = |inner: &mut Inner| {
            inner.open.retain(|socket| socket.strong_count() > 0);
            !inner.stopped && inner.open.len() >= MOST
        };
        let mut inner = self
            .changed
            .wait_while(self.inner.lock().unwrap(), full)
            .unwrap();
        if inner.stopped {
            return None;
        }
        let socket = Arc::new(stream);
        inner.open.push(Arc::downgrade(&socket));
        Some(socket)
    }

    /// A connection's thread has dropped its socket.
    pub(super) fn left(&self) {
        // Taken, so that this can't fall between the check and the wait of `admit`.
        drop(self.inner.lock().unwrap());
        self.changed.notify_all();
    }

    /// Ends every wait for a peer and every sleep.
    pub(super) fn stop(&self) {
        let mut inner = self.inner.lock().unwrap();
        inner.stopped = true;
        for socket in inner.open.iter().filter_map(Weak::upgrade) {
            let _ = socket.shutdown(Shutdown::Both);
        }
        self.changed.notify_all();
    }

    /// False when stopped meanwhile.
    pub(super) fn sleep(&self, length: Duration) -> bool {
        let inner = self.inner.lock().unwrap();
        let waited = self
            .changed
            .wait_timeout_while(inner, length, |inner| !inner.stopped);
        !waited.unwrap().0.stopped
    }
}
