//! `sekuire auth exec`: runs a program with the key in its environment, where nobody sees it printed.

use std::ffi::OsStr;
use std::io;

use super::backend::{self, BACKEND_VARIABLE, SDK_VARIABLE};
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::commands::shared;
use crate::credential::Credential;
use crate::credentials::{KEY_FILE_VARIABLE, KEY_VARIABLE};
use crate::environment;
use crate::error::{CHECK_LIMITS, Error, Kind};
use crate::platform;

/// The name that Sekuire's SDK reads.
const WORKSPACE_VARIABLE: &str = "SEKUIRE_WORKSPACE_ID";

/// Becomes the program; where the system has no such thing, runs it and returns its exit status.
///
/// # Errors
/// There is no key, it may not go to its backend, or the program can't be run.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let found = shared::find(options)?;
    shared::warn(&found);
    let credential = found.credential;
    let credential = credential.ok_or_else(|| shared::not_logged_in(options))?;
    let backend = backend::of_key(options, &credential).and_then(backend::expect_private)?;
    set_variables(&credential, &backend.url)?;
    drop(credential);
    let program = options.program.first().cloned().unwrap_or_default();
    platform::run_program(&options.program).map_err(|cause| {
        let program = program.display();
        match cause.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Error::new(
                Kind::ProgramNotFound,
                format!("{program} was not found"),
            )
            .with_hint("name a program that PATH leads to, or its full path (a script needs its interpreter, too)"),
            _ => Error::new(
                Kind::ProgramNotExecutable,
                format!("{program} can't be run: {cause}"),
            )
            .with_hint("see its mode, what machine it is built for, and whether a script begins with #!"),
        }
    })
}

/// What names a key or a backend is there once, or not at all: `sekuire` in the program's place asks the
/// same backend with the same key.
fn set_variables(credential: &Credential, backend: &BackendUrl) -> Result<(), Error> {
    let callers = environment::raw(WORKSPACE_VARIABLE);
    // A text of JSON may hold a zero byte, a variable can't (environ(7)).
    let known = credential.workspace_id.as_deref();
    let known = known.filter(|id| !id.contains('\0')).map(OsStr::new);
    let backend = backend.to_string();
    let variables = [
        (KEY_VARIABLE, Some(credential.api_key.reveal().as_ref())),
        (KEY_FILE_VARIABLE, None),
        (BACKEND_VARIABLE, None),
        (SDK_VARIABLE, Some(backend.as_ref())),
        (WORKSPACE_VARIABLE, callers.as_deref().or(known)),
    ];
    for (name, value) in variables {
        // All entries of the name: setenv(3) replaces the first alone.
        platform::remove_variable(name);
        if let Some(value) = value {
            platform::set_variable(name, value).map_err(|cause| {
                Error::machine(format!("can't set {name}: {cause}")).with_hint(CHECK_LIMITS)
            })?;
        }
    }
    Ok(())
}
