//! The command line: a parser over the table of commands. The only user of lexopt.
//!
//! No text here repeats a value that was typed: it may be a secret.

mod options;
mod suggest;
mod table;

use std::ffi::{OsStr, OsString};
use std::slice;

use lexopt::{Arg, Parser};

use crate::api_key::PREFIXES;
use crate::error::Error;
use crate::redact::looks_like_key;
pub use options::{OptionSpec, Options};
use suggest::{unknown_command, unknown_option};
pub use table::{COMMANDS, CommandId, CommandSpec, Operand, SHELLS};

/// The options that say what is printed, of which there can be one.
const OUTPUTS: [&str; 3] = ["json", "get", "quiet"];

/// What the command line asks for.
pub enum Request {
    /// Print the help of one command, or the whole.
    Help(Option<&'static CommandSpec>),
    /// Print `sekuire X.Y.Z`.
    Version,
    /// Nothing was asked for: help goes to standard error.
    Nothing,
    /// Run a command.
    Run(CommandId, Options),
}

/// What was typed, sorted but not yet understood: options may stand before the command that has them.
#[derive(Default)]
struct Typed {
    words: Vec<OsString>,
    /// What follows `--`, where that is a program.
    program: Vec<OsString>,
    /// Names with their dashes, and values.
    options: Vec<(String, Option<OsString>)>,
    help: bool,
    version: bool,
}

/// Reads the arguments that follow the program's name.
///
/// # Errors
/// A usage error that names what is wrong and never repeats what could be a key.
pub fn parse(args: Vec<OsString>) -> Result<Request, Error> {
    let texts = args.iter().map(|arg| arg.to_string_lossy().into_owned());
    let texts: Vec<String> = texts.collect();
    let typed = sort(args);
    // The program's arguments are its user's business, but for what is certainly a key.
    let (own, programs) = texts.split_at(texts.len() - typed.program.len());
    let has_prefix = |arg: &str| PREFIXES.iter().any(|(prefix, _)| arg.contains(prefix));
    if own.iter().any(|arg| looks_like_key(arg))
        || (programs.iter()).any(|arg| has_prefix(arg) && looks_like_key(arg))
    {
        return Err(secret_as_argument());
    }
    if typed.help {
        return help_on(match typed.words.as_slice() {
            [help, about @ ..] if help == "help" => about,
            words => words,
        });
    }
    if typed.version {
        return Ok(Request::Version);
    }
    match (find_command(&typed.words)?, typed.options.first()) {
        (Some((command, operands)), _) => {
            understand(command, operands, typed.program, typed.options)
        }
        (None, None) => Ok(Request::Nothing),
        (None, Some((name, _))) if find_option(name).is_some() => {
            Err(Error::usage(format!("{name} needs a command")).with_hint("see 'sekuire help'"))
        }
        (None, Some((name, _))) => Err(unknown_option(COMMANDS, name, "'sekuire help'")),
    }
}

/// Tells words from options, and options from their values.
fn sort(args: Vec<OsString>) -> Typed {
    let mut typed = Typed::default();
    let mut parser = Parser::from_args(args);
    loop {
        if runs_program(&typed.words)
            && let Some(mut rest) = parser.try_raw_args()
            && rest.next_if(|next| next == "--").is_some()
        {
            typed.program = rest.collect();
            break;
        }
        // It fails only where the last option's value was not taken, and every value is.
        let Ok(Some(arg)) = parser.next() else { break };
        let name = match arg {
            Arg::Value(word) => {
                typed.words.push(word);
                continue;
            }
            Arg::Short(letter) => format!("-{letter}"),
            Arg::Long(name) => format!("--{name}"),
        };
        let value = value_of(&name, &mut parser);
        match name.as_str() {
            "-h" | "--help" => typed.help = true,
            "-V" | "--version" => typed.version = true,
            _ => typed.options.push((name, value)),
        }
    }
    typed
}

/// Whether these words are a command behind which `--` a program stands.
fn runs_program(words: &[OsString]) -> bool {
    matches!(find_command(words), Ok(Some((command, []))) if command.operand == Operand::Program)
}

fn value_of(name: &str, parser: &mut Parser) -> Option<OsString> {
    let joined = parser.optional_value();
    if joined.is_some() || find_option(name)?.value().is_none() {
        return joined;
    }
    let is_option = |arg: &OsStr| arg.as_encoded_bytes().starts_with(b"-");
    parser.try_raw_args()?.next_if(|next| !is_option(next))
}

/// The command that these words begin with, and the words behind it; none where they only begin one.
fn find_command(words: &[OsString]) -> Result<Option<(&'static CommandSpec, &[OsString])>, Error> {
    let length = match words {
        [first, _, ..] if first == "auth" => 2,
        [first] if first == "auth" => return Ok(None),
        _ => 1,
    };
    let Some((name, operands)) = words.split_at_checked(length) else {
        return Ok(None);
    };
    let name = name.join(OsStr::new(" ")).to_string_lossy().into_owned();
    let mut commands = COMMANDS.iter();
    let found = commands.find(|command| command.names().any(|known| known == name));
    let command = found.ok_or_else(|| unknown_command(&name))?;
    Ok(Some((command, operands)))
}

fn help_on(words: &[OsString]) -> Result<Request, Error> {
    let found = find_command(words)?;
    Ok(Request::Help(found.map(|(command, _)| command)))
}

fn understand(
    command: &'static CommandSpec,
    operands: &[OsString],
    program: Vec<OsString>,
    typed: Vec<(String, Option<OsString>)>,
) -> Result<Request, Error> {
    // First, for without -- the program's options are taken for ours.
    let is_named = program.first().is_some_and(|name| !name.is_empty());
    if command.operand == Operand::Program && !(is_named && operands.is_empty()) {
        return Err(no_program(command));
    }
    let mut options = read_options(command, typed)?;
    options.program = program;
    match (command.operand, operands) {
        (Operand::None | Operand::Program, []) => {}
        (Operand::Command, words) => return help_on(words),
        (Operand::Shell, [] | [_]) => {
            let mut shells = SHELLS.iter().copied();
            options.shell = shells.find(|shell| operands == [*shell]);
            options.shell.ok_or_else(|| wrong_shell(command))?;
        }
        (_, _) => return Err(unexpected_argument(command)),
    }
    Ok(Request::Run(command.id, options))
}

fn read_options(
    command: &'static CommandSpec,
    typed: Vec<(String, Option<OsString>)>,
) -> Result<Options, Error> {
    let refuse = |message: String| Error::usage(message).with_hint(see_help(command));
    let mut options = Options::default();
    let mut given: Vec<&str> = Vec::new();
    for (typed, value) in typed {
        let mut specs = command.options.iter();
        let spec = specs
            .find(|spec| spec.is_called(&typed))
            .ok_or_else(|| unknown_option(slice::from_ref(command), &typed, &help_of(command)))?;
        let name = spec.name;
        if given.contains(&name) {
            return Err(refuse(format!("--{name} is given more than once")));
        }
        given.push(name);
        options.is_backend_url |= typed == "--backend-url";
        let value = match (spec.value(), value.map(OsString::into_string)) {
            (None, None) => Ok(String::new()),
            (None, Some(_)) => Err(format!("--{name} takes no value")),
            (Some(_), None) => Err(format!("--{name} needs a value")),
            (Some(_), Some(Err(_))) => Err(format!("the value of --{name} is not UTF-8 text")),
            (Some(_), Some(Ok(value))) if value.trim().is_empty() => {
                Err(format!("the value of --{name} is empty"))
            }
            (Some(_), Some(Ok(value))) => Ok(value),
        };
        spec.set(&mut options, value.map_err(refuse)?)?;
    }
    let mut outputs = OUTPUTS.iter().filter(|output| given.contains(output));
    match (outputs.next(), outputs.next()) {
        (Some(one), Some(other)) => {
            Err(refuse(format!("--{one} and --{other} exclude each other")))
        }
        _ => Ok(options),
    }
}

/// The option of this name, dashes and all, in whichever command.
fn find_option(name: &str) -> Option<&'static OptionSpec> {
    let mut options = COMMANDS.iter().flat_map(|command| command.options);
    options.find(|option| option.is_called(name))
}

