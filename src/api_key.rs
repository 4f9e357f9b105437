//! The API key: validated once, shown only as a mask, wiped when dropped.

use std::fmt;

use zeroize::Zeroizing;

/// The two kinds of key, by prefix.
const PREFIXES: [(&str, Environment); 2] = [
    ("sk_live_", Environment::Live),
    ("sk_test_", Environment::Test),
];

/// The longest key that is accepted, in bytes: a prefix and 504 characters.
pub const MAX_LEN: usize = 512;

/// The most that is read in search of a key: one line of input, or a secret file, in bytes.
pub const MAX_INPUT: usize = 4096;

/// Below this many characters behind the prefix a mask of three and three would give too much away.
const MIN_MASKABLE: usize = 9;

/// What a terminal puts around pasted text in bracketed-paste mode (xterm, "Bracketed Paste Mode").
const PASTE_MARKS: [&[u8]; 2] = [b"\x1b[200~", b"\x1b[201~"];

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
    /// White space, line ends and bracketed-paste marks at both ends go.
    ///
    /// # Errors
    /// What is wrong and where, in words that complete "the API key …" and never quote the key.
    pub fn parse(input: &[u8]) -> Result<ApiKey, String> {
        let key = trim(input);
        if key.is_empty() {
            return Err("is empty".into());
        }
        if !PREFIXES
            .iter()
            .any(|(prefix, _)| key.starts_with(prefix.as_bytes()))
        {
            return Err("does not begin with sk_live_ or sk_test_".into());
        }
        if PREFIXES.iter().any(|(prefix, _)| key == prefix.as_bytes()) {
            return Err("ends after its prefix".into());
        }
        ApiKey::from_file_text(key)
    }

    /// Validates a key that auth.json holds: 1 to 512 characters of ASCII 0x21–0x7E, with any prefix,
    /// because the existing client lets any in.
    ///
    /// # Errors
    /// As [`ApiKey::parse`].
    pub fn from_file_text(key: &[u8]) -> Result<ApiKey, String> {
        if key.len() > MAX_LEN {
            return Err(format!("is longer than {MAX_LEN} characters"));
        }
        if let Some(at) = key.iter().position(|byte| !byte.is_ascii_graphic()) {
            return Err(format!(
                "has a character that no key has, {}, at position {}",
                describe(key.get(at).copied().unwrap_or_default()),
                at + 1
            ));
        }
        match std::str::from_utf8(key) {
            Ok("") => Err("is empty".into()),
            Ok(text) => Ok(ApiKey(Zeroizing::new(text.to_owned()))),
            Err(_) => Err("is not text".into()),
        }
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

    /// `text` with this key, and the part behind its prefix, redacted.
    pub fn redact_in(&self, text: &str) -> String {
        let whole = text.replace(self.reveal(), &self.mask());
        let (_, secret) = self.split();
        if secret.len() < MIN_MASKABLE {
            return whole;
        }
        whole.replace(secret, "...")
    }

    fn split(&self) -> (&str, &str) {
        let prefix = PREFIXES
            .iter()
            .map(|(prefix, _)| *prefix)
            .find(|prefix| self.0.starts_with(prefix))
            .unwrap_or_default();
        (prefix, self.0.strip_prefix(prefix).unwrap_or_default())
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

/// Whether something in `text` looks like an API key.
pub fn looks_like_key(text: &[u8]) -> bool {
    PREFIXES.iter().any(|(prefix, _)| {
        text.windows(prefix.len())
            .any(|window| window == prefix.as_bytes())
    })
}

/// `text` with everything that looks like an API key cut down to its prefix and `...`.
pub fn redact_lookalikes(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = PREFIXES
        .iter()
        .filter_map(|(prefix, _)| rest.find(prefix).map(|at| at + prefix.len()))
        .min()
    {
        let (up_to_prefix, secret) = rest.split_at(at);
        shown.push_str(up_to_prefix);
        rest = secret.trim_start_matches(may_be_of_key);
        // A prefix alone is no key: messages name it.
        if rest.len() < secret.len() {
            shown.push_str("...");
        }
    }
    shown.push_str(rest);
    shown
}

fn may_be_of_key(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '\'' | ',' | ';' | ')' | '>')
}

fn trim(input: &[u8]) -> &[u8] {
    let mut key = input.trim_ascii();
    loop {
        let before = key.len();
        for mark in PASTE_MARKS {
            key = key.strip_prefix(mark).unwrap_or(key);
            key = key.strip_suffix(mark).unwrap_or(key);
        }
        key = key.trim_ascii();
        if key.len() == before {
            return key;
        }
    }
}

/// Names the kind of a byte that no key has, without showing what stood around it.
fn describe(byte: u8) -> &'static str {
    match byte {
        b' ' => "a space",
        b'\t' => "a tab",
        b'\r' | b'\n' => "a line end",
        0 => "a zero byte",
        0x1b => "an escape character",
        0x80.. => "one outside ASCII",
        _ => "a control character",
    }
}
