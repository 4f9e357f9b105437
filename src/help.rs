//! Help, man page and completions from the table of commands. Never prints.

mod man;
mod text;

use std::fmt::Write;

pub use man::man;

use crate::cli::{COMMANDS, CommandSpec};
use crate::environment::VARIABLES;
use text::{EXIT_STATUSES, flags, operand, wrap};

/// Where the text of a help line begins.
const COLUMN: usize = 24;

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

fn heading(text: &mut String, title: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\n{title}:");
}

/// A term, and what it means beside or below it.
fn item(text: &mut String, term: &str, meaning: &str) {
    // Writing to a String cannot fail.
    let _ = write!(text, "  {term:0$}", COLUMN - 2);
    if !text.ends_with("  ") {
        text.push('\n');
        text.push_str(&" ".repeat(COLUMN));
    }
    wrap(text, COLUMN, meaning);
}
