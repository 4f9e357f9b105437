//! Help, man page and completions from the table of commands. Never prints.

mod completions;
mod man;

use std::fmt::Write;

pub use completions::completions;
pub use man::man;

use crate::cli::{COMMANDS, CommandSpec, OptionSpec, Topic};
use crate::environment::VARIABLES;

/// A line for each exit status.
const EXIT_STATUSES: &str = include_str!("help/exit_statuses.txt");

/// A section for each command: its name, and what else a user must know.
const DETAILS: &str = include_str!("help/details.txt");

/// Where the text of a help line begins.
const COLUMN: usize = 24;

/// How wide a line may be.
const WIDTH: usize = 80;

/// `sekuire X.Y.Z` and a line end.
pub fn version() -> String {
    format!("sekuire {}\n", env!("CARGO_PKG_VERSION"))
}

/// The help on a topic.
pub fn help(topic: &Topic) -> String {
    match topic {
        Topic::Commands(group) => overview(group),
        Topic::Environment => environment(),
        Topic::Command(command) => command_help(command),
    }
}

/// The commands whose names begin so.
fn overview(group: &str) -> String {
    let mut commands = String::new();
    for command in COMMANDS {
        let mut names = command.names.iter();
        if let Some(name) = names.find(|name| name.starts_with(group)) {
            let operand = command.operand.trim_end_matches(" [ARG...]");
            let term = format!("{name} {operand}");
            item(&mut commands, &term, command.summary);
        }
    }
    include_str!("help/overview.txt")
        .replace("@GROUP@", group)
        .replace("@COMMANDS@", &commands)
}

fn environment() -> String {
    let variables = variables();
    format!(
        "Environment (an empty variable counts as unset):\n{variables}\nExit status:\n{EXIT_STATUSES}"
    )
}

fn variables() -> String {
    let mut text = String::new();
    for (name, meaning) in VARIABLES {
        item(&mut text, name, meaning);
    }
    text
}

fn command_help(command: &CommandSpec) -> String {
    let has_options = !command.options.is_empty();
    let options = if has_options { " [OPTIONS]" } else { "" };
    let mut text = format!("{}.\n", command.summary);
    for (name, margin) in command.names.iter().zip(["\nUsage:", "      "]) {
        let usage = format!("{margin} sekuire {name}{options} {}", command.operand);
        text.extend([usage.trim_end(), "\n"]);
    }
    text.extend(["\n", details(command), "\n"]);
    if has_options {
        text.push_str("\nOptions:\n");
    }
    for option in command.options {
        item(&mut text, &flags(option), option.help);
    }
    text
}

/// The lines about a command in [`DETAILS`].
fn details(command: &CommandSpec) -> &'static str {
    let mut sections = DETAILS.split("\n\n");
    let find = |section: &'static str| section.strip_prefix(command.name())?.strip_prefix('\n');
    sections.find_map(find).unwrap_or_default().trim_end()
}

/// `-q, --quiet`, `--wait SECS`
fn flags(option: &OptionSpec) -> String {
    let mut short = option.names.iter().filter(|name| !name.starts_with("--"));
    let short = short.next().map(|short| format!("{short}, "));
    let value = option.value().map(|value| format!(" {value}"));
    short.unwrap_or_default() + option.name() + &value.unwrap_or_default()
}

/// A term, and what it means.
fn item(text: &mut String, term: &str, meaning: &str) {
    // Writing to a String cannot fail.
    let _ = write!(text, "  {term:0$}  ", COLUMN - 4);
    wrap(text, COLUMN, meaning);
}

/// Appends `words`, wrapped with an indent, and a line end. The first line is indented already.
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
