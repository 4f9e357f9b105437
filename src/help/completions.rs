//! The completion scripts: each is a shell's code around one table, a line `BEFORE|WORD|MEANING` for each word that
//! may be typed, where BEFORE is the command without `auth`, or its option. An option with a value ends in `=`.

use super::{command_text, option_text};
use crate::cli::{COMMANDS, options_of};

/// The words that the table of commands does not have.
const WORDS: &str = include_str!("completions/words.txt");

/// The completion script of a shell out of [`crate::cli::SHELLS`].
pub fn completions(shell: &str) -> String {
    let script = match shell {
        "zsh" => include_str!("completions/sekuire.zsh"),
        "fish" => include_str!("completions/sekuire.fish"),
        _ => include_str!("completions/sekuire.bash"),
    };
    // All three shells read an apostrophe within apostrophes so.
    script.replace("@TABLE@", &table().trim_end().replace('\'', "'\"'\"'"))
}

fn table() -> String {
    let mut table = WORDS.to_owned();
    let mut add = |before: &str, word: &str, meaning: &str| {
        table.extend([before, "|", word, "|", meaning, "\n"]);
    };
    for command in COMMANDS {
        let [_, summary, _] = command_text(command);
        for name in command.names {
            let (group, word) = name.split_once(' ').unwrap_or(("", name));
            add(group, word, summary);
            add(format!("help {group}").trim_end(), word, summary);
        }
        for option in options_of(Some(command)) {
            let equals = if option.has_value() { "=" } else { "" };
            let word = format!("{}{equals}", option.name());
            add(command.word(), &word, option_text(option).1);
        }
        add(command.word(), "--help", "Show help");
    }
    table
}
