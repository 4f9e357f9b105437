//! The commands: orchestration, and the lines that the users' documentation shows.

mod backend;
mod doctor;
mod exec;
mod field;
mod login;
mod logout;
mod prompt;
mod report;
mod status;
mod token;
mod whoami;

use std::io::Write;

use nanoserde::SerJson;

use crate::backend_url::BackendUrl;
use crate::cli::{CommandId, Options, Request};
use crate::credential::Source;
use crate::credentials::Found;
use crate::device::Device;
use crate::error::{Error, Kind};
use crate::http::{Client, Limits};
use crate::terminal::WaitingLine;
use crate::{help, platform, terminal};

/// What to say where the key's file was made on another device.
const OTHER_DEVICE: &str = "the key is bound to another device: auth.json was copied, or this device has changed; \
                            run 'sekuire login' to verify it again";

/// Carries out what the command line asks for, and returns the exit status.
///
/// # Errors
/// What went wrong; the caller shows it.
pub fn run(request: Request) -> Result<u8, Error> {
    match request {
        Request::Nothing => {
            terminal::to_stderr(&help::help(None));
            Ok(Kind::Usage.exit_status())
        }
        Request::Help(command) => print(&help::help(command)),
        Request::Version => print(&help::version()),
        Request::Run(command, options) => run_command(command, &options),
    }
}

fn run_command(command: CommandId, options: &Options) -> Result<u8, Error> {
    if !matches!(
        command,
        CommandId::Completions | CommandId::Man | CommandId::Help
    ) {
        keep_memory_private(options);
    }
    // By pointer: the other commands' locals, inlined here, would give `status` two more pages of
    // stack.
    let command: fn(&Options) -> Result<u8, Error> = match command {
        CommandId::Login => login::run,
        CommandId::Logout => |_| logout::run(),
        CommandId::Status => status::run,
        CommandId::Whoami => whoami::run,
        CommandId::Token => |_| token::run(),
        CommandId::Exec => exec::run,
        CommandId::Doctor => doctor::run,
        CommandId::Completions => {
            |options| print(help::completions(options.shell.unwrap_or_default()))
        }
        CommandId::Man => |_| print(&help::man()),
        CommandId::Help => |_| print(&help::help(None)),
    };
    command(options)
}

/// What holds a key is neither dumped nor read by others of the same user.
fn keep_memory_private(options: &Options) {
    if let Err(cause) = platform::forbid_core_dumps()
        && !options.quiet
    {
        terminal::warning(&format!(
            "the system does not let this process protect its memory ({cause}): \
             the key may be read by other processes of this user, or left in a core dump"
        ));
    }
}

/// Writes a result to standard output, in one piece.
fn print(text: &str) -> Result<u8, Error> {
    platform::standard_output()
        .write_all(text.as_bytes())
        .map_err(|cause| terminal::output_error(&cause))?;
    Ok(0)
}

/// A client within the limits that the options set. It says on the terminal what it waits for, unless
/// `--quiet` is given.
fn client(base: BackendUrl, options: &Options) -> Result<Client, Error> {
    let limits = Limits::new(options.timeout, options.wait);
    let waiting = WaitingLine::new(options.quiet);
    Client::new(base, limits, Box::new(waiting.notify()))
}

/// Prints a report: the whole, or the field that was asked for.
fn print_report(report: &impl SerJson, options: &Options) -> Result<u8, Error> {
    match &options.get {
        Some(field) => print(&field::lines(field, report)),
        None => print(&report::line(report)),
    }
}

/// This device, as the key's file knows it. Tells, unless `quiet`, what a person should know of both.
fn examine(found: Option<&Found>, quiet: bool) -> Device {
    let credential = found.and_then(|found| found.credential.as_ref());
    let bound = credential.and_then(|credential| credential.bound_fingerprint.as_deref());
    let device = Device::detect(bound);
    if let Some(found) = found.filter(|_| !quiet) {
        warn(found);
        if bound.is_some_and(|bound| !device.matches(bound)) {
            terminal::warning(OTHER_DEVICE);
        }
    }
    device
}

fn warn(found: &Found) {
    for warning in &found.warnings {
        terminal::warning(warning);
    }
}

/// Adds, where the backend refused a key, what to do next: it depends on where the key came from.
fn hint_at_login(error: Error, source: Source) -> Error {
    match (error.kind(), source) {
        (Kind::Rejected, Source::File) => error.with_hint("log in again: sekuire login"),
        (Kind::Rejected, Source::Variable(_)) => error.with_hint(
            "a key must be bound to this device once, by 'sekuire login'; \
             SEKUIRE_DEVICE_ID keeps one identity for many runners",
        ),
        _ => error,
    }
}
