//! JSON from strangers: a strict check first, then nanoserde, one scalar at a time.
//!
//! nanoserde's reader panics on `{"valid":true,"x":`, loops for ever on `"x":[1,2`, and accepts
//! trailing junk, comments, duplicate keys and mismatched brackets (0.2.1). It is therefore given
//! nothing but single strings and booleans that have passed the check below.

use nanoserde::{DeJson, SerJson, SerJsonState};

/// The largest document that is read, in bytes.
pub const MAX_LEN: usize = 64 * 1024;

/// The deepest nesting of arrays and objects that is read.
const MAX_DEPTH: usize = 32;

/// Why a document is refused, in words that complete "it …".
pub type Malformed = &'static str;

/// The members of one JSON object that has passed the check.
pub struct Object<'a>(Vec<(String, &'a str)>);

/// What an object holds under a name.
#[derive(Debug, Eq, PartialEq)]
pub enum Member<T> {
    /// Nothing, or null.
    Absent,
    /// A value of the type that was asked for.
    Present(T),
    /// A value of another type.
    Mistyped,
}

impl<T> Member<T> {
    /// The value; none where it is absent or of another type.
    pub fn ok(self) -> Option<T> {
        match self {
            Member::Present(value) => Some(value),
            Member::Absent | Member::Mistyped => None,
        }
    }
}

impl<'a> Object<'a> {
    /// Checks that `bytes` are one JSON object (RFC 8259) of at most 64 KiB, at most 32 deep and
    /// without duplicate keys.
    ///
    /// # Errors
    /// Why it is not.
    pub fn parse(bytes: &'a [u8]) -> Result<Object<'a>, Malformed> {
        if bytes.len() > MAX_LEN {
            return Err("is larger than 64 KiB");
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8 text")?;
        Object::of_our_own(text)
    }

    /// As [`Object::parse`], of any length: what this program wrote.
    ///
    /// # Errors
    /// As there.
    pub fn of_our_own(text: &'a str) -> Result<Object<'a>, Malformed> {
        let mut scanner = Scanner { text, at: 0 };
        scanner.skip_space();
        if scanner.peek() != Some(b'{') {
            return Err("is not a JSON object");
        }
        let members = scanner.object(1)?;
        scanner.skip_space();
        match scanner.peek() {
            None => Ok(Object(members)),
            Some(_) => Err("goes on after the end of its JSON object"),
        }
    }

    /// The names of its members, and the JSON of their values.
    pub fn into_members(self) -> Vec<(String, &'a str)> {
        self.0
    }

    /// The text under `name`.
    pub fn text(&self, name: &str) -> Member<String> {
        self.read(name, text)
    }

    /// The true or false under `name`.
    pub fn flag(&self, name: &str) -> Member<bool> {
        self.read(name, |raw| bool::deserialize_json(raw).ok())
    }

    /// The number under `name`, as it is written.
    pub fn number(&self, name: &str) -> Member<&'a str> {
        let is_number = |raw: &&str| raw.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        self.read(name, |raw| Some(raw).filter(is_number))
    }

    /// The object under `name`.
    pub fn object(&self, name: &str) -> Member<Object<'a>> {
        self.read(name, |raw| Object::parse(raw.as_bytes()).ok())
    }

    /// Those elements of the array under `name` that are objects; none where there is no array.
    pub fn objects(&self, name: &str) -> Option<Vec<Object<'a>>> {
        let elements = self.read(name, elements);
        let objects = elements.ok()?.into_iter();
        Some(
            objects
                .filter_map(|raw| Object::parse(raw.as_bytes()).ok())
                .collect(),
        )
    }

    fn raw(&self, name: &str) -> Option<&'a str> {
        let member = self.0.iter().find(|(key, _)| key == name);
        member.map(|(_, raw)| *raw).filter(|raw| *raw != "null")
    }

    /// The value under `name`, of which `decode` makes nothing where it is of another type.
    fn read<T>(&self, name: &str, decode: impl FnOnce(&'a str) -> Option<T>) -> Member<T> {
        match self.raw(name) {
            None => Member::Absent,
            Some(raw) => decode(raw).map_or(Member::Mistyped, Member::Present),
        }
    }
}

