//! Collects what a pipe or a terminal says while somebody else waits for it.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

#[derive(Clone)]
pub(super) struct Capture {
    shared: Arc<(Mutex<Heard>, Condvar)>,
}

#[derive(Default)]
struct Heard {
    bytes: Vec<u8>,
    ended: bool,
}

impl Capture {
    /// Reads in a thread of its own until the end, or an error: a terminal that everybody has left
    /// says EIO instead of ending (Linux, pty(7)).
    pub(super) fn of(mut source: impl Read + Send + 'static) -> Self {
        let capture = Self {
            shared: Arc::default(),
        };
        let writer = capture.clone();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = source.read(&mut piece) {
                writer.change(|heard| heard.bytes.extend_from_slice(&piece[..length]));
            }
            writer.change(|heard| heard.ended = true);
        });
        capture
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.shared.0.lock().unwrap().bytes).into_owned()
    }

    /// Whether the text came in time; false at once where it no longer can.
    pub(super) fn wait_for(&self, text: &str, limit: Duration) -> bool {
        self.wait(limit, |heard| heard.ended || heard.contains(text));
        self.shared.0.lock().unwrap().contains(text)
    }

    pub(super) fn wait_for_end(&self, limit: Duration) {
        self.wait(limit, |heard| heard.ended);
    }

    fn wait(&self, limit: Duration, done: impl Fn(&Heard) -> bool) {
        let heard = self.shared.0.lock().unwrap();
        let waited = self
            .shared
            .1
            .wait_timeout_while(heard, limit, |heard| !done(heard));
        drop(waited.unwrap());
    }

    fn change(&self, change: impl FnOnce(&mut Heard)) {
        change(&mut self.shared.0.lock().unwrap());
        self.shared.1.notify_all();
    }
}

impl Heard {
    fn contains(&self, text: &str) -> bool {
        self.bytes
            .windows(text.len().max(1))
            .any(|window| window == text.as_bytes())
    }
}
