//! The options, each once, with the field that it sets.

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
    /// `--api-key-stdin`
    pub api_key_stdin: bool,
    /// `--no-store`
    pub no_store: bool,
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

/// An option.
#[derive(Clone, Copy)]
pub struct OptionSpec {
    /// Its documented name with its dashes, and another.
    pub names: &'static [&'static str],
    pub(super) field: Field,
}

/// The field that an option sets.
#[derive(Clone, Copy)]
pub(super) enum Field {
    Switch(fn(&mut Options) -> &mut bool),
    Text(fn(&mut Options) -> &mut Option<String>),
    /// A whole number of seconds, from the least to the most.
    Seconds(fn(&mut Options) -> &mut Option<Duration>, u64, u64),
}

use Field::{Seconds, Switch, Text};

impl OptionSpec {
    /// Its documented name.
    pub fn name(&self) -> &'static str {
        self.names.first().unwrap_or(&"")
    }

    /// Whether it has a value: it is no switch.
    pub fn has_value(&self) -> bool {
        !matches!(self.field, Switch(_))
    }

    /// Sets its field to `value`, which means nothing for a switch.
    ///
    /// # Errors
    /// Not a number of seconds, or out of range.
    pub(super) fn set(&self, options: &mut Options, value: String) -> Result<(), Error> {
        match self.field {
            Switch(field) => *field(options) = true,
            Text(field) => *field(options) = Some(value),
            Seconds(field, least, most) => {
                *field(options) = Some(seconds(&value, least, most).ok_or_else(|| {
                    let name = self.name();
                    let range = format!("a whole number from {least} to {most}");
                    Error::usage(format!("{name} takes seconds: {range}"))
                        .with_hint(format!("for one minute: {name} 60"))
                })?);
            }
        }
        Ok(())
    }
}

fn seconds(value: &str, least: u64, most: u64) -> Option<Duration> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|_| is_plain)?;
    let is_in_range = (least..=most).contains(&number);
    is_in_range.then_some(Duration::from_secs(number))
}

#[cfg(test)]
mod tests {
    use super::{Duration, seconds};

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
}
