//! The command line: a parser over the table of commands. The only user of lexopt.
//!
//! No text here repeats what was typed unless it can't be a secret: arguments are visible to every
//! user of the machine, and so is what a log keeps of our messages.

mod table;

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use lexopt::{Arg, Parser};

use crate::api_key;
use crate::error::Error;
pub use table::{COMMANDS, CommandId, CommandSpec, Operand, OptionId, OptionSpec};

/// Commands of the existing client that this program leaves to it.
const ELSEWHERE: &[&str] = &[
    "account",
    "add",
    "adopt",
    "agent-status",
    "analysis",
    "builds",
    "config",
    "docker-init",
    "github",
    "hash",
    "images",
    "init",
    "install",
    "keygen",
    "kill",
    "leaderboard",
    "logs",
    "memory",
    "metrics",
    "policy",
    "publish",
    "push",
    "registry",
    "resume",
    "run",
    "search",
    "stop",
    "test",
    "verify",
    "verify-agent",
];

/// What the command line asks for.
#[derive(Debug)]
pub enum Request {
    /// Print the help of one command, or the whole.
    Help(Option<CommandId>),
    /// Print `sekuire X.Y.Z`.
    Version,
    /// Nothing was asked for: help goes to standard error.
    Nothing,
    /// Run a command.
    Run(CommandId, Options),
}

/// The options that were given.
#[derive(Debug, Default)]
pub struct Options {
    /// `--web-url`
    pub web_url: Option<String>,
    /// `--backend`
    pub backend: Option<String>,
    /// `--api-key-stdin`
    pub api_key_stdin: bool,
    /// `--workspace`
    pub workspace: Option<String>,
    /// `--timeout`
    pub timeout: Option<Duration>,
    /// `--wait`
    pub wait: Option<Duration>,
    /// `--json`
    pub json: bool,
    /// `--quiet`
    pub quiet: bool,
    /// The word after `completions`.
    pub shell: Option<&'static str>,
}

/// Reads the arguments that follow the program's name.
///
/// # Errors
/// A usage error that names what is wrong and never repeats what could be a key.
pub fn parse(args: Vec<OsString>) -> Result<Request, Error> {
    if args
        .iter()
        .any(|arg| api_key::looks_like_key(arg.as_encoded_bytes()))
    {
        return Err(key_as_argument());
    }
    if asks_for_help(&args) {
        return help_beside(&args);
    }
    let mut parser = Parser::from_args(args);
    let mut words = Vec::new();
    while let Some(arg) = next(&mut parser)? {
        match arg {
            Arg::Value(word) => {
                words.push(word);
                match find_command(&words)? {
                    Some(command) if command.id == CommandId::Help => {
                        return parse_help(rest(&mut parser));
                    }
                    Some(command) => return parse_options(command, &mut parser),
                    None => {}
                }
            }
            Arg::Short('V') | Arg::Long("version") => return Ok(Request::Version),
            Arg::Short(_) | Arg::Long(_) => return Err(option_before_command(&arg)),
        }
    }
    Ok(Request::Nothing)
}

/// Finds an option of a command by one of its long names.
pub fn find_option<'a>(command: &'a CommandSpec, name: &str) -> Option<&'a OptionSpec> {
    command
        .options
        .iter()
        .find(|option| option.names.contains(&name))
}

fn next(parser: &mut Parser) -> Result<Option<Arg<'_>>, Error> {
    // The one error of next() is a switch with a value. The switch has passed as a known one; lexopt's
    // own words would repeat the value, too.
    parser.next().map_err(|error| {
        let message = match error {
            lexopt::Error::UnexpectedValue { option, .. } => format!("{option} takes no value"),
            _ => "the arguments can't be understood".into(),
        };
        Error::usage(message).with_hint("see 'sekuire help'")
    })
}

fn is_option(arg: &OsStr) -> bool {
    arg.as_encoded_bytes().starts_with(b"-")
}

fn asks_for_help(args: &[OsString]) -> bool {
    let mut options = args.iter().take_while(|arg| *arg != "--");
    options.any(|arg| arg == "-h" || arg == "--help")
}

/// The help of the command that stands anywhere among these arguments, whatever else does.
fn help_beside(args: &[OsString]) -> Result<Request, Error> {
    let mut words = Vec::new();
    for word in args.iter().filter(|arg| !is_option(arg)) {
        words.push(word.clone());
        match find_command(&words)? {
            Some(command) if command.id == CommandId::Help => words.clear(),
            Some(command) => return Ok(Request::Help(Some(command.id))),
            None => {}
        }
    }
    Ok(Request::Help(None))
}

