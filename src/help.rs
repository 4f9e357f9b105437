//! Help, man page and completions from the table of commands. Never prints.

mod completions;
mod man;

use std::fmt::Write;

pub use completions::completions;
pub use man::man;

use crate::cli::{COMMANDS, CommandSpec, OptionSpec, Topic};

/// A line for each exit status.
const EXIT_STATUSES: &str = include_str!("help/exit_statuses.txt");

/// A line for each environment variable: its name, two spaces, and what it does.
const VARIABLES: &str = include_str!("help/variables.txt");

/// A section for each command: its name and operand, what it does, and what else a user must know.
const COMMAND_TEXTS: &str = include_str!("help/commands.txt");

/// A line for each option: its names and value, two spaces, and what it does.
const OPTION_TEXTS: &str = include_str!("help/options.txt");

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
            let [operand, summary, _] = command_text(command);
            let operand = operand.trim_end_matches(" [ARG...]");
            item(&mut commands, &format!("{name}{operand}"), summary);
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
    for (name, meaning) in VARIABLES.lines().filter_map(|line| line.split_once("  ")) {
        item(&mut text, name, meaning);
    }
    text
}

fn command_help(command: &CommandSpec) -> String {
    let has_options = !command.options.is_empty();
    let options = if has_options { " [OPTIONS]" } else { "" };
    let [operand, summary, details] = command_text(command);
    let mut text = format!("{summary}.\n");
    for (name, margin) in command.names.iter().zip(["\nUsage:", "      "]) {
        text.extend([margin, " sekuire ", name, options, operand, "\n"]);
    }
    text.extend(["\n", details, "\n"]);
    if has_options {
        text.push_str("\nOptions:\n");
    }
    for option in command.options {
        let (term, meaning) = option_text(option);
        item(&mut text, term, meaning);
    }
    text
}

/// A command's operand behind a space, what it does, and what else there is to know.
fn command_text(command: &CommandSpec) -> [&'static str; 3] {
    let find = |section: &'static str| {
        let (usage, text) = section.split_once('\n')?;
        let (summary, details) = text.split_once('\n')?;
        let operand = usage.strip_prefix(command.name())?;
        Some([operand, summary, details.trim_end()])
    };
    let text = COMMAND_TEXTS.split("\n\n").find_map(find);
    text.unwrap_or_default()
}

/// An option with its value, and what it does.
fn option_text(option: &OptionSpec) -> (&'static str, &'static str) {
    let mut texts = OPTION_TEXTS
        .lines()
        .filter_map(|line| line.split_once("  "));
    let is_its = |term: &str| term.split([' ', ',']).any(|word| word == option.name());
    texts.find(|(term, _)| is_its(term)).unwrap_or_default()
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
