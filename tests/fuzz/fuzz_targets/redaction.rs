//! Redaction: whatever the text and the key, neither in what is shown nor in its percent-decoded form is a run of eight
//! characters of the key in any case, nor what looks like a key.

#![no_main]

#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../../src"]
mod program {
    pub mod api_key;
    pub mod percent;
    pub mod redact;
    pub mod unicode;
}

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use program::{api_key, percent, redact, unicode};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Else the keys of all runs would pile up.
    api_key::secrets_in_use().clear();
    let (length, bytes) = bytes.split_at(bytes.len().min(1));
    let length = usize::from(length.first().copied().unwrap_or_default() % 64);
    let (secret, script) = bytes.split_at(bytes.len().min(length));
    let secret: String = secret
        .iter()
        .map(|byte| char::from(b'!' + byte % 94))
        .collect();
    // The existing client lets in keys without a prefix.
    let prefix = if length % 2 == 0 { "sk_live_" } else { "" };
    if api_key::ApiKey::from_file_text(&format!("{prefix}{secret}")).is_err() {
        return;
    }
    let text: String = script
        .chunks(4)
        .map(|piece| spell(piece, &secret))
        .collect();

    let shown = redact::sanitize(&text);
    assert!(!shown.contains(unicode::is_unprintable), "{shown:?}");
    let secret = secret.to_ascii_lowercase();
    let decoded: Vec<u8> = percent_decode_str(&shown).collect();
    for form in [shown.as_bytes(), &decoded].map(<[u8]>::to_ascii_lowercase) {
        let has = |run: &[u8]| form.windows(run.len()).any(|part| part == run);
        assert!(
            !secret.as_bytes().windows(8).any(has) && !holds_key(&form),
            "{secret:?} in {text:?} is shown as {shown:?}"
        );
    }
});

/// Any text, or a piece of the secret, in some case, percent-encoded or not.
fn spell(piece: &[u8], secret: &str) -> String {
    let [kind @ 0x80..=0xFF, from, length, ..] = *piece else {
        return String::from_utf8_lossy(piece).into_owned();
    };
    let characters = secret.chars().cycle().skip(usize::from(from) % 64);
    let piece: String = characters.take(usize::from(length) % 64).collect();
    match kind % 4 {
        0 => piece.to_ascii_uppercase(),
        1 => utf8_percent_encode(&piece, NON_ALPHANUMERIC).to_string(),
        2 => piece.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        _ => piece,
    }
}

/// Whether something other than a mark or a mask follows the prefix of a key.
fn holds_key(form: &[u8]) -> bool {
    ["sk_live_", "sk_test_"].iter().any(|prefix| {
        form.windows(prefix.len() + 6).any(|part| {
            part.strip_prefix(prefix.as_bytes()).is_some_and(|rest| {
                let is_word = !rest.iter().any(|byte| *byte <= b' ');
                is_word && !rest.starts_with(b"...") && !rest.ends_with(b"...")
            })
        })
    })
}
