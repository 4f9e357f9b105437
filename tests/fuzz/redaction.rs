//! Redaction: whatever the text and the key, nobody who undoes escapes finds a run of eight characters of the key in
//! what is shown, nor what looks like a key.

#![no_main]

#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../src"]
mod program {
    pub mod api_key;
    pub mod redact;
    pub mod unicode;
}

use std::collections::HashSet;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use program::{api_key, redact, unicode};

/// The shortest run that must not be shown.
const RUN: usize = 8;

/// What undoes an encoding: by other people's code where there is some.
type Decoder = fn(&str) -> String;
const DECODERS: [Decoder; 3] = [
    |text| percent_decode_str(text).decode_utf8_lossy().into_owned(),
    |text| html_escape::decode_html_entities(text).into_owned(),
    undo_json,
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Else the keys of all runs would pile up.
    api_key::forget();
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

    let redacted = redact::redact(&text);
    let sanitized = redact::sanitize(&text);
    assert!(
        !sanitized.contains(unicode::is_unprintable),
        "{sanitized:?}"
    );
    for shown in [&redacted, &sanitized] {
        for_each_reading(shown, 3, &mut |reading| {
            let run = seen(reading, |c| !unicode::is_unprintable(c));
            let run = run.as_bytes().windows(RUN).find(|run| runs.contains(run));
            assert!(
                run.is_none(),
                "{secret:?} in {text:?} is shown as {shown:?}, read as {reading:?}"
            );
        });
    }
    // Behind white space, which only redaction leaves as it is, something else begins.
    for_each_reading(&redacted, 1, &mut |reading| {
        assert!(
            !holds_key(reading),
            "{text:?} is shown as {redacted:?}, read as {reading:?}"
        );
    });
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

    /// Any pieces, and pieces of the secret, each in up to three encodings, one within another.
    fn text(&mut self, secret: &str) -> String {
        let mut text = String::new();
        while !self.0.is_empty() {
            let kind = self.byte();
            let length = usize::from(self.byte() % 64);
            let mut piece = if kind < 0x80 {
                String::from_utf8_lossy(self.take(length)).into_owned()
            } else {
                let from = usize::from(self.byte()) % (secret.len() + 1);
                let to = (from + length).min(secret.len());
                secret[from..to].to_owned()
            };
            for _ in 0..kind % 4 {
                let (way, luck) = (self.byte(), self.byte());
                piece = encode(&piece, way, luck);
            }
            text.push_str(&piece);
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

/// A way to write a text; `luck` says which characters are written otherwise where a language leaves that open.
fn encode(text: &str, way: u8, luck: u8) -> String {
    let each = |encode: fn(char) -> String| -> String {
        let written = text.char_indices().map(|(at, c)| {
            // What an escape begins with is always escaped, or nobody could undo it.
            let may_stay = !"%\\\"&".contains(c);
            match may_stay && luck >> (at % 8) & 1 == 1 {
                true => c.to_string(),
                false => encode(c),
            }
        });
        written.collect()
    };
    match way % 10 {
        0 => text.to_ascii_uppercase(),
        1 => text.to_ascii_lowercase(),
        2 => utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
        3 => each(|c| {
            c.to_string()
                .bytes()
                .map(|byte| format!("%{byte:02x}"))
                .collect()
        }),
        4 => serde_json::Value::from(text).to_string(),
        5 => each(|c| {
            c.encode_utf16(&mut [0; 2])
                .iter()
                .map(|unit| format!("\\u{unit:04X}"))
                .collect()
        }),
        6 => html_escape::encode_safe(text).into_owned(),
        7 => each(|c| format!("&#{};", u32::from(c))),
        8 => each(|c| format!("&#x{:x};", u32::from(c))),
        _ => each(|c| format!("{c}\u{200b}\u{1}")),
    }
}

/// Undoes the escapes of JSON (RFC 8259, 7) and leaves what is none.
fn undo_json(text: &str) -> String {
    let mut undone = String::new();
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        undone.push_str(before);
        let unit = escape
            .strip_prefix('u')
            .and_then(|digits| digits.get(..4))
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let (c, length) = match (unit, escape.chars().next()) {
            (Some(unit), _) => (char::from_u32(unit).unwrap_or('\u{fffd}'), 5),
            (None, Some('b' | 'f' | 'n' | 'r' | 't')) => ('\n', 1),
            (None, Some(c @ ('"' | '\\' | '/'))) => (c, 1),
            _ => ('\\', 0),
        };
        undone.push(c);
        rest = &escape[length..];
    }
    undone + rest
}

/// Shows `inspect` the text, and what up to so many decoders make of it, in any order.
fn for_each_reading(text: &str, decoders: usize, inspect: &mut dyn FnMut(&str)) {
    inspect(text);
    if decoders > 0 {
        for decode in DECODERS {
            let decoded = decode(text);
            if decoded != text {
                for_each_reading(&decoded, decoders - 1, inspect);
            }
        }
    }
}

/// What a person makes of a text.
fn seen(text: &str, is_seen: fn(char) -> bool) -> String {
    let visible: String = text.chars().filter(|c| is_seen(*c)).collect();
    visible.to_ascii_lowercase()
}

/// Whether something other than a mark, a mask or white space follows the prefix of a key.
fn holds_key(reading: &str) -> bool {
    let reading = seen(reading, |c| {
        c.is_whitespace() || !unicode::is_unprintable(c)
    });
    ["sk_live_", "sk_test_"].iter().any(|prefix| {
        reading.match_indices(prefix).any(|(at, _)| {
            let rest = reading[at + prefix.len()..].split(char::is_whitespace);
            let rest: Vec<char> = rest
                .into_iter()
                .next()
                .unwrap_or_default()
                .chars()
                .collect();
            let is_mark = |at: usize| rest.get(at..at + 3) == Some(&['.'; 3]);
            let is_mask = is_mark(3)
                && rest.len() >= 9
                && rest[9..].iter().all(|c| ",;:.)]}'\"".contains(*c));
            !rest.is_empty() && !is_mark(0) && !is_mask
        })
    })
}
