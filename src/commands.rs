//! The commands: orchestration, and the lines that the users' documentation shows.

mod backend;
mod doctor;
mod exec;
mod login;
mod logout;
mod prompt;
mod report;
mod shared;
mod status;
mod token;
mod whoami;

use crate::cli::{CommandId, Options, Request, Topic};
use crate::error::{Error, Kind, words};
use crate::{help, platform, terminal};
use terminal::print;

/// Carries out what the command line asks for, and returns the exit status.
///
/// # Errors
/// What went wrong; the caller shows it.
pub fn run(request: Request) -> Result<u8, Error> {
    match request {
        Request::Nothing(topic) => {
            terminal::to_stderr(&help::help(&topic));
            Ok(Kind::Usage.exit_status())
        }
        Request::Help(topic) => print(&help::help(&topic)),
        Request::Version => print(&help::version()),
        Request::Run(command, options) => run_command(command, &options),
    }
}

fn run_command(command: CommandId, options: &Options) -> Result<u8, Error> {
    let shell = options.shell.unwrap_or_default();
    let run: fn(&Options) -> Result<u8, Error> = match command {
        CommandId::Login => login::run,
        CommandId::Logout => logout::run,
        CommandId::Status => status::run,
        CommandId::Whoami => whoami::run,
        CommandId::Token => token::run,
        CommandId::Exec => exec::run,
        CommandId::Doctor => doctor::run,
        CommandId::Completions => return print(&help::completions(shell)),
        CommandId::Man => return print(&help::man()),
        CommandId::Help => return print(&help::help(&Topic::Commands(""))),
    };
    // Before the command holds a key.
    if let Err(cause) = platform::forbid_core_dumps() {
        let (what, why) = ("the key from this user's other processes", words(&cause));
        shared::warn(options, [format!("can't protect {what}: {why}")]);
    }
    run(options)
}
