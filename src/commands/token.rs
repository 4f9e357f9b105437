//! `sekuire auth token`: the one place where a key is shown.

use zeroize::Zeroizing;

use crate::cli::Options;
use crate::commands::shared;
use crate::error::Error;

/// Prints the API key and a line end.
///
/// # Errors
/// There is none.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let found = shared::find(options)?;
    shared::warn(&found);
    let credential = found.credential;
    let credential = credential.ok_or_else(|| shared::not_logged_in(options))?;
    let mut line = Zeroizing::new(String::with_capacity(credential.api_key.reveal().len() + 1));
    line.push_str(credential.api_key.reveal());
    line.push('\n');
    shared::print(&line)
}
