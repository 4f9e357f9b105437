//! `sekuire auth exec`: runs a command with the key in its environment.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};

use super::backend::{self, BACKEND_VARIABLE, SDK_VARIABLE};
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::commands::shared;
use crate::credential::Credential;
use crate::credentials::{KEY_FILE_VARIABLE, KEY_VARIABLE};
use crate::environment;
use crate::error::{Error, Kind, words};
use crate::{platform, shell};

/// The name that Sekuire's SDK reads.
const WORKSPACE_VARIABLE: &str = "SEKUIRE_WORKSPACE_ID";

/// Becomes the command; on Windows, runs it and returns its exit status.
///
/// # Errors
/// There is no key, it may not go to its backend, or the command can't be run.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let credential = shared::find_credential(options)?;
    let backend = backend::of_key(options, &credential).and_then(backend::check_scheme)?;
    set_variables(&credential, &backend.url)?;
    drop(credential);
    platform::run_program(&options.program).map_err(|cause| explain(&options.program, &cause))
}

fn explain(command: &[OsString], cause: &io::Error) -> Error {
    let name = command.first().map(|name| name.to_string_lossy());
    let name = name.unwrap_or_default();
    let is_missing = matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
    if !is_missing {
        let message = format!("can't run {name}: {}", words(cause));
        return Error::new(Kind::ProgramNotExecutable, message)
            .with_hint("check its mode, its architecture and, of a script, its first line (#!)");
    }
    let is_sentence = command.len() == 1 && name.contains(' ');
    let why = if is_sentence {
        ": it is one word, with spaces in it"
    } else {
        ""
    };
    let hint = if is_sentence {
        let quoted = shell::quote(name.as_ref().as_ref());
        format!("leave the quotation marks out, or run: sekuire auth exec -- sh -c {quoted}")
    } else {
        "check PATH, or give the full path; a script's interpreter must exist, too".to_owned()
    };
    Error::new(Kind::ProgramNotFound, format!("{name} was not found{why}")).with_hint(hint)
}

/// Sets each variable once, or removes it: `sekuire` in the command's place asks the same backend with the
/// same key.
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
            platform::set_variable(name, value)
                .map_err(|cause| Error::machine(format!("can't set {name}: {}", words(&cause))))?;
        }
    }
    Ok(())
}
