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

use crate::cli::{CommandId, Options, Request};
use crate::error::{Error, Kind};
use crate::{help, platform, terminal};
use shared::print;

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
        CommandId::Token => token::run,
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
