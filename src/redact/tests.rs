//! Against texts and secrets that nobody thought of, and a table of those that somebody did.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{RUN, looks_like_key, sanitize};
use crate::api_key::{ApiKey, secrets_in_use};
use crate::percent::decoded;
use crate::unicode::is_unprintable;

/// Holds a key alone: the tests run at once, and each may forget the keys in use.
struct InUse(#[allow(dead_code, reason = "held")] MutexGuard<'static, ()>);

impl InUse {
    fn of(secret: &str) -> InUse {
        static ONE: Mutex<()> = Mutex::new(());
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        secrets_in_use().clear();
        ApiKey::from_file_text(&format!("sk_live_{secret}")).expect("a key");
        InUse(one)
    }
}

/// A seeded generator (Marsaglia's xorshift64): each run has the same texts.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit
    }

    /// Up to `limit` characters of `from`.
    fn text(&mut self, from: &str, limit: usize) -> String {
        let from: Vec<char> = from.chars().collect();
        let length = self.below(limit + 1);
        let characters = (0..length).filter_map(|_| from.get(self.below(from.len())));
        characters.collect()
    }

    /// `text` in mixed case, here and there with percent-encoded characters.
    fn written(&mut self, text: &str) -> String {
        let kinds = 2 + 2 * self.below(2);
        let write = |c: char| match self.below(kinds) {
            0 => c.to_string(),
            1 => c.to_ascii_uppercase().to_string(),
            2 => format!("%{:02x}", u32::from(c)),
            _ => format!("%{:02X}", u32::from(c)),
        };
        text.chars().map(write).collect()
    }
}

#[track_caller]
fn assert_hidden(secret: &str, text: &str) {
    let shown = sanitize(text);
    let secret = secret.to_ascii_lowercase();
    let runs: HashSet<&[u8]> = secret.as_bytes().windows(RUN).collect();
    let decoded: Vec<u8> = decoded(&shown).map(|(_, byte)| byte).collect();
    for form in [shown.as_bytes(), &decoded] {
        let form = form.to_ascii_lowercase();
        let found = form.windows(RUN).any(|run| runs.contains(run));
        assert!(!found, "{secret:?} in {text:?} is shown as {shown:?}");
    }
    assert!(!shown.contains(is_unprintable), "{text:?}: {shown:?}");
}

/// Of few characters, so that a piece continues or repeats another, and a mark or an escape becomes part of a run.
#[test]
fn no_run_of_a_secret_comes_through() {
    let mut random = Random(0x005e_c2e7);
    for _ in 0..20_000 {
        let secret = random.text("aB1.%2?45", 24) + "a";
        let _key = InUse::of(&secret);
        let mut text = String::new();
        for _ in 0..=random.below(4) {
            let start = random.below(secret.len());
            let end = (start + 1 + random.below(16)).min(secret.len());
            text += &random.written(secret.get(start..end).unwrap_or_default());
            text += &random.text("aB1.%2?45/@ \u{1}\u{200b}\u{e9}\u{1f600}", 6);
        }
        assert_hidden(&secret, &text);
    }
}

#[test]
fn a_run_is_cut_out_alone() {
    let _key = InUse::of("q7w8e9r0ty");
    for (text, shown) in [
        ("it is q7w8e9r0!", "it is ...!"),
        ("(Q7W8E9R0TY)", "(...)"),
        ("\u{e9}7w8e9r0ty\u{e9}", "\u{e9}...\u{e9}"),
        ("%717w8e9%720ty%20", "...%20"),
        ("%e97w8e9r%30ty%e9", "%e9...%e9"),
        ("7w8e9r0ty7w8e9r0ty 7w8e9r0t", "... ..."),
        ("7w8e9r0 7w8e9r%3", "7w8e9r0 7w8e9r%3"),
        ("%37w8e9r0ty%3", "...%3"),
    ] {
        assert_eq!(sanitize(text), shown, "{text}");
    }
}

