//! The one way from foreign text to a terminal or into a report: what a server, a proxy, a file, a
//! path or the environment said, without keys and without what a terminal would not show as text.
//!
//! Three rules say what is cut out of a text. Each looks at the text as it came, so that none can
//! hide from another what that should find:
//!
//! 1. a run of eight or more characters of a secret that this process holds,
//! 2. what looks like a key, up to the next white space,
//! 3. the user name and password of a URL.
//!
//! The first two see through any case, percent-encoding, the escapes of JSON and HTML, one within
//! another, and invisible characters in between.

mod reading;

use zeroize::Zeroizing;

use crate::api_key;
use crate::unicode::is_unprintable;
use reading::{Reading, Span, for_each_reading};

/// The shortest run of a secret's characters that is cut out; words have such runs of fewer.
const RUN: usize = 8;

/// The fewest letters and digits behind `skt_` or `adm_` that make a secret of it: users and folders
/// have names such as `adm_jsmith`.
const MIN_TOKEN: usize = 10;

/// The user info in our own hints, and what follows it.
const PLACEHOLDERS: [&str; 2] = ["user:password@host", "[user:password@]host"];

/// What stands for what was cut out.
const MARK: &str = "...";

/// `text` for a terminal: redacted, and without control characters, escape sequences, line ends and
/// invisible characters.
pub fn sanitize(text: &str) -> String {
    let redacted = redact(text);
    if !redacted.contains(is_unprintable) {
        return redacted;
    }
    // A question mark may complete a run of a secret that has some.
    redact(&redacted.replace(is_unprintable, "?"))
}

/// `text` without keys and without the user info of URLs.
pub fn redact(text: &str) -> String {
    let mut shown = text.to_owned();
    // A mark may complete a run of a secret that has dots in it. Each further cut makes the text shorter.
    loop {
        let next = redact_once(&shown);
        if next == shown {
            return shown;
        }
        shown = next;
    }
}

fn redact_once(text: &str) -> String {
    // Too short for a run and for a look-alike, and without user info: as most names are, and `status` is
    // quick.
    if text.len() < RUN && !text.contains('@') {
        return text.to_owned();
    }
    let runs = Runs::of(&api_key::secrets_in_use());
    let mut cuts = user_info(text);
    for_each_reading(text, |reading| {
        cuts.extend(runs.found_in(reading));
        cuts.extend(lookalikes(text, reading, Sought::Secrets));
    });
    cut(text, cuts)
}

/// What is looked for by its prefix.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Sought {
    /// API keys.
    Keys,
    /// Those, and the other secrets of Sekuire.
    Secrets,
}

/// Whether something in `text` looks like what is sought.
pub fn holds(text: &str, sought: Sought) -> bool {
    let mut found = false;
    for_each_reading(text, |reading| {
        found |= !lookalikes(text, reading, sought).is_empty();
    });
    found
}

/// `text` with a mark in the place of each of `cuts`, which may overlap.
fn cut(text: &str, mut cuts: Vec<Span>) -> String {
    cuts.sort_unstable();
    let mut shown = String::with_capacity(text.len() + MARK.len());
    let mut last_end = None;
    for Span { start, end } in cuts {
        if last_end.is_none_or(|last_end| start > last_end) {
            shown.push_str(text.get(last_end.unwrap_or(0)..start).unwrap_or_default());
            shown.push_str(MARK);
        }
        last_end = last_end.max(Some(end));
    }
    shown.push_str(text.get(last_end.unwrap_or(0)..).unwrap_or_default());
    shown
}

/// Every run of eight characters of the secrets, in lower case and sorted.
struct Runs(Zeroizing<Vec<[u8; RUN]>>);

