//! `sekuire auth token`: the one place where a key is shown.

use zeroize::Zeroizing;

use super::shared;
use crate::cli::Options;
use crate::error::Error;
use crate::terminal;

/// Prints the API key and a line end.
///
/// # Errors
/// There is no key.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let credential = shared::find_credential(options)?;
    let line = Zeroizing::new([credential.api_key.reveal(), "\n"].concat());
    terminal::print(&line)
}
