//! Which API key is used: the environment's, a secret file's, or auth.json's.

use std::io::ErrorKind;
use std::path::Path;

use zeroize::Zeroizing;

use crate::api_key::{self, ApiKey};
use crate::credential::{Credential, Source};
use crate::environment;
use crate::error::{Error, Kind};
use crate::secret_file;
use crate::store::Store;

/// The variable that holds a key.
pub const KEY_VARIABLE: &str = "SEKUIRE_API_KEY";

/// The variable that names a file that holds a key.
pub const KEY_FILE_VARIABLE: &str = "SEKUIRE_API_KEY_FILE";

/// Both, in the order in which they are read.
const VARIABLES: [&str; 2] = [KEY_VARIABLE, KEY_FILE_VARIABLE];

/// What was found.
#[derive(Default)]
pub struct Found {
    /// The key, if there is one.
    pub credential: Option<Credential>,
    /// That auth.json is another user's, who may have put it there: a warning of every command.
    pub foreign_owner: Option<String>,
    /// What else is wrong with auth.json: warnings of `status` and `doctor`.
    pub warnings: Vec<String>,
}

/// Finds the key. auth.json is looked at only where the environment has none.
///
/// # Errors
/// A malformed key in the environment (2), a secret file or auth.json that can't be used (3).
pub fn find() -> Result<Found, Error> {
    if let Some((api_key, variable)) = from_environment()? {
        return Ok(Found {
            credential: Some(Credential {
                api_key,
                source: Source::Variable(variable),
                bound_fingerprint: None,
                org_id: None,
                workspace_id: None,
                backend_url: None,
            }),
            ..Found::default()
        });
    }
    let store = Store::locate()?;
    let (content, file) = store.load()?;
    let file = file.as_ref();
    Ok(Found {
        foreign_owner: file.and_then(|file| store.foreign_owner(file)),
        warnings: store.warnings(&content, file),
        credential: content.credential,
    })
}

/// No API key on this machine: where it was looked for.
pub fn not_logged_in() -> Error {
    let empty = empty_variables().map(|empty| format!("; {empty}"));
    let message = format!(
        "Not logged in: no key in {KEY_VARIABLE}, {KEY_FILE_VARIABLE} or {}{}",
        auth_json(),
        empty.unwrap_or_default()
    );
    Error::new(Kind::NotLoggedIn, message)
}

/// Where `status` looked in vain, if that may surprise: `SEKUIRE_CONFIG_DIR` is set, or a key's variable is
/// set but empty.
pub fn where_looked() -> Option<String> {
    let looked = format!("looked in {}", auth_json());
    match empty_variables() {
        Some(empty) => Some(format!("{looked}; {empty}")),
        None => environment::raw("SEKUIRE_CONFIG_DIR").map(|_| looked),
    }
}

fn auth_json() -> String {
    let path = |store: Store| store.path().display().to_string();
    Store::locate().map_or_else(|_| "auth.json".to_owned(), path)
}

fn empty_variables() -> Option<String> {
    let is_empty = |name: &&str| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let empty: Vec<&str> = VARIABLES.into_iter().filter(is_empty).collect();
    let verb = if empty.len() > 1 { "are" } else { "is" };
    let words = format!("{} {verb} set but empty", empty.join(" and "));
    (!empty.is_empty()).then_some(words)
}

/// The variable that authenticates, whatever auth.json holds.
pub fn variable_in_use() -> Option<&'static str> {
    let is_set = |name: &&str| environment::raw(name).is_some();
    VARIABLES.into_iter().find(is_set)
}

/// The key of the variables, and which of them names it.
///
/// # Errors
/// As [`find`].
pub fn from_environment() -> Result<Option<(ApiKey, &'static str)>, Error> {
    if let Some(value) = environment::raw(KEY_VARIABLE) {
        return validate(value.as_encoded_bytes(), KEY_VARIABLE);
    }
    let Some(path) = environment::path(KEY_FILE_VARIABLE)? else {
        return Ok(None);
    };
    validate(&read_secret(&path)?, KEY_FILE_VARIABLE)
}

fn validate(key: &[u8], variable: &'static str) -> Result<Option<(ApiKey, &'static str)>, Error> {
    let api_key = ApiKey::parse(key).map_err(|cause| {
        Error::usage(format!("the API key in {variable} {cause}"))
            .with_hint(format!("correct or unset {variable}"))
    })?;
    Ok(Some((api_key, variable)))
}

/// Reads the file that the variable names.
fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let unusable = |why: String| {
        let place = path.display();
        Error::machine(format!("{KEY_FILE_VARIABLE}={place}: {why}"))
            .with_hint(format!("correct or unset {KEY_FILE_VARIABLE}"))
    };
    match secret_file::read(path, api_key::MAX_INPUT) {
        Ok((bytes, _)) if bytes.len() <= api_key::MAX_INPUT => Ok(bytes),
        Ok(_) => Err(unusable("larger than 4 KiB".to_owned())),
        Err(cause) => {
            let error = unusable(secret_file::words(path, path, &cause));
            Err(match cause.kind() {
                ErrorKind::NotSeekable => error.with_hint(
                    "use SEKUIRE_API_KEY=\"$(…)\" in place of SEKUIRE_API_KEY_FILE=<(…)",
                ),
                ErrorKind::PermissionDenied => error.with_hint(format!(
                    "let this user read the file, or unset {KEY_FILE_VARIABLE}"
                )),
                _ => error,
            })
        }
    }
}
