//! The lock under which auth.json is changed: a private file beside it that goes with the lock, so
//! that none is left. A crash leaves one, without a word in it, to the next login or logout.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::platform;

/// The lock's file.
const NAME: &str = ".auth.json.lock";

/// How long another process's saving is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Held until dropped.
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Locks a folder.
    ///
    /// # Errors
    /// `TimedOut`: another process holds the lock for too long. Else the lock's file can't be had.
    pub(super) fn acquire(folder: &Path) -> io::Result<Lock> {
        let path = path(folder);
        let file = wait_for(|| platform::try_lock(&path))?;
        Ok(Lock { path, _file: file })
    }
}

/// Where the lock's file of a folder is.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is still locked, so that no one else's is removed. An empty file does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

/// Locks a file that is about to be written in place.
///
/// # Errors
/// As [`Lock::acquire`].
pub(super) fn lock_open(file: &File) -> io::Result<()> {
    wait_for(|| Ok(platform::try_lock_open(file)?.then_some(())))
}

fn wait_for<T>(mut attempt: impl FnMut() -> io::Result<Option<T>>) -> io::Result<T> {
    let started = Instant::now();
    loop {
        match attempt()? {
            Some(locked) => return Ok(locked),
            None if started.elapsed() >= PATIENCE => return Err(io::ErrorKind::TimedOut.into()),
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}
