//! Redaction: whatever the text and the key, neither in what is shown nor in its percent-decoded form is a run of eight
//! characters of the key in any case, nor what looks like a key.

#![no_main]

#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../src"]
mod program {
    pub mod api_key;
    pub mod percent;
    pub mod redact;
    pub mod unicode;
}

use std::collections::HashSet;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use program::{api_key, percent, redact, unicode};

/// The shortest run that must not be shown.
const RUN: usize = 8;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Else the keys of all runs would pile up.
    api_key::secrets_in_use().clear();
    let mut script = Script(bytes);
    let length = usize::from(script.byte() % 64);
    let key: String = script.take(length).iter().map(visible).collect();
    let Ok(key) = api_key::ApiKey::from_file_text(&key) else {
        return;
    };
    let key = key.reveal();
    let secret = ["sk_live_", "sk_test_"]
        .iter()
        .find_map(|prefix| key.strip_prefix(prefix))
        .unwrap_or(key);
    let text = script.text(secret);
    let secret = secret.to_ascii_lowercase();
    let runs: HashSet<&[u8]> = secret.as_bytes().windows(RUN).collect();

    let shown = redact::sanitize(&text);
    assert!(!shown.contains(unicode::is_unprintable), "{shown:?}");
    let decoded: Vec<u8> = percent_decode_str(&shown).collect();
    for form in [shown.as_bytes(), &decoded].map(<[u8]>::to_ascii_lowercase) {
        let is_run = |run| runs.contains(run);
        assert!(
            !form.windows(RUN).any(is_run) && !holds_key(&form),
            "{secret:?} in {text:?} is shown as {shown:?}"
        );
    }
});

/// Reads the input as a script for a text.
struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Any pieces, and pieces of the secret, each in some case, percent-encoded or not.
    fn text(&mut self, secret: &str) -> String {
        let mut text = String::new();
        while !self.0.is_empty() {
            let kind = self.byte();
            let length = usize::from(self.byte() % 64);
            let piece = if kind < 0x80 {
                String::from_utf8_lossy(self.take(length)).into_owned()
            } else {
                let from = usize::from(self.byte()) % (secret.len() + 1);
                let to = (from + length).min(secret.len());
                secret[from..to].to_owned()
            };
            text.push_str(&match kind % 5 {
                0 => piece.to_ascii_uppercase(),
                1 => piece.to_ascii_lowercase(),
                2 => utf8_percent_encode(&piece, NON_ALPHANUMERIC).to_string(),
                3 => piece.bytes().map(|byte| format!("%{byte:02x}")).collect(),
                _ => piece,
            });
        }
        text
    }
}

/// A character that a key may have.
fn visible(byte: &u8) -> char {
    char::from(if byte.is_ascii_graphic() {
        *byte
    } else {
        b'!' + byte % 94
    })
}

/// Whether something other than a mark, a mask or white space follows the prefix of a key.
fn holds_key(form: &[u8]) -> bool {
    let prefixes = [b"sk_live_", b"sk_test_"];
    form.windows(8).enumerate().any(|(at, window)| {
        let rest = form[at + 8..].split(|byte| *byte <= b' ');
        let rest = rest.into_iter().next().unwrap_or_default();
        let is_mask = rest.get(3..6) == Some(b"...")
            && rest.len() >= 9
            && rest[9..].iter().all(|byte| b",;:.)]}'\"".contains(byte));
        prefixes.iter().any(|prefix| window == *prefix)
            && !(rest.is_empty() || rest.starts_with(b"...") || is_mask)
    })
}
