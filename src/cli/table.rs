//! The commands and their options: parser, help, man page and completions come from this table.

use super::options::{
    API_KEY_STDIN, BACKEND, BACKEND_URL, GET, JSON, NO_STORE, ONLINE, OptionSpec, QUIET, TIMEOUT,
    WAIT, WEB_URL, WORKSPACE,
};

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
    /// What may follow it.
    pub operand: &'static str,
    /// What it does, in a few words without a full stop.
    pub summary: &'static str,
    /// Its options.
    pub options: &'static [OptionSpec],
}

/// The shells that have completions.
pub const SHELLS: &[&str] = &["bash", "zsh", "fish"];

/// Every command, in the order of the help.
pub const COMMANDS: &[CommandSpec] = &[
    command(CommandId::Login, &["login", "auth login"])
        .summary("Verify an API key and bind it to this device")
        .options(LOGIN),
    command(CommandId::Logout, &["logout", "auth logout"])
        .summary("Remove the stored API key")
        .options(&[QUIET]),
    command(CommandId::Status, &["status", "auth status"])
        .summary("Show the login of this machine, offline")
        .options(&[JSON, GET, QUIET]),
    command(CommandId::Whoami, &["auth whoami", "whoami"])
        .summary("Ask the backend whose API key this is")
        .options(&[BACKEND_URL, JSON, GET, QUIET, TIMEOUT, WAIT]),
    command(CommandId::Token, &["auth token"]).summary("Print the API key"),
    command(CommandId::Exec, &["auth exec"])
        .operand("-- COMMAND [ARG...]")
        .summary("Run a command with the API key in its environment"),
    command(CommandId::Doctor, &["doctor"])
        .summary("Find out why a login does not work")
        .options(&[ONLINE, BACKEND_URL, JSON, TIMEOUT]),
    command(CommandId::Completions, &["completions"])
        .operand("SHELL")
        .summary("Print a completion script: bash, zsh or fish"),
    command(CommandId::Man, &["man"]).summary("Print the man page"),
    command(CommandId::Help, &["help"])
        .operand("[TOPIC]")
        .summary("Show a command's help, or 'environment': the variables and exit statuses"),
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

const fn command(id: CommandId, names: &'static [&'static str]) -> CommandSpec {
    CommandSpec {
        id,
        names,
        operand: "",
        summary: "",
        options: &[],
    }
}

impl CommandSpec {
    const fn operand(self, operand: &'static str) -> CommandSpec {
        CommandSpec { operand, ..self }
    }

    const fn summary(self, summary: &'static str) -> CommandSpec {
        CommandSpec { summary, ..self }
    }

    const fn options(self, options: &'static [OptionSpec]) -> CommandSpec {
        CommandSpec { options, ..self }
    }

    /// Its documented name.
    pub fn name(&self) -> &'static str {
        self.names.first().unwrap_or(&"")
    }
}

/// The option of this name in one of these commands.
pub(super) fn find_option(
    commands: &'static [CommandSpec],
    name: &str,
) -> Option<&'static OptionSpec> {
    let mut options = commands.iter().flat_map(|command| command.options);
    options.find(|option| option.names.contains(&name))
}
