//! The commands and their options. Parser, help, man page and completions come from this table, and the words about
//! each from src/help/commands.txt and options.txt.

use super::options::Field::{Seconds, Switch, Text};
use super::options::{Field, OptionSpec};

/// The commands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "COMMANDS says what each does")]
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

/// A command.
#[derive(Clone, Copy)]
pub struct CommandSpec {
    /// Which it is.
    pub id: CommandId,
    /// Its documented name, and another.
    pub names: &'static [&'static str],
    /// Its options.
    pub options: &'static [OptionSpec],
}

/// The shells that have completions.
pub const SHELLS: &[&str] = &["bash", "zsh", "fish"];

/// Every command, in the order of the help.
pub const COMMANDS: &[CommandSpec] = &[
    command(CommandId::Login, &["login", "auth login"], LOGIN),
    command(CommandId::Logout, &["logout", "auth logout"], &[QUIET]),
    command(CommandId::Status, &["status", "auth status"], STATUS),
    command(CommandId::Whoami, &["auth whoami", "whoami"], WHOAMI),
    command(CommandId::Token, &["auth token"], &[]),
    command(CommandId::Exec, &["auth exec"], &[]),
    command(CommandId::Doctor, &["doctor"], DOCTOR),
    command(CommandId::Completions, &["completions"], &[]),
    command(CommandId::Man, &["man"], &[]),
    command(CommandId::Help, &["help"], &[]),
];

const LOGIN: &[OptionSpec] = &[
    WEB_URL,
    BACKEND,
    API_KEY_STDIN,
    NO_STORE,
    WORKSPACE,
    TIMEOUT,
    WAIT,
    QUIET,
];
const STATUS: &[OptionSpec] = &[JSON, GET, QUIET];
const WHOAMI: &[OptionSpec] = &[BACKEND_URL, JSON, GET, QUIET, TIMEOUT, WAIT];
const DOCTOR: &[OptionSpec] = &[ONLINE, BACKEND_URL, JSON, TIMEOUT];

const WEB_URL: OptionSpec = option(&["--web-url"], Text(|to| &mut to.web_url));
const BACKEND: OptionSpec = option(&["--backend", "--backend-url"], Text(|to| &mut to.backend));
const BACKEND_URL: OptionSpec = option(&["--backend-url", "--backend"], BACKEND.field);
const API_KEY_STDIN: OptionSpec = option(&["--api-key-stdin"], Switch(|to| &mut to.api_key_stdin));
const NO_STORE: OptionSpec = option(&["--no-store"], Switch(|to| &mut to.no_store));
const WORKSPACE: OptionSpec = option(&["--workspace"], Text(|to| &mut to.workspace));
const TIMEOUT: OptionSpec = option(&["--timeout"], Seconds(|to| &mut to.timeout, 1, 300));
const WAIT: OptionSpec = option(&["--wait"], Seconds(|to| &mut to.wait, 0, 3600));
const ONLINE: OptionSpec = option(&["--online"], Switch(|to| &mut to.online));
const JSON: OptionSpec = option(&["--json"], Switch(|to| &mut to.json));
const GET: OptionSpec = option(&["--get"], Text(|to| &mut to.get));
const QUIET: OptionSpec = option(&["--quiet", "-q"], Switch(|to| &mut to.quiet));

type Names = &'static [&'static str];

/// Some of the commands, or all.
pub(super) type Commands = &'static [CommandSpec];

const fn command(id: CommandId, names: Names, options: &'static [OptionSpec]) -> CommandSpec {
    CommandSpec { id, names, options }
}

const fn option(names: Names, field: Field) -> OptionSpec {
    OptionSpec { names, field }
}

impl CommandSpec {
    /// Its documented name.
    pub fn name(&self) -> &'static str {
        self.names.first().unwrap_or(&"")
    }

    /// The command that shows help on it.
    pub(super) fn help(&self) -> String {
        match self.id {
            CommandId::Help => "help".into(),
            _ => format!("help {}", self.name()),
        }
    }
}

/// The command of this name.
pub(super) fn command_named(name: &str) -> Option<&'static CommandSpec> {
    let mut commands = COMMANDS.iter();
    commands.find(|command| command.names.contains(&name))
}

/// The option of this name in one of these commands.
pub(super) fn find_option(commands: Commands, name: &str) -> Option<&'static OptionSpec> {
    let mut options = commands.iter().flat_map(|command| command.options);
    options.find(|option| option.names.contains(&name))
}
