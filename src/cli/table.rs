//! The commands and their options. Parser, help, man page and completions come from this table, and the words about
//! each from src/help/commands.txt and options.txt.

use std::ffi::OsString;
use std::time::Duration;

use CommandId::{Completions, Doctor, Exec, Help, Login, Logout, Man, Status, Token, Whoami};
use Field::{Seconds, Switch, Text};

/// The commands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CommandId {
    Login,
    Logout,
    Status,
    Whoami,
    Token,
    Exec,
    Doctor,
    Completions,
    Man,
    Help,
}

type Names = &'static [&'static str];
type Commands = &'static [CommandId];

/// A command.
pub struct CommandSpec {
    /// Which it is.
    pub id: CommandId,
    /// Its documented name, and another.
    pub names: Names,
}

/// An option.
pub struct OptionSpec {
    /// Its documented name with its dashes, and another.
    pub(super) names: Names,
    field: Field,
    commands: Commands,
}

/// The field that an option sets.
enum Field {
    Switch(fn(&mut Options) -> &mut bool),
    Text(fn(&mut Options) -> &mut Option<String>),
    /// A whole number of seconds, from the least to the most.
    Seconds(fn(&mut Options) -> &mut Option<Duration>, u64, u64),
}

/// The shells that have completions.
pub const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// Every command, in the order of the help.
pub const COMMANDS: &[CommandSpec] = &[
    command(Login, &["login", "auth login"]),
    command(Logout, &["logout", "auth logout"]),
    command(Status, &["status", "auth status"]),
    command(Whoami, &["auth whoami", "whoami"]),
    command(Token, &["auth token"]),
    command(Exec, &["auth exec"]),
    command(Doctor, &["doctor"]),
    command(Completions, &["completions"]),
    command(Man, &["man"]),
    command(Help, &["help"]),
];

/// Every option with its commands, in the order of the help.
const OPTIONS: &[OptionSpec] = &[
    option(&["--web-url"], Text(|to| &mut to.web_url), &[Login]),
    option(&["--backend", "--backend-url"], BACKEND, &[Login]),
    option(&["--backend-url", "--backend"], BACKEND, &[Whoami, Doctor]),
    option(&["--api-key-stdin"], API_KEY_STDIN, &[Login]),
    option(&["--no-store"], Switch(|to| &mut to.no_store), &[Login]),
    option(&["--workspace"], Text(|to| &mut to.workspace), &[Login]),
    option(&["--online"], Switch(|to| &mut to.online), &[Doctor]),
    option(&["--timeout"], TIMEOUT, &[Login, Whoami, Doctor]),
    option(&["--wait"], WAIT, &[Login, Whoami]),
    option(&["--json"], JSON, &[Status, Whoami, Doctor]),
    option(&["--get"], Text(|to| &mut to.get), &[Status, Whoami]),
    option(&["--quiet", "-q"], QUIET, &[Login, Logout, Status, Whoami]),
];
const BACKEND: Field = Text(|to| &mut to.backend);
const API_KEY_STDIN: Field = Switch(|to| &mut to.api_key_stdin);
const TIMEOUT: Field = Seconds(|to| &mut to.timeout, 1, 300);
const WAIT: Field = Seconds(|to| &mut to.wait, 0, 3600);
const JSON: Field = Switch(|to| &mut to.json);
const QUIET: Field = Switch(|to| &mut to.quiet);

const fn command(id: CommandId, names: Names) -> CommandSpec {
    CommandSpec { id, names }
}

const fn option(names: Names, field: Field, commands: Commands) -> OptionSpec {
    OptionSpec {
        names,
        field,
        commands,
    }
}

/// The options that were given, and a command's operand.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "a switch is on or off")]
pub struct Options {
    pub web_url: Option<String>,
    pub backend: Option<String>,
    pub api_key_stdin: bool,
    pub no_store: bool,
    pub workspace: Option<String>,
    pub timeout: Option<Duration>,
    pub wait: Option<Duration>,
    pub json: bool,
    pub get: Option<String>,
    pub quiet: bool,
    pub online: bool,
    /// What follows `--`: a program and its arguments.
    pub program: Vec<OsString>,
    /// The word after `completions`.
    pub shell: Option<&'static str>,
}

impl CommandSpec {
    /// Its documented name.
    pub fn name(&self) -> &'static str {
        self.names.first().unwrap_or(&"")
    }

    /// Its documented name without `auth`.
    pub fn word(&self) -> &'static str {
        without_group(self.name())
    }

    /// What to do after a wrong call of it.
    pub(super) fn hint(&self) -> String {
        format!("run: sekuire help {}", self.name())
    }
}

impl OptionSpec {
    /// Its documented name.
    pub fn name(&self) -> &'static str {
        self.names.first().unwrap_or(&"")
    }

    /// Whether it takes a value.
    pub fn has_value(&self) -> bool {
        !matches!(self.field, Switch(_))
    }

    /// Sets its field.
    ///
    /// # Errors
    /// What is wrong with the value.
    pub(super) fn set(&self, options: &mut Options, value: Option<String>) -> Result<(), String> {
        let name = self.name();
        match (&self.field, value) {
            (Switch(field), None) => *field(options) = true,
            (Switch(_), Some(_)) => return Err(format!("{name} takes no value")),
            (Text(field), Some(value)) if !value.trim().is_empty() => {
                *field(options) = Some(value);
            }
            (Seconds(field, least, most), Some(value)) => {
                let range = format!("a whole number from {least} to {most}");
                let seconds = seconds(&value, *least, *most);
                let seconds = seconds.ok_or_else(|| format!("{name} takes seconds: {range}"))?;
                *field(options) = Some(seconds);
            }
            _ => return Err(format!("{name} needs a value")),
        }
        Ok(())
    }
}

fn seconds(value: &str, least: u64, most: u64) -> Option<Duration> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|_| is_plain)?;
    let is_valid = (least..=most).contains(&number);
    is_valid.then_some(Duration::from_secs(number))
}

/// A command's name without `auth`.
pub(super) fn without_group(name: &str) -> &str {
    name.strip_prefix("auth ").unwrap_or(name)
}

/// The options of a command, or of all.
pub fn options_of(command: Option<&CommandSpec>) -> impl Iterator<Item = &'static OptionSpec> {
    let id = command.map(|command| command.id);
    let options = OPTIONS.iter();
    options.filter(move |option| id.is_none_or(|id| option.commands.contains(&id)))
}

/// The option of this name among those of a command, or of all.
pub(super) fn find_option(of: Option<&CommandSpec>, name: &str) -> Option<&'static OptionSpec> {
    options_of(of).find(|option| option.names.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::{Duration, seconds};

    #[test]
    fn seconds_are_plain_digits_in_a_range() {
        for (value, read) in [("1", 1), ("300", 300), ("007", 7)] {
            assert_eq!(seconds(value, 1, 300), Some(Duration::from_secs(read)));
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