fn secret_as_argument() -> Error {
    Error::usage("an API key was given as an argument, where every user of this machine can see it").with_hint(
        "leave the key out and paste it at the prompt of login, or pipe it in with --api-key-stdin; \
         if others could have seen this key, revoke it in the dashboard",
    )
}

fn unexpected_argument(command: &CommandSpec) -> Error {
    let error = Error::usage(format!("'sekuire {}' takes no such argument", command.name));
    error.with_hint(match command.id {
        CommandId::Login => "the API key is asked for, or piped in with --api-key-stdin; never give it as an argument".into(),
        _ => see_help(command),
    })
}

fn no_program(command: &CommandSpec) -> Error {
    let name = command.name;
    Error::usage(format!("'sekuire {name}' needs a program behind --"))
        .with_hint(format!("for example: sekuire {name} -- /usr/bin/agent"))
}

fn wrong_shell(command: &CommandSpec) -> Error {
    let (name, shells) = (command.name, SHELLS.join(", "));
    Error::usage(format!("'sekuire {name}' needs one of: {shells}")).with_hint(see_help(command))
}

fn see_help(command: &CommandSpec) -> String {
    format!("see {}", help_of(command))
}

fn help_of(command: &CommandSpec) -> String {
    format!("'sekuire help {}'", command.name)
}
