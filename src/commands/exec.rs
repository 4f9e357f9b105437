//! `sekuire auth exec`: runs a command with the key in its environment.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};

use super::backend::{self, BACKEND_VARIABLE, SDK_VARIABLE};
use super::shared;
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::credential::Credential;
use crate::credentials::{KEY_FILE_VARIABLE, KEY_VARIABLE};
use crate::error::{Error, Kind, words};
use crate::{environment, platform};

/// The workspace's variable, which Sekuire's SDK reads.
const WORKSPACE_VARIABLE: &str = "SEKUIRE_WORKSPACE_ID";

/// Becomes the command; on Windows, runs it and returns its exit status.
///
/// # Errors
/// There is no key, it may not go to its backend, or the command can't be run.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let credential = shared::find_credential(options)?;
    let backend = backend::to_ask(options, Some(&credential))?;
    set_variables(&credential, &backend.url);
    drop(credential);
    platform::run_program(&options.program).map_err(|cause| explain(&options.program, &cause))
}

fn explain(program: &[OsString], cause: &io::Error) -> Error {
    let name = program.first().map(|name| name.to_string_lossy());
    let name = name.unwrap_or_default();
    let missing = "check the name and PATH; a script's interpreter (#!) must exist, too";
    let unfit = "check the file's mode and architecture; a script needs a first line (#!)";
    let (kind, hint) = match cause.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => (Kind::ProgramNotFound, missing),
        _ => (Kind::ProgramNotExecutable, unfit),
    };
    Error::new(kind, format!("can't run {name}: {}", words(cause))).with_hint(hint)
}

/// Sets each variable once, or removes it: `sekuire` in the command's place asks the same backend with the
/// same key.
fn set_variables(credential: &Credential, backend: &BackendUrl) {
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
        // All entries of the name: setenv(3) replaces only the first.
        platform::remove_variable(name);
        if let Some(value) = value {
            platform::set_variable(name, value);
        }
    }
}