/// Writes `value` into `out`, which keeps its capacity: a string that holds a key must not be
/// moved by growing, for the old copy would stay in memory.
pub fn write(value: &(impl SerJson + ?Sized), out: String) -> String {
    let mut state = SerJsonState::new(out);
    value.ser_json(0, &mut state);
    state.out
}

/// The elements of a checked JSON array; none for another value.
pub fn elements(raw: &str) -> Option<Vec<&str>> {
    Scanner { text: raw, at: 0 }.array(1).ok()
}

/// The text of a checked JSON string; none for another value, and for an escaped lone surrogate, which is no character.
pub fn text(raw: &str) -> Option<String> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return String::deserialize_json(raw).ok();
    }
    // Copied in one piece, where nanoserde would leave partial copies of a key behind.
    Some(inner.to_owned())
}

/// Walks over JSON text and refuses what is not JSON.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let skipped = rest.iter().take_while(|byte| wanted(**byte)).count();
        self.at += skipped;
        skipped
    }

    fn skip_space(&mut self) {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        match self.peek() {
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err("is not JSON"),
            None => Err("is cut short"),
        }
    }

    /// Passes over one value and returns its text.
    fn value(&mut self, depth: usize) -> Result<&'a str, Malformed> {
        self.skip_space();
        let start = self.at;
        match self.peek() {
            Some(b'{') => self.object(depth + 1).map(drop),
            Some(b'[') => self.array(depth + 1).map(drop),
            Some(b'"') => self.string(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => self.number(),
        }?;
        self.text.get(start..self.at).ok_or("is not JSON")
    }

    /// Passes over the object that begins here and returns its members.
    fn object(&mut self, depth: usize) -> Result<Vec<(String, &'a str)>, Malformed> {
        let mut members = Vec::new();
        self.sequence(depth, b'{', b'}', |scanner| {
            let start = scanner.at;
            scanner.string()?;
            let raw = scanner.text.get(start..scanner.at).unwrap_or_default();
            // A key with a lone surrogate is nobody's name: kept as it is written.
            let key = text(raw).unwrap_or_else(|| raw.to_owned());
            scanner.skip_space();
            scanner.expect(b':')?;
            members.push((key, scanner.value(depth)?));
            Ok(())
        })?;
        let mut keys: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        let duplicate = keys.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
        if duplicate {
            Err("has a key twice")
        } else {
            Ok(members)
        }
    }

    /// Passes over the array that begins here and returns its elements.
    fn array(&mut self, depth: usize) -> Result<Vec<&'a str>, Malformed> {
        let mut elements = Vec::new();
        self.sequence(depth, b'[', b']', |scanner| {
            elements.push(scanner.value(depth)?);
            Ok(())
        })?;
        Ok(elements)
    }

    fn sequence(
        &mut self,
        depth: usize,
        opening: u8,
        closing: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if depth > MAX_DEPTH {
            return Err("is nested deeper than 32");
        }
        self.expect(opening)?;
        self.skip_space();
        if self.take(closing) {
            return Ok(());
        }
        loop {
            self.skip_space();
            item(self)?;
            self.skip_space();
            if !self.take(b',') {
                return self.expect(closing);
            }
        }
    }

    fn string(&mut self) -> Result<(), Malformed> {
        self.expect(b'"')?;
        loop {
            self.skip_while(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
            if !self.take(b'\\') {
                return self.expect(b'"');
            }
            match self.peek() {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                Some(b'u') => {
                    self.at += 1;
                    for _ in 0..4 {
                        match self.peek() {
                            Some(byte) if byte.is_ascii_hexdigit() => self.at += 1,
                            Some(_) => return Err("is not JSON"),
                            None => return Err("is cut short"),
                        }
                    }
                }
                Some(_) => return Err("is not JSON"),
                None => return Err("is cut short"),
            }
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), Malformed> {
        word.bytes().try_for_each(|byte| self.expect(byte))
    }

    fn number(&mut self) -> Result<(), Malformed> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        match self.skip_while(|byte| byte.is_ascii_digit()) {
            0 if self.peek().is_none() => Err("is cut short"),
            0 => Err("is not JSON"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::{Member, Object, elements, text, write};

    /// One of everything, each with white space and without.
    const WHOLE: &str = "{\"text\" : \"a \\\" \\\\ \\/ \\b\\f\\n\\r\\t \\u00e9\\uABCD\\u005a \" , \"none\":null,\"yes\":true ,\
        \"no\":\t false,\"zero\":\r\n0,\"minus\":-0.50,\"big\":1234567890e+12,\"small\":9E-3,\"plain\":1e7,\
        \"list\":[ ],\"lists\":[1,[\"]\"] , {\"a\":[]}],\"object\":{ },\"objects\":{\"b\" : {\"c\":\"}\"}}}";

    fn of(text: &str) -> Result<Object<'_>, &'static str> {
        Object::parse(text.as_bytes())
    }

    fn said_of(value: &str) -> Result<(), &'static str> {
        of(&format!("{{\"x\":{value}}}")).map(drop)
    }

    #[test]
    fn a_document_is_read_whole_or_not_at_all() {
        assert_eq!(of(WHOLE).map(drop), Ok(()));
        assert_eq!(of(&format!(" \t\r\n{WHOLE} \t\r\n")).map(drop), Ok(()));
        assert_eq!(of("").err(), Some("is not a JSON object"));
        for end in 1..WHOLE.len() {
            let cut = WHOLE.get(..end).unwrap();
            assert_eq!(of(cut).err(), Some("is cut short"), "{cut}");
        }
        for after in ["}", "{}", ",", "x", "\0", "\u{a0}"] {
            let longer = format!("{WHOLE}{after}");
            let why = "goes on after the end of its JSON object";
            assert_eq!(of(&longer).err(), Some(why), "{after:?}");
        }
        for other in ["[]", "\"\"", "null", "\u{feff}{}", "\u{b}{}"] {
            assert_eq!(of(other).err(), Some("is not a JSON object"), "{other:?}");
        }
        assert_eq!(
            Object::parse(b"{\"\xff\":1}").err(),
            Some("is not UTF-8 text")
        );
    }

    /// In a thread that is left behind where the scanner stands still: nextest ends the other tests then.
    #[test]
    fn escapes_are_passed_in_time() {
        let (sender, result) = channel();
        thread::spawn(move || sender.send(said_of(r#""a\"b\u0041c""#)));
        assert_eq!(result.recv_timeout(Duration::from_secs(10)), Ok(Ok(())));
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for value in [
            "",
            "+1",
            "01",
            "-01",
            ".5",
            "1.",
            "1.e5",
            "1e",
            "1e+",
            "1e-",
            "1e+-5",
            "1e5.0",
            "--1",
            "1-",
            "0x1",
            "1 2",
            "NaN",
            "tru",
            "trux",
            "True",
            "falsf",
            "nul0",
            "'a'",
            "a",
            "//",
            "/**/1",
            "[1,]",
            "[,1]",
            "[,]",
            "[1 2]",
            "[1}",
            "[1",
            "{,}",
            "{\"a\"}",
            "{\"a\",1}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1]",
            "{a:1}",
            "{1:1}",
            "{'a':1}",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\\u123\"",
            "\"\\U1234\"",
            "\"\\'\"",
            "\"\x1f\"",
            "\"\n\"",
            "\"\t\"",
            "\"\0\"",
            "1,",
            "\u{b}1",
            "\u{a0}1",
            "]",
            "1]",
        ] {
            assert_eq!(said_of(value), Err("is not JSON"), "{value:?}");
        }
        for value in [
            "\"\x7f\"",
            "\" \"",
            "\"\u{e9}\u{1f600}\u{2028}\"",
            "\"\\ud800\"",
            "-1",
            "10",
            "1E+5",
        ] {
            assert_eq!(said_of(value), Ok(()), "{value:?}");
        }
    }

    #[test]
    fn keys_are_unique_whatever_they_are_written_like() {
        for twice in [
            "{\"a\":1,\"a\":1}",
            "{\"a\":1,\"b\":1,\"a\":1}",
            "{\"a\":1,\"\\u0061\":1}",
            "{\"b\":{\"a\":1,\"a\":2}}",
            "{\"b\":[{\"\":1,\"\":2}]}",
            "{\"\\ud800\":1,\"\\ud800\":1}",
        ] {
            assert_eq!(of(twice).err(), Some("has a key twice"), "{twice}");
        }
        let once = "{\"a\":{\"a\":1},\"A\":1,\"aa\":1,\"\":1,\"\\ud800\":1,\"\\ud801\":1}";
        assert_eq!(of(once).map(drop), Ok(()));
    }

    #[test]
    fn length_and_depth_have_a_limit() {
        let longest = format!("{{{}}}", " ".repeat(65_536 - 2));
        assert_eq!(of(&longest).map(drop), Ok(()));
        let longer = format!("{longest} ");
        assert_eq!(of(&longer).err(), Some("is larger than 64 KiB"));
        assert_eq!(Object::of_our_own(&longer).map(drop), Ok(()));
        for (opening, closing) in [("[", "]"), ("{\"a\":", "}")] {
            // The outermost object is one.
            let nested = |depth| format!("{}1{}", opening.repeat(depth), closing.repeat(depth));
            assert_eq!(said_of(&nested(31)), Ok(()));
            assert_eq!(
                said_of(&nested(32)),
                Err("is nested deeper than 32"),
                "{opening}"
            );
        }
    }

    #[test]
    fn a_member_is_of_the_type_that_was_asked_for() {
        let object = of(WHOLE).unwrap();
        let read = "a \" \\ / \u{8}\u{c}\n\r\t \u{e9}\u{abcd}Z ";
        assert_eq!(object.text("text"), Member::Present(read.to_owned()));
        assert_eq!(object.flag("yes"), Member::Present(true));
        assert_eq!(object.flag("no"), Member::Present(false));
        for (name, number) in [("zero", "0"), ("minus", "-0.50"), ("small", "9E-3")] {
            assert_eq!(object.number(name), Member::Present(number));
        }
        for absent in ["none", "nothing", ""] {
            assert_eq!(object.text(absent), Member::Absent);
            assert_eq!(object.flag(absent), Member::Absent);
            assert_eq!(object.number(absent), Member::Absent);
            assert!(matches!(object.object(absent), Member::Absent));
            assert!(object.objects(absent).is_none());
        }
        for other in ["yes", "zero", "list", "object"] {
            assert_eq!(object.text(other), Member::Mistyped);
        }
        for other in ["text", "zero", "list", "object"] {
            assert_eq!(object.flag(other), Member::Mistyped);
        }
        for other in ["text", "yes", "list", "object"] {
            assert_eq!(object.number(other), Member::Mistyped);
        }
        for other in ["text", "yes", "zero", "list"] {
            assert!(matches!(object.object(other), Member::Mistyped));
        }
        let inner = object.object("objects").ok().unwrap();
        let innermost = inner.object("b").ok().unwrap();
        assert_eq!(innermost.text("c").ok().as_deref(), Some("}"));
        let objects = object.objects("lists").unwrap();
        assert_eq!(objects.len(), 1);
        assert!(objects.iter().all(|found| found.objects("a").is_some()));
        assert!(object.objects("object").is_none());
    }

    #[test]
    fn values_are_given_back_as_they_are_written() {
        let object = of("{ \"a\" :  [1, 2] , \"\\u0062\":\"\\u0063\" }").unwrap();
        let members = object.into_members();
        let expected = [("a".to_owned(), "[1, 2]"), ("b".to_owned(), "\"\\u0063\"")];
        assert_eq!(members, expected);
    }

    #[test]
    fn values_alone_are_read_and_written() {
        assert_eq!(
            elements("[1 , \"a,]\",[ ]]"),
            Some(vec!["1", "\"a,]\"", "[ ]"])
        );
        assert_eq!(elements("{}"), None);
        assert_eq!(text("\"a\""), Some("a".into()));
        assert_eq!(text("\"\\u0061\""), Some("a".into()));
        assert_eq!(text("\"\\ud800\""), None);
        assert_eq!(text("1"), None);
        assert_eq!(write("a\"\n", String::from("x:")), "x:\"a\\\"\\n\"");
    }
}
