//! `sekuire logout`.

use super::backend;
use crate::auth_file::Content;
use crate::cli::Options;
use crate::commands::shared;
use crate::credentials;
use crate::error::Error;
use crate::redact::sanitize;
use crate::store::{Removal, Store};
use crate::terminal;

/// Removes the stored key. Warnings are shown with `--quiet`, too: they say that a key is still there.
///
/// # Errors
/// Something could not be removed.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let store = Store::locate()?;
    let page = key_page(&store);
    let removal = store.remove()?;
    if let Removal::Done { warnings } = &removal {
        for warning in warnings {
            terminal::warning(warning);
        }
        if !options.quiet {
            let place = page.map(|page| format!(" at {page}")).unwrap_or_default();
            terminal::note(&format!("the key stays valid until you revoke it{place}"));
        }
    }
    if let Some(name) = credentials::variable_in_use() {
        terminal::warning(&format!(
            "{name} still authenticates; unset it to be logged out"
        ));
    }
    if options.quiet {
        return Ok(0);
    }
    match removal {
        Removal::Nothing => shared::print("Not logged in\n"),
        Removal::Done { .. } => shared::print(&format!(
            "Logging out...\nLogged out successfully!\nCredentials removed from: {}\n",
            sanitize(&store.path().display().to_string())
        )),
    }
}

/// The dashboard where the key in auth.json is revoked: known of the default backend alone.
fn key_page(store: &Store) -> Option<String> {
    let Content::LoggedIn(credential) = store.load().ok()?.content else {
        return None;
    };
    let url = backend::logged_in_to(&credential).ok()?.url;
    let is_default = backend::unless_default(&url).is_none();
    is_default.then(backend::default_key_page)
}
