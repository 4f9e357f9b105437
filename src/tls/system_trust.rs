//! Which CA certificates are trusted on macOS and Windows: the system's own verifier decides.

#![allow(clippy::unnecessary_wraps, reason = "one signature on every system")]

use std::fmt;

use crate::error::Error;

/// Where the trusted CA certificates come from.
#[derive(Debug)]
pub struct TrustSource;

impl fmt::Display for TrustSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the system's certificate store")
    }
}

/// The system's own verifier decides.
///
/// # Errors
/// None.
pub fn prepare_trust() -> Result<TrustSource, Error> {
    Ok(TrustSource)
}
