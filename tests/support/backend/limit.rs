//! A token bucket, for a fleet that starts at once.

use std::time::Instant;

use serde_json::json;

use super::http::Response;

#[derive(Clone, Copy, Debug)]
pub(crate) enum RetryAfter {
    Absent,
    Seconds(u32),
}

pub(super) struct Limiter {
    per_second: f64,
    retry_after: RetryAfter,
    tokens: f64,
    filled: Instant,
}

impl Limiter {
    pub(super) fn new(per_second: u32, retry_after: RetryAfter) -> Self {
        let per_second = f64::from(per_second);
        Self {
            per_second,
            retry_after,
            tokens: per_second,
            filled: Instant::now(),
        }
    }

    /// The answer to a request that is one too many.
    pub(super) fn refuse(&mut self) -> Option<Response> {
        let now = Instant::now();
        let gained = now.duration_since(self.filled).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.per_second);
        self.filled = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return None;
        }
        let response = Response::json(429, &json!({"error": {"message": "Too many requests"}}));
        Some(match self.retry_after {
            RetryAfter::Absent => response,
            RetryAfter::Seconds(seconds) => response.header("Retry-After", &seconds.to_string()),
        })
    }
}
