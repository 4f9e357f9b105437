//! How this program talks. The rules:
//!
//! - Standard output holds the result and nothing else, written once and checked.
//! - Errors, hints, warnings, notes and prompts go to standard error or the terminal; where they can't be
//!   written there, the exit status stays what it is.
//! - Text from a server, a file or the environment passes through [`sanitize`] before a terminal gets it, and
//!   nothing that looks like a key is shown.
//! - Colour is only for a terminal, and never needed to understand a line.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::environment;
use crate::error::{self, Error, Kind};
use crate::platform::{self, Stream};
use crate::redact::sanitize;

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

/// Shows a warning: something is wrong, though the command goes on.
pub fn warning(message: &str) {
    to_stderr(&labelled("warning", YELLOW, message));
}

/// Shows a note: something that a user should know.
pub fn note(message: &str) {
    to_stderr(&labelled("note", PLAIN, message));
}

/// Shows a ready text, such as help, on standard error.
pub fn to_stderr(text: &str) {
    // There is no other place to report that standard error is closed or full.
    let _ = platform::standard_error().write_all(text.as_bytes());
}

/// Writes a result to standard output, in one piece.
///
/// # Errors
/// It can't be written.
pub fn print(text: &str) -> Result<u8, Error> {
    let Err(cause) = platform::standard_output().write_all(text.as_bytes()) else {
        return Ok(0);
    };
    if cause.kind() == io::ErrorKind::BrokenPipe {
        return Err(Error::new(Kind::ClosedPipe, "closed pipe"));
    }
    let cause = error::words(&cause);
    let error = Error::machine(format!("can't write to standard output: {cause}"));
    Err(error.with_hint("send the output to a file or device that has room for it"))
}

const PLAIN: &str = "";
pub const RED: &str = "\x1b[1;31m";
pub const GREEN: &str = "\x1b[1;32m";
pub const YELLOW: &str = "\x1b[1;33m";

fn labelled(label: &str, colour: &str, message: &str) -> String {
    let label = format!("{label}:");
    let label = coloured(&label, colour, &platform::standard_error());
    format!("{label} {}\n", sanitize(message))
}

/// A text for this output in this colour, unless a person asked to keep the terminal plain (no-color.org).
pub fn coloured(text: &str, colour: &str, output: &Stream) -> String {
    if colour.is_empty() || !has_escapes(output) || environment::raw("NO_COLOR").is_some() {
        return text.to_owned();
    }
    format!("{colour}{text}\x1b[0m")
}

/// Whether this is a terminal that knows escape sequences.
fn has_escapes(output: &Stream) -> bool {
    output.is_terminal() && environment::raw("TERM").is_some_and(|term| term != "dumb")
}

/// How often a log says what is waited for.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// What is waited for: on a terminal that can erase, a line that comes and goes; elsewhere, with `--wait`, a
/// note once a minute.
pub struct WaitingLine {
    on_terminal: bool,
    /// How long `--wait` goes on, if a log is to say so.
    in_log: Option<Duration>,
    shown: Option<String>,
    logged: Option<Instant>,
}

impl WaitingLine {
    /// A line, or notes of the time that `--wait` gives; nothing if `quiet`.
    pub fn new(quiet: bool, wait: Option<Duration>) -> WaitingLine {
        let on_terminal = !quiet && has_escapes(&platform::standard_error());
        WaitingLine {
            on_terminal,
            in_log: wait.filter(|wait| !wait.is_zero() && !quiet && !on_terminal),
            shown: None,
            logged: None,
        }
    }

    /// Shows a text in place of the one before.
    pub fn show(&mut self, message: &str) {
        if self.on_terminal && self.shown.as_deref() != Some(message) {
            self.erase();
            let line = sanitize(&format!("{message} (Ctrl-C stops)"));
            // DECAWM off and on: a line that wraps could not be erased.
            to_stderr(&format!("\x1b[?7l{line}\x1b[?7h"));
            self.shown = Some(message.to_owned());
        }
    }

    /// Writes a note of what is waited for, unless one was written within the last minute.
    pub fn log(&mut self, what: &str) {
        let is_due = |logged: Instant| logged.elapsed() >= LOG_INTERVAL;
        if let Some(wait) = self.in_log
            && self.logged.is_none_or(is_due)
        {
            note(&format!("waiting up to {} s for {what}", wait.as_secs()));
            self.logged = Some(Instant::now());
        }
    }

    /// Removes it from the terminal.
    pub fn erase(&mut self) {
        if self.shown.take().is_some() {
            // ECMA-48: to the first column, erase in line.
            to_stderr("\r\x1b[K");
        }
    }
}
