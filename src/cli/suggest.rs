//! What was typed and is no name here, and the name that was probably meant.
//!
//! Arguments are visible to every user of the machine, and logs keep our messages: nothing is repeated
//! that could be a secret, mistyped or in the wrong place.

use super::options::OptionSpec;
use super::table::{COMMANDS, CommandSpec};
use crate::error::Error;

/// Commands of the existing client that this program leaves to it.
const ELSEWHERE: &str = "account add adopt agent-status analysis builds config docker-init github hash images \
    init install keygen kill leaderboard logs memory metrics policy publish push registry resume run search \
    stop test verify verify-agent";

/// What things are called in comparable programs, behind their names here.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("login", "signin sign-in log-in authenticate connect"),
    ("logout", "signout sign-out log-out logoff"),
    ("status", "logged-in loggedin check info state"),
    ("whoami", "who me user profile identity"),
    ("auth token", "token key api-key get-token print-token"),
    ("auth exec", "exec env with-key"),
    ("doctor", "diagnose diagnostics debug health"),
    ("completions", "complete autocomplete"),
    ("--version", "version ver"),
    (
        "api-key-stdin",
        "api-key key token with-token password-stdin",
    ),
    ("version", "v"),
];

/// The longest text that is repeated, in bytes.
const LONGEST: usize = 20;

/// The error for a command that is none.
pub(super) fn unknown_command(typed: &str) -> Error {
    if ELSEWHERE.split(' ').any(|name| name == typed) {
        return Error::usage(format!("unknown command '{typed}'")).with_hint(
            "this program is the authentication part of Sekuire; the full client, sekuire-cli, \
             has that command",
        );
    }
    let names = COMMANDS.iter().flat_map(CommandSpec::names);
    let names = names.chain(["--version"]);
    unknown(
        "command",
        typed,
        names,
        "sekuire ",
        "'sekuire help' for all commands",
    )
}

/// The error for an option that none of these commands has. `typed` has its dashes.
pub(super) fn unknown_option(commands: &'static [CommandSpec], typed: &str, help: &str) -> Error {
    let options = commands.iter().flat_map(|command| command.options);
    let names = options
        .flat_map(OptionSpec::names)
        .chain(["help", "version"]);
    unknown("option", typed, names, "--", help)
}

/// The error for a `kind` of name that is none of `names`, which a user writes behind `dashes`.
fn unknown(
    kind: &str,
    typed: &str,
    names: impl Iterator<Item = &'static str>,
    dashes: &str,
    help: &str,
) -> Error {
    let names: Vec<&str> = names.collect();
    let word = typed
        .strip_prefix("auth ")
        .unwrap_or(typed.trim_start_matches('-'));
    let near = nearest(typed.trim_start_matches('-'), &names).or_else(|| nearest(word, &names));
    let shown = presentable(typed, near.is_some());
    let error = Error::usage(match shown {
        Some(shown) => format!("unknown {kind} '{shown}'"),
        None => format!("unknown {kind}"),
    });
    error.with_hint(match near.or_else(|| other_name(word, &names)) {
        Some(name) => format!("did you mean '{dashes}{name}'? See {help}"),
        None if shown.is_some() => format!("see {help}"),
        None => format!("see {help}; never give a key as an argument: login asks for it"),
    })
}

/// What was typed, if it is plainly a word, or `near` a name and so short of a secret.
fn presentable(typed: &str, near: bool) -> Option<&str> {
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || b"- ".contains(&byte) || near && byte.is_ascii_alphabetic()
    };
    Some(typed).filter(|typed| typed.len() <= LONGEST && typed.bytes().all(plain))
}

/// The name that `typed` was probably meant to be: at most two slips away, and fewer than half of it.
fn nearest(typed: &str, names: &[&'static str]) -> Option<&'static str> {
    let typed = typed.to_ascii_lowercase();
    let distances = names
        .iter()
        .map(|name| (strsim::osa_distance(&typed, name), *name));
    let (distance, name) = distances.min_by_key(|(distance, _)| *distance)?;
    Some(name).filter(|name| distance <= 2 && distance * 2 < name.len())
}

/// The one of `names` that comparable programs call `typed`.
fn other_name(typed: &str, names: &[&'static str]) -> Option<&'static str> {
    let mut rows = OTHER_NAMES.iter().filter(|(name, _)| names.contains(name));
    let found = rows.find(|(_, others)| others.split(' ').any(|other| other == typed));
    found.map(|(name, _)| *name)
}
