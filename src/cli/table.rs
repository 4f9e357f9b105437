//! The commands and their options as data, once: the parser, the help and the man page read it, and the
//! completions are held to it by a test.

use super::options::{
    API_KEY_STDIN, BACKEND, BACKEND_URL, GET, JSON, NO_STORE, ONLINE, OptionSpec, QUIET, TIMEOUT,
    WAIT, WEB_URL, WORKSPACE,
};

/// The commands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CommandId {
    /// Verify a key and bind it to this device.
    Login,
    /// Remove the stored key.
    Logout,
    /// Say, offline, whether there is a key.
    Status,
    /// Ask the backend whose key it is.
    Whoami,
    /// Print the key.
    Token,
    /// Run a program with the key in its environment.
    Exec,
    /// Look for what is wrong.
    Doctor,
    /// Print a shell's completion script.
    Completions,
    /// Print the man page.
    Man,
    /// Print help.
    Help,
}

/// What may follow a command's name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operand {
    /// Nothing.
    None,
    /// One of [`SHELLS`], necessarily.
    Shell,
    /// A command's name, possibly.
    Command,
    /// A program and its arguments behind `--`, necessarily.
    Program,
}

/// A command as data.
#[derive(Clone, Copy)]
pub struct CommandSpec {
    /// Which it is.
    pub id: CommandId,
    /// Its name, one or two words.
    pub name: &'static str,
    /// The other name it answers to.
    pub alias: Option<&'static str>,
    /// What may follow it.
    pub operand: Operand,
    /// What it does, in a few words without a full stop.
    pub summary: &'static str,
    /// What else a user must know, in sentences, a paragraph a line.
    pub details: &'static str,
    /// Its options.
    pub options: &'static [OptionSpec],
}

/// The shells that completions are made for.
pub const SHELLS: &[&str] = &["bash", "zsh", "fish"];

/// Every command, in the order of the help.
pub const COMMANDS: &[CommandSpec] = &[
    command(CommandId::Login, "login")
        .summary("Verify an API key and bind it to this device")
        .alias("auth login")
        .options(&[WEB_URL, BACKEND, API_KEY_STDIN, NO_STORE, WORKSPACE, TIMEOUT, WAIT, QUIET])
        .details(
            "At a terminal the key is asked for without echo; otherwise one line is read from \
             standard input. The key is never taken from an argument. It is stored in \
             ~/.sekuire/auth.json, which only its owner can read.",
        ),
    command(CommandId::Logout, "logout")
        .summary("Remove the stored API key from this device")
        .alias("auth logout")
        .options(&[QUIET])
        .details("The key itself stays valid until it is revoked in the dashboard."),
    command(CommandId::Status, "status")
        .summary("Show whether this device is logged in, without asking the backend")
        .alias("auth status")
        .options(&[JSON, GET, QUIET])
        .details("Exits with 0 if there is an API key, with 1 if there is none."),
    command(CommandId::Whoami, "auth whoami")
        .summary("Ask the backend whose API key this is")
        .alias("whoami")
        .options(&[BACKEND_URL, JSON, GET, QUIET, TIMEOUT, WAIT])
        .details(
            "Exits with 0 if the backend confirms the key, with 1 if it refuses it or there \
             is none, with 4 if it can't be asked.",
        ),
    command(CommandId::Token, "auth token")
        .summary("Print the API key, for use by another program")
        .details("This is the one command that shows the key."),
    command(CommandId::Exec, "auth exec")
        .summary("Run a program with the API key in its environment")
        .operand(Operand::Program)
        .details(
            "The program takes the place of this one: the same process, the same signals, its own exit \
             status. It finds the key in SEKUIRE_API_KEY, its backend in SEKUIRE_API_URL and, where known, the \
             workspace in SEKUIRE_WORKSPACE_ID; SEKUIRE_API_KEY_FILE and SEKUIRE_BACKEND_URL are taken out. Exits \
             with 127 if it is not found, with 126 if it can't be run.",
        ),
    command(CommandId::Doctor, "doctor")
        .summary("Say what is wrong with this machine's login, layer by layer")
        .options(&[ONLINE, BACKEND_URL, JSON, TIMEOUT])
        .details(
            "Shows each setting, and where it comes from. Changes nothing and shows no key. Exits with the \
             status of the first layer that failed, else with 0.",
        ),
    command(CommandId::Completions, "completions")
        .summary("Print the completion script of a shell: bash, zsh or fish")
        .operand(Operand::Shell)
        .details(
            "bash: eval \"$(sekuire completions bash)\" in ~/.bashrc\n\
             zsh: eval \"$(sekuire completions zsh)\" in ~/.zshrc, before or after compinit\n\
             fish: sekuire completions fish > ~/.config/fish/completions/sekuire.fish",
        ),
    command(CommandId::Man, "man")
        .summary("Print the man page")
        .details("Read it with: sekuire man | man -l -"),
    command(CommandId::Help, "help")
        .summary("Show help, also for one command")
        .operand(Operand::Command),
];

const fn command(id: CommandId, name: &'static str) -> CommandSpec {
    CommandSpec {
        id,
        name,
        alias: None,
        operand: Operand::None,
        summary: "",
        details: "",
        options: &[],
    }
}

impl CommandSpec {
    const fn summary(mut self, summary: &'static str) -> CommandSpec {
        self.summary = summary;
        self
    }

    const fn alias(mut self, alias: &'static str) -> CommandSpec {
        self.alias = Some(alias);
        self
    }

    const fn operand(mut self, operand: Operand) -> CommandSpec {
        self.operand = operand;
        self
    }

    const fn details(mut self, details: &'static str) -> CommandSpec {
        self.details = details;
        self
    }

    const fn options(mut self, options: &'static [OptionSpec]) -> CommandSpec {
        self.options = options;
        self
    }

    /// Its names: one or two.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.alias)
    }
}
