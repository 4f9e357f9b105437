//! TLS: what it is made of, and whom it trusts.

mod provider;

#[cfg(target_os = "linux")]
mod trust;
#[cfg(not(target_os = "linux"))]
#[path = "tls/system_trust.rs"]
mod trust;

pub use provider::choose_provider;
pub use trust::{TrustSource, prepare_trust};

/// Why TLS was refused.
#[derive(Debug)]
pub struct Refusal {
    /// What is wrong, in words.
    pub cause: String,
    /// What to do about it.
    pub hint: String,
    /// Whether a clock that gets set would mend it.
    pub clock: bool,
}
