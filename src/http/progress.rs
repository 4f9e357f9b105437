//! What an attempt is doing, told from its thread to who waits for it.

use std::sync::{Arc, Mutex, PoisonError};

/// What an attempt is doing, for the message of a time-out.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<Mutex<String>>);

impl Progress {
    pub(super) fn note(&self, doing: impl Into<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = doing.into();
    }

    pub(super) fn get(&self) -> String {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
