//! What was found in the layers, and how it is printed.

use crate::commands::report::Value;
use crate::error::Error;
use crate::platform;
use crate::redact::sanitize;
use crate::terminal::{self, GREEN, RED, YELLOW};

/// What was found in a layer, what named it, and what is not as it should be.
pub(super) type Finding = (String, Option<String>, Vec<String>);

/// A finding; its source is an option, a variable, a file, or the default.
pub(super) fn finding(
    words: impl Into<String>,
    source: Option<&str>,
    warnings: impl IntoIterator<Item = String>,
) -> Finding {
    let source = source.map(str::to_owned);
    (words.into(), source, warnings.into_iter().collect())
}

/// The checks so far. Each is printed at once; in JSON, all at the end.
#[derive(Default)]
pub(super) struct Checks {
    pub(super) is_json: bool,
    rows: Vec<String>,
    failed: usize,
    warnings: usize,
    /// The exit status of the first that failed; or why nothing can be printed any more.
    outcome: Option<Result<u8, Error>>,
}

impl Checks {
    /// Adds a check; false if it failed or can't be printed.
    pub(super) fn add(&mut self, name: &str, layer: Result<Finding, Error>) -> bool {
        let is_ok = layer.is_ok();
        let (found, source, hints) = layer.unwrap_or_else(|error| {
            (self.outcome).get_or_insert(Ok(error.kind().exit_status()));
            let hints = error.hint().map(str::to_owned).into_iter().collect();
            (error.to_string(), None, hints)
        });
        let (result, colour) = match (is_ok, hints.is_empty()) {
            (true, true) => ("ok", GREEN),
            (true, false) => ("warning", YELLOW),
            (false, _) => ("failed", RED),
        };
        self.warnings += usize::from(result == "warning");
        self.failed += usize::from(result == "failed");
        if self.is_json {
            let hint = (!hints.is_empty()).then(|| hints.join("; "));
            let row = Value::Object(vec![
                ("name", Value::text(Some(name))),
                ("result", Value::text(Some(result))),
                ("found", Value::text(Some(found))),
                ("source", Value::text(source)),
                ("hint", Value::text(hint)),
            ]);
            self.rows.push(row.json());
            return is_ok;
        }
        let output = platform::standard_output();
        let result = terminal::coloured(&format!("{result:<8}"), colour, &output);
        let source = source.map(|source| format!(" [{source}]"));
        let line = format!("{name}: {found}{}", source.unwrap_or_default());
        let mut text = format!("{result} {}\n", sanitize(&line));
        for hint in hints {
            text.extend([&" ".repeat(9), &sanitize(&hint), "\n"]);
        }
        let printed = terminal::print(&text).map_err(|error| self.outcome = Some(Err(error)));
        is_ok && printed.is_ok()
    }

    /// Prints the sum, or all in JSON, and returns the exit status.
    ///
    /// # Errors
    /// Standard output can't be written.
    pub(super) fn finish(self) -> Result<u8, Error> {
        let (ok, checks) = (self.outcome.is_none(), self.rows.join(","));
        let exit_status = self.outcome.unwrap_or(Ok(0))?;
        let (failed, warnings) = (self.failed, self.warnings);
        terminal::print(&match failed + warnings {
            _ if self.is_json => format!("{{\"ok\":{ok},\"checks\":[{checks}]}}\n"),
            0 => "no problem found\n".to_owned(),
            _ => format!("{failed} failed, {warnings} with a warning\n"),
        })?;
        Ok(exit_status)
    }
}
