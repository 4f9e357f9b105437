//! What help and man page have in common.

use crate::cli::{CommandSpec, Operand, OptionSpec};

/// What the exit statuses mean; the README and the man page repeat it.
pub(super) const EXIT_STATUSES: &[(&str, &str)] = &[
    ("0", "done; for status and whoami: authenticated"),
    (
        "1",
        "not authenticated: no key here, or the backend refused it",
    ),
    (
        "2",
        "usage: a bad argument, a malformed key, URL, proxy or variable",
    ),
    (
        "3",
        "this machine: a file, the home directory or standard output",
    ),
    (
        "4",
        "the backend could not be reached or did not answer properly",
    ),
    (
        "126, 127",
        "the command of auth exec can't be run, or was not found",
    ),
    ("128+N", "ended by signal N"),
];

/// How wide a line of help may be.
const WIDTH: usize = 80;

/// ` SHELL`, ` [COMMAND]` or nothing.
pub(super) fn operand(command: &CommandSpec) -> &'static str {
    match command.operand {
        Operand::None => "",
        Operand::Shell => " SHELL",
        Operand::Command => " [COMMAND]",
        Operand::Program => " -- COMMAND [ARG...]",
    }
}

/// An option's letter and these of its names, as in `-q, --quiet`.
pub(super) fn flags(option: &OptionSpec, names: impl IntoIterator<Item = &'static str>) -> String {
    let short = option.short.map(|short| format!("-{short}"));
    let names = names.into_iter().map(|name| format!("--{name}"));
    let flags: Vec<String> = short.into_iter().chain(names).collect();
    flags.join(", ")
}

/// Appends `words`, broken at spaces, and a line end. They begin in column `indent` of the line, as do
/// its further lines.
pub(super) fn wrap(text: &mut String, indent: usize, words: &str) {
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

#[cfg(test)]
mod tests {
    use super::{WIDTH, wrap};

    #[test]
    fn a_line_is_filled_to_its_last_column() {
        for (length, lines) in [(WIDTH - 3, 1), (WIDTH - 2, 2)] {
            let mut text = String::from("  ");
            wrap(&mut text, 2, &format!("{} b", "a".repeat(length - 1)));
            assert_eq!(text.lines().count(), lines, "{text}");
        }
        // A word that no line can hold is not put off to the next.
        let mut text = String::new();
        wrap(&mut text, 2, &"a".repeat(WIDTH));
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}
