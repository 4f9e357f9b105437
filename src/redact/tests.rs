//! Against texts and secrets that nobody thought of, and a table of those that somebody did.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::reading::{Span, for_each_reading};
use super::{RUN, Runs, Sought, cut, holds, redact, sanitize};
use crate::api_key::{self, ApiKey};

/// Holds a key alone: the tests run at once, and each may forget the keys in use.
struct InUse(ApiKey, MutexGuard<'static, ()>);

impl InUse {
    fn of(secret: &str) -> InUse {
        static ONE: Mutex<()> = Mutex::new(());
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        api_key::forget();
        let key = ApiKey::parse(format!("sk_live_{secret}").as_bytes()).expect("a key");
        InUse(key, one)
    }
}

/// A seeded generator (Marsaglia's xorshift64): a failure can be had again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit
    }

    /// Any characters that a key may have, half of them such as escapes are made of.
    fn visible(&mut self, length: usize) -> String {
        let any: Vec<char> = ('!'..='~').collect();
        let of_escapes: Vec<char> = "%%%\\\\\\&&&;;;##uxX0123456789abcdefABCDEF"
            .chars()
            .collect();
        let pick = |random: &mut Random, from: &[char]| from.get(random.below(from.len())).copied();
        (0..length)
            .filter_map(|_| match self.below(2) {
                0 => pick(self, &any),
                _ => pick(self, &of_escapes),
            })
            .collect()
    }
}

/// Each way to write a character; what must be escaped in a language always is.
fn encode(text: &str, how: usize, random: &mut Random) -> String {
    let each = |encode: fn(char, usize) -> String, random: &mut Random| -> String {
        text.chars().map(|c| encode(c, random.below(4))).collect()
    };
    match how {
        0 => text.to_owned(),
        1 => text.to_ascii_uppercase(),
        2 => text.to_ascii_lowercase(),
        3 => each(
            |c, luck| match luck {
                0 if c.is_ascii_alphanumeric() => c.to_string(),
                1 => format!("%{:02x}", u32::from(c)),
                _ => format!("%{:02X}", u32::from(c)),
            },
            random,
        ),
        4 => each(
            |c, luck| match (luck, c) {
                (_, '"' | '\\') => format!("\\{c}"),
                (0, '/') => "\\/".into(),
                (1, _) => format!("\\u{:04x}", u32::from(c)),
                (2, _) => format!("\\u{:04X}", u32::from(c)),
                _ => c.to_string(),
            },
            random,
        ),
        5 => each(
            |c, luck| match (luck, c) {
                (0, '"') => "&quot;".into(),
                (0, '<') => "&lt;".into(),
                (0, '>') => "&gt;".into(),
                (_, '&') => "&amp;".into(),
                (1, _) => format!("&#{};", u32::from(c)),
                (2, _) => format!("&#x{:x};", u32::from(c)),
                (3, _) => format!("&#X{:04X};", u32::from(c)),
                _ => c.to_string(),
            },
            random,
        ),
        _ => each(
            |c, luck| match luck {
                0 => format!("{c}\u{200b}"),
                1 => format!("{c}\u{1}"),
                _ => c.to_string(),
            },
            random,
        ),
    }
}
const WAYS: usize = 7;

/// The longest run of the secret's characters that a reader could make out of `text`, each of whose
/// characters may stand for itself or begin an escape: another algorithm than the one under test.
fn longest_run(text: &str, secret: &str) -> usize {
    let text = text.to_ascii_lowercase();
    let secret = secret.to_ascii_lowercase();
    let width = secret.len() + 1;
    let mut runs = vec![0; (text.len() + 1) * width];
    for (at, _) in text.char_indices().rev() {
        for (c, length) in meanings(text.get(at..).unwrap_or_default()) {
            for (index, own) in secret.chars().enumerate() {
                let rest = match c {
                    Some(c) if c == own => runs
                        .get((at + length) * width + index + 1)
                        .map(|run| run + 1),
                    Some(_) => None,
                    None => runs.get((at + length) * width + index).copied(),
                };
                if let (Some(here), Some(rest)) = (runs.get_mut(at * width + index), rest) {
                    *here = rest.max(*here);
                }
            }
        }
    }
    runs.into_iter().max().unwrap_or_default()
}

