//! TLS: what it is made of, and whom it trusts.

mod provider;

#[cfg(target_os = "linux")]
mod trust;
#[cfg(not(target_os = "linux"))]
#[path = "tls/system_trust.rs"]
mod trust;

pub use provider::choose_provider;
pub use trust::{TrustSource, prepare_trust};
