//! What came in.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use super::http::Request;

#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) target: String,
    /// As sent: order, case and repetitions.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) at: Instant,
}

impl Recorded {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        super::http::header(&self.headers, name)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

#[derive(Default)]
pub(super) struct Record {
    keeps: bool,
    requests: Mutex<Vec<Recorded>>,
    arrived: Condvar,
    connections: AtomicUsize,
    handshakes: AtomicUsize,
    handshake_errors: AtomicUsize,
}

impl Record {
    pub(super) fn new(keeps: bool) -> Self {
        Self {
            keeps,
            ..Self::default()
        }
    }

    pub(super) fn connection(&self) {
        self.connections.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn handshake(&self, completed: bool) {
        let counter = if completed {
            &self.handshakes
        } else {
            &self.handshake_errors
        };
        counter.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn request(&self, request: &Request) {
        if !self.keeps {
            return;
        }
        let Request {
            method,
            target,
            headers,
            body,
            ..
        } = request.clone();
        let recorded = Recorded {
            method,
            target,
            headers,
            body,
            at: Instant::now(),
        };
        self.requests.lock().unwrap().push(recorded);
        self.arrived.notify_all();
    }

    pub(super) fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().unwrap().clone()
    }

    pub(super) fn wait_for_requests(&self, count: usize, limit: Duration) -> bool {
        let requests = self.requests.lock().unwrap();
        let waited = self
            .arrived
            .wait_timeout_while(requests, limit, |requests| requests.len() < count);
        waited.unwrap().0.len() >= count
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn handshakes(&self) -> usize {
        self.handshakes.load(Ordering::SeqCst)
    }

    pub(super) fn handshake_errors(&self) -> usize {
        self.handshake_errors.load(Ordering::SeqCst)
    }
}
