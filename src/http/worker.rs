//! Work in a thread that can be left behind at a deadline.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use super::deadline::Deadline;

/// A thread's stack, in bytes: several times what a debug build was seen to use. Where none is given,
/// std takes `RUST_MIN_STACK` from the environment.
const STACK: usize = 512 * 1024;

/// Work under way.
pub(super) struct Worker<T>(Receiver<T>);

impl<T: Send + 'static> Worker<T> {
    /// Begins `work` in a thread of its own.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub(super) fn start(
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Worker<T>> {
        let (sender, result) = channel();
        let run = move || {
            // Nobody listens any more once the deadline has passed.
            let _ = sender.send(work());
        };
        thread::Builder::new()
            .name(name.into())
            .stack_size(STACK)
            .spawn(run)?;
        Ok(Worker(result))
    }

    /// What came of it; none: it has not ended by the deadline, and can be waited for again.
    ///
    /// # Errors
    /// The thread is gone without a word.
    pub(super) fn wait(&self, deadline: &mut Deadline<'_>) -> Option<io::Result<T>> {
        deadline.wait(|slice| match self.0.recv_timeout(slice) {
            Ok(result) => Some(Ok(result)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(io::ErrorKind::BrokenPipe.into())),
        })
    }
}
