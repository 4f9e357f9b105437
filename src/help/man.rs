//! The man page, in the man(7) macros that mandoc and groff both read.

use std::fmt::Write;

use super::text::{EXIT_STATUSES, flags, operand, wrap};
use crate::cli::{COMMANDS, CommandSpec};
use crate::environment::VARIABLES;

/// The day of the last change to what the page says.
const DATE: &str = "2026-11-25";

/// The man page, in roff.
pub fn man() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut page = format!(".TH SEKUIRE 1 {DATE} \"sekuire {version}\" \"User Commands\"\n");
    page.push_str(
        ".SH NAME\nsekuire \\- log this machine in to Sekuire with an API key\n.SH SYNOPSIS\n",
    );
    for command in COMMANDS {
        let options = if command.options.is_empty() {
            ""
        } else {
            " [\\fIOPTIONS\\fR]"
        };
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            page,
            "\\fBsekuire {}\\fR{}{options}\n.br",
            command.name,
            escape(operand(command))
        );
    }
    page.push_str(
        "\\fBsekuire \\-\\-help\\fR | \\fB\\-\\-version\\fR\n.SH DESCRIPTION\n\
         \\fBsekuire\\fR verifies an API key at the Sekuire backend, binds it to this device's fingerprint,\n\
         and keeps it in a file that only its owner can read.\n.SH COMMANDS\n",
    );
    for command in COMMANDS {
        describe(&mut page, command);
    }
    page.push_str(".SH EXIT STATUS\n");
    for (status, meaning) in EXIT_STATUSES {
        item(&mut page, &escape(status), meaning);
    }
    page.push_str(".SH ENVIRONMENT\nAn empty variable counts as unset.\n");
    for (name, meaning) in VARIABLES {
        item(&mut page, &escape(name), meaning);
    }
    page.push_str(".SH FILES\n");
    item(
        &mut page,
        &escape("~/.sekuire/auth.json"),
        "the API key and the fingerprint that it is bound to, mode 0600",
    );
    page.push_str(
        ".SH SEE ALSO\nThe dashboard, where keys are created and revoked:\n\
         https://sekuire.ai/dashboard/settings?tab=api\\-keys\n",
    );
    page
}

fn describe(page: &mut String, command: &CommandSpec) {
    let _ = writeln!(
        page,
        ".SS \"sekuire {}{}\"",
        command.name,
        escape(operand(command))
    );
    paragraph(page, &format!("{}.", command.summary));
    for line in command.details.lines() {
        if line != command.details {
            page.push_str(".br\n");
        }
        paragraph(page, line);
    }
    if let Some(alias) = command.alias {
        let _ = writeln!(page, "Also: \\fBsekuire {alias}\\fR.");
    }
    for option in command.options {
        let names = escape(&flags(option, option.names()));
        let value = option.value().map(|value| format!(" \\fI{value}\\fR"));
        item(
            page,
            &format!("{names}\\fR{}", value.unwrap_or_default()),
            option.help,
        );
    }
}

/// A term, in roff, and what it means.
fn item(page: &mut String, term: &str, meaning: &str) {
    let _ = writeln!(page, ".TP\n\\fB{term}\\fR");
    let mut letters = meaning.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    paragraph(page, &format!("{first}{}.", letters.as_str()));
}

/// Text in lines of at most 80 bytes, as `mandoc -Tlint` wants them.
fn paragraph(page: &mut String, text: &str) {
    if !text.is_empty() {
        wrap(page, 0, &escape(text));
    }
}

/// Escapes text for roff: a hyphen that can be copied, no escape, and no word that is a macro
/// where it comes to stand at a line's start.
fn escape(text: &str) -> String {
    let text = text
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('~', "\\(ti")
        .replace(" .", " \\&.")
        .replace(" '", " \\&'");
    if text.starts_with(['.', '\'']) {
        format!("\\&{text}")
    } else {
        text
    }
}
