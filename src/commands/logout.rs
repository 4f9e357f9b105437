//! `sekuire logout`.

use super::backend;
use crate::cli::Options;
use crate::commands::shared;
use crate::credentials;
use crate::environment;
use crate::error::Error;
use crate::redact::sanitize;
use crate::store::{Removal, Store};
use crate::terminal;

/// Removes the stored key.
///
/// # Errors
/// Something could not be removed.
pub(super) fn run() -> Result<u8, Error> {
    let store = Store::locate()?;
    let removal = store.remove()?;
    for oddity in environment::oddities() {
        terminal::warning(&oddity);
    }
    if let Removal::Done { warnings } = &removal {
        for warning in warnings {
            terminal::warning(warning);
        }
        // A malformed SEKUIRE_WEB_URL must not stand in the way of a logout.
        let page =
            backend::key_page(&Options::default()).unwrap_or_else(|_| backend::default_key_page());
        terminal::note(&format!(
            "the key itself stays valid until you revoke it at {page}"
        ));
    }
    if let Some(name) = credentials::variable_in_use() {
        terminal::warning(&format!(
            "{name} is set and still authenticates; unset it to be logged out"
        ));
    }
    match removal {
        Removal::Nothing => shared::print("Not logged in\n"),
        Removal::Done { .. } => shared::print(&format!(
            "Logging out...\nLogged out successfully!\nCredentials removed from: {}\n",
            sanitize(&store.path().display().to_string())
        )),
    }
}
