//! Help, man page and completions from the table of commands. Never prints.

mod completions;
mod man;

use std::fmt::Write;

pub use completions::completions;
pub use man::man;

use crate::cli::{COMMANDS, CommandId, CommandSpec, Operand, OptionSpec};
use crate::environment::VARIABLES;

/// What the exit statuses mean; the README and the man page repeat it.
const EXIT_STATUSES: &[(&str, &str)] = &[
    ("0", "done; for status and whoami: authenticated"),
    (
        "1",
        "not authenticated: no key here, or the backend refused it",
    ),
    (
        "2",
        "usage: a bad argument, a malformed key, URL, proxy or variable",
    ),
    (
        "3",
        "this machine: a file, the home directory or standard output",
    ),
    (
        "4",
        "the backend could not be reached or did not answer properly",
    ),
    ("128+N", "ended by signal N"),
];

/// Where the text of a help line begins.
const COLUMN: usize = 24;

/// How wide a line of help may be.
const WIDTH: usize = 80;

/// `sekuire X.Y.Z` and a line end.
pub fn version() -> String {
    format!("sekuire {}\n", env!("CARGO_PKG_VERSION"))
}

/// The help of one command, or the whole.
pub fn help(command: Option<CommandId>) -> String {
    match COMMANDS.iter().find(|spec| Some(spec.id) == command) {
        Some(spec) => command_help(spec),
        None => overview(),
    }
}

fn overview() -> String {
    let mut text = String::from(
        "Log this machine in to Sekuire with an API key.\n\nUsage: sekuire COMMAND [OPTIONS]\n",
    );
    text.push_str("\nCommands:\n");
    for command in COMMANDS {
        let alias = command
            .alias
            .map(|alias| format!(" (also: {alias})"))
            .unwrap_or_default();
        line(
            &mut text,
            &format!("{}{}", command.name, operand(command)),
            &format!("{}{alias}", command.summary),
        );
    }
    text.push_str("\nOptions:\n");
    line(&mut text, "-h, --help", "Show help, also behind a command");
    line(&mut text, "-V, --version", "Show the version");
    text.push_str("\nExit status:\n");
    for (status, meaning) in EXIT_STATUSES {
        line(&mut text, status, meaning);
    }
    text.push_str("\nEnvironment:\n");
    for variable in VARIABLES {
        line(&mut text, variable.name, variable.meaning);
    }
    text.push_str("\n'sekuire help COMMAND' shows a command's options.\n");
    text
}

fn command_help(command: &CommandSpec) -> String {
    let mut text = String::new();
    wrap(&mut text, 0, 0, &format!("{}.", command.summary));
    let options = if command.options.is_empty() {
        ""
    } else {
        " [OPTIONS]"
    };
    let usage = |name| format!("sekuire {name}{}{options}", operand(command));
    // Writing to a String cannot fail, here and below.
    let _ = write!(text, "\nUsage: {}\n", usage(command.name));
    if let Some(alias) = command.alias {
        let _ = writeln!(text, "       {}", usage(alias));
    }
    if !command.details.is_empty() {
        text.push('\n');
        wrap(&mut text, 0, 0, command.details);
    }
    text.push_str("\nOptions:\n");
    for option in command.options {
        line(&mut text, &option_names(option), option.help);
    }
    line(&mut text, "-h, --help", "Show this help");
    text
}

/// ` SHELL`, ` [COMMAND]` or nothing.
fn operand(command: &CommandSpec) -> &'static str {
    match command.operand {
        Operand::None => "",
        Operand::OneOf(_) => " SHELL",
        Operand::Command => " [COMMAND]",
    }
}

fn option_names(option: &OptionSpec) -> String {
    let short = option
        .short
        .map(|short| format!("-{short}, "))
        .unwrap_or_default();
    let name = option.names.first().copied().unwrap_or_default();
    let value = option
        .value
        .map(|value| format!(" {value}"))
        .unwrap_or_default();
    format!("{short}--{name}{value}")
}

fn line(text: &mut String, term: &str, meaning: &str) {
    text.push_str("  ");
    text.push_str(term);
    let used = 2 + term.len();
    if used + 2 > COLUMN {
        text.push('\n');
        text.push_str(&" ".repeat(COLUMN));
    } else {
        text.push_str(&" ".repeat(COLUMN - used));
    }
    wrap(text, COLUMN, COLUMN, meaning);
}

/// Appends `words`, broken at spaces, to a line on which `used` columns are taken; further lines
/// are indented.
fn wrap(text: &mut String, mut used: usize, indent: usize, words: &str) {
    let mut first = true;
    for word in words.split_whitespace() {
        if !first && used + 1 + word.len() > WIDTH {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            used = indent;
        } else if !first {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += word.len();
        first = false;
    }
    text.push('\n');
}
