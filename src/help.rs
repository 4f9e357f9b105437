//! Help, man page and completions from the table of commands. Never prints.

mod completions;
mod man;

pub use completions::completions;
pub use man::man;

use crate::cli::{COMMANDS, CommandSpec, OptionSpec, Topic, options_of};

/// The exit statuses, and what each means.
const EXIT_STATUSES: &str = include_str!("help/exit_statuses.txt");

/// The environment variables, and what each does.
const VARIABLES: &str = include_str!("help/variables.txt");

/// A section for each command: its name and operand, what it does, and what else a user must know.
const COMMAND_TEXTS: &str = include_str!("help/commands.txt");

/// A line for each option: its names and value, two spaces, and what it does.
const OPTION_TEXTS: &str = include_str!("help/options.txt");

/// `sekuire X.Y.Z` and a line end.
pub fn version() -> String {
    format!("sekuire {}\n", env!("CARGO_PKG_VERSION"))
}

/// The help on a topic.
pub fn help(topic: &Topic) -> String {
    match topic {
        Topic::Commands(group) => overview(group),
        Topic::Environment => format!(
            "Environment (an empty variable counts as unset):\n{VARIABLES}\nExit status:\n{EXIT_STATUSES}"
        ),
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

fn command_help(command: &CommandSpec) -> String {
    let items = options_of(Some(command)).map(option_text);
    let items: String = items.map(|(term, meaning)| item(term, meaning)).collect();
    let (options, heading) = match items.as_str() {
        "" => ("", ""),
        _ => (" [OPTIONS]", "\nOptions:\n"),
    };
    let [operand, summary, details] = command_text(command);
    let call = |name: &&str| format!("sekuire {name}{options}{operand}\n");
    let calls: Vec<String> = command.names.iter().map(call).collect();
    let usage = calls.join("       ");
    format!("{summary}.\n\nUsage: {usage}\n{details}\n{heading}{items}")
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
    let mut texts = OPTION_TEXTS
        .lines()
        .filter_map(|line| line.split_once("  "));
    texts.find(|(term, _)| is_its(term)).unwrap_or_default()
}

fn item(term: &str, meaning: &str) -> String {
    format!("  {term:21} {meaning}\n")
}
