//! `sekuire` logs a machine in to Sekuire with an API key.
//!
//! Arguments are parsed, a command runs, its error is shown, and its exit status is returned:
//! nothing else happens here.

mod api;
mod api_key;
mod auth_file;
mod backend_url;
mod cli;
mod clock;
mod commands;
mod credential;
mod credentials;
mod device;
mod environment;
mod error;
mod help;
mod hex;
mod http;
mod json;
mod percent;
#[allow(
    unsafe_code,
    reason = "what the operating system asks for; each block says why it is sound"
)]
mod platform;
mod random;
mod redact;
mod secret_file;
mod shell;
mod store;
mod terminal;
mod tls;
mod unicode;

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    // First, because usage errors are written, too.
    platform::prepare_signals();
    let result = cli::parse(env::args_os().skip(1).collect()).and_then(commands::run);
    let exit_status = result.unwrap_or_else(|error| {
        terminal::error(&error);
        error.kind().exit_status()
    });
    // Nothing more is printed.
    api_key::secrets_in_use().clear();
    exit_status.into()
}
