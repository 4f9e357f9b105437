//! A text as a reader may take it: as it is, or with the escapes undone that a server, a proxy or a
//! person put in.

use std::slice;

use zeroize::Zeroizing;

use crate::unicode::is_unprintable;

/// How often an escape is looked for within an escape.
const MAX_LAYERS: usize = 3;

/// A part of a text, in bytes.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The visible characters of a text, and where in it each one stands.
pub(super) struct Reading {
    /// In lower case; 255 for one outside ASCII, which no secret has.
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// As many as bytes.
    pub(super) spans: Vec<Span>,
}

/// Shows `inspect` the text as it is, and with each kind of escape undone, or all, in up to three layers:
/// which ones were put around a key, in which order, only who reads the text knows.
pub(super) fn for_each_reading(text: &str, mut inspect: impl FnMut(&Reading)) {
    let layers = if text.contains(ESCAPES) {
        MAX_LAYERS
    } else {
        0
    };
    Reading::of(text).visit(layers, &mut inspect);
}

impl Reading {
    fn with_room(characters: usize) -> Reading {
        Reading {
            bytes: Zeroizing::new(Vec::with_capacity(characters)),
            spans: Vec::with_capacity(characters),
        }
    }

    fn of(text: &str) -> Reading {
        let mut reading = Reading::with_room(text.len());
        for (start, c) in text.char_indices() {
            let end = start + c.len_utf8();
            reading.push(c, Span { start, end });
        }
        reading
    }

    fn push(&mut self, c: char, span: Span) {
        if !is_unprintable(c) {
            let byte = u8::try_from(c).ok().filter(u8::is_ascii).unwrap_or(u8::MAX);
            self.bytes.push(byte.to_ascii_lowercase());
            self.spans.push(span);
        }
    }

    /// Shows `inspect` this reading, and what is left when up to so many layers of escapes are undone.
    fn visit(&self, layers: usize, inspect: &mut dyn FnMut(&Reading)) {
        inspect(self);
        let Some(layers) = layers.checked_sub(1) else {
            return;
        };
        let mut kinds = 0;
        // One at a time: a reading takes many times the room of its text.
        for kind in &DECODERS {
            if let Some(decoded) = self.decode(slice::from_ref(kind)) {
                kinds += 1;
                decoded.visit(layers, inspect);
            }
        }
        // Of one kind alone, these are all.
        if kinds > 1
            && let Some(decoded) = self.decode(&DECODERS)
        {
            decoded.visit(layers, inspect);
        }
    }

    /// This reading with the escapes of these kinds undone; none where there are none.
    fn decode(&self, kinds: &[Decoder]) -> Option<Reading> {
        let mut decoded = Reading::with_room(self.bytes.len());
        let (mut bytes, mut spans) = (self.bytes.as_slice(), self.spans.as_slice());
        while let (Some(byte), Some(first)) = (bytes.first(), spans.first()) {
            let escape = kinds.iter().find_map(|decode| decode(bytes));
            let (c, length) = escape.unwrap_or((char::from(*byte), 1));
            let end = spans.get(length - 1)?.end;
            decoded.push(c, Span { end, ..*first });
            (bytes, spans) = (bytes.get(length..)?, spans.get(length..)?);
        }
        (decoded.bytes.len() < self.bytes.len()).then_some(decoded)
    }
}

/// The character that an escape at the beginning stands for, and the escape's length in bytes.
type Decoder = fn(&[u8]) -> Option<(char, usize)>;

/// What their escapes begin with.
const ESCAPES: [char; 3] = ['%', '\\', '&'];

const DECODERS: [Decoder; 4] = [percent, backslash, entity, control];

/// RFC 3986, 2.1: a character of ASCII, or one of several bytes in UTF-8.
fn percent(text: &[u8]) -> Option<(char, usize)> {
    const LENGTH: usize = 3;
    let byte = |at: usize| match text.get(LENGTH * at..)? {
        [b'%', digits @ ..] => u8::try_from(number(digits.get(..2)?, 16)?).ok(),
        _ => None,
    };
    let first = byte(0)?;
    let rest = |at| byte(at).unwrap_or_default();
    let bytes = [first, rest(1), rest(2), rest(3)];
    let character = (1..=bytes.len()).find_map(|count| {
        let character = std::str::from_utf8(bytes.get(..count)?).ok()?;
        Some((character.chars().next()?, LENGTH * count))
    });
    character.or(Some((char::from(first), LENGTH)))
}

