//! The commands: orchestration, and the lines that the users' documentation shows.

mod backend;
mod login;
mod logout;
mod prompt;
mod report;
mod status;
mod token;
mod whoami;

use std::io::Write;

use crate::cli::{CommandId, Options, Request};
use crate::credential::Credential;
use crate::credentials::Found;
use crate::device::Device;
use crate::error::{Error, Kind};
use crate::{help, platform, terminal};

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
    platform::forbid_core_dumps();
    // By pointer: the other commands' locals, inlined here, would give `status` two more pages of
    // stack.
    let command: fn(&Options) -> Result<u8, Error> = match command {
        CommandId::Login => login::run,
        CommandId::Logout => |_| logout::run(),
        CommandId::Status => status::run,
        CommandId::Whoami => whoami::run,
        CommandId::Token => |_| token::run(),
        CommandId::Completions => {
            |options| print(&help::completions(options.shell.unwrap_or_default()))
        }
        CommandId::Man => |_| print(&help::man()),
        CommandId::Help => |_| print(&help::help(None)),
    };
    command(options)
}

/// Writes a result to standard output, in one piece.
fn print(text: &str) -> Result<u8, Error> {
    platform::standard_output()
        .write_all(text.as_bytes())
        .map_err(|cause| terminal::output_error(&cause))?;
    Ok(0)
}

fn warn(found: &Found) {
    found
        .warnings
        .iter()
        .for_each(|warning| terminal::warning(warning));
}

fn warn_of_other_device(credential: &Credential, device: &Device) {
    if credential
        .bound_fingerprint
        .as_deref()
        .is_some_and(|bound| !device.matches(bound))
    {
        terminal::warning(
            "the key is bound to another device: auth.json was copied, or this device has changed; \
             run 'sekuire login' to verify it again",
        );
    }
}
