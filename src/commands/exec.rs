//! `sekuire auth exec`: runs a program with the key in its environment, where nobody sees it printed.

use std::io;

use super::backend::{self, SDK_VARIABLE};
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::commands::shared;
use crate::credential::Credential;
use crate::credentials::KEY_VARIABLE;
use crate::error::{CHECK_LIMITS, Error, Kind};
use crate::platform;
use crate::store::Store;

/// The name that Sekuire's SDK reads.
const WORKSPACE_VARIABLE: &str = "SEKUIRE_WORKSPACE_ID";

/// Becomes the program; where the system has no such thing, runs it and returns its exit status.
///
/// # Errors
/// There is no key, or the program can't be run.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let found = shared::find(options)?;
    shared::warn(&found);
    let credential = found.credential;
    let credential = credential.ok_or_else(|| shared::not_logged_in(options))?;
    let backend = backend::of_status(&credential)?;
    expect_plain_workspace(&credential, &backend.url)?;
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
fn expect_plain_workspace(credential: &Credential, backend: &BackendUrl) -> Result<(), Error> {
    let workspace = credential.workspace_id.as_deref().unwrap_or_default();
    if workspace.contains('\0') {
        return Err(Error::machine(format!(
            "the workspace_id in {} has a zero byte in it, which no variable can hold",
            Store::locate()?.path().display()
        ))
        .with_hint(format!("run: {}", backend::login_command(backend))));
    }
    Ok(())
}

fn set_variables(credential: &Credential, backend: &str) -> Result<(), Error> {
    let variables = [
        (KEY_VARIABLE, Some(credential.api_key.reveal())),
        (WORKSPACE_VARIABLE, credential.workspace_id.as_deref()),
        (SDK_VARIABLE, Some(backend)),
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
