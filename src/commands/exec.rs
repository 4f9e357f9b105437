//! `sekuire auth exec`: runs a program with the key in its environment, where nobody sees it printed.

use std::io;

use super::backend;
use crate::cli::Options;
use crate::commands::shared;
use crate::credential::Credential;
use crate::credentials::{self, KEY_VARIABLE};
use crate::error::{CHECK_LIMITS, Error, Kind};
use crate::platform;
use crate::store::Store;

/// The names that Sekuire's SDK reads.
const WORKSPACE_VARIABLE: &str = "SEKUIRE_WORKSPACE_ID";
const URL_VARIABLE: &str = "SEKUIRE_API_URL";

/// Becomes the program; where the system has no such thing, runs it and returns its exit status.
///
/// # Errors
/// There is no key, or the program can't be run.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let found = credentials::find()?;
    shared::warn(&found);
    let credential = found.credential.ok_or_else(Error::not_logged_in)?;
    expect_plain_workspace(&credential)?;
    let backend = backend::of_status(&credential)?;
    set_variables(&credential, &backend.url.to_string())?;
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

/// A text of JSON may hold a zero byte, a variable can't (environ(7)).
fn expect_plain_workspace(credential: &Credential) -> Result<(), Error> {
    let workspace = credential.workspace_id.as_deref().unwrap_or_default();
    if workspace.contains('\0') {
        return Err(Error::machine(format!(
            "the workspace_id in {} has a zero byte in it, which no variable can hold",
            Store::locate()?.path().display()
        ))
        .with_hint("run 'sekuire login' again"));
    }
    Ok(())
}

fn set_variables(credential: &Credential, backend: &str) -> Result<(), Error> {
    let variables = [
        (KEY_VARIABLE, Some(credential.api_key.reveal())),
        (WORKSPACE_VARIABLE, credential.workspace_id.as_deref()),
        (URL_VARIABLE, Some(backend)),
    ];
    for (name, value) in variables {
        if let Some(value) = value {
            platform::set_variable(name, value.as_ref()).map_err(|cause| {
                Error::machine(format!("can't set {name}: {cause}")).with_hint(CHECK_LIMITS)
            })?;
        }
    }
    Ok(())
}