fn rest(parser: &mut Parser) -> Vec<OsString> {
    parser.raw_args().map(Iterator::collect).unwrap_or_default()
}

fn parse_help(words: impl IntoIterator<Item = OsString>) -> Result<Request, Error> {
    let words: Vec<OsString> = words.into_iter().collect();
    if words.is_empty() {
        return Ok(Request::Help(None));
    }
    Ok(Request::Help(
        find_command(&words)?.map(|command| command.id),
    ))
}

/// The command of these words; none where they only begin one.
fn find_command(words: &[OsString]) -> Result<Option<&'static CommandSpec>, Error> {
    let typed: Vec<String> = words
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let typed = typed.join(" ");
    let found = COMMANDS
        .iter()
        .find(|command| command.name == typed || command.alias == Some(typed.as_str()));
    if found.is_some() || typed == "auth" {
        return Ok(found);
    }
    let error = Error::usage(match presentable(&typed) {
        Some(typed) => format!("unknown command '{typed}'"),
        None => "unknown command".into(),
    });
    if ELSEWHERE.contains(&typed.as_str()) {
        return Err(error.with_hint(
            "this program is the authentication part of Sekuire; the full client, sekuire-cli, has that command",
        ));
    }
    let names = COMMANDS
        .iter()
        .flat_map(|command| std::iter::once(command.name).chain(command.alias));
    let second_word = || {
        COMMANDS
            .iter()
            .map(|command| command.name)
            .find(|name| name.ends_with(&format!(" {typed}")))
    };
    Err(
        error.with_hint(match nearest(&typed, names).or_else(second_word) {
            Some(name) => {
                format!("did you mean 'sekuire {name}'? See 'sekuire help' for all commands")
            }
            None => "see 'sekuire help' for all commands".into(),
        }),
    )
}

fn parse_options(command: &'static CommandSpec, parser: &mut Parser) -> Result<Request, Error> {
    let mut options = Options::default();
    let mut given = Vec::new();
    while let Some(arg) = next(parser)? {
        let option = match arg {
            Arg::Short('V') | Arg::Long("version") => return Ok(Request::Version),
            Arg::Long(name) => find_option(command, name)
                .ok_or_else(|| unknown_option(command, &format!("--{name}")))?,
            Arg::Short(letter) => {
                let found = command
                    .options
                    .iter()
                    .find(|option| option.short == Some(letter));
                found.ok_or_else(|| unknown_option(command, &format!("-{letter}")))?
            }
            Arg::Value(word) => {
                let Operand::OneOf(choices) = command.operand else {
                    return Err(unexpected_argument(command));
                };
                if options.shell.is_some() {
                    return Err(unexpected_argument(command));
                }
                let choice = choices.iter().find(|choice| word == **choice);
                options.shell = Some(choice.ok_or_else(|| wrong_operand(command, choices))?);
                continue;
            }
        };
        let name = option_name(option);
        if given.contains(&option.id) {
            return Err(Error::usage(format!("{name} is given more than once"))
                .with_hint(usage_hint(command)));
        }
        given.push(option.id);
        let value = match option.value {
            Some(_) => {
                value(parser, &name).map_err(|error| error.with_hint(usage_hint(command)))?
            }
            None => String::new(),
        };
        set(&mut options, option.id, &name, value)?;
    }
    if options.json && options.quiet {
        return Err(
            Error::usage("--json and --quiet exclude each other").with_hint(usage_hint(command))
        );
    }
    match command.operand {
        Operand::OneOf(choices) if options.shell.is_none() => Err(wrong_operand(command, choices)),
        _ => Ok(Request::Run(command.id, options)),
    }
}

fn value(parser: &mut Parser, name: &str) -> Result<String, Error> {
    let joined = parser.optional_value();
    let value = joined.or_else(|| parser.try_raw_args()?.next_if(|next| !is_option(next)));
    let value = value.ok_or_else(|| Error::usage(format!("{name} needs a value")))?;
    let value = value
        .into_string()
        .map_err(|_| Error::usage(format!("the value of {name} is not UTF-8 text")))?;
    if value.trim().is_empty() {
        return Err(Error::usage(format!("the value of {name} is empty")));
    }
    Ok(value)
}

