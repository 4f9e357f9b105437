//! `sekuire auth token`: the one place where a key is shown.

use zeroize::Zeroizing;

use crate::commands::shared;
use crate::credentials;
use crate::error::Error;

/// Prints the API key and a line end.
///
/// # Errors
/// There is none.
pub(super) fn run() -> Result<u8, Error> {
    let found = credentials::find()?;
    shared::warn(&found);
    let credential = found.credential.ok_or_else(Error::not_logged_in)?;
    let mut line = Zeroizing::new(String::with_capacity(credential.api_key.reveal().len() + 1));
    line.push_str(credential.api_key.reveal());
    line.push('\n');
    shared::print(&line)
}
