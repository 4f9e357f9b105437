//! A request and its answer.

use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

/// What this program calls itself (RFC 9110, 10.1.5).
pub(super) const USER_AGENT: &str = concat!("sekuire/", env!("CARGO_PKG_VERSION"));

/// A request. What may hold the key is wiped when dropped.
pub struct Request {
    /// The whole path, the base URL's prefix included, is `{base}{path}`.
    pub path: &'static str,
    /// Headers beside those that every request has. The values must be visible ASCII.
    pub headers: Vec<(&'static str, Zeroizing<String>)>,
    /// The JSON to post; none for a GET.
    pub body: Option<Zeroizing<String>>,
}

/// An answer, of whatever status.
#[derive(Debug, Default)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, by names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, up to the cap.
    pub body: Vec<u8>,
    /// Whether the body went on beyond the cap.
    pub too_long: bool,
    /// What to add to a message where it was tried more than once: how often, and for how long.
    pub attempts: String,
}

/// Whether an answer of this status may pass (429, 502, 503, 504).
pub(super) fn is_passing(status: u16) -> bool {
    matches!(status, 429 | 502..=504)
}

impl Response {
    /// A header's value, by its name in lower case: the last, where there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().rfind(|(key, _)| key.trim() == name);
        found.map(|(_, value)| value.trim())
    }

    /// The header `Retry-After`: seconds or a date (RFC 9110, 10.2.3).
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.header("retry-after")?;
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            // Only too many digits can fail: then it is beyond every limit, too.
            return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
        }
        let date = httpdate::parse_http_date(value).ok()?;
        Some(date.duration_since(SystemTime::now()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Response, SystemTime};

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let seconds = |value: &str| {
            let response = Response {
                headers: vec![("retry-after".to_owned(), value.to_owned())],
                ..Response::default()
            };
            response.retry_after().map(|time| time.as_secs())
        };
        for (value, expected) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("99999999999999999999", Some(u64::MAX)),
            ("+5", None),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("", None),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
        ] {
            assert_eq!(seconds(value), expected, "{value:?}");
        }
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(1000));
        assert!(seconds(&date).is_some_and(|time| (900..=1000).contains(&time)));
    }
}
