//! The man page, in the man(7) macros that mandoc and groff both read: its prose, and the texts of the help.

use super::{EXIT_STATUSES, VARIABLES, command_help};
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
        .replace("@VARIABLES@\n", &roff(VARIABLES))
        .replace("@EXIT_STATUSES@\n", &roff(EXIT_STATUSES))
}

/// Help as roff: an item is a term, two spaces, and what it means. A hyphen is one that can be copied.
fn roff(help: &str) -> String {
    let mut page = String::new();
    let help = help.replace('\\', "\\e").replace('-', "\\-");
    for line in help.replace('~', "\\(ti").lines() {
        let item = line.strip_prefix("  ").unwrap_or_default().split_once("  ");
        // A line that goes on with a meaning begins with more spaces.
        if let Some((term, meaning)) = item.filter(|(term, _)| !term.is_empty()) {
            page.extend([".TP\n\\fB", term, "\\fR\n", meaning.trim_start(), "\n"]);
        } else if line.is_empty() {
            page.push_str(".PP\n");
        } else {
            page.extend([line.trim_start_matches(&" ".repeat(24)), "\n"]);
        }
    }
    page
}
