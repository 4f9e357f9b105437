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
    failed: usize,
    warnings: usize,
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

    /// Adds a check; false if it failed.
    ///
    /// # Errors
    /// Standard output can't be written.
    pub(super) fn add(
        &mut self,
        name: &str,
        finding: Result<Finding, Error>,
    ) -> Result<bool, Error> {
        let is_ok = finding.is_ok();
        let finding = finding.unwrap_or_else(|error| {
            self.exit_status.get_or_insert(error.kind().exit_status());
            Finding::new(error.to_string(), "").warn(error.hint().map(str::to_owned))
        });
        let (result, colour) = if !is_ok {
            self.failed += 1;
            ("failed", RED)
        } else if finding.hints.is_empty() {
            ("ok", GREEN)
        } else {
            self.warnings += 1;
            ("warning", YELLOW)
        };
        let (found, hint) = (finding.found, finding.hints.join("; "));
        if self.is_json {
            let given = |text| Some(text).filter(|text: &String| !text.is_empty());
            let mut report = Report::default();
            report.text("name", Some(name));
            report.text("result", Some(result));
            report.text("found", Some(found));
            report.text("source", given(finding.source));
            report.text("hint", given(hint));
            self.json.push(report.json());
            return Ok(is_ok);
        }
        let result = terminal::paint(&format!("{result:<8}"), colour);
        let mut line = format!("{name}: {found}");
        if !finding.source.is_empty() {
            line.extend([" [", &finding.source, "]"]);
        }
        let mut text = format!("{result} {}\n", sanitize(&line));
        if !hint.is_empty() {
            text.extend([&" ".repeat(9), &sanitize(&hint), "\n"]);
        }
        shared::print(&text)?;
        Ok(is_ok)
    }

    /// Prints the sum, or all in JSON, and returns the exit status.
    ///
    /// # Errors
    /// Standard output can't be written.
    pub(super) fn finish(self, is_online: bool) -> Result<u8, Error> {
        let ok = self.exit_status.is_none();
        let next = if ok && !is_online {
            "; --online also tests the connection"
        } else {
            ""
        };
        let (failed, warnings) = (self.failed, self.warnings);
        shared::print(&if self.is_json {
            format!("{{\"ok\":{ok},\"checks\":[{}]}}\n", self.json.join(","))
        } else if failed + warnings == 0 {
            format!("no problem found{next}\n")
        } else {
            format!("{failed} failed, {warnings} with a warning{next}\n")
        })?;
        Ok(self.exit_status.unwrap_or(0))
    }
}