fn set(options: &mut Options, id: OptionId, name: &str, value: String) -> Result<(), Error> {
    match id {
        OptionId::WebUrl => options.web_url = Some(value),
        OptionId::Backend => options.backend = Some(value),
        OptionId::ApiKeyStdin => options.api_key_stdin = true,
        OptionId::Workspace => options.workspace = Some(value),
        OptionId::Timeout => options.timeout = Some(seconds(name, &value, 1, 300)?),
        OptionId::Wait => options.wait = Some(seconds(name, &value, 0, 3600)?),
        OptionId::Json => options.json = true,
        OptionId::Quiet => options.quiet = true,
    }
    Ok(())
}

fn seconds(name: &str, value: &str, least: u64, most: u64) -> Result<Duration, Error> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse() {
        Ok(number) if digits && (least..=most).contains(&number) => Ok(Duration::from_secs(number)),
        _ => Err(Error::usage(format!(
            "{name} takes a whole number of seconds from {least} to {most}"
        ))
        .with_hint(format!("for example: {name} {}", most / 5))),
    }
}

fn option_name(option: &OptionSpec) -> String {
    format!("--{}", option.names.first().copied().unwrap_or_default())
}

fn usage_hint(command: &CommandSpec) -> String {
    format!("see 'sekuire help {}'", command.name)
}

fn key_as_argument() -> Error {
    Error::usage("an API key was given as an argument, where every user of this machine can see it").with_hint(
        "run 'sekuire login' and paste the key at the prompt, or pipe it in with --api-key-stdin; \
         if others could have seen this key, revoke it in the dashboard",
    )
}

fn unexpected_argument(command: &CommandSpec) -> Error {
    let error = Error::usage(format!("'sekuire {}' takes no such argument", command.name));
    error.with_hint(match command.id {
        CommandId::Login => "the API key is asked for, or piped in with --api-key-stdin; never give it as an argument".into(),
        _ => usage_hint(command),
    })
}

fn wrong_operand(command: &CommandSpec, choices: &[&str]) -> Error {
    Error::usage(format!(
        "'sekuire {}' needs one of: {}",
        command.name,
        choices.join(", ")
    ))
    .with_hint(usage_hint(command))
}

fn option_before_command(arg: &Arg<'_>) -> Error {
    let typed = match arg {
        Arg::Long(name) => format!("--{name}"),
        Arg::Short(letter) => format!("-{letter}"),
        Arg::Value(_) => String::new(),
    };
    let known = COMMANDS.iter().find(|command| {
        command.options.iter().any(|option| {
            option
                .names
                .iter()
                .any(|name| typed.strip_prefix("--") == Some(name))
                || option.short.is_some_and(|short| {
                    typed.strip_prefix('-') == Some(short.to_string().as_str())
                })
        })
    });
    match known {
        Some(command) => Error::usage(format!("{typed} stands before the command")).with_hint(
            format!("put it behind, as in: sekuire {} {typed}", command.name),
        ),
        None => Error::usage(match presentable(&typed) {
            Some(typed) => format!("unknown option '{typed}'"),
            None => "unknown option".into(),
        })
        .with_hint("see 'sekuire help'"),
    }
}

fn unknown_option(command: &CommandSpec, typed: &str) -> Error {
    let error = Error::usage(match presentable(typed) {
        Some(typed) => format!("unknown option '{typed}' for 'sekuire {}'", command.name),
        None => format!("unknown option for 'sekuire {}'", command.name),
    });
    let names = command
        .options
        .iter()
        .flat_map(|option| option.names)
        .copied();
    error.with_hint(
        match nearest(
            typed.trim_start_matches('-'),
            names.chain(["help", "version"]),
        ) {
            Some(name) => format!(
                "did you mean '--{name}'? See 'sekuire help {}'",
                command.name
            ),
            None => usage_hint(command),
        },
    )
}

/// What was typed, if it is short and plain enough to be a name that was mistyped.
fn presentable(typed: &str) -> Option<&str> {
    let plain = typed
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_ ".contains(&byte));
    Some(typed).filter(|typed| plain && typed.len() <= 32)
}

/// The name that `typed` was probably meant to be: at most two slips away, and fewer than half of it.
fn nearest(typed: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let distances = names.map(|name| (strsim::osa_distance(typed, name), name));
    let (distance, name) = distances.min_by_key(|(distance, _)| *distance)?;
    Some(name).filter(|name| distance <= 2 && distance * 2 < name.len())
}
