//! The API key: cleaned and validated once, shown only as a mask, wiped when dropped.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use crate::unicode::is_invisible;

/// How a key begins, in its two environments.
pub const PREFIXES: [&str; 2] = ["sk_live_", "sk_test_"];

/// How Sekuire's other secrets begin.
pub const OTHER_PREFIXES: [&str; 2] = ["skt_", "adm_"];

/// How other texts than keys begin, in lower case, and what is wrong with them.
const WRONG_BEGINNINGS: [(&str, &str); 7] = [
    ("\"", IN_QUOTATION_MARKS),
    ("'", IN_QUOTATION_MARKS),
    ("`", IN_QUOTATION_MARKS),
    ("skt_", "is an install token (skt_)"),
    ("adm_", "is an admin session (adm_)"),
    ("sk_live_", "begins with sk_live_ in upper case"),
    ("sk_test_", "begins with sk_test_ in upper case"),
];
const IN_QUOTATION_MARKS: &str = "is in quotation marks, which count as part of it";

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

/// An API key. `Display` shows its mask.
pub struct ApiKey(Zeroizing<String>);

impl ApiKey {
    /// Cleans and validates what a person or a script handed in.
    ///
    /// White space, invisible characters, line ends and bracketed-paste marks at both ends are removed.
    ///
    /// # Errors
    /// What is wrong and where, in words that complete "the API key …" and never quote the key.
    pub fn parse(input: &[u8]) -> Result<ApiKey, String> {
        let text = std::str::from_utf8(input).map_err(|_| "is not UTF-8 text")?;
        let key = trim(text);
        check_characters(key)?;
        check_form(key)?;
        ApiKey::from_file_text(key)
    }

    /// Validates a key that auth.json holds: 1 to 512 characters of ASCII 0x21–0x7E, with any prefix,
    /// because the existing client lets any in.
    ///
    /// # Errors
    /// As [`ApiKey::parse`].
    pub fn from_file_text(key: &str) -> Result<ApiKey, String> {
        check_characters(key)?;
        let (_, secret) = split(key);
        secrets_in_use().push(Zeroizing::new(secret.to_owned()));
        Ok(ApiKey(Zeroizing::new(key.to_owned())))
    }

    /// The key itself, for the backend and for auth.json.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// `live` or `test`, as the prefix says; none for a key that only the existing client accepts.
    pub fn environment(&self) -> Option<&'static str> {
        let (prefix, _) = split(&self.0);
        prefix.strip_prefix("sk_")?.strip_suffix('_')
    }
}

/// The mask: the prefix, three characters, `...`, three characters; only the prefix and `...` where fewer
/// than nine characters follow it.
impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, secret) = split(&self.0);
        let shown = if secret.len() < MIN_MASKABLE { 0 } else { 3 };
        let head = secret.get(..shown).unwrap_or_default();
        let tail = secret.get(secret.len() - shown..).unwrap_or_default();
        write!(f, "{prefix}{head}...{tail}")
    }
}

/// The secret parts of all keys that this process has held. Clearing wipes them.
pub fn secrets_in_use() -> MutexGuard<'static, Vec<Zeroizing<String>>> {
    IN_USE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The prefix, where it is known, and the secret part.
fn split(key: &str) -> (&'static str, &str) {
    let mut prefixes = PREFIXES.into_iter();
    let found = prefixes.find_map(|prefix| Some((prefix, key.strip_prefix(prefix)?)));
    found.unwrap_or(("", key))
}

fn trim(text: &str) -> &str {
    let mut key = text;
    loop {
        let before = key.len();
        key = key.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
        for mark in PASTE_MARKS {
            key = key.trim_start_matches(mark).trim_end_matches(mark);
        }
        if key.len() == before {
            return key;
        }
    }
}

fn check_characters(key: &str) -> Result<(), String> {
    let mut characters = key.chars().enumerate();
    if let Some((at, c)) = characters.find(|(_, c)| !c.is_ascii_graphic()) {
        let (code_point, position) = (u32::from(c), at + 1);
        return Err(format!(
            "has a character that does not belong: U+{code_point:04X} at position {position}"
        ));
    }
    match key.len() {
        0 => Err("is empty".into()),
        1..=MAX_LEN => Ok(()),
        _ => Err(format!("is longer than {MAX_LEN} characters")),
    }
}