/// What the first characters can stand for, and how long they are; none: nothing that is seen.
fn meanings(text: &str) -> Vec<(Option<char>, usize)> {
    let Some(first) = text.chars().next() else {
        return Vec::new();
    };
    let mut meanings = vec![(
        Some(first).filter(|c| !"\u{200b}\u{1}".contains(*c)),
        first.len_utf8(),
    )];
    let mut number = |before: &str, digits: Option<usize>, radix: u32| {
        let rest = text.strip_prefix(before)?;
        let length = digits.or_else(|| rest.find(';'))?;
        let c = char::from_u32(u32::from_str_radix(rest.get(..length)?, radix).ok()?)?;
        let after = usize::from(digits.is_none());
        meanings.push((Some(c.to_ascii_lowercase()), before.len() + length + after));
        Some(())
    };
    number("%", Some(2), 16);
    number("\\u", Some(4), 16);
    number("&#x", None, 16);
    number("&#", None, 10);
    for (escape, c) in [
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&quot;", '"'),
        ("\\\"", '"'),
        ("\\\\", '\\'),
        ("\\/", '/'),
    ] {
        if text.starts_with(escape) {
            meanings.push((Some(c), escape.len()));
        }
    }
    meanings
}

#[test]
fn no_run_of_any_secret_comes_through_in_any_encoding() {
    let mut random = Random(0x005e_c2e7);
    for round in 0..3000 {
        let length = RUN + random.below(24);
        let secret = random.visible(length);
        let InUse(key, _alone) = InUse::of(&secret);
        let shown = if round % 2 == 0 {
            key.reveal()
        } else {
            &secret
        };
        let outer = random.below(WAYS);
        let inner = random.below(WAYS);
        let echo = encode(&encode(shown, inner, &mut random), outer, &mut random);
        let from = echo
            .char_indices()
            .nth(random.below(3))
            .map_or(0, |(at, _)| at);
        let (before, after) = (random.below(9), random.below(9));
        let text = format!(
            "{}{}{}",
            random.visible(before),
            echo.get(from..).unwrap_or_default(),
            random.visible(after)
        );
        for told in [redact(&text), sanitize(&text)] {
            let longest = longest_run(&told, &secret);
            assert!(
                longest < RUN,
                "round {round}, {inner} in {outer}: {secret:?} in {text:?} is told as {told:?}"
            );
        }
    }
}

/// Any character, percent-encoded, JSON-escaped, HTML-escaped.
const ENCODINGS: [fn(char) -> String; 3] = [
    |c| format!("%{:02X}", u32::from(c)),
    |c| format!("\\u{:04x}", u32::from(c)),
    |c| format!("&#{};", u32::from(c)),
];

fn all(text: &str, encode: fn(char) -> String) -> String {
    text.chars().map(encode).collect()
}

/// One within another, three deep.
#[test]
fn an_encoding_within_an_encoding_is_seen_through() {
    const SECRET: &str = "abc123def456xyz";
    let _key = InUse::of(SECRET);
    for outer in ENCODINGS {
        for middle in ENCODINGS {
            for inner in ENCODINGS {
                let echo = all(&all(&all(SECRET, inner), middle), outer);
                assert_eq!(redact(&format!("it is {echo} !")), "it is ... !", "{echo}");
            }
        }
    }
}

/// In some a backslash leaves any character as it is, but for the letters of escapes.
#[test]
fn backslashes_are_read_as_in_any_language() {
    const SECRET: &str = "acd123eg456yz";
    let _key = InUse::of(SECRET);
    for echo in [
        all(SECRET, |c| format!("\\{c}")),
        all(SECRET, |c| format!("\\x{:02x}", u32::from(c))),
    ] {
        assert_eq!(redact(&format!("it is {echo} !")), "it is ... !", "{echo}");
    }
    for white in ["\\n", "\\r", "\\t", "\\b", "\\f"] {
        let echo = SECRET.replace("", white);
        assert_eq!(redact(&echo), format!("{white}...{white}"));
    }
}

/// Of three kinds in turn, and those within another: kind by kind that would be four deep.
#[test]
fn encodings_beside_each_other_within_an_encoding_are_seen_through() {
    const SECRET: &str = "abc123def456xyz";
    let _key = InUse::of(SECRET);
    let in_turn = SECRET.chars().zip(ENCODINGS.iter().cycle());
    let inner: String = in_turn.map(|(c, encode)| encode(c)).collect();
    for outer in ENCODINGS {
        let echo = all(&inner, outer);
        assert_eq!(redact(&format!("it is {echo} !")), "it is ... !", "{echo}");
    }
}

