//! Help, man page and completions from the table of commands. Never prints.

mod man;

use std::fmt::Write;

pub use man::man;

use crate::cli::{COMMANDS, CommandSpec, Operand, OptionSpec};
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

/// The completion script of a shell out of [`crate::cli::SHELLS`]. They are kept by hand; tests hold
/// them to the table.
pub fn completions(shell: &str) -> &'static str {
    match shell {
        "zsh" => include_str!("help/completions/sekuire.zsh"),
        "fish" => include_str!("help/completions/sekuire.fish"),
        _ => include_str!("help/completions/sekuire.bash"),
    }
}

/// The help of one command, or the whole.
pub fn help(command: Option<&CommandSpec>) -> String {
    command.map_or_else(overview, command_help)
}

fn overview() -> String {
    let mut text = String::from(
        "Log this machine in to Sekuire with an API key.\n\nUsage: sekuire COMMAND [OPTIONS]\n",
    );
    heading(&mut text, "Commands");
    for command in COMMANDS {
        let alias = command.alias.map(|alias| format!(" (also: {alias})"));
        item(
            &mut text,
            &format!("{}{}", command.name, operand(command)),
            &format!("{}{}", command.summary, alias.unwrap_or_default()),
        );
    }
    heading(&mut text, "Options");
    item(
        &mut text,
        "-h, --help",
        "Show help, also for the command beside it",
    );
    item(&mut text, "-V, --version", "Show the version");
    heading(&mut text, "Exit status");
    for (status, meaning) in EXIT_STATUSES {
        item(&mut text, status, meaning);
    }
    heading(&mut text, "Environment");
    for (name, meaning) in VARIABLES {
        item(&mut text, name, meaning);
    }
    text.push_str("\n'sekuire help COMMAND' shows a command's options.\n");
    text
}

fn command_help(command: &CommandSpec) -> String {
    let mut text = String::new();
    wrap(&mut text, 0, &format!("{}.", command.summary));
    for (name, margin) in command.names().zip(["\nUsage:", "      "]) {
        let options = if command.options.is_empty() {
            ""
        } else {
            " [OPTIONS]"
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{margin} sekuire {name}{options}{}", operand(command));
    }
    if !command.details.is_empty() {
        text.push('\n');
    }
    for paragraph in command.details.lines() {
        wrap(&mut text, 0, paragraph);
    }
    heading(&mut text, "Options");
    for option in command.options {
        let value = option.value().map(|value| format!(" {value}"));
        let term = flags(option, [option.name]) + &value.unwrap_or_default();
        item(&mut text, &term, option.help);
    }
    item(&mut text, "-h, --help", "Show this help");
    text
}

/// ` SHELL`, ` [COMMAND]` or nothing.
fn operand(command: &CommandSpec) -> &'static str {
    match command.operand {
        Operand::None => "",
        Operand::Shell => " SHELL",
        Operand::Command => " [COMMAND]",
        Operand::Program => " -- COMMAND [ARG...]",
    }
}

/// An option's letter and these of its names, as in `-q, --quiet`.
fn flags(option: &OptionSpec, names: impl IntoIterator<Item = &'static str>) -> String {
    let short = option.short.map(|short| format!("-{short}"));
    let names = names.into_iter().map(|name| format!("--{name}"));
    let flags: Vec<String> = short.into_iter().chain(names).collect();
    flags.join(", ")
}

fn heading(text: &mut String, title: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\n{title}:");
}

/// A term, and what it means beside or below it.
fn item(text: &mut String, term: &str, meaning: &str) {
    let start = text.len();
    let _ = write!(text, "  {term:0$}", COLUMN - 2);
    if text.len() > start + COLUMN || !text.ends_with("  ") {
        text.push('\n');
        text.push_str(&" ".repeat(COLUMN));
    }
    wrap(text, COLUMN, meaning);
}

/// Appends `words`, broken at spaces, and a line end. They begin in column `indent` of the line, as do
/// its further lines.
fn wrap(text: &mut String, indent: usize, words: &str) {
    let mut used = indent;
    for (index, word) in words.split_whitespace().enumerate() {
        if index > 0 && used + 1 + word.len() > WIDTH {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            used = indent;
        } else if index > 0 {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += word.len();
    }
    text.push('\n');
}
