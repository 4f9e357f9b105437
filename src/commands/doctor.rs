//! `sekuire doctor`: looks at each layer that a login needs, in the order in which they must be mended.
//! It asks the rooms that the other commands use, and has no rule of its own. It changes nothing.

mod layers;
mod online;

use std::fmt::Write;

use nanoserde::SerJson;

use super::report::{self, Text};
use crate::cli::Options;
use crate::error::Error;
use crate::redact::sanitize;

/// What was found in a layer.
#[derive(SerJson)]
#[nserde(serialize_none_as_null)]
struct Check {
    name: &'static str,
    result: &'static str,
    found: Text,
    source: Option<Text>,
    hint: Option<Text>,
    #[nserde(skip)]
    exit_status: u8,
}

/// What `doctor --json` prints.
#[derive(SerJson)]
struct Report {
    ok: bool,
    checks: Vec<Check>,
}

impl Check {
    fn ok(name: &'static str, found: impl AsRef<str>) -> Check {
        Check {
            name,
            result: "ok",
            found: Text::new(found),
            source: None,
            hint: None,
            exit_status: 0,
        }
    }

    fn failed(name: &'static str, error: &Error) -> Check {
        Check {
            result: "failed",
            hint: error.hint().map(Text::new),
            exit_status: error.kind().exit_status(),
            ..Check::ok(name, error.to_string())
        }
    }

    /// Where it came from: an option, a variable, a file, or the default.
    fn from(self, source: impl AsRef<str>) -> Check {
        let source = Some(Text::new(source));
        Check { source, ..self }
    }

    /// As [`Check::warning`], of several things or none.
    fn warnings(self, what: &[String]) -> Check {
        match what {
            [] => self,
            what => self.warning(what.join("; ")),
        }
    }

    /// What is not as it should be, though it does not keep a login from working.
    fn warning(self, what: impl AsRef<str>) -> Check {
        Check {
            result: "warning",
            hint: Some(Text::new(what)),
            ..self
        }
    }
}

/// Looks at each layer, and prints what was found there as soon as it is known.
///
/// # Errors
/// Standard output can't be written.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let mut checks = Vec::new();
    let mut tell = |check: Check| {
        if !options.json {
            super::print(&describe(&check))?;
        }
        checks.push(check);
        Ok(())
    };
    let patient = layers::examine(options, &mut tell)?;
    if options.online {
        online::examine(options, patient, &mut tell)?;
    }
    let failed = checks.iter().find(|check| check.result == "failed");
    let exit_status = failed.map_or(0, |check| check.exit_status);
    if options.json {
        let ok = failed.is_none();
        super::print(&report::line(&Report { ok, checks }))?;
    }
    Ok(exit_status)
}

/// Takes a check as soon as it is made.
type Tell<'a> = &'a mut dyn FnMut(Check) -> Result<(), Error>;

fn describe(check: &Check) -> String {
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
