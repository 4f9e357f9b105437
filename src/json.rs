//! JSON from others: a strict check first, then nanoserde, one scalar at a time.
//!
//! nanoserde's reader panics on `{"valid":true,"x":`, loops forever on `"x":[1,2`, and accepts
//! trailing junk, comments, duplicate keys and mismatched brackets (0.2.1). It therefore reads only
//! single strings and booleans that have passed the check below.

use nanoserde::{DeJson, SerJson, SerJsonState};

/// The largest document that is read, in bytes.
pub const MAX_LEN: usize = 64 * 1024;

/// The deepest nesting of arrays and objects that is read.
const MAX_DEPTH: usize = 32;

/// Why a document is refused, in words that complete "it …".
pub type Malformed = &'static str;

const NOT_JSON: Malformed = "is not JSON";

/// White space (RFC 8259, 2).
const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// The members of one JSON object that has passed the check, with their values' text.
#[derive(Default)]
pub struct Object<'a>(Vec<(String, &'a str)>);

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
        let rest = text.trim_matches(SPACE);
        if !rest.starts_with('{') {
            return Err("is not a JSON object");
        }
        let mut scanner = Scanner { rest };
        let members = scanner.members(1)?;
        let is_whole = scanner.rest.is_empty();
        is_whole.then_some(Object(members)).ok_or(NOT_JSON)
    }

    /// The text under `name`; none, as for the types below, where something else is there.
    pub fn text(&self, name: &str) -> Option<String> {
        text(self.value(name)?)
    }

    /// The true or false under `name`.
    pub fn flag(&self, name: &str) -> Option<bool> {
        bool::deserialize_json(self.value(name)?).ok()
    }

    /// The number under `name`, as it is written.
    pub fn number(&self, name: &str) -> Option<&'a str> {
        self.value(name).filter(|raw| is_number(raw))
    }

    /// The object under `name`.
    pub fn object(&self, name: &str) -> Option<Object<'a>> {
        Object::parse(self.value(name)?.as_bytes()).ok()
    }

    /// Those elements of the array under `name` that are objects.
    pub fn objects(&self, name: &str) -> Option<Vec<Object<'a>>> {
        let rest = self.value(name).filter(|raw| raw.starts_with('['))?;
        let elements = Scanner { rest }.members(1).ok()?.into_iter();
        let objects = elements.flat_map(|(_, raw)| Object::parse(raw.as_bytes()));
        Some(objects.collect())
    }

    /// Whether there is anything under `name` but null.
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        let (_, raw) = self.0.iter().find(|(key, _)| key == name)?;
        Some(*raw).filter(|raw| *raw != "null")
    }
}

/// Writes `value` into `out`, which keeps its capacity: a string that holds a key must not grow, for
/// the old copy would stay in memory.
pub fn write(value: &(impl SerJson + ?Sized), out: String) -> String {
    let mut state = SerJsonState::new(out);
    value.ser_json(0, &mut state);
    state.out
}

/// The text of a checked JSON string; none for another value, and for an escaped lone surrogate, which
/// is not a character.
fn text(raw: &str) -> Option<String> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return String::deserialize_json(raw).ok();
    }
    // Copied in one piece, where nanoserde would leave partial copies of a key behind.
    Some(inner.to_owned())
}

/// Whether this is a number (RFC 8259, 6).
fn is_number(text: &str) -> bool {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_plain = whole == "0" || !whole.starts_with('0');
    is_plain && [whole, fraction, exponent].into_iter().all(is_digits)
}

