//! The options as data, each once, with the field that it sets.

use std::ffi::OsString;
use std::time::Duration;

use crate::error::Error;

/// The options that were given, and a command's operand.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "a switch is on or off")]
pub struct Options {
    /// `--web-url`
    pub web_url: Option<String>,
    /// `--backend`
    pub backend: Option<String>,
    /// Whether it was typed as `--backend-url`.
    pub is_backend_url: bool,
    /// `--api-key-stdin`
    pub api_key_stdin: bool,
    /// `--workspace`
    pub workspace: Option<String>,
    /// `--timeout`
    pub timeout: Option<Duration>,
    /// `--wait`
    pub wait: Option<Duration>,
    /// `--json`
    pub json: bool,
    /// `--get`
    pub get: Option<String>,
    /// `--quiet`
    pub quiet: bool,
    /// `--online`
    pub online: bool,
    /// What follows `--`: a program and its arguments.
    pub program: Vec<OsString>,
    /// The word after `completions`.
    pub shell: Option<&'static str>,
}

/// An option as data.
#[derive(Clone, Copy)]
pub struct OptionSpec {
    /// Its name, without dashes.
    pub name: &'static str,
    /// The other name it answers to, without dashes.
    pub alias: Option<&'static str>,
    /// Its one-letter name.
    pub short: Option<char>,
    /// What it does, in a few words without a full stop.
    pub help: &'static str,
    field: Field,
}

/// The field that an option sets.
#[derive(Clone, Copy)]
enum Field {
    Switch(fn(&mut Options) -> &mut bool),
    /// With what the value is called.
    Text(&'static str, fn(&mut Options) -> &mut Option<String>),
    /// A whole number of seconds, from the least to the most.
    Seconds(fn(&mut Options) -> &mut Option<Duration>, u64, u64),
}

use Field::{Seconds, Switch, Text};

pub(super) const WEB_URL: OptionSpec = option("web-url", Text("URL", |to| &mut to.web_url))
    .help("Web app URL (default: https://sekuire.ai)");
pub(super) const BACKEND: OptionSpec = option("backend", Text("URL", |to| &mut to.backend))
    .alias("backend-url")
    .help("Backend API URL (default: https://api.sekuire.ai)");
pub(super) const BACKEND_URL: OptionSpec = option("backend-url", BACKEND.field)
    .alias("backend")
    .help("Backend URL (default: the one logged in to)");
pub(super) const API_KEY_STDIN: OptionSpec =
    option("api-key-stdin", Switch(|to| &mut to.api_key_stdin))
        .help("Read the API key from standard input; print only the result");
pub(super) const WORKSPACE: OptionSpec = option("workspace", Text("ID", |to| &mut to.workspace))
    .help("Default workspace (default: the first one)");
pub(super) const TIMEOUT: OptionSpec = option("timeout", Seconds(|to| &mut to.timeout, 1, 300))
    .help("Longest time for one attempt, 1 to 300 (default: 10)");
pub(super) const WAIT: OptionSpec = option("wait", Seconds(|to| &mut to.wait, 0, 3600))
    .help("Keep trying for so long, 0 to 3600 (default: 0, three attempts)");
pub(super) const ONLINE: OptionSpec = option("online", Switch(|to| &mut to.online))
    .help("Also go the way to the backend, step by step, and ask it");
pub(super) const JSON: OptionSpec =
    option("json", Switch(|to| &mut to.json)).help("Print one JSON object");
pub(super) const GET: OptionSpec = option("get", Text("FIELD", |to| &mut to.get))
    .help("Print one field of that object alone, such as device.name");
pub(super) const QUIET: OptionSpec = option("quiet", Switch(|to| &mut to.quiet))
    .short('q')
    .help("Print nothing; only the exit status speaks");

const fn option(name: &'static str, field: Field) -> OptionSpec {
    OptionSpec {
        name,
        alias: None,
        short: None,
        help: "",
        field,
    }
}

impl OptionSpec {
    const fn alias(mut self, alias: &'static str) -> OptionSpec {
        self.alias = Some(alias);
        self
    }

    const fn short(mut self, letter: char) -> OptionSpec {
        self.short = Some(letter);
        self
    }

    const fn help(mut self, help: &'static str) -> OptionSpec {
        self.help = help;
        self
    }

    /// What its value is called; none for a switch.
    pub fn value(&self) -> Option<&'static str> {
        match self.field {
            Switch(_) => None,
            Text(name, _) => Some(name),
            Seconds(..) => Some("SECS"),
        }
    }

    /// Its long names, without dashes: one or two.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.alias)
    }

    /// Whether `typed`, with its dashes, is one of its names.
    pub(super) fn is_called(&self, typed: &str) -> bool {
        match typed.strip_prefix("--") {
            Some(long) => self.names().any(|name| name == long),
            None => typed.chars().nth(1) == self.short,
        }
    }

    /// Sets its field to `value`, which says nothing for a switch.
    ///
    /// # Errors
    /// A number that is none, or out of range.
    pub(super) fn set(&self, options: &mut Options, value: String) -> Result<(), Error> {
        match self.field {
            Switch(field) => *field(options) = true,
            Text(_, field) => *field(options) = Some(value),
            Seconds(field, least, most) => {
                *field(options) = Some(seconds(&value, least, most).ok_or_else(|| {
                    let name = self.name;
                    Error::usage(format!(
                        "--{name} takes a whole number of seconds from {least} to {most}"
                    ))
                    .with_hint(format!("for example: --{name} {}", most / 5))
                })?);
            }
        }
        Ok(())
    }
}

fn seconds(value: &str, least: u64, most: u64) -> Option<Duration> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|_| digits)?;
    (least..=most)
        .contains(&number)
        .then_some(Duration::from_secs(number))
}

#[cfg(test)]
mod tests {
    use super::{BACKEND, Duration, QUIET, TIMEOUT, seconds};

    #[test]
    fn seconds_are_plain_digits_in_a_range() {
        for (value, read) in [("1", Some(1)), ("300", Some(300)), ("007", Some(7))] {
            assert_eq!(seconds(value, 1, 300), read.map(Duration::from_secs));
        }
        for other in [
            "",
            "0",
            "301",
            "+1",
            "-1",
            "1.0",
            "1s",
            " 1",
            "99999999999999999999",
        ] {
            assert_eq!(seconds(other, 1, 300), None, "{other}");
        }
    }

    #[test]
    fn an_option_answers_to_its_names_alone() {
        assert!(BACKEND.is_called("--backend") && BACKEND.is_called("--backend-url"));
        assert!(QUIET.is_called("--quiet") && QUIET.is_called("-q"));
        for other in ["--back", "-b", "--", "--q"] {
            assert!(
                !BACKEND.is_called(other) && !QUIET.is_called(other),
                "{other}"
            );
        }
        assert!(!TIMEOUT.is_called("-t"));
        assert_eq!(
            [BACKEND.value(), QUIET.value(), TIMEOUT.value()],
            [Some("URL"), None, Some("SECS")]
        );
    }
}