/// RFC 8259, 7, and what other languages have beside it: some take what is no escape's letter for itself.
fn backslash(text: &[u8]) -> Option<(char, usize)> {
    match text {
        [b'\\', b'u', ..] => code_units(text),
        [b'\\', b'x', digits @ ..] => Some((number(digits.get(..2)?, 16)?, 4)),
        [b'\\', b'n' | b'r' | b't' | b'b' | b'f', ..] => Some(('\n', 2)),
        [b'\\', c, ..] => Some((char::from(*c), 2)),
        _ => None,
    }
}

/// `\u0041`, or a pair of surrogates.
fn code_units(text: &[u8]) -> Option<(char, usize)> {
    const LENGTH: usize = 6;
    let unit = |at: usize| match text.get(LENGTH * at..)? {
        [b'\\', b'u', digits @ ..] => u16::try_from(value(digits.get(..4)?, 16)?).ok(),
        _ => None,
    };
    let units = [unit(0)?].into_iter().chain(unit(1));
    let c = char::decode_utf16(units).next()?.ok()?;
    Some((c, LENGTH * c.len_utf16()))
}

/// What stands for a character in HTML, but for control characters.
fn entity(text: &[u8]) -> Option<(char, usize)> {
    reference(text).filter(|(c, _)| !is_error(*c))
}

/// A control character's number in HTML.
fn control(text: &[u8]) -> Option<(char, usize)> {
    reference(text).filter(|(c, _)| is_error(*c))
}

/// Whether its number is an error in HTML (13.2.5.80), which some leave as it is, and others read all the same.
fn is_error(c: char) -> bool {
    c < ' ' && !c.is_ascii_whitespace()
}

/// HTML Living Standard, 13.5: a number, or the name of a character of ASCII or of an invisible one.
fn reference(text: &[u8]) -> Option<(char, usize)> {
    const LONGEST: usize = "negativeverythinspace;".len();
    let name = text.strip_prefix(b"&")?;
    let length = name.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let c = match name.get(..length)? {
        [b'#', b'x', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        name => NAMES.iter().find(|(known, _)| known.as_bytes() == name)?.1,
    };
    Some((c, length + 2))
}

fn number(digits: &[u8], radix: u32) -> Option<char> {
    char::from_u32(value(digits, radix)?)
}

fn value(digits: &[u8], radix: u32) -> Option<u32> {
    // std would take a sign, too.
    let digits = std::str::from_utf8(digits)
        .ok()
        .filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok()
}

const NAMES: [(&str, char); 58] = [
    ("af", '\u{2061}'),
    ("amp", '&'),
    ("apos", '\''),
    ("applyfunction", '\u{2061}'),
    ("ast", '*'),
    ("bsol", '\\'),
    ("colon", ':'),
    ("comma", ','),
    ("commat", '@'),
    ("diacriticalgrave", '`'),
    ("dollar", '$'),
    ("equals", '='),
    ("excl", '!'),
    ("grave", '`'),
    ("gt", '>'),
    ("hat", '^'),
    ("ic", '\u{2063}'),
    ("invisiblecomma", '\u{2063}'),
    ("invisibletimes", '\u{2062}'),
    ("it", '\u{2062}'),
    ("lbrace", '{'),
    ("lbrack", '['),
    ("lcub", '{'),
    ("lowbar", '_'),
    ("lpar", '('),
    ("lrm", '\u{200e}'),
    ("lsqb", '['),
    ("lt", '<'),
    ("midast", '*'),
    ("negativemediumspace", '\u{200b}'),
    ("negativethickspace", '\u{200b}'),
    ("negativethinspace", '\u{200b}'),
    ("negativeverythinspace", '\u{200b}'),
    ("newline", '\n'),
    ("nobreak", '\u{2060}'),
    ("num", '#'),
    ("percnt", '%'),
    ("period", '.'),
    ("plus", '+'),
    ("quest", '?'),
    ("quot", '"'),
    ("rbrace", '}'),
    ("rbrack", ']'),
    ("rcub", '}'),
    ("rlm", '\u{200f}'),
    ("rpar", ')'),
    ("rsqb", ']'),
    ("semi", ';'),
    ("shy", '\u{ad}'),
    ("sol", '/'),
    ("tab", '\t'),
    ("underbar", '_'),
    ("verbar", '|'),
    ("vert", '|'),
    ("verticalline", '|'),
    ("zerowidthspace", '\u{200b}'),
    ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
];
