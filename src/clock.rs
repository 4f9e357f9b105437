//! Times in words, and the time that every right clock has passed.

use std::time::{Duration, UNIX_EPOCH};

/// 1 November 2026, in seconds since 1970: before this version was released. A clock that is behind it is
/// wrong. Each release moves it.
pub const BEFORE_RELEASE: u64 = 1_793_491_200;

/// A time in words, from seconds since 1970.
pub fn date(seconds: u64) -> String {
    // The first second of the year 10000, from which on the crate panics.
    const LIMIT: u64 = 253_402_300_800;
    if seconds >= LIMIT {
        return format!("second {seconds} after 1970");
    }
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::{BEFORE_RELEASE, date};

    #[test]
    fn dates_are_in_words_up_to_the_last_second() {
        assert_eq!(date(BEFORE_RELEASE), "Sun, 01 Nov 2026 00:00:00 GMT");
        assert_eq!(date(253_402_300_799), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(date(u64::MAX), "second 18446744073709551615 after 1970");
    }
}
