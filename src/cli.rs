//! The command line: a parser over the table of commands. The only user of lexopt.
//!
//! Arguments are visible to every user of the machine, and logs keep messages: no text here repeats a value, which
//! may be a secret.

mod habits;
mod table;

use std::ffi::{OsStr, OsString};
use std::iter;

use lexopt::{Arg, Parser};

use crate::api_key::PREFIXES;
use crate::error::Error;
use crate::redact::looks_like_key;
use habits::{habit, unknown_command, unknown_option, unknown_topic};
pub use table::{COMMANDS, CommandId, CommandSpec, OptionSpec, Options, SHELLS, options_of};
use table::{find_option, without_group};

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
    /// The commands whose names begin so.
    Commands(&'static str),
    /// Variables and exit statuses.
    Environment,
    /// A command.
    Command(&'static CommandSpec),
}

/// An option's name with its dashes, and its value.
type TypedOption = (String, Option<String>);

/// The arguments before `--` by kind. Options may come before the command that has them.
#[derive(Default)]
struct Typed {
    /// The option that asks for help or for the version is a word that comes first.
    words: Vec<String>,
    options: Vec<TypedOption>,
    /// An option before the command that no command has: the next word may be its value.
    unknown: Option<String>,
}

/// Parses the arguments after the program's name.
///
/// # Errors
/// A usage error.
pub fn parse(mut args: Vec<OsString>) -> Result<Request, Error> {
    let dashes = args.iter().position(|arg| arg == "--");
    let behind = args.split_off(dashes.unwrap_or(args.len()));
    refuse_keys_and_dashes(&args, &behind)?;
    let typed = sort(args);
    let (name, operands) = split_name(&typed.words);
    match (name.as_str(), typed.unknown) {
        ("help", _) => return find_topic(operands).map(Request::Help),
        ("version", _) => return Ok(Request::Version),
        (_, Some(option)) => return Err(unknown_option(None, &option)),
        ("" | "auth", None) => return find_topic(&typed.words).map(Request::Nothing),
        _ => {}
    }
    let mut commands = COMMANDS.iter();
    let command = commands.find(|command| command.names.contains(&name.as_str()));
    let command = command.ok_or_else(|| unknown_command(&name))?;
    let program: Vec<OsString> = behind.into_iter().skip(1).collect();
    let shell = SHELLS.into_iter().find(|shell| operands == [*shell]);
    let checked = check(command, operands, &program);
    // Before the options: without --, a program's would be taken for ours.
    if command.id == CommandId::Exec {
        checked.clone()?;
    }
    let mut options = read_options(command, typed.options)?;
    (options.program, options.shell) = (program, shell);
    checked.map(|()| Request::Run(command.id, options))
}

/// Checks what stands behind the command's name, and behind `--`.
fn check(command: &CommandSpec, operands: &[String], program: &[OsString]) -> Result<(), Error> {
    let has_program = program.first().is_some_and(|name| !name.is_empty());
    let wrong = match (command.id, operands) {
        (CommandId::Exec, []) if has_program => return Ok(()),
        (CommandId::Exec, _) => "needs a command after --",
        (CommandId::Completions, [shell]) if SHELLS.contains(&shell.as_str()) => return Ok(()),
        (CommandId::Completions, _) => "needs one of: bash, zsh, fish",
        (_, []) if program.is_empty() => return Ok(()),
        _ => "takes no such argument",
    };
    let mut words = iter::once(command.word()).chain(operands.iter().map(String::as_str));
    let hint = words.find_map(|word| habit(Some(command), word));
    let hint = hint.unwrap_or_else(|| command.hint());
    Err(Error::usage(format!("'sekuire {}' {wrong}", command.name())).with_hint(hint))
}

fn read_options(command: &CommandSpec, typed: Vec<TypedOption>) -> Result<Options, Error> {
    let refuse = |message| Error::usage(message).with_hint(command.hint());
    let mut options = Options::default();
    let mut given = Vec::new();
    for (typed, value) in typed {
        let option = find_option(Some(command), &typed);
        let option = option.ok_or_else(|| unknown_option(Some(command), &typed))?;
        let name = option.name();
        if given.contains(&name) {
            return Err(refuse(format!("{name} is given more than once")));
        }
        given.push(name);
        option.set(&mut options, value).map_err(refuse)?;
    }
    let outputs = [options.json, options.get.is_some(), options.quiet];
    if outputs.into_iter().filter(|is_given| *is_given).count() > 1 {
        let message = "--json, --get and --quiet exclude each other";
        return Err(refuse(message.into()));
    }
    Ok(options)
}

/// Behind `--` only what is certainly a key is refused: a user or a file may have a name that begins with adm_.
fn refuse_keys_and_dashes(args: &[OsString], behind: &[OsString]) -> Result<(), Error> {
    let is_key = |arg: &OsString| looks_like_key(&arg.to_string_lossy());
    let is_api_key = |arg: &OsString| {
        let text = arg.to_string_lossy().to_ascii_lowercase();
        looks_like_key(&text) && PREFIXES.iter().any(|prefix| text.contains(prefix))
    };
    if args.iter().any(is_key) || behind.iter().any(is_api_key) {
        let error = "an API key was given as an argument, which every user here can see";
        return Err(Error::usage(error).with_hint(
            "type the key at login's prompt, or pipe it in with --api-key-stdin; \
             if others could see this one, revoke it",
        ));
    }
    let is_dash = |arg: &OsString| arg.to_string_lossy().starts_with(['\u{2013}', '\u{2014}']);
    if args.iter().any(is_dash) {
        let error = "an argument begins with a long dash (– or —), which is not a hyphen";
        return Err(Error::usage(error).with_hint("type hyphens, as in --backend"));
    }
    Ok(())
}

/// Sorts the arguments before `--` by kind.
fn sort(args: Vec<OsString>) -> Typed {
    let mut typed = Typed::default();
    let mut parser = Parser::from_args(args);
    // It fails only where an option's value was not taken, and every value is.
    while let Ok(Some(arg)) = parser.next() {
        let name = match arg {
            Arg::Value(word) => {
                typed.words.push(text_of(&word));
                continue;
            }
            Arg::Short(letter) => format!("-{letter}"),
            Arg::Long(name) => format!("--{name}"),
        };
        let option = find_option(None, &name);
        let mut value = parser.optional_value();
        if value.is_none() && option.is_some_and(OptionSpec::has_value) {
            let is_value = |arg: &OsStr| !arg.as_encoded_bytes().starts_with(b"-");
            let raw = parser.try_raw_args();
            value = raw.and_then(|mut raw| raw.next_if(is_value));
        }
        match name.as_str() {
            "-h" | "--help" => typed.words.insert(0, "help".into()),
            "-V" | "--version" => typed.words.insert(0, "version".into()),
            // Behind a command it may be meant as `--verbose`, and must not exit with 0.
            "-v" if typed.words.is_empty() => typed.words.push("version".into()),
            _ if option.is_none() && typed.words.iter().all(|word| word == "auth") => {
                typed.unknown.get_or_insert(name);
            }
            _ => typed.options.push((name, value.as_deref().map(text_of))),
        }
    }
    typed
}

/// Every value is checked later, and a replacement character passes no check.
fn text_of(word: &OsStr) -> String {
    word.to_string_lossy().into_owned()
}

/// The name of a command that these words begin with, and the words after it.
fn split_name(words: &[String]) -> (String, &[String]) {
    let is_auth = words.first().is_some_and(|word| word == "auth");
    let length = if is_auth { 2 } else { 1 };
    let (name, operands) = words.split_at(length.min(words.len()));
    (name.join(" "), operands)
}

/// The topic of help that these words begin with.
fn find_topic(words: &[String]) -> Result<Topic, Error> {
    let (name, rest) = split_name(words);
    match name.as_str() {
        "help" => find_topic(rest),
        "" => Ok(Topic::Commands("")),
        "auth" => Ok(Topic::Commands("auth ")),
        "environment" => Ok(Topic::Environment),
        name => {
            let mut commands = COMMANDS.iter();
            let command = commands.find(|command| command.word() == without_group(name));
            let topic = command.map(Topic::Command);
            topic.ok_or_else(|| unknown_topic(name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{OsString, Request, parse};
    use crate::help::help;

    /// What a call asks for, in words.
    fn asked(call: &str) -> String {
        match parse(call.split_whitespace().map(OsString::from).collect()) {
            Ok(Request::Help(topic)) => help(&topic),
            Ok(Request::Nothing(topic)) => format!("no command: {}", help(&topic)),
            Ok(Request::Version) => "version".into(),
            Ok(Request::Run(command, options)) => format!("{command:?} {options:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn places_and_aliases_make_no_difference() {
        for calls in [
            "help | --help | -h | help --help | help help | help --json",
            "help auth | auth --help | --help auth",
            "help login | login -h | auth login --help | help auth login | --help login | help login x",
            "help login | login --backend --help | login --timeout x -h | --backend logout login -h",
            "help auth whoami | whoami --help | help whoami | whoami x --unknown -h",
            "help auth token | auth token -h | help token | token --help",
            "help auth exec | help exec | auth exec --help -- x",
            "help completions | completions bash -h",
            "help environment | environment --help | help environment -- x",
            "--version | -V | -v | version | login --version | --json status -V",
            "status --json | --json status | auth status --json | auth --json status",
            "status --quiet | -q status | auth status -q",
            "login --backend=a --wait 1 | --backend a --wait=1 login | --wait 1 auth --backend a login",
            "auth whoami --timeout 5 | whoami --timeout=5 | --timeout 5 whoami",
            "logout | auth logout | logout --",
        ] {
            let calls: Vec<String> = calls.split(" | ").map(asked).collect();
            for other in &calls {
                assert_eq!(Some(other), calls.first());
            }
        }
    }
    /// Every user sees arguments, and logs keep what the program says of them.
    #[test]
    fn a_key_among_the_arguments_is_refused_and_never_shown() {
        for call in [
            "KEY",
            "login KEY",
            "auth KEY",
            "logout -- KEY",
            "auth exec -- ./agent --key=KEY",
            "help KEY",
            "KEY --help",
            "--version KEY",
            "--backend KEY login",
            "login --timeout KEY",
            "completions KEY",
            "login --api-key=KEY",
            "login --backend=KEY",
            "login -kKEY",
            "login \u{201c}KEY\u{201d}",
            "login --backend sk%5Flive%5Fabc123def456",
            "login --backend skt_abcdef123def456",
            "auth adm_abcdef123def456",
        ] {
            for key in ["sk_live_abc123def456", "SK_TEST_ABC123DEF456"] {
                let expected = "an API key was given as an argument, which every user here can see";
                assert_eq!(asked(&call.replace("KEY", key)), expected, "{call} {key}");
            }
        }
    }
}
