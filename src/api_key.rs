//! The API key: cleaned and validated once, shown only as a mask, wiped when dropped.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::unicode::is_invisible;

/// The two kinds of key, by prefix.
pub const PREFIXES: [(&str, Environment); 2] = [
    ("sk_live_", Environment::Live),
    ("sk_test_", Environment::Test),
];

/// The prefixes of Sekuire's other secrets, and what they are.
pub const OTHER_SECRETS: [(&str, &str); 2] =
    [("skt_", "an install token"), ("adm_", "a session's secret")];

/// The longest key that is accepted, in bytes: a prefix and 504 characters.
pub const MAX_LEN: usize = 512;

/// The most that is read in search of a key: one line of input, or a secret file, in bytes.
pub const MAX_INPUT: usize = 4096;

/// Below this many characters behind the prefix a mask of three and three would give too much away.
const MIN_MASKABLE: usize = 9;

/// What a terminal puts around pasted text in bracketed-paste mode (xterm, "Bracketed Paste Mode").
const PASTE_MARKS: [&str; 2] = ["\x1b[200~", "\x1b[201~"];

/// The secret parts of all keys that this process has held: what redaction looks for.
static IN_USE: Mutex<Vec<Zeroizing<String>>> = Mutex::new(Vec::new());

/// What a key is for, as its prefix says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Environment {
    /// `sk_live_`: production.
    Live,
    /// `sk_test_`: the sandbox.
    Test,
}

impl Environment {
    /// `live` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Environment::Live => "live",
            Environment::Test => "test",
        }
    }
}

/// An API key. `Debug` and `Display` show its mask.
#[derive(Clone)]
pub struct ApiKey(Zeroizing<String>);

impl ApiKey {
    /// Cleans and validates what a person or a script handed in.
    ///
    /// White space, invisible characters, line ends and bracketed-paste marks at both ends go.
    ///
    /// # Errors
    /// What is wrong and where, in words that complete "the API key …" and never quote the key.
    pub fn parse(input: &[u8]) -> Result<ApiKey, String> {
        if is_utf16(input) {
            return Err(
                "is in UTF-16, as PowerShell writes files: save it as ASCII or UTF-8".into(),
            );
        }
        let text = std::str::from_utf8(input).map_err(|cause| {
            format!(
                "has a byte outside ASCII, at position {}, that is not UTF-8",
                cause.valid_up_to() + 1
            )
        })?;
        let key = trim(text);
        if is_mask(key) {
            return Err("is a mask, as 'sekuire status' shows it, and not the key itself".into());
        }
        check_quotation_marks(key)?;
        check_prefix(key)?;
        check_characters(key)?;
        Ok(ApiKey::in_use(key))
    }

    /// Validates a key that auth.json holds: 1 to 512 characters of ASCII 0x21–0x7E, with any prefix,
    /// because the existing client lets any in.
    ///
    /// # Errors
    /// As [`ApiKey::parse`].
    pub fn from_file_text(key: &str) -> Result<ApiKey, String> {
        check_characters(key)?;
        Ok(ApiKey::in_use(key))
    }

    fn in_use(key: &str) -> ApiKey {
        let key = ApiKey(Zeroizing::new(key.to_owned()));
        let (_, secret) = key.split();
        let secret = Zeroizing::new(secret.to_owned());
        IN_USE
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(secret);
        key
    }

    /// The key itself, for the backend and for auth.json.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Which environment the prefix names; none for a key that only the existing client accepts.
    pub fn environment(&self) -> Option<Environment> {
        PREFIXES
            .iter()
            .find(|(prefix, _)| self.0.starts_with(prefix))
            .map(|(_, environment)| *environment)
    }

