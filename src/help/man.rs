//! The man page, in the man(7) macros that mandoc and groff both read: its prose, and the texts of the help.

use super::{COLUMN, EXIT_STATUSES, VARIABLES, command_help};
use crate::cli::{COMMANDS, CommandSpec};

/// The man page, in roff.
pub fn man() -> String {
    let section = |command: &CommandSpec| {
        let title = format!(".SS sekuire {}\n", command.name());
        title + &roff(&command_help(command))
    };
    include_str!("sekuire.1")
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace(
            "@COMMANDS@\n",
            &COMMANDS.iter().map(section).collect::<String>(),
        )
        .replace("@VARIABLES@\n", &roff(VARIABLES))
        .replace("@EXIT_STATUSES@\n", &roff(EXIT_STATUSES))
}

/// Help as roff: an item is a term, two spaces, and what it means.
fn roff(help: &str) -> String {
    let mut page = String::new();
    for line in help.lines() {
        let line = escape(line);
        let item = line
            .strip_prefix("  ")
            .filter(|rest| !rest.starts_with(' '));
        if let Some((term, meaning)) = item.and_then(|item| item.split_once("  ")) {
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
