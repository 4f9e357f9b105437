//! The one way from outside to a terminal or into a report: what a server, a proxy, a file, a path or the
//! environment said, as text that a terminal only shows, and without keys.
//!
//! Control characters, bidi and invisible marks become question marks. Of what is left three things are cut
//! out, in the text as it is and in its percent-decoded form (decoded once), both in lower case:
//!
//! 1. a run of eight or more characters of a secret that this process holds,
//! 2. what looks like a key, up to the next white space,
//! 3. the user name and password of a URL.
//!
//! A secret of fewer than eight characters is cut out behind its prefix only: words have such runs.

use std::iter;
use std::ops::Range;

use zeroize::Zeroizing;

use crate::api_key::{OTHER_PREFIXES, PREFIXES, is_mask, secrets_in_use};
use crate::percent;
use crate::unicode::is_unprintable;

/// The shortest run of a secret's characters that is cut out.
const RUN: usize = 8;

/// The fewest letters and digits behind `skt_` or `adm_` that make a secret of it: users and folders
/// have names such as `adm_jsmith`.
const MIN_TOKEN: usize = 10;

/// No name is so long, even without a digit.
const LONG_TOKEN: usize = 20;

/// The user info in our own hints, perhaps behind a bracket.
const PLACEHOLDER: &[u8] = b"user:password";

/// What stands for what was cut out.
const MARK: &str = "...";

/// `text` as a person or a program may see it.
pub fn sanitize(text: &str) -> String {
    let text = text.replace(is_unprintable, "?");
    let runs = runs_in_use();
    let mut hidden = vec![false; text.len()];
    for form in forms(&text) {
        let by_shape = form.lookalikes().chain(form.user_info());
        for Range { start, end } in form.runs(&runs).chain(by_shape) {
            if let (Some(start), Some(end)) = (form.places.get(start), form.places.get(end)) {
                hidden.get_mut(*start..*end).unwrap_or_default().fill(true);
            }
        }
    }
    let shown = cut(&text, &hidden);
    // A mark may complete a run of a secret that has dots, and half of an escape one that has percent signs.
    // Cutting until nothing is found would take a time that grows with the square of the length.
    let has_run = |form: &Form| form.runs(&runs).next().is_some();
    if forms(&shown).iter().any(has_run) {
        return MARK.into();
    }
    shown
}

/// Whether something in `text` looks like a key or another secret of Sekuire.
pub fn looks_like_key(text: &str) -> bool {
    let has_lookalike = |form: &Form| form.lookalikes().next().is_some();
    forms(text).iter().any(has_lookalike)
}

/// `text` with one mark for each part whose bytes are `hidden`.
fn cut(text: &str, hidden: &[bool]) -> String {
    let mut shown = String::with_capacity(text.len() + MARK.len());
    for (at, c) in text.char_indices() {
        if hidden.get(at) != Some(&true) {
            shown.push(c);
        } else if !shown.ends_with(MARK) {
            shown.push_str(MARK);
        }
    }
    shown
}

/// Every run of eight characters of the secrets in use, in lower case and sorted.
fn runs_in_use() -> Zeroizing<Vec<u64>> {
    let secrets = secrets_in_use().clone();
    // Large enough never to grow: growing would leave a copy behind.
    let room = secrets.iter().map(|secret| secret.len()).sum();
    let mut runs = Zeroizing::new(Vec::with_capacity(room));
    for secret in secrets {
        let lower_case = Zeroizing::new(secret.to_ascii_lowercase());
        runs.extend(runs_of(lower_case.as_bytes()));
    }
    runs.sort_unstable();
    runs
}

fn runs_of(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let runs = bytes.windows(RUN).flat_map(<[u8; RUN]>::try_from);
    runs.map(u64::from_be_bytes)
}

/// A text in lower case, as it is or percent-decoded, and where in the text each byte begins; its end as well.
struct Form {
    bytes: Vec<u8>,
    places: Vec<usize>,
}

fn forms(text: &str) -> [Form; 2] {
    let as_it_is = Form::new(text, text.bytes().enumerate());
    [as_it_is, Form::new(text, percent::decoded(text))]
}

impl Form {
    /// Of bytes, each with its place in `text`.
    fn new(text: &str, bytes: impl Iterator<Item = (usize, u8)>) -> Form {
        let (mut places, mut bytes): (Vec<_>, Vec<_>) = bytes.unzip();
        places.push(text.len());
        bytes.make_ascii_lowercase();
        Form { bytes, places }
    }

    fn runs(&self, secret: &[u64]) -> impl Iterator<Item = Range<usize>> {
        let runs = runs_of(&self.bytes).enumerate();
        let found = runs.filter(|(_, run)| secret.binary_search(run).is_ok());
        found.map(|(at, _)| at..at + RUN)
    }

    /// What stands behind the prefix of a key or of another secret of Sekuire, up to the next white space:
    /// it is not for us to say which characters a key has, and a mark too many hurts nobody.
    fn lookalikes(&self) -> impl Iterator<Item = Range<usize>> {
        words(&self.bytes, |byte| *byte <= b' ').filter_map(|(start, word)| {
            let mut rests = iter::successors(Some(word), |rest| rest.get(1..));
            let end = start + word.len();
            Some(end - rests.find_map(behind_prefix)?.len()..end)
        })
    }

    /// The user info of each URL (RFC 3986, 3.2.1).
    fn user_info(&self) -> impl Iterator<Item = Range<usize>> {
        let ends = |byte: &u8| b" /?#\\".contains(byte) || byte.is_ascii_control();
        words(&self.bytes, ends).filter_map(|(start, authority)| {
            let length = authority.iter().rposition(|byte| *byte == b'@')?;
            let is_ours = authority.get(..length)?.ends_with(PLACEHOLDER);
            let is_found = !is_ours && self.bytes.get(..start)?.ends_with(b"//");
            is_found.then_some(start..start + length)
        })
    }
}

/// What is between the bytes that end a word, and where.
fn words(bytes: &[u8], ends: fn(&u8) -> bool) -> impl Iterator<Item = (usize, &[u8])> {
    let mut next = 0;
    bytes.split(ends).map(move |word| {
        let start = next;
        next += word.len() + 1;
        (start, word)
    })
}

/// What is behind the prefix at the beginning; none where there is no prefix, or only a mask or a name behind it.
fn behind_prefix(word: &[u8]) -> Option<&[u8]> {
    let behind = |prefix: &&str| word.strip_prefix(prefix.as_bytes());
    let key = PREFIXES.iter().find_map(behind);
    let other = OTHER_PREFIXES.iter().find_map(behind);
    key.filter(|rest| !rest.is_empty() && !is_mask(rest))
        .or(other.filter(|rest| is_token(rest)))
}

fn is_token(rest: &[u8]) -> bool {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let mut token = rest.iter().take_while(is_part);
    let length = token.clone().count();
    length >= LONG_TOKEN || length >= MIN_TOKEN && token.any(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests;
