//! The man page, in the man(7) macros that mandoc and groff both read: its prose, and the texts of the help.

use super::{COLUMN, EXIT_STATUSES, command_help, variables};
use crate::cli::{COMMANDS, CommandSpec};

/// The man page, in roff.
pub fn man() -> String {
    let section = |command: &CommandSpec| {
        let title = format!(".SS sekuire {}\n", command.name());
        title + &roff(&command_help(command))
    };
    let commands: String = COMMANDS.iter().map(section).collect();
    include_str!("sekuire.1")
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace("@COMMANDS@\n", &commands)
        .replace("@VARIABLES@\n", &roff(&variables()))
        .replace("@EXIT_STATUSES@\n", &roff(EXIT_STATUSES))
}

/// Help as roff: an item is a term, two spaces, and what it means.
fn roff(help: &str) -> String {
    let mut page = String::new();
    for line in help.lines() {
        let line = escape(line);
        let item = line.strip_prefix("  ").unwrap_or_default().split_once("  ");
        // A line that goes on with a meaning begins with more spaces.
        if let Some((term, meaning)) = item.filter(|(term, _)| !term.is_empty()) {
            page.extend([".TP\n\\fB", term, "\\fR\n", meaning.trim_start(), "\n"]);
        } else if line.is_empty() {
            page.push_str(".PP\n");
        } else {
            page.extend([line.trim_start_matches(&" ".repeat(COLUMN)), "\n"]);
        }
    }
    page
}

/// Escapes text for roff: a hyphen that can be copied, and no word that is a macro at the start of a line.
fn escape(text: &str) -> String {
    text.replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('~', "\\(ti")
        .replace(" .", " \\&.")
        .replace(" '", " \\&'")
}
