//! Reading environment variables. src/help/variables.txt lists those that change what `sekuire` does.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::Error;

/// The raw value of a variable; empty means unset.
pub fn raw(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The value of a variable as text; empty means unset.
///
/// # Errors
/// A value that is not UTF-8, without showing it.
pub fn text(name: &str) -> Result<Option<String>, Error> {
    let value = raw(name).map(OsString::into_string).transpose();
    value.map_err(|_| {
        Error::usage(format!("{name} is not UTF-8 text"))
            .with_hint(format!("correct or unset {name}"))
    })
}

/// The first of these variables that is set, and its text.
///
/// # Errors
/// As [`text`].
pub fn first(names: &[&'static str]) -> Result<Option<(&'static str, String)>, Error> {
    for name in names {
        if let Some(value) = text(name)? {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

/// The path that a variable names; empty means unset.
///
/// # Errors
/// It begins with `~`, which only a shell expands.
pub fn path(name: &str) -> Result<Option<PathBuf>, Error> {
    let value = raw(name);
    let begins = |value: &OsString| value.as_encoded_bytes().starts_with(b"~");
    if value.as_ref().is_some_and(begins) {
        let error = Error::usage(format!("{name} begins with ~, which is not expanded here"));
        let hint = "write the full path, or $HOME in place of ~ where a shell reads it";
        return Err(error.with_hint(hint));
    }
    Ok(value.map(PathBuf::from))
}