/// Between the characters of a secret, in UTF-8 and then percent-encoded, as two halves in JSON, by name in HTML.
#[test]
fn an_invisible_character_hides_nothing_however_it_is_encoded() {
    const SECRET: &str = "abc123def456xyz";
    let _key = InUse::of(SECRET);
    for invisible in [
        "%E2%80%8B",
        "%f0%9d%85%b3",
        "\\ud834\\udd73",
        "%5Cu200b",
        "%25E2%2580%258B",
        "&shy;",
        "&ZeroWidthSpace;",
        "&NegativeVeryThinSpace;",
    ] {
        let echo = SECRET.replace("", invisible);
        let told = redact(&format!("it is {echo}!"));
        assert!(
            longest_run(&told.replace(invisible, ""), SECRET) < RUN,
            "{told}"
        );
    }
}

/// A secret may hold what looks like an escape: undoing that, too, would leave fewer than eight characters here.
#[test]
fn one_kind_of_escape_is_undone_after_another_and_a_third_left_alone() {
    for (secret, text) in [
        ("///cc%2e*d", "%26%23x2F%3B%26%23x2F%3Bcc%252e%2Ad"),
        ("xyz\\u0041ab", "%26#122;%5Cu0041%26#97;b"),
    ] {
        let _key = InUse::of(secret);
        assert_eq!(redact(&format!("it is {text} !")), "it is ... !", "{text}");
    }
}

#[test]
fn a_mark_completes_no_run() {
    const SECRET: &str = "ablc127.0.0.1_c";
    let _key = InUse::of(SECRET);
    let told = redact("127.0.0.10.0.1_c");
    assert!(longest_run(&told, SECRET) < RUN, "{told}");
}

#[test]
fn a_question_mark_completes_no_run() {
    const SECRET: &str = "f?ff?d?b9x";
    let _key = InUse::of(SECRET);
    let told = sanitize("f\u{1}ff\u{1}d\u{1}b9x");
    assert!(longest_run(&told, SECRET) < RUN, "{told}");
}

/// As some take it for an error and others for a character that nobody sees.
#[test]
fn a_number_of_a_control_character_in_html_is_read_both_ways() {
    for (secret, text) in [
        ("&#x1;%&#ms", "&#x1;%&#x200b;&#ms"),
        ("&#1;abc123", "&#1;a&#98;&#10;c&#49;23"),
        ("abc123def", "abc&#x1;123&#0;d&#101;f"),
    ] {
        let _key = InUse::of(secret);
        assert_eq!(redact(&format!("it is {text} !")), "it is ... !", "{text}");
    }
}

#[test]
fn a_character_has_several_names_in_html() {
    let _key = InUse::of("a*b|c`defg");
    let echo = "a&midast;b&VerticalLine;c&DiacriticalGrave;defg";
    assert_eq!(redact(echo), "...");
}

#[test]
fn what_looks_like_a_secret_is_cut_up_to_white_space() {
    for (text, told) in [
        ("key sk_live_a,bcdef is bad", "key sk_live_... is bad"),
        ("sk_test_x", "sk_test_..."),
        ("SK_LIVE_ABC \"Sk_Test_1\"", "SK_LIVE_... \"Sk_Test_..."),
        ("xsk_live_sk_live_abc\ty", "xsk_live_...\ty"),
        (
            "{\"key\":\"sk_live_a\",\"b\":1} c",
            "{\"key\":\"sk_live_... c",
        ),
        ("sk%5Flive%5fabc&x", "sk%5Flive%5f..."),
        (
            "sk\\u005flive_abc sk&#95;live&lowbar;abc",
            "sk\\u005flive_... sk&#95;live&lowbar;...",
        ),
        ("sk%255Flive%255Fabc", "sk%255Flive%255F..."),
        (
            "s\u{200b}k_live_\u{ad}abc\u{200b}def g",
            "s\u{200b}k_live_... g",
        ),
        ("sk_live_ab\u{e9}cdef", "sk_live_..."),
        ("sk_live_abc...xyzmore", "sk_live_..."),
        ("skt_abc123def456, adm_0123456789abcdef", "skt_... adm_..."),
        ("SKT%5Fabc123def456", "SKT%5F..."),
        (
            "https://user:pw@host/a@b //x@y@z/",
            "https://...@host/a@b //...@z/",
        ),
        ("https://user:sk_live_abc@host/", "https://..."),
        ("//a@b", "//...@b"),
    ] {
        assert_eq!(redact(text), told, "{text}");
        assert_eq!(redact(told), told, "twice: {text}");
    }
}

#[test]
fn what_is_sought_is_found() {
    for (text, keys, secrets) in [
        ("say sk_live_a", true, true),
        ("SK%5FTEST%5Fa", true, true),
        ("=skt_abc123def456", false, true),
        ("adm%5fabc123def456", false, true),
        ("sk_live_ sk_live_abc...xyz adm_jsmith", false, false),
        ("//user:password@host", false, false),
    ] {
        let found = [Sought::Keys, Sought::Secrets].map(|sought| holds(text, sought));
        assert_eq!(found, [keys, secrets], "{text}");
    }
}

