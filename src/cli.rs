//! The command line: a parser over the table of commands. The only user of lexopt.
//!
//! Arguments are visible to every user of the machine, and logs keep messages: no text here repeats a value, which
//! may be a secret.

mod habits;
mod options;
mod table;

use std::ffi::{OsStr, OsString};
use std::slice;

use lexopt::{Arg, Parser};

use crate::api_key::PREFIXES;
use crate::error::Error;
use crate::redact::looks_like_key;
use habits::{unexpected_argument, unknown_command, unknown_option, unknown_topic};
pub use options::{OptionSpec, Options};
pub use table::{COMMANDS, CommandId, CommandSpec, SHELLS};
use table::{command_named, find_option};

/// The options that say what is printed, of which there can be one.
const OUTPUTS: [&str; 3] = ["--json", "--get", "--quiet"];

/// What the command line asks for.
pub enum Request {
    /// Print help.
    Help(Topic),
    /// Print `sekuire X.Y.Z`.
    Version,
    /// No command: print help to standard error.
    Nothing(Topic),
    /// Run a command.
    Run(CommandId, Options),
}

/// What help is about.
pub enum Topic {
    /// The commands that begin so.
    Commands(&'static str),
    /// Variables and exit statuses.
    Environment,
    /// A command.
    Command(&'static CommandSpec),
}

/// An option's name with its dashes, and its value.
type TypedOption = (String, Option<OsString>);

/// The arguments by kind. Options may come before the command that has them.
#[derive(Default)]
struct Typed {
    words: Vec<OsString>,
    /// How many of the words come before the first option.
    leading: usize,
    /// What follows `--`, where that is a program.
    program: Vec<OsString>,
    options: Vec<TypedOption>,
    help: bool,
    version: bool,
}

/// Parses the arguments after the program's name.
///
/// # Errors
/// A usage error.
pub fn parse(mut args: Vec<OsString>) -> Result<Request, Error> {
    let dashes = args.iter().position(|arg| arg == "--");
    let rest = args.split_off(dashes.unwrap_or(args.len()));
    refuse_keys(&args, &rest)?;
    refuse_dashes(&args)?;
    let mut typed = sort(args)?;
    let rest = rest.into_iter().skip(1);
    match find_command(&typed.words) {
        Ok((command, _)) if command.id == CommandId::Exec => typed.program = rest.collect(),
        _ => typed.words.extend(rest),
    }
    if typed.help {
        return find_topic(&typed.words).map(|(topic, _)| Request::Help(topic));
    }
    if typed.version || typed.words == ["version"] {
        return Ok(Request::Version);
    }
    // A word behind an unknown option may be its value, and not the command.
    let has_command =
        find_command(&typed.words).is_ok() || typed.leading >= name_length(&typed.words);
    let is_empty = typed.words.is_empty() || typed.words == ["auth"];
    let is_unknown = |(name, _): &&TypedOption| find_option(COMMANDS, name).is_none();
    let unknown = typed.options.iter().find(is_unknown);
    match (unknown, typed.options.first()) {
        (Some((name, _)), _) if !has_command => Err(unknown_option(COMMANDS, name, "help")),
        (_, Some((name, _))) if is_empty => {
            Err(Error::usage(format!("{name} needs a command")).with_hint("run: sekuire help"))
        }
        _ if is_empty => find_topic(&typed.words).map(|(topic, _)| Request::Nothing(topic)),
        _ => understand(typed),
    }
}

/// Behind `--` only what is certainly a key is refused: a program has users and files that begin with adm_.
fn refuse_keys(args: &[OsString], behind_dashes: &[OsString]) -> Result<(), Error> {
    let has_prefix = |text: &str| {
        PREFIXES
            .iter()
            .any(|(prefix, _)| text.to_ascii_lowercase().contains(prefix))
    };
    let is_key = |arg: &OsString| looks_like_key(&arg.to_string_lossy());
    let is_api_key = |arg: &OsString| is_key(arg) && has_prefix(&arg.to_string_lossy());
    if !args.iter().any(is_key) && !behind_dashes.iter().any(is_api_key) {
        return Ok(());
    }
    let error = "an API key was given as an argument, where every user of this machine can see it";
    Err(Error::usage(error).with_hint(
        "type the key at login's prompt, or pipe it to: sekuire login --api-key-stdin; \
         if others could see this one, revoke it",
    ))
}

fn refuse_dashes(args: &[OsString]) -> Result<(), Error> {
    let is_dash = |arg: &OsString| arg.to_string_lossy().starts_with(['\u{2013}', '\u{2014}']);
    if !args.iter().any(is_dash) {
        return Ok(());
    }
    let error = "an argument begins with a long dash (\u{2013} or \u{2014}), which is no hyphen";
    Err(Error::usage(error).with_hint("type hyphens, as in --backend"))
}

/// Sorts the arguments before `--` by kind.
fn sort(args: Vec<OsString>) -> Result<Typed, Error> {
    let mut typed = Typed::default();
    let mut parser = Parser::from_args(args);
    // It fails only where an option's value was not taken, and every value is.
    while let Ok(Some(arg)) = parser.next() {
        let name = match arg {
            Arg::Value(word) => {
                typed.words.push(word);
                typed.leading += usize::from(typed.options.is_empty());
                continue;
            }
            Arg::Short(letter) => format!("-{letter}"),
            Arg::Long(name) => format!("--{name}"),
        };
        let value = value_of(&name, &mut parser);
        match name.as_str() {
            "--help" | "--version" if value.is_some() => {
                let error = format!("{name} takes no value");
                return Err(Error::usage(error).with_hint("run: sekuire help"));
            }
            "-h" | "--help" => typed.help = true,
            "-V" | "-v" | "--version" => typed.version = true,
            _ => typed.options.push((name, value)),
        }
    }
    Ok(typed)
}

fn value_of(name: &str, parser: &mut Parser) -> Option<OsString> {
    let joined = parser.optional_value();
    if joined.is_some() || !find_option(COMMANDS, name)?.has_value() {
        return joined;
    }
    let is_option = |arg: &OsStr| arg.as_encoded_bytes().starts_with(b"-");
    parser.try_raw_args()?.next_if(|next| !is_option(next))
}

/// How many words a command's name has that begins as these words.
fn name_length(words: &[OsString]) -> usize {
    let is_auth = words.first().is_some_and(|word| word == "auth");
    if is_auth { 2 } else { 1 }
}

/// The name of a command that these words begin with, and the words after it.
fn split_name(words: &[OsString]) -> (String, &[OsString]) {
    let split = words.split_at_checked(name_length(words));
    let (name, operands) = split.unwrap_or((words, &[]));
    let name = name.join(OsStr::new(" ")).to_string_lossy().into_owned();
    (name, operands)
}

/// The command that these words begin with, and the words after it.
fn find_command(words: &[OsString]) -> Result<(&'static CommandSpec, &[OsString]), Error> {
    let (name, operands) = split_name(words);
    let command = command_named(&name).ok_or_else(|| unknown_command(&name))?;
    Ok((command, operands))
}

/// The topic of help that these words begin with, and the words after it.
fn find_topic(words: &[OsString]) -> Result<(Topic, &[OsString]), Error> {
    match words {
        [] => Ok((Topic::Commands(""), &[])),
        [word, topic @ ..] if word == "help" => find_topic(topic),
        [word] if word == "auth" => Ok((Topic::Commands("auth "), &[])),
        [word, rest @ ..] if word == "environment" => Ok((Topic::Environment, rest)),
        words => {
            let (name, rest) = split_name(words);
            let command = command_named(&name).or_else(|| command_named(&format!("auth {name}")));
            let command = command.ok_or_else(|| unknown_topic(&name))?;
            Ok((Topic::Command(command), rest))
        }
    }
}

fn understand(typed: Typed) -> Result<Request, Error> {
    let (command, operands) = find_command(&typed.words)?;
    let program = typed.program;
    let is_named = program.first().is_some_and(|name| !name.is_empty());
    // Before the options: without -- the program's would be taken for ours.
    if command.id == CommandId::Exec && !(is_named && operands.is_empty()) {
        return Err(Error::usage("'sekuire auth exec' needs a command after --")
            .with_hint("run: sekuire auth exec -- COMMAND"));
    }
    let mut options = read_options(command, typed.options)?;
    options.program = program;
    let mut shells = SHELLS.iter().copied();
    options.shell = shells.find(|shell| operands == [*shell]);
    match (command.id, operands) {
        (CommandId::Help, words) => {
            return match find_topic(words)? {
                (topic, []) => Ok(Request::Help(topic)),
                (_, rest) => Err(unexpected_argument(command, rest)),
            };
        }
        (CommandId::Completions, _) if options.shell.is_none() => {
            let shells = SHELLS.join(", ");
            let error = format!("'sekuire completions' needs one of: {shells}");
            return Err(Error::usage(error).with_hint("run: sekuire help completions"));
        }
        (CommandId::Completions, _) | (_, []) => {}
        (_, operands) => return Err(unexpected_argument(command, operands)),
    }
    Ok(Request::Run(command.id, options))
}

fn read_options(command: &'static CommandSpec, typed: Vec<TypedOption>) -> Result<Options, Error> {
    let help = command.help();
    let refuse = |message| Error::usage(message).with_hint(format!("run: sekuire {help}"));
    let mut options = Options::default();
    let mut given: Vec<&str> = Vec::new();
    for (typed, value) in typed {
        let command = slice::from_ref(command);
        let spec = find_option(command, &typed);
        let spec = spec.ok_or_else(|| unknown_option(command, &typed, &help))?;
        let name = spec.name();
        if given.contains(&name) {
            return Err(refuse(format!("{name} is given more than once")));
        }
        given.push(name);
        let value = match (spec.has_value(), value.map(OsString::into_string)) {
            (false, None) => Ok(String::new()),
            (false, Some(_)) => Err(format!("{typed} takes no value")),
            (true, None) => Err(format!("{typed} needs a value")),
            (true, Some(Err(_))) => Err(format!("the value of {typed} is not UTF-8 text")),
            (true, Some(Ok(value))) if value.trim().is_empty() => {
                Err(format!("the value of {typed} is empty"))
            }
            (true, Some(Ok(value))) => Ok(value),
        };
        spec.set(&mut options, value.map_err(refuse)?)?;
    }
    let mut outputs = OUTPUTS.iter().filter(|output| given.contains(output));
    match (outputs.next(), outputs.next()) {
        (Some(one), Some(other)) => Err(refuse(format!("{one} and {other} exclude each other"))),
        _ => Ok(options),
    }
}
