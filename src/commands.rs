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
use shared::print;

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
    if !matches!(
        command,
        CommandId::Completions | CommandId::Man | CommandId::Help
    ) {
        keep_memory_private(options);
    }
    match command {
        CommandId::Login => login::run(options),
        CommandId::Logout => logout::run(options),
        CommandId::Status => status::run(options),
        CommandId::Whoami => whoami::run(options),
        CommandId::Token => token::run(options),
        CommandId::Exec => exec::run(options),
        CommandId::Doctor => doctor::run(options),
        CommandId::Completions => print(&help::completions(options.shell.unwrap_or_default())),
        CommandId::Man => print(&help::man()),
        CommandId::Help => print(&help::help(&Topic::Commands(""))),
    }
}

/// Keeps the memory that will hold a key out of core dumps and other processes.
fn keep_memory_private(options: &Options) {
    if let Err(cause) = platform::forbid_core_dumps()
        && !options.quiet
    {
        terminal::warning(&format!(
            "can't protect this process's memory ({}): other processes of this user may read the key",
            words(&cause)
        ));
    }
}