    /// The prefix, three characters, `...`, three characters; only the prefix and `...` where fewer
    /// than nine characters follow it.
    pub fn mask(&self) -> String {
        let (prefix, secret) = self.split();
        let head = secret.get(..3).filter(|_| secret.len() >= MIN_MASKABLE);
        let tail = secret.len().checked_sub(3).and_then(|at| secret.get(at..));
        match (head, tail) {
            (Some(head), Some(tail)) => format!("{prefix}{head}...{tail}"),
            _ => format!("{prefix}..."),
        }
    }

    fn split(&self) -> (&str, &str) {
        split(&self.0)
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mask())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The secret parts of all keys that this process has held.
pub fn secrets_in_use() -> Vec<Zeroizing<String>> {
    IN_USE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// Wipes what [`secrets_in_use`] returns: nothing is said any more.
pub fn forget() {
    IN_USE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clear();
}

/// The prefix, where it is known, and the secret part.
fn split(key: &str) -> (&str, &str) {
    PREFIXES
        .iter()
        .find_map(|(prefix, _)| key.strip_prefix(prefix).map(|secret| (*prefix, secret)))
        .unwrap_or(("", key))
}

fn trim(text: &str) -> &str {
    let mut key = text;
    loop {
        let before = key.len();
        key = key.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
        for mark in PASTE_MARKS {
            key = key.strip_prefix(mark).unwrap_or(key);
            key = key.strip_suffix(mark).unwrap_or(key);
        }
        if key.len() == before {
            return key;
        }
    }
}

/// Whether this has UTF-16's byte order mark, or a zero byte beside each byte of ASCII.
fn is_utf16(input: &[u8]) -> bool {
    let has_mark = input.starts_with(b"\xff\xfe") || input.starts_with(b"\xfe\xff");
    let has_zero = |pair: &[u8]| matches!(pair, [0, 1..=255] | [1..=255, 0]);
    has_mark || input.len() > 1 && input.chunks_exact(2).all(has_zero)
}

/// A key may hold quotation marks, but none begins with one.
fn check_quotation_marks(key: &str) -> Result<(), String> {
    match (
        key.starts_with(is_quotation_mark),
        key.ends_with(is_quotation_mark),
    ) {
        (false, _) => Ok(()),
        (true, true) => {
            Err("is in quotation marks, which docker --env-file keeps: give it without them".into())
        }
        (true, false) => Err("begins with a quotation mark: give it without".into()),
    }
}

fn check_characters(key: &str) -> Result<(), String> {
    if key.is_empty() {
        return Err("is empty".into());
    }
    if let Some((at, c)) = key.char_indices().find(|(_, c)| !c.is_ascii_graphic()) {
        return Err(odd_character(c, at));
    }
    if key.len() > MAX_LEN {
        return Err(format!("is longer than {MAX_LEN} characters"));
    }
    Ok(())
}

/// A message about the character `c` behind `at` characters of ASCII.
fn odd_character(c: char, at: usize) -> String {
    let kind = describe(c);
    format!(
        "has a character that no key has, {kind}, at position {}",
        at + 1
    )
}

fn check_prefix(key: &str) -> Result<(), String> {
    match split(key) {
        ("", "") => return Err("is empty".into()),
        ("", _) => {}
        (_, "") => return Err("ends after its prefix".into()),
        _ => return Ok(()),
    }
    let lower_case = Zeroizing::new(key.to_ascii_lowercase());
    for (prefix, name) in OTHER_SECRETS {
        if lower_case.starts_with(prefix) {
            return Err(format!("is {name} ({prefix}) and not an API key"));
        }
    }
    for (prefix, _) in PREFIXES {
        match (key.split_once(prefix), lower_case.starts_with(prefix)) {
            (Some((before, _)), _) => {
                let count = before.chars().count();
                return Err(format!("has {count} other characters before {prefix}"));
            }
            (None, true) => return Err(format!("begins with {prefix} in capital letters")),
            (None, false) => {}
        }
    }
    // Letters of other alphabets look like those of a prefix.
    let in_place_of_prefix = key.char_indices().take(8).find(|(_, c)| !c.is_ascii());
    Err(match in_place_of_prefix {
        Some((at, c)) => odd_character(c, at),
        None => "does not begin with sk_live_ or sk_test_".into(),
    })
}

/// Whether this is what [`ApiKey::mask`] makes of a key.
fn is_mask(key: &str) -> bool {
    let (_, secret) = split(key);
    let shown = secret.split_once("...");
    shown.is_some_and(|(head, tail)| matches!((head.len(), tail.len()), (0, 0) | (3, 3)))
}

fn is_quotation_mark(c: char) -> bool {
    "\"'`\u{2018}\u{2019}\u{201a}\u{201b}\u{201c}\u{201d}\u{201e}\u{201f}\u{ab}\u{bb}".contains(c)
}

/// Names a character that no key has, without showing what stood around it.
fn describe(c: char) -> String {
    let kind = match c {
        ' ' => "a space",
        '\t' => "a tab",
        '\r' | '\n' => "a line end",
        '\0' => "a zero byte",
        '\u{1b}' => "an escape character",
        _ if c.is_ascii() => "a control character",
        _ if c.is_whitespace() => "a space outside ASCII",
        _ if is_invisible(c) => "an invisible character outside ASCII",
        _ if is_quotation_mark(c) => "a quotation mark outside ASCII",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "a dash outside ASCII",
        _ if c.is_alphanumeric() => "a letter or digit outside ASCII",
        _ => "one outside ASCII",
    };
    if c.is_ascii() {
        return kind.into();
    }
    format!("{kind} (U+{:04X})", u32::from(c))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {

    use super::{ApiKey, Environment, MAX_LEN};

    fn refusal(input: &[u8]) -> String {
        ApiKey::parse(input).map(drop).unwrap_err()
    }

    #[test]
    fn a_key_is_shown_as_a_mask_alone() {
        for (key, mask) in [
            ("sk_live_QQQzzzQQ", "sk_live_..."),
            ("sk_live_QQQzzzQQ7", "sk_live_QQQ...QQ7"),
            ("sk_test_QQQzzzQQ7", "sk_test_QQQ...QQ7"),
            ("sk_test_Q", "sk_test_..."),
            ("QQQzzzQQ7", "QQQ...QQ7"),
        ] {
            let api_key = ApiKey::from_file_text(key).unwrap();
            assert_eq!(api_key.mask(), mask);
            assert_eq!(format!("{api_key} {api_key:?}"), format!("{mask} {mask}"));
            assert_eq!(api_key.reveal(), key);
        }
    }

    #[test]
    fn the_prefix_names_the_environment() {
        let environment = |key| {
            ApiKey::from_file_text(key)
                .unwrap()
                .environment()
                .map(Environment::name)
        };
        assert_eq!(environment("sk_live_QQ"), Some("live"));
        assert_eq!(environment("sk_test_QQ"), Some("test"));
        assert_eq!(environment("QQsk_live_"), None);
    }

    #[test]
    fn what_is_around_a_key_goes() {
        for around in [
            "\u{feff} \u{200b}\u{a0}sk_live_QQ\r\n",
            "\x1b[200~sk_live_QQ\x1b[201~",
            " \x1b[200~ \x1b[200~sk_live_QQ \x1b[201~\t\x1b[201~\u{2060}\n\n",
        ] {
            assert_eq!(
                ApiKey::parse(around.as_bytes()).unwrap().reveal(),
                "sk_live_QQ"
            );
        }
    }

    #[test]
    fn a_refusal_says_what_is_wrong_and_where() {
        let longest = format!("sk_live_{}", "Q".repeat(MAX_LEN - 8));
        assert!(ApiKey::parse(longest.as_bytes()).is_ok());
        assert_eq!(
            refusal(format!("{longest}Q").as_bytes()),
            "is longer than 512 characters"
        );
        for (input, message) in [
            ("", "is empty"),
            (" \n", "is empty"),
            ("sk_live_", "ends after its prefix"),
            ("x", "does not begin with sk_live_ or sk_test_"),
            (
                "'sk_live_QQ'",
                "is in quotation marks, which docker --env-file keeps: give it without them",
            ),
            (
                "\u{201c}sk_live_QQ",
                "begins with a quotation mark: give it without",
            ),
            ("skt_QQ", "is an install token (skt_) and not an API key"),
            ("ADM_QQ", "is a session's secret (adm_) and not an API key"),
            ("KEY=sk_test_QQ", "has 4 other characters before sk_test_"),
            ("Sk_Live_QQ", "begins with sk_live_ in capital letters"),
            (
                "sk_live_...",
                "is a mask, as 'sekuire status' shows it, and not the key itself",
            ),
            (
                "sk_live_QQQ...QQ7",
                "is a mask, as 'sekuire status' shows it, and not the key itself",
            ),
            (
                "sk_l\u{456}ve_QQ",
                "has a character that no key has, a letter or digit outside ASCII (U+0456), at position 5",
            ),
            (
                "sk_live_Q Q",
                "has a character that no key has, a space, at position 10",
            ),
            (
                "sk_live_Q\tQ",
                "has a character that no key has, a tab, at position 10",
            ),
            (
                "sk_live_Q\nQ",
                "has a character that no key has, a line end, at position 10",
            ),
            (
                "sk_live_Q\rQ",
                "has a character that no key has, a line end, at position 10",
            ),
            (
                "sk_live_Q\0Q",
                "has a character that no key has, a zero byte, at position 10",
            ),
            (
                "sk_live_Q\x1bQ",
                "has a character that no key has, an escape character, at position 10",
            ),
            (
                "sk_live_Q\x7fQ",
                "has a character that no key has, a control character, at position 10",
            ),
            (
                "sk_live_Q\u{a0}Q",
                "has a character that no key has, a space outside ASCII (U+00A0), at position 10",
            ),
            (
                "sk_live_Q\u{200b}Q",
                "has a character that no key has, an invisible character outside ASCII (U+200B), at position 10",
            ),
            (
                "sk_live_Q\u{2019}Q",
                "has a character that no key has, a quotation mark outside ASCII (U+2019), at position 10",
            ),
            (
                "sk_live_Q\u{2212}Q",
                "has a character that no key has, a dash outside ASCII (U+2212), at position 10",
            ),
            (
                "sk_live_Q\u{2010}Q",
                "has a character that no key has, a dash outside ASCII (U+2010), at position 10",
            ),
            (
                "sk_live_Q\u{2603}Q",
                "has a character that no key has, one outside ASCII (U+2603), at position 10",
            ),
        ] {
            assert_eq!(refusal(input.as_bytes()), message, "{input:?}");
        }
        assert_eq!(
            refusal(b"sk_live_\xe4"),
            "has a byte outside ASCII, at position 9, that is not UTF-8"
        );
    }

    #[test]
    fn utf16_is_told_by_its_mark_or_its_zeros() {
        let utf16 = "is in UTF-16, as PowerShell writes files: save it as ASCII or UTF-8";
        for input in [&b"\xff\xfes\0"[..], b"\xfe\xff", b"s\0k\0", b"\0s\0k"] {
            assert_eq!(refusal(input), utf16);
        }
        for other in [&b"s"[..], b"\0", b"s\0kk", b"\0\0", b"sk\0\0"] {
            assert_ne!(refusal(other), utf16, "{other:?}");
        }
    }

    #[test]
    fn what_looks_like_a_mask_only_in_part_is_a_key() {
        for key in [
            "sk_live_QQ...QQQ",
            "sk_live_QQQ...QQQQ",
            "sk_live_QQQ..QQQ",
            "sk_live_...QQQ",
        ] {
            assert_eq!(ApiKey::parse(key.as_bytes()).unwrap().reveal(), key);
        }
    }
}
