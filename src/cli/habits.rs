//! Words that are unknown here, and what was probably meant.

use std::ffi::OsString;
use std::slice;

use super::table::{COMMANDS, CommandId, CommandSpec, Commands, find_option};
use crate::error::Error;

/// Words of other clients, and the option to use or what to do instead.
const HABITS: &[(&str, &str)] = &[
    ("--hostname --host --url --server --endpoint", "--backend"),
    ("--cacert --ca-file --insecure -k", CA_FILE),
    ("-o --output --format", "--json"),
    (
        "--with-token --password-stdin --token --api-key",
        "--api-key-stdin",
    ),
    ("--check --online", "run: sekuire auth whoami --quiet"),
    ("run exec env", "run: sekuire auth exec -- COMMAND"),
    ("print-access-token token key", "run: sekuire auth token"),
    ("signin sign-in log-in authenticate", "run: sekuire login"),
    ("signout sign-out log-out logoff", "run: sekuire logout"),
    ("list ls logged-in info", "run: sekuire status"),
    ("who me user profile", "run: sekuire auth whoami"),
    ("diagnose debug health", "run: sekuire doctor"),
    (OTHER_COMMANDS, AUTHENTICATION_ONLY),
];
const CA_FILE: &str = "for the backend's own CA set SSL_CERT_FILE=/path/ca.pem";

/// Commands that only the existing client has.
const OTHER_COMMANDS: &str = "account add adopt agent-status analysis builds config docker-init github hash images \
    init install keygen kill leaderboard logs memory metrics policy publish push registry resume search stop test \
    verify verify-agent";
const AUTHENTICATION_ONLY: &str =
    "this program has the authentication commands only; sekuire-cli has the others";

/// The longest word that is repeated, in bytes.
const LONGEST: usize = 20;

/// The error for an unknown command.
pub(super) fn unknown_command(typed: &str) -> Error {
    Error::usage(format!("unknown command{}", quoted(typed)))
        .with_hint(meant(typed).unwrap_or_else(|| "run: sekuire help".to_owned()))
}

/// The error for an unknown topic of help. Its hint names help on a command in place of the command, which may print
/// the API key.
pub(super) fn unknown_topic(typed: &str) -> Error {
    let is_environment = typed == "env" || nearest(typed, ["environment"].iter()).is_some();
    let hint = match meant(typed) {
        _ if is_environment => "run: sekuire help environment".to_owned(),
        Some(hint) => hint
            .replace(" -- COMMAND", "")
            .replace("sekuire ", "sekuire help "),
        None => "run: sekuire help".to_owned(),
    };
    Error::usage(format!("unknown topic{}", quoted(typed))).with_hint(hint)
}

/// What an unknown command was probably meant to be.
fn meant(typed: &str) -> Option<String> {
    let word = typed.strip_prefix("auth ").unwrap_or(typed);
    let names = || COMMANDS.iter().flat_map(|command| command.names);
    let near = || nearest(typed, names()).or_else(|| nearest(word, names()));
    let hint = habit(COMMANDS, word);
    hint.or_else(|| Some(format!("did you mean 'sekuire {}'?", near()?)))
}

/// The error for an option that none of these commands has. `help` is the command that shows their options.
pub(super) fn unknown_option(commands: Commands, typed: &str, help: &str) -> Error {
    let options = commands.iter().flat_map(|command| command.options);
    let names = options.flat_map(|option| option.names);
    let near = || nearest(typed, names.chain(&["--help", "--version"]));
    let hint = habit(commands, typed);
    let hint = hint.or_else(|| Some(format!("did you mean '{}'?", near()?)));
    Error::usage(format!("unknown option{}", quoted(typed)))
        .with_hint(hint.unwrap_or_else(|| format!("run: sekuire {help}")))
}

/// The error for arguments after a command that takes none.
pub(super) fn unexpected_argument(command: &'static CommandSpec, operands: &[OsString]) -> Error {
    let name = command.name();
    let mut words = operands.iter();
    let hint = words.find_map(|word| habit(slice::from_ref(command), &word.to_string_lossy()));
    let hint = hint.filter(|_| command.id != CommandId::Help);
    let hint = hint.unwrap_or_else(|| match command.id {
        CommandId::Login if operands != ["help"] => {
            "login asks for the API key, or reads it with --api-key-stdin".into()
        }
        _ => format!("run: sekuire {}", command.help()),
    });
    Error::usage(format!("'sekuire {name}' takes no such argument")).with_hint(hint)
}

/// What to do instead of `typed`, unless it takes an option that none of these commands has.
fn habit(commands: Commands, typed: &str) -> Option<String> {
    let is_url = typed.contains("://");
    let typed = if is_url { "--url" } else { typed };
    let mut habits = HABITS.iter();
    let (_, instead) = habits.find(|(words, _)| words.split(' ').any(|word| word == typed))?;
    if !instead.starts_with("--") {
        return Some((*instead).to_owned());
    }
    find_option(commands, instead).map(|_| format!("use {instead}"))
}

/// The name that `word` was probably meant to be: at most two slips away, and fewer than half of it.
fn nearest(word: &str, names: impl Iterator<Item = &'static &'static str>) -> Option<&'static str> {
    let bare = |name: &str| name.trim_start_matches('-').to_ascii_lowercase();
    let distances = names.map(|name| (strsim::osa_distance(&bare(word), &bare(name)), *name));
    let (distance, name) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= 2 && distance * 2 < bare(name).len()).then_some(name)
}

/// ` 'typed'` if it is plainly a word, else nothing: it may be a secret.
fn quoted(typed: &str) -> String {
    let word = typed.strip_prefix("auth ").unwrap_or(typed);
    let is_plain = |byte: u8| byte.is_ascii_alphabetic() || byte == b'-';
    match word.len() {
        1..=LONGEST if word.bytes().all(is_plain) => format!(" '{typed}'"),
        _ => String::new(),
    }
}
