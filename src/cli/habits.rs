//! Words that are unknown here, and what was probably meant.

use super::table::{COMMANDS, CommandSpec, find_option, options_of, without_group};
use crate::error::Error;

/// Words of other clients, and of the existing one. A line has the words, two spaces, and the option to use or what
/// to do instead.
const HABITS: &str = include_str!("habits.txt");

/// The longest word that is repeated, in bytes.
const LONGEST: usize = 20;

/// The error for an unknown command.
pub(super) fn unknown_command(typed: &str) -> Error {
    let near = || did_you_mean("sekuire ", typed, command_names());
    let hint = habit(None, without_group(typed)).or_else(near);
    unknown("command", typed, hint)
}

/// The error for an unknown topic of help.
pub(super) fn unknown_topic(typed: &str) -> Error {
    let names = [command_names(), vec!["environment"]].concat();
    unknown("topic", typed, did_you_mean("sekuire help ", typed, names))
}

/// The error for an option that the command does not have or, where none is given, no command.
pub(super) fn unknown_option(command: Option<&CommandSpec>, typed: &str) -> Error {
    let names = options_of(command).flat_map(|option| option.names).copied();
    let names = names.chain(["--help", "--version"]).collect();
    let near = || did_you_mean("", typed, names);
    let help = || command.map(CommandSpec::hint);
    let hint = habit(command, typed).or_else(near).or_else(help);
    unknown("option", typed, hint)
}

fn command_names() -> Vec<&'static str> {
    COMMANDS.iter().map(CommandSpec::name).collect()
}

fn unknown(what: &str, typed: &str, hint: Option<String>) -> Error {
    let hint = hint.unwrap_or_else(|| "run: sekuire help".into());
    Error::usage(format!("unknown {what}{}", quoted(typed))).with_hint(hint)
}

/// What to do instead of `typed`, unless that is an option that the command does not have.
pub(super) fn habit(command: Option<&CommandSpec>, typed: &str) -> Option<String> {
    let is_url = typed.contains("://");
    let typed = if is_url { "--url" } else { typed };
    let mut habits = HABITS.lines().filter_map(|line| line.split_once("  "));
    let (_, instead) = habits.find(|(words, _)| words.split(' ').any(|word| word == typed))?;
    if !instead.starts_with("--") {
        return Some(instead.to_owned());
    }
    find_option(command, instead).map(|_| format!("use {instead}"))
}

/// The name that was probably meant: fewer than a third of it is mistyped.
fn did_you_mean(before: &str, typed: &str, names: Vec<&'static str>) -> Option<String> {
    let typed = without_group(typed).to_ascii_lowercase();
    let slips = |name: &&str| strsim::osa_distance(&typed, without_group(name));
    let name = names.into_iter().min_by_key(slips)?;
    let is_near = slips(&name) * 3 < without_group(name).len();
    is_near.then(|| format!("did you mean '{before}{name}'?"))
}

/// ` 'typed'` if it is plainly a word, else nothing: it may be a secret.
fn quoted(typed: &str) -> String {
    let word = without_group(typed);
    let is_plain = |byte: u8| byte.is_ascii_alphabetic() || byte == b'-';
    if (1..=LONGEST).contains(&word.len()) && word.bytes().all(is_plain) {
        return format!(" '{typed}'");
    }
    String::new()
}