impl Runs {
    fn of(secrets: &[Zeroizing<String>]) -> Runs {
        // Large enough never to grow: growing would leave a copy behind.
        let mut room = 0;
        for secret in secrets {
            for_each_reading(secret, |reading| room += reading.bytes.len());
        }
        let mut runs = Zeroizing::new(Vec::with_capacity(room));
        for secret in secrets {
            // A secret may hold what looks like an escape: some readings of a text have it undone, too.
            for_each_reading(secret, |reading| {
                runs.extend(reading.bytes.windows(RUN).flat_map(<[u8; RUN]>::try_from));
            });
        }
        runs.sort_unstable();
        Runs(runs)
    }

    fn found_in(&self, reading: &Reading) -> impl Iterator<Item = Span> {
        let places = reading.bytes.windows(RUN).zip(reading.spans.windows(RUN));
        places.filter_map(|(run, spans)| {
            self.0
                .binary_search_by(|own| own.as_slice().cmp(run))
                .ok()?;
            Some(Span {
                start: spans.first()?.start,
                end: spans.last()?.end,
            })
        })
    }
}

/// What stands behind the prefix of a key or of another secret of Sekuire, up to the next white space:
/// which characters a key has is not ours to say, and a mark too many hurts nobody.
fn lookalikes(text: &str, reading: &Reading, sought: Sought) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    for at in 0..reading.bytes.len() {
        let Some((start, rest)) = behind_prefix(text, reading, at, sought) else {
            continue;
        };
        if found.last().is_some_and(|last| start < last.end) {
            continue;
        }
        let token = rest.split(char::is_whitespace).next().unwrap_or_default();
        if !token.is_empty() && !is_mask(token) {
            let end = start + token.len();
            found.push(Span { start, end });
        }
    }
    found
}

/// What follows the prefix that begins at `at`, and where in `text`; none where there is no prefix, or
/// where what follows is no secret.
fn behind_prefix<'a>(
    text: &'a str,
    reading: &Reading,
    at: usize,
    sought: Sought,
) -> Option<(usize, &'a str)> {
    let here = reading.bytes.get(at..)?;
    let is_here = |prefix: &&str| here.starts_with(prefix.as_bytes());
    let mut of_key = api_key::PREFIXES.iter().map(|(prefix, _)| *prefix);
    let of_other = || {
        let prefixes = api_key::OTHER_SECRETS.iter().map(|(prefix, _)| *prefix);
        let mut prefixes = prefixes.filter(|_| sought == Sought::Secrets);
        let prefix = prefixes.find(is_here)?;
        is_token(here.get(prefix.len()..)?).then_some(prefix)
    };
    let prefix = of_key.find(is_here).or_else(of_other)?;
    let start = reading.spans.get(at + prefix.len() - 1)?.end;
    Some((start, text.get(start..)?))
}

fn is_token(bytes: &[u8]) -> bool {
    let mut token = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric());
    token.clone().count() >= MIN_TOKEN && token.any(u8::is_ascii_digit)
}

/// Whether this is the rest of a mask: three characters, `...`, three characters, and at most the
/// punctuation of a sentence.
fn is_mask(token: &str) -> bool {
    let rest = token.get(3..).and_then(|rest| rest.strip_prefix(MARK));
    rest.and_then(|rest| rest.get(3..))
        .is_some_and(|rest| rest.chars().all(|c| ",;:.)]}'\"".contains(c)))
}

/// The user info of each URL in `text` (RFC 3986, 3.2.1).
fn user_info(text: &str) -> Vec<Span> {
    let urls = text.match_indices("//");
    urls.filter_map(|(at, slashes)| {
        let start = at + slashes.len();
        let authority = text.get(start..)?;
        let ends = |c: char| "/?#\\".contains(c) || c.is_whitespace();
        let authority = authority.split(ends).next()?;
        let end = start + authority.rfind('@')?;
        let is_placeholder = PLACEHOLDERS.iter().any(|own| authority.starts_with(own));
        (end > start && !is_placeholder).then_some(Span { start, end })
    })
    .collect()
}

#[cfg(test)]
mod tests;
