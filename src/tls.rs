//! TLS: what it is made of, whom it trusts, and in words why it was refused.

mod algorithm;
mod certificate;
mod explain;
mod handshake;
mod provider;
mod refusal;
mod x509;

#[cfg(target_os = "linux")]
mod trust;
#[cfg(not(target_os = "linux"))]
#[path = "tls/system_trust.rs"]
mod trust;

pub use explain::refusal;
pub use handshake::shake_hands;
pub use provider::choose_provider;
pub use refusal::Refusal;
pub use trust::{TrustSource, prepare_trust};