#[test]
fn what_is_no_secret_is_left_as_it_is() {
    for text in [
        "",
        "keys begin with sk_live_ or sk_test_",
        "Key: sk_live_abc...xyz",
        "(sk_test_a,c...x)z) 'sk_live_abc...xyz', and",
        "/home/adm_jsmith/.sekuire/auth.json adm_jsmith@example.com skt_ adm_administrator",
        "write HTTPS_PROXY=http://[user:password@]host:port or http://user:password@host:port",
        "dev@example.com https://host/@x ///@ http://@host",
        "50% off &amp; \\u0041 &#65; %41",
        "\u{e4}\u{1f600}\n",
    ] {
        assert_eq!(redact(text), text);
    }
}

#[test]
fn what_a_terminal_would_not_show_becomes_a_question_mark() {
    let odd = "\0\u{7f}\u{9b}\u{34f}\u{115f}\u{1160}\u{3164}\u{ffa0}\u{180b}\u{180f}\u{fe00}\u{fe0f}\u{2800}\u{1d173}\u{1d17a}\
               \u{202e}\u{2066}\u{2028}\u{2029}\u{feff}\u{200b}\u{e0041}\u{17b4}\u{1bca0}\u{fff9}";
    assert_eq!(sanitize(odd), "?".repeat(odd.chars().count()));
    let visible = "a \u{e4}\u{4e2d}\u{5d0}\u{1f600}\u{a0}\u{2026}";
    assert_eq!(sanitize(visible), visible);
}

#[test]
fn a_secret_of_eight_characters_is_cut_out_alone() {
    let _key = InUse::of("q7w8e9r0");
    assert_eq!(redact("q7w8e9r0"), "...");
}

#[test]
fn what_is_cut_together_has_one_mark() {
    let cut = |spans: &[(usize, usize)]| {
        let spans = spans.iter().map(|&(start, end)| Span { start, end });
        cut("0123456789", spans.collect())
    };
    for (spans, told) in [
        (&[][..], "0123456789"),
        (&[(2, 4), (6, 8)], "01...45...89"),
        (&[(6, 8), (2, 4)], "01...45...89"),
        (&[(2, 4), (4, 6)], "01...6789"),
        (&[(2, 5), (4, 6)], "01...6789"),
        (&[(2, 8), (4, 6)], "01...89"),
        (&[(0, 10)], "..."),
    ] {
        assert_eq!(cut(spans), told, "{spans:?}");
    }
}

/// Growing would leave a copy of the secrets behind.
#[test]
fn the_runs_of_secrets_never_grow() {
    let secrets = ["%2525&amp;", "\\u0041&#65;"].map(|secret| Zeroizing::new(secret.repeat(20)));
    let Runs(runs) = Runs::of(&secrets);
    let mut room = 0;
    for secret in &secrets {
        for_each_reading(secret, |reading| room += reading.bytes.len());
    }
    assert_eq!(runs.capacity(), room);
}

#[test]
fn a_secret_is_forgotten_when_it_is_told() {
    let secret = "forget-me-not";
    let _key = InUse::of(secret);
    assert_eq!(redact(secret), "...");
    api_key::forget();
    assert_eq!(redact(secret), secret);
}

/// Each reading of the longest text takes its time.
#[test]
fn a_text_is_read_no_more_often_than_its_escapes_ask_for() {
    for (text, expected) in [
        ("abc", 1),
        ("50% of a\u{200b}b & c\\", 1),
        ("a%62c", 2),
        ("a%2562c", 3),
        ("a%252562c", 4),
        ("a%25252562c", 4),
        // Itself; without either and then the other; without both.
        ("a%62c&#100;", 1 + 2 * 2 + 1),
    ] {
        let mut readings = 0;
        for_each_reading(text, |_| readings += 1);
        assert_eq!(readings, expected, "{text}");
    }
}

/// What grows with the square of a text's length would take minutes here.
#[test]
fn the_longest_texts_are_read_in_no_time() {
    let secret = "ab%25".repeat(100);
    let _key = InUse::of(&secret);
    let begun = std::time::Instant::now();
    for piece in [
        "x",
        "sk_live_",
        "sk_live_ ",
        "%25",
        "\\\\",
        "&#37;",
        "&",
        "//",
        "//a@",
        "ab%25",
        "&amp;%25\\u0025",
        "\u{200b}",
    ] {
        redact(&piece.repeat(64 * 1024 / piece.len()));
    }
    let taken = begun.elapsed();
    assert!(taken.as_secs() < 30, "{taken:?}");
}
