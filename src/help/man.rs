//! The man page, in the man(7) macros that mandoc and groff both read: its prose with what the tables say.

use super::{EXIT_STATUSES, details, flags, usage, wrap};
use crate::cli::{COMMANDS, CommandSpec};
use crate::environment::VARIABLES;

/// The man page, in roff.
pub fn man() -> String {
    let statuses = EXIT_STATUSES
        .lines()
        .filter_map(|line| line.trim_start().split_once("  "));
    include_str!("sekuire.1")
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace(
            "@COMMANDS@\n",
            &COMMANDS.iter().map(section).collect::<String>(),
        )
        .replace("@VARIABLES@\n", &items(VARIABLES.iter().copied()))
        .replace("@EXIT_STATUSES@\n", &items(statuses))
}

fn section(command: &CommandSpec) -> String {
    let mut text = format!(
        ".SS {}\n{}.\n{}\n",
        escape(&usage(command, command.name())),
        command.summary,
        escape(details(command)),
    );
    if let [_, alias] = command.names {
        text.extend(["Also: \\fBsekuire ", alias, "\\fR.\n"]);
    }
    let options = command.options.iter();
    let options: Vec<_> = options.map(|option| (flags(option), option.help)).collect();
    text + &items(options.iter().map(|(flags, help)| (flags.as_str(), *help)))
}

fn items<'a>(items: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (term, meaning) in items {
        text.extend([".TP\n\\fB", &escape(term), "\\fR\n"]);
        // In lines of at most 80 bytes, as `mandoc -Tlint` wants them.
        wrap(&mut text, 0, &escape(meaning.trim_start()));
    }
    text
}

/// Escapes text for roff: a hyphen that can be copied, and no word that is a macro at the start of a line.
fn escape(text: &str) -> String {
    text.replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('~', "\\(ti")
        .replace(" .", " \\&.")
        .replace(" '", " \\&'")
}
