//! Which CA certificates are trusted on macOS and Windows: the system's own verifier decides.

#![allow(clippy::unnecessary_wraps, reason = "one signature on every system")]

use std::fmt;

use crate::error::Error;

/// What to do with a CA that is not among them.
pub(super) const ADD_CA: &str = "add it to the system's certificate store";
/// What to do where they can't be read.
pub(super) const MEND_TRUST: &str =
    "see that the system's certificate store works for other programs";

/// Where the trusted CA certificates come from.
#[derive(Debug)]
pub struct TrustSource;

#[allow(clippy::unused_self, reason = "one signature on every system")]
impl TrustSource {
    /// Where the certificates come from.
    pub fn source(&self) -> &'static str {
        "the system's certificate store"
    }

    /// How many there are, in words.
    pub fn count(&self) -> String {
        "the system's own verifier decides".to_owned()
    }

    /// How many more could not be read.
    pub fn unreadable(&self) -> usize {
        0
    }
}

impl fmt::Display for TrustSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "those of {}", self.source())
    }
}

/// The system's own verifier decides.
///
/// # Errors
/// None.
pub fn prepare_trust() -> Result<TrustSource, Error> {
    Ok(TrustSource)
}