/// Checks that this is one key with a known prefix.
fn check_form(key: &str) -> Result<(), &'static str> {
    let (prefix, secret) = split(key);
    let lower_case = Zeroizing::new(key.to_ascii_lowercase());
    let mut wrong = WRONG_BEGINNINGS.iter();
    let wrong = wrong.find(|(beginning, _)| lower_case.starts_with(beginning));
    let is_key = !prefix.is_empty();
    let has_another = PREFIXES.iter().any(|prefix| secret.contains(prefix));
    match wrong {
        _ if secret.is_empty() => Err("ends after its prefix"),
        _ if is_mask(secret.as_bytes()) => Err("is a mask, as 'sekuire status' shows it"),
        _ if is_key && has_another => Err("is two keys on one line"),
        _ if is_key => Ok(()),
        Some((_, what)) => Err(what),
        None => Err("does not begin with sk_live_ or sk_test_"),
    }
}

/// Whether this is what the mask makes of a key's secret part, perhaps with the punctuation of a sentence behind it.
pub fn is_mask(secret: &[u8]) -> bool {
    match secret {
        [b'.', b'.', b'.', end @ ..] | [_, _, _, b'.', b'.', b'.', _, _, _, end @ ..] => {
            end.iter().all(|byte| b",;:.)]}'\"".contains(byte))
        }
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{ApiKey, MAX_LEN};

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
            assert_eq!(api_key.to_string(), mask);
            assert_eq!(api_key.reveal(), key);
        }
    }

    #[test]
    fn the_prefix_names_the_environment() {
        let environment = |key| ApiKey::from_file_text(key).unwrap().environment();
        assert_eq!(environment("sk_live_QQ"), Some("live"));
        assert_eq!(environment("sk_test_QQ"), Some("test"));
        assert_eq!(environment("QQsk_live_"), None);
    }

    #[test]
    fn what_is_around_a_key_is_removed() {
        for around in [
            "\u{feff} \u{200b}\u{a0}sk_live_QQ\r\n",
            "\x1b[200~sk_live_QQ\x1b[201~",
            " \x1b[200~ \x1b[200~\u{feff}sk_live_QQ \x1b[201~\t\x1b[201~\u{2060}\u{2028}\n\n",
            "\u{200d}\u{3000}sk_live_QQ\r\x1b[201~ ",
        ] {
            let key = ApiKey::parse(around.as_bytes()).unwrap();
            assert_eq!(key.reveal(), "sk_live_QQ", "{around:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_is_wrong_and_where() {
        let longest = format!("sk_live_{}", "Q".repeat(MAX_LEN - 8));
        assert!(ApiKey::parse(longest.as_bytes()).is_ok());
        let longer = format!("{longest}Q");
        let mask = "is a mask, as 'sekuire status' shows it";
        let quoted = "is in quotation marks, which count as part of it";
        let two = "is two keys on one line";
        let no_prefix = "does not begin with sk_live_ or sk_test_";
        for (input, message) in [
            ("", "is empty"),
            (" \t\r\n", "is empty"),
            ("\x1b[200~\x1b[201~", "is empty"),
            ("\u{a0}", "is empty"),
            (&longer, "is longer than 512 characters"),
            ("sk_live_", "ends after its prefix"),
            ("hunter2", no_prefix),
            ("KEY=sk_test_QQ", no_prefix),
            ("'sk_live_QQ'", quoted),
            ("\"sk_live_QQ", quoted),
            ("skt_QQ", "is an install token (skt_)"),
            ("ADM_QQ", "is an admin session (adm_)"),
            ("SK_LIVE_QQ", "begins with sk_live_ in upper case"),
            ("Sk_Test_QQ", "begins with sk_test_ in upper case"),
            ("sk_live_...", mask),
            ("sk_live_QQQ...QQ7", mask),
            ("QQQ...QQ7", mask),
            ("sk_live_QQsk_live_QQ", two),
            ("sk_live_QQsk_test_", two),
        ] {
            assert_eq!(refusal(input.as_bytes()), message, "{input:?}");
        }
        assert_eq!(refusal(b"sk_live_\xe4"), "is not UTF-8 text");
    }

    #[test]
    fn a_character_that_no_key_has_is_named_with_its_position() {
        for (input, character) in [
            ("\u{201c}sk_live_QQ\u{201d}", "U+201C at position 1"),
            ("sk_l\u{456}ve_QQ", "U+0456 at position 5"),
            ("\u{ef}\u{bb}\u{bf}sk_live_QQ", "U+00EF at position 1"),
            ("s\0k\0", "U+0000 at position 2"),
            ("sk_live_Q Q", "U+0020 at position 10"),
            ("sk_live_Q\nQ", "U+000A at position 10"),
            ("sk_live_Q\x7fQ", "U+007F at position 10"),
            ("sk_live_Q\u{200b}Q", "U+200B at position 10"),
            ("sk_live_Q\u{1f600}Q", "U+1F600 at position 10"),
        ] {
            let message = format!("has a character that does not belong: {character}");
            assert_eq!(refusal(input.as_bytes()), message, "{input:?}");
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
