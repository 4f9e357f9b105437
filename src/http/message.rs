//! A request and its answer.

use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

/// What this program calls itself (RFC 9110, 10.1.5).
pub(super) const USER_AGENT: &str = concat!("sekuire/", env!("CARGO_PKG_VERSION"));

/// A request. What may hold the key is wiped when dropped.
#[derive(Clone)]
pub struct Request {
    /// The whole path, the base URL's prefix included, is `{base}{path}`.
    pub path: &'static str,
    /// Headers beside those that every request has. The values must be visible ASCII.
    pub headers: Vec<(&'static str, Zeroizing<String>)>,
    /// The JSON to post; none for a GET.
    pub body: Option<Zeroizing<String>>,
}

/// An answer, of whatever status.
#[derive(Debug)]
#[cfg_attr(test, derive(Default))]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The body, up to the cap.
    pub body: Vec<u8>,
    /// Whether the body went on beyond the cap.
    pub too_long: bool,
    /// The coding that the body is in (RFC 9110, 8.4), unless it is in none.
    pub coding: Option<String>,
    /// The header `Retry-After`, where it is one.
    pub retry_after: Option<Duration>,
    /// The header `Date`: the server's clock.
    pub date: Option<SystemTime>,
    /// The header `Location`.
    pub location: Option<String>,
    /// What to add to a message: how often and how long it was tried.
    pub attempts: String,
    /// What to add to a hint.
    pub advice: &'static str,
}