/// What replaces something may stand where a run of the secret goes on, and half of an escape is none.
#[test]
fn what_is_left_makes_no_run() {
    for (secret, text) in [
        ("ablc127.0.0.1_c", "127.0.0.10.0.1_c"),
        (".1234567", ".123456712345671234567"),
        ("f?ff?d?b9x", "f\u{1}ff\u{1}d\u{1}b9x"),
        ("5fxyz123bcdefg%5", "bcdef%67%5fxyz123"),
    ] {
        let _key = InUse::of(secret);
        assert_hidden(secret, text);
    }
}

#[test]
fn what_looks_like_a_secret_is_cut_up_to_white_space() {
    for (text, shown) in [
        ("key sk_live_a,bcdef is bad", "key sk_live_... is bad"),
        ("sk_test_x", "sk_test_..."),
        ("SK_LIVE_ABC \"Sk_Test_1\"", "SK_LIVE_... \"Sk_Test_..."),
        ("xsk_live_sk_live_abc y", "xsk_live_... y"),
        ("{\"k\":\"sk_live_a\",\"b\":1} c", "{\"k\":\"sk_live_... c"),
        ("sk%5Flive%5fabc&x", "sk%5Flive%5f..."),
        ("sk_live_ab\u{e9}cdef", "sk_live_..."),
        ("sk_live_abc...xyzmore", "sk_live_..."),
        ("skt_abc123def456, adm_0123456789abcdef", "skt_... adm_..."),
        ("adm_550e8400-e skt_abcdefghijklmnopqrst", "adm_... skt_..."),
        ("SKT%5Fabc123def456", "SKT%5F..."),
        ("https://u:p@h/a@b //x@y@z/", "https://...@h/a@b //...@z/"),
        ("https%3A%2F%2Fuser:pw%40host", "https%3A%2F%2F...%40host"),
        ("https://user:sk_live_abc@host/", "https://..."),
        ("//a@b", "//...@b"),
    ] {
        assert_eq!(sanitize(text), shown, "{text}");
        assert_eq!(sanitize(shown), shown, "twice: {text}");
    }
}

#[test]
fn what_is_no_secret_is_left_as_it_is() {
    for text in [
        "",
        "does not begin with sk_live_ or sk_test_",
        "Key: sk_live_abc...xyz",
        "(sk_test_a,c...x)z) 'sk_live_abc...xyz', and",
        "/home/adm_jsmith/.sekuire/auth.json adm_jsmith@example.com skt_ adm_administrator",
        "write HTTPS_PROXY=http://[user:password@]host:port or http://user:password@host:port",
        "dev@example.com https://host/@x ///@ http://@host",
        "50% off &amp; \\u0041 &#65; %41 %+1%",
        "a \u{e4}\u{4e2d}\u{5d0}\u{1f600}\u{a0}\u{2026}",
    ] {
        assert_eq!(sanitize(text), text);
        assert!(!looks_like_key(text), "{text}");
    }
}

#[test]
fn what_a_terminal_would_not_show_becomes_a_question_mark() {
    let unseen = "\0\n\t\u{7f}\u{9b}\u{34f}\u{115f}\u{1160}\u{3164}\u{ffa0}\u{180b}\u{180f}\u{fe00}\u{fe0f}\u{2800}\
               \u{1d173}\u{1d17a}\u{202e}\u{2066}\u{2028}\u{2029}\u{feff}\u{200b}\u{e0041}\u{17b4}\u{1bca0}\u{fff9}";
    assert_eq!(sanitize(unseen), "?".repeat(unseen.chars().count()));
}

#[test]
fn dropped_key_is_no_longer_redacted() {
    let secret = "forget-me-not";
    let _key = InUse::of(secret);
    assert_eq!(sanitize(secret), "...");
    secrets_in_use().clear();
    assert_eq!(sanitize(secret), secret);
}
