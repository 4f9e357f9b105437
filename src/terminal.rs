//! How this program talks. The rules:
//!
//! - Standard output holds the result and nothing else, written once and checked.
//! - Errors, hints, warnings, notes and prompts go to standard error or the terminal; that they
//!   can't be written there is nobody's business.
//! - What a server, a file or the environment said passes through [`redact::sanitize`] before a person's
//!   terminal gets it, and nothing that looks like a key is shown.
//! - Colour is only for a terminal, and never needed to understand a line.

use std::io::{self, IsTerminal, Write};

use crate::error::{Error, Kind};
use crate::redact::sanitize;
use crate::{environment, platform};

/// Shows an error and what to do next.
pub fn error(error: &Error) {
    if error.kind() == Kind::ClosedPipe {
        return;
    }
    let mut text = labelled("error", RED, &error.to_string());
    if let Some(hint) = error.hint() {
        text.push_str(&labelled("hint", PLAIN, hint));
    }
    to_stderr(&text);
}

/// Shows a warning: something that is not as it should be, though the command goes on.
pub fn warning(message: &str) {
    to_stderr(&labelled("warning", YELLOW, message));
}

/// Shows a note: something that a person should know.
pub fn note(message: &str) {
    to_stderr(&labelled("note", PLAIN, message));
}

/// Shows a ready text, such as help, on standard error.
pub fn to_stderr(text: &str) {
    // There is no better place to report that standard error is closed or full.
    let _ = platform::standard_error().write_all(text.as_bytes());
}

/// What went wrong with standard output.
pub fn output_error(cause: &io::Error) -> Error {
    if cause.kind() == io::ErrorKind::BrokenPipe {
        return Error::new(Kind::ClosedPipe, "standard output is a closed pipe");
    }
    Error::machine(format!("could not write to standard output: {cause}"))
        .with_hint("see where standard output leads: a full disk, or a closed one?")
}

const PLAIN: &str = "";
const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const RESET: &str = "\x1b[0m";

fn labelled(label: &str, colour: &str, message: &str) -> String {
    let message = sanitize(message);
    if colour.is_empty() || !has_colour() {
        format!("{label}: {message}\n")
    } else {
        format!("{colour}{label}:{RESET} {message}\n")
    }
}

/// Whether standard error is a terminal that a person did not ask to keep plain (no-color.org).
fn has_colour() -> bool {
    io::stderr().is_terminal() && environment::raw("NO_COLOR").is_none() && !is_dumb()
}

fn is_dumb() -> bool {
    environment::raw("TERM").is_none_or(|term| term == "dumb")
}

/// A line on the terminal that says what is waited for, erased when done. There is none where
/// standard error is not a terminal, or one that can't erase.
pub struct WaitingLine {
    enabled: bool,
    shown: bool,
}

impl WaitingLine {
    /// A line that is shown only where it can be erased, and not if `quiet`.
    pub fn new(quiet: bool) -> WaitingLine {
        WaitingLine {
            enabled: !quiet && io::stderr().is_terminal() && !is_dumb(),
            shown: false,
        }
    }

    /// The line as what http wants to be told of: shows a text, or removes it.
    pub fn notify(mut self) -> impl FnMut(Option<&str>) {
        move |text| match text {
            Some(text) => self.show(text),
            None => self.erase(),
        }
    }

    fn show(&mut self, message: &str) {
        if self.enabled {
            self.erase();
            let width = platform::terminal_width().unwrap_or(80).saturating_sub(1);
            let line: String = sanitize(message).chars().take(width).collect();
            to_stderr(&line);
            self.shown = true;
        }
    }

    fn erase(&mut self) {
        if self.shown {
            // ECMA-48: to the first column, erase in line.
            to_stderr("\r\x1b[K");
            self.shown = false;
        }
    }
}
