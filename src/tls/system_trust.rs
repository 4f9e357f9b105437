//! Which CAs are trusted on macOS and Windows: the system's own verifier decides.

// One signature on every system.
#![allow(clippy::unnecessary_wraps, clippy::unused_self)]

use rustls::{ClientConfig, Error};
use rustls_platform_verifier::BuilderVerifierExt;

use super::Builder;

/// What to do with a CA that is not among them.
pub const ADD_CA: &str = "add the backend's own CA to the system's certificate store; or ask for its missing intermediate certificate";

/// The system's store.
#[derive(Debug)]
pub struct Trust {
    /// Where the CAs come from.
    pub source: String,
    /// How many could not be read.
    pub unreadable: usize,
}

impl Trust {
    /// The system's store.
    ///
    /// # Errors
    /// None.
    pub fn prepare() -> Result<Trust, crate::error::Error> {
        Ok(Trust {
            source: "the system's certificate store".to_owned(),
            unreadable: 0,
        })
    }

    /// How many there are, in words.
    pub fn count(&self) -> &'static str {
        "those"
    }

    /// There is nothing more to read.
    pub fn read_folders(&mut self) -> bool {
        false
    }

    pub(super) fn config(&self, builder: Builder) -> Result<ClientConfig, Error> {
        Ok(builder.with_platform_verifier()?.with_no_client_auth())
    }
}
