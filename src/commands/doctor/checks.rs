//! What was found in a layer, and how it is told.

use std::fmt::Write;

use nanoserde::SerJson;

use crate::commands::report::Text;
use crate::error::Error;
use crate::redact::sanitize;

/// What `doctor --json` prints.
#[derive(SerJson)]
pub struct Report {
    /// Whether no layer failed.
    pub ok: bool,
    /// What was found, in order.
    pub checks: Vec<Check>,
}

/// What was found in a layer.
#[derive(SerJson)]
#[nserde(serialize_none_as_null)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// `ok`, `warning` or `failed`.
    pub result: &'static str,
    /// What is there.
    pub found: Text,
    /// Where it came from: an option, a variable, a file, or the default.
    pub source: Option<Text>,
    /// What to do next.
    pub hint: Option<Text>,
    /// Of a command that meets this.
    #[nserde(skip)]
    pub exit_status: u8,
}

impl Check {
    pub(super) fn ok(name: &'static str, found: impl AsRef<str>) -> Check {
        Check {
            name,
            result: "ok",
            found: Text::new(found),
            source: None,
            hint: None,
            exit_status: 0,
        }
    }

    pub(super) fn failed(name: &'static str, error: &Error) -> Check {
        Check {
            result: "failed",
            hint: error.hint().map(Text::new),
            exit_status: error.kind().exit_status(),
            ..Check::ok(name, error.to_string())
        }
    }

    /// Where it came from: an option, a variable, a file, or the default.
    pub(super) fn from(self, source: impl AsRef<str>) -> Check {
        let source = Some(Text::new(source));
        Check { source, ..self }
    }

    /// As [`Check::warning`], of several things or none.
    pub(super) fn warnings(self, what: &[String]) -> Check {
        match what {
            [] => self,
            what => self.warning(what.join("; ")),
        }
    }

    /// What is not as it should be, though it does not keep a login from working.
    pub(super) fn warning(self, what: impl AsRef<str>) -> Check {
        Check {
            result: "warning",
            hint: Some(Text::new(what)),
            ..self
        }
    }
}

/// Takes a check as soon as it is made.
pub(super) type Tell<'a> = &'a mut dyn FnMut(Check) -> Result<(), Error>;

/// A check in words.
pub(super) fn describe(check: &Check) -> String {
    let source = match &check.source {
        Some(source) => format!(" [{}]", source.as_str()),
        None => String::new(),
    };
    let found = check.found.as_str();
    let mut text = sanitize(&format!(
        "{:<8} {}: {found}{source}",
        check.result, check.name
    ));
    text.push('\n');
    if let Some(hint) = &check.hint {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:9}{}", "", sanitize(hint.as_str()));
    }
    text
}
