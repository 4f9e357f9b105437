//! The commands and their options as data, once: the parser, the help, the man page and the
//! completions all read it.

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
    /// Print a shell's completion script.
    Completions,
    /// Print the man page.
    Man,
    /// Print help.
    Help,
}

/// The options.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OptionId {
    /// `--web-url`
    WebUrl,
    /// `--backend`, `--backend-url`
    Backend,
    /// `--api-key-stdin`
    ApiKeyStdin,
    /// `--workspace`
    Workspace,
    /// `--timeout`
    Timeout,
    /// `--wait`
    Wait,
    /// `--json`
    Json,
    /// `--quiet`, `-q`
    Quiet,
}

/// An option as data.
pub struct OptionSpec {
    /// Which it is.
    pub id: OptionId,
    /// Its names, without dashes, the preferred one first.
    pub names: &'static [&'static str],
    /// Its one-letter name.
    pub short: Option<char>,
    /// What its value is called; none for a switch.
    pub value: Option<&'static str>,
    /// What it does, in a few words without a full stop.
    pub help: &'static str,
}

/// What may follow a command's name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operand {
    /// Nothing.
    None,
    /// One of these words, necessarily.
    OneOf(&'static [&'static str]),
    /// A command's name, possibly.
    Command,
}

/// A command as data.
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
    /// What else a user must know, in sentences.
    pub details: &'static str,
    /// Its options.
    pub options: &'static [OptionSpec],
}

const WEB_URL: OptionSpec = OptionSpec {
    id: OptionId::WebUrl,
    names: &["web-url"],
    short: None,
    value: Some("URL"),
    help: "Web app URL (default: https://sekuire.ai)",
};
const BACKEND: OptionSpec = OptionSpec {
    id: OptionId::Backend,
    names: &["backend", "backend-url"],
    short: None,
    value: Some("URL"),
    help: "Backend API URL (default: https://api.sekuire.ai)",
};
const BACKEND_URL: OptionSpec = OptionSpec {
    id: OptionId::Backend,
    names: &["backend-url", "backend"],
    short: None,
    value: Some("URL"),
    help: "Backend URL (default: the one logged in to)",
};
const API_KEY_STDIN: OptionSpec = OptionSpec {
    id: OptionId::ApiKeyStdin,
    names: &["api-key-stdin"],
    short: None,
    value: None,
    help: "Read the API key from standard input; print only the result",
};
const WORKSPACE: OptionSpec = OptionSpec {
    id: OptionId::Workspace,
    names: &["workspace"],
    short: None,
    value: Some("ID"),
    help: "Default workspace (default: the first one)",
};
const TIMEOUT: OptionSpec = OptionSpec {
    id: OptionId::Timeout,
    names: &["timeout"],
    short: None,
    value: Some("SECS"),
    help: "Longest time for one attempt, 1 to 300 (default: 10)",
};
const WAIT: OptionSpec = OptionSpec {
    id: OptionId::Wait,
    names: &["wait"],
    short: None,
    value: Some("SECS"),
    help: "Keep trying for so long, 0 to 3600 (default: 0, three attempts)",
};
const JSON: OptionSpec = OptionSpec {
    id: OptionId::Json,
    names: &["json"],
    short: None,
    value: None,
    help: "Print one JSON object",
};
const QUIET: OptionSpec = OptionSpec {
    id: OptionId::Quiet,
    names: &["quiet"],
    short: Some('q'),
    value: None,
    help: "Print nothing; only the exit status speaks",
};

/// The shells that completions are made for.
pub const SHELLS: &[&str] = &["bash", "zsh", "fish"];

/// Every command, in the order of the help.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        id: CommandId::Login,
        name: "login",
        alias: Some("auth login"),
        operand: Operand::None,
        summary: "Verify an API key and bind it to this device",
        details: "At a terminal the key is asked for without echo; otherwise one line is read from standard \
                  input. The key is never taken from an argument. It is stored in ~/.sekuire/auth.json, which \
                  only its owner can read.",
        options: &[WEB_URL, BACKEND, API_KEY_STDIN, WORKSPACE, TIMEOUT, WAIT],
    },
    CommandSpec {
        id: CommandId::Logout,
        name: "logout",
        alias: Some("auth logout"),
        operand: Operand::None,
        summary: "Remove the stored API key from this device",
        details: "The key itself stays valid until it is revoked in the dashboard.",
        options: &[],
    },
    CommandSpec {
        id: CommandId::Status,
        name: "status",
        alias: Some("auth status"),
        operand: Operand::None,
        summary: "Show whether this device is logged in, without asking the backend",
        details: "Exits with 0 if there is an API key, with 1 if there is none.",
        options: &[JSON, QUIET],
    },
    CommandSpec {
        id: CommandId::Whoami,
        name: "auth whoami",
        alias: Some("whoami"),
        operand: Operand::None,
        summary: "Ask the backend whose API key this is",
        details: "Exits with 0 if the backend confirms the key, with 1 if it refuses it or there is none, with 4 \
                  if it can't be asked.",
        options: &[BACKEND_URL, JSON, QUIET, TIMEOUT, WAIT],
    },
    CommandSpec {
        id: CommandId::Token,
        name: "auth token",
        alias: None,
        operand: Operand::None,
        summary: "Print the API key, for use by another program",
        details: "This is the one command that shows the key.",
        options: &[],
    },
    CommandSpec {
        id: CommandId::Completions,
        name: "completions",
        alias: None,
        operand: Operand::OneOf(SHELLS),
        summary: "Print the completion script of a shell: bash, zsh or fish",
        details: "",
        options: &[],
    },
    CommandSpec {
        id: CommandId::Man,
        name: "man",
        alias: None,
        operand: Operand::None,
        summary: "Print the man page",
        details: "Read it with: sekuire man | man -l -",
        options: &[],
    },
    CommandSpec {
        id: CommandId::Help,
        name: "help",
        alias: None,
        operand: Operand::Command,
        summary: "Show help, also for one command",
        details: "",
        options: &[],
    },
];
