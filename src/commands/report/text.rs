//! The text that stands in a report, and the one line that a report is.

use std::fmt::Write;

use nanoserde::{SerJson, SerJsonState};

use crate::json;
use crate::redact::sanitize;
use crate::unicode::is_unprintable;

/// A text in a report, sanitized wherever it came from.
pub struct Text(String);

impl Text {
    /// Of a text from anywhere.
    pub fn new(text: impl AsRef<str>) -> Text {
        Text(sanitize(text.as_ref()))
    }

    /// What may be shown of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SerJson for Text {
    fn ser_json(&self, depth: usize, state: &mut SerJsonState) {
        self.0.ser_json(depth, state);
    }
}

/// A report as one line of JSON in which a terminal shows every character as text.
pub fn line(report: &impl SerJson) -> String {
    let json = json::write(report, String::new());
    let mut line = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        if is_unprintable(c) {
            // Only strings hold such characters, and in strings this means the same (RFC 8259, 7).
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    line
}
