//! Help, man page and completions from the table of commands. Never prints.

mod completions;
mod man;

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
            commands.push_str(&item(&format!("{name}{operand}"), summary));
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
    let texts = items(VARIABLES);
    texts.map(|(name, meaning)| item(name, meaning)).collect()
}

/// The terms in these lines, and what they mean.
fn items(lines: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    lines.lines().filter_map(|line| line.split_once("  "))
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
        text.push_str(&item(term, meaning));
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
    let is_its = |term: &str| term.split([' ', ',']).any(|word| word == option.name());
    let mut texts = items(OPTION_TEXTS);
    texts.find(|(term, _)| is_its(term)).unwrap_or_default()
}

/// A term, and what it means: words that are wrapped, and a line end.
fn item(term: &str, meaning: &str) -> String {
    let mut text = format!("  {term:0$} ", COLUMN - 4);
    let mut used = COLUMN - 1;
    for word in meaning.split_whitespace() {
        if used + 1 + word.len() > WIDTH {
            text.extend(["\n", &" ".repeat(COLUMN - 1)]);
            used = COLUMN - 1;
        }
        text.extend([" ", word]);
        used += 1 + word.len();
    }
    text + "\n"
}
