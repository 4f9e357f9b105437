//! Which API key is used: the environment's, a secret file's, or auth.json's.

use std::io::ErrorKind;
use std::path::Path;

use zeroize::Zeroizing;

use crate::api_key::{self, ApiKey};
use crate::credential::Credential;
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
    /// That auth.json is another user's, who may have put it there: a warning for every command that reads the key.
    pub foreign_owner: Option<String>,
    /// What else is wrong with auth.json: warnings for `status` and `doctor`.
    pub warnings: Vec<String>,
}

/// Finds the key. auth.json is looked at only where the environment has none.
///
/// # Errors
/// A malformed key in the environment (2), a secret file or auth.json that can't be used (3).
pub fn find() -> Result<Found, Error> {
    let mut found = Found {
        credential: from_environment()?,
        ..Found::default()
    };
    if found.credential.is_none() {
        let store = Store::locate()?;
        let (content, file) = store.load()?;
        found.warnings = store.warnings(&content, file.as_ref());
        found.foreign_owner = file.and_then(|file| store.foreign_owner(&file));
        found.credential = content.credential;
    }
    Ok(found)
}

/// No API key on this machine, and where one was looked for.
pub fn not_logged_in() -> Error {
    let (auth_json, empty) = (auth_json(), empty_variables());
    let places = format!("{KEY_VARIABLE}, {KEY_FILE_VARIABLE} or {auth_json}{empty}");
    let message = format!("Not logged in: no key in {places}");
    Error::new(Kind::NotLoggedIn, message)
}

/// Where `status` found no key, if that may surprise: `SEKUIRE_CONFIG_DIR` is set, or a key's variable is
/// set but empty.
pub fn where_looked() -> Option<String> {
    let empty = empty_variables();
    let may_surprise = !empty.is_empty() || environment::raw("SEKUIRE_CONFIG_DIR").is_some();
    may_surprise.then(|| format!("looked in {}{empty}", auth_json()))
}

fn auth_json() -> String {
    let path = |store: Store| store.path().display().to_string();
    Store::locate().map_or_else(|_| "auth.json".to_owned(), path)
}

fn empty_variables() -> String {
    let is_empty = |name: &&str| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let empty = VARIABLES.into_iter().filter(is_empty);
    let words = empty.flat_map(|name| ["; ", name, " is set but empty"]);
    words.collect()
}

/// The variable that authenticates, whatever auth.json holds.
pub fn variable_in_use() -> Option<&'static str> {
    let is_set = |name: &&str| environment::raw(name).is_some();
    VARIABLES.into_iter().find(is_set)
}

/// The key of the variables, alone.
///
/// # Errors
/// As [`find`].
pub fn from_environment() -> Result<Option<Credential>, Error> {
    if let Some(value) = environment::raw(KEY_VARIABLE) {
        return validate(value.as_encoded_bytes(), KEY_VARIABLE).map(Some);
    }
    let Some(path) = environment::path(KEY_FILE_VARIABLE)? else {
        return Ok(None);
    };
    validate(&read_secret(&path)?, KEY_FILE_VARIABLE).map(Some)
}

fn validate(key: &[u8], variable: &'static str) -> Result<Credential, Error> {
    let api_key = ApiKey::parse(key).map_err(|cause| {
        Error::usage(format!("the API key in {variable} {cause}"))
            .with_hint(format!("correct or unset {variable}"))
    })?;
    Ok(Credential::new(api_key, Some(variable)))
}

/// Reads the file that the variable names.
fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut hint = format!("correct or unset {KEY_FILE_VARIABLE}");
    let why = match secret_file::read(path, api_key::MAX_INPUT) {
        Ok((bytes, _)) if bytes.len() <= api_key::MAX_INPUT => return Ok(bytes),
        Ok(_) => "larger than 4 KiB".to_owned(),
        Err(cause) => {
            if cause.kind() == ErrorKind::NotSeekable {
                hint = "use SEKUIRE_API_KEY=\"$(…)\" in place of SEKUIRE_API_KEY_FILE=<(…)".into();
            }
            secret_file::words(path, path, &cause)
        }
    };
    let place = path.display();
    Err(Error::machine(format!("{KEY_FILE_VARIABLE}={place}: {why}")).with_hint(hint))
}
