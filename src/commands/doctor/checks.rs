//! What was found in the layers, and how it is printed.

use crate::commands::report::Report;
use crate::commands::shared;
use crate::error::Error;
use crate::redact::sanitize;
use crate::terminal::{self, GREEN, RED, YELLOW};

/// What was found in a layer.
pub(super) struct Finding {
    pub(super) found: String,
    /// An option, a variable, a file, or the default; may be empty.
    source: String,
    /// What is not as it should be, and what to do next.
    hints: Vec<String>,
}

impl Finding {
    pub(super) fn new(found: impl Into<String>, source: &str) -> Finding {
        Finding {
            found: found.into(),
            source: source.to_owned(),
            hints: Vec::new(),
        }
    }

    pub(super) fn warn(mut self, hints: impl IntoIterator<Item = String>) -> Finding {
        self.hints.extend(hints);
        self
    }
}

/// The checks so far.
#[derive(Default)]
pub(super) struct Checks {
    is_json: bool,
    json: Vec<String>,
    results: Vec<&'static str>,
    hints: Vec<String>,
    /// That of the first that failed.
    exit_status: Option<u8>,
}

impl Checks {
    /// Each is printed at once; in JSON, all at the end.
    pub(super) fn new(is_json: bool) -> Checks {
        Checks {
            is_json,
            ..Checks::default()
        }
    }

    /// Adds a check; false if it failed. A hint is given once.
    ///
    /// # Errors
    /// Standard output can't be written.
    pub(super) fn add(
        &mut self,
        name: &str,
        finding: Result<Finding, Error>,
    ) -> Result<bool, Error> {
        let has_failed = finding.is_err();
        let mut finding = finding.unwrap_or_else(|error| {
            self.exit_status.get_or_insert(error.kind().exit_status());
            Finding::new(error.to_string(), "").warn(error.hint().map(str::to_owned))
        });
        finding.hints.retain(|hint| !self.hints.contains(hint));
        let (result, colour) = match finding.hints.is_empty() {
            _ if has_failed => ("failed", RED),
            true => ("ok", GREEN),
            false => ("warning", YELLOW),
        };
        self.results.push(result);
        let (found, hint) = (finding.found, finding.hints.join("; "));
        let (hint, source) = (given(&hint), given(&finding.source));
        if self.is_json {
            let mut report = Report::default();
            report.text("name", Some(name));
            report.text("result", Some(result));
            report.text("found", Some(found));
            report.text("source", source);
            report.text("hint", hint);
            self.json.push(report.json());
        } else {
            let result = terminal::paint(&format!("{result:<8}"), colour);
            let source = source.map(|source| format!(" [{source}]"));
            let line = format!("{name}: {found}{}", source.unwrap_or_default());
            let hint = hint.map(|hint| format!("{:9}{}\n", "", sanitize(hint)));
            let hint = hint.unwrap_or_default();
            shared::print(&format!("{result} {}\n{hint}", sanitize(&line)))?;
        }
        self.hints.extend(finding.hints);
        Ok(!has_failed)
    }

    /// Prints the sum, or all in JSON, and returns the exit status.
    ///
    /// # Errors
    /// Standard output can't be written.
    pub(super) fn finish(self, is_online: bool) -> Result<u8, Error> {
        let ok = self.exit_status.is_none();
        let count = |wanted| {
            self.results
                .iter()
                .filter(|result| **result == wanted)
                .count()
        };
        let next = if ok && !is_online {
            "; --online also tests the connection"
        } else {
            ""
        };
        let sum = match (count("failed"), count("warning")) {
            (0, 0) => format!("no problem found{next}\n"),
            (failed, warnings) => format!("{failed} failed, {warnings} with a warning{next}\n"),
        };
        let json = format!("{{\"ok\":{ok},\"checks\":[{}]}}\n", self.json.join(","));
        shared::print(if self.is_json { &json } else { &sum })?;
        Ok(self.exit_status.unwrap_or(0))
    }
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
