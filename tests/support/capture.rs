//! Collects what a pipe or a terminal says while somebody else waits for it.

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::process::eventually;

pub(super) struct Capture {
    heard: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Capture {
    /// Reads in a thread of its own until the end, or an error: a terminal that everybody has left
    /// says EIO instead of ending (Linux, pty(7)).
    pub(super) fn of(mut source: impl Read + Send + 'static) -> Self {
        let heard = Arc::<Mutex<Vec<u8>>>::default();
        let to = Arc::clone(&heard);
        let reader = thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = source.read(&mut piece) {
                to.lock().unwrap().extend_from_slice(&piece[..length]);
            }
        });
        Self { heard, reader }
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }

    /// Whether the text came in time; false at once where it no longer can.
    pub(super) fn wait_for(&self, text: &str, limit: Duration) -> bool {
        let came = || self.text().contains(text);
        eventually(limit, || self.reader.is_finished() || came());
        came()
    }

    pub(super) fn wait_for_end(&self, limit: Duration) {
        eventually(limit, || self.reader.is_finished());
    }
}
