//! Waiting for things to happen, and what a running process says and does meanwhile.

use std::fs;
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::unistd::Pid;

/// More than a busy machine takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether this holds within the limit.
pub(crate) fn eventually(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether a running process comes to rest: it neither runs nor wakes up (`proc_pid_status(5)`, `proc_pid_stat(5)`).
pub(crate) fn comes_to_rest(pid: Pid) -> bool {
    let read = |name| fs::read_to_string(format!("/proc/{pid}/{name}")).expect("a process");
    eventually(PATIENCE, || {
        let before = ["status", "stat"].map(read);
        thread::sleep(Duration::from_millis(200));
        before == ["status", "stat"].map(read)
    })
}

/// Collects what a pipe or a terminal says while somebody else waits for it.
pub(super) struct Capture {
    heard: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Capture {
    /// Reads in a thread of its own until the end, or an error: a terminal that everybody has left
    /// says EIO instead of ending (Linux, pty(7)).
    pub(super) fn of(source: Option<impl Read + Send + 'static>) -> Self {
        let heard = Arc::<Mutex<Vec<u8>>>::default();
        let to = Arc::clone(&heard);
        let reader = thread::spawn(move || {
            let Some(mut source) = source else { return };
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

    /// Whether the text came within ten seconds; false at once where it no longer can.
    pub(super) fn wait_for(&self, text: &str) -> bool {
        let came = || self.text().contains(text);
        eventually(PATIENCE, || self.reader.is_finished() || came());
        came()
    }

    /// After the end, for which a busy machine takes its time.
    pub(super) fn whole_text(&self) -> String {
        eventually(PATIENCE, || self.reader.is_finished());
        self.text()
    }
}