/// Passes over JSON text and refuses what is not JSON.
struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    /// What was passed since this was the rest.
    fn since(&self, start: &'a str) -> &'a str {
        let passed = start.len() - self.rest.len();
        start.get(..passed).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches(SPACE);
    }

    /// Passes over the next character if it is one of these.
    fn take(&mut self, any_of: &str) -> bool {
        let rest = self.rest.strip_prefix(|c| any_of.contains(c));
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn require(&mut self, any_of: &str) -> Result<(), Malformed> {
        self.take(any_of).then_some(()).ok_or(NOT_JSON)
    }

    /// Passes over one value and returns its text.
    fn value(&mut self, depth: usize) -> Result<&'a str, Malformed> {
        self.skip_space();
        let start = self.rest;
        if start.starts_with(['{', '[']) {
            self.members(depth + 1)?;
        } else if start.starts_with('"') {
            self.string()?;
        } else {
            self.rest = start.trim_start_matches(|c| !SPACE.contains(&c) && !",]}".contains(c));
            let word = self.since(start);
            if !matches!(word, "true" | "false" | "null") && !is_number(word) {
                return Err(NOT_JSON);
            }
        }
        Ok(self.since(start))
    }

    /// Passes over the object or array that begins here. Returns its values, and the keys of an object.
    fn members(&mut self, depth: usize) -> Result<Vec<(String, &'a str)>, Malformed> {
        if depth > MAX_DEPTH {
            return Err("is nested deeper than 32");
        }
        let is_object = self.rest.starts_with('{');
        let closing = if is_object { "}" } else { "]" };
        let mut members = Vec::new();
        self.require("{[")?;
        self.skip_space();
        let mut goes_on = !self.take(closing);
        while goes_on {
            let key = is_object.then(|| self.key()).transpose()?;
            members.push((key.unwrap_or_default(), self.value(depth)?));
            self.skip_space();
            goes_on = self.take(",");
            if !goes_on {
                self.require(closing)?;
            }
        }
        let mut keys: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        if is_object && keys.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err("has a key twice");
        }
        Ok(members)
    }

    /// Passes over a key and its colon.
    fn key(&mut self) -> Result<String, Malformed> {
        self.skip_space();
        let start = self.rest;
        self.string()?;
        let raw = self.since(start);
        self.skip_space();
        self.require(":")?;
        // One with a lone surrogate is nobody's name: kept as it is written.
        Ok(text(raw).unwrap_or_else(|| raw.to_owned()))
    }

    fn string(&mut self) -> Result<(), Malformed> {
        self.require("\"")?;
        loop {
            let is_plain = |c| c >= ' ' && c != '"' && c != '\\';
            self.rest = self.rest.trim_start_matches(is_plain);
            if !self.take("\\") {
                return self.require("\"");
            }
            if self.take("u") {
                (0..4).try_for_each(|_| self.require("0123456789abcdefABCDEF"))?;
            } else {
                self.require("\"\\/bfnrt")?;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::{Object, text, write};

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
            assert_eq!(of(cut).err(), Some("is not JSON"), "{cut}");
        }
        for after in ["}", "{}", ",", "x", "\0", "\u{a0}"] {
            let longer = format!("{WHOLE}{after}");
            assert_eq!(of(&longer).err(), Some("is not JSON"), "{after:?}");
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
        assert_eq!(object.text("text").as_deref(), Some(read));
        assert_eq!(object.flag("yes"), Some(true));
        assert_eq!(object.flag("no"), Some(false));
        for (name, number) in [("zero", "0"), ("minus", "-0.50"), ("small", "9E-3")] {
            assert_eq!(object.number(name), Some(number));
        }
        for other in ["yes", "zero", "list", "object", "none", "nothing", ""] {
            assert_eq!(object.text(other), None);
        }
        for other in ["text", "zero", "list", "object", "none", "nothing", ""] {
            assert_eq!(object.flag(other), None);
        }
        for other in ["text", "yes", "list", "object", "none", "nothing", ""] {
            assert_eq!(object.number(other), None);
        }
        for other in ["text", "yes", "zero", "list", "none", "nothing", ""] {
            assert!(object.object(other).is_none());
        }
        assert!(object.has("text") && object.has("no") && object.has("list"));
        assert!(!object.has("none") && !object.has("nothing"));
        let inner = object.object("objects").unwrap();
        let innermost = inner.object("b").unwrap();
        assert_eq!(innermost.text("c").as_deref(), Some("}"));
        let objects = object.objects("lists").unwrap();
        assert_eq!(objects.len(), 1);
        assert!(objects.iter().all(|found| found.objects("a").is_some()));
        for other in ["object", "text", "none", "nothing"] {
            assert!(object.objects(other).is_none());
        }
    }

    #[test]
    fn values_alone_are_read_and_written() {
        assert_eq!(text("\"a\""), Some("a".into()));
        assert_eq!(text("\"\\u0061\""), Some("a".into()));
        assert_eq!(text("\"\\ud800\""), None);
        assert_eq!(text("1"), None);
        assert_eq!(write("a\"\n", String::from("x:")), "x:\"a\\\"\\n\"");
    }
}
