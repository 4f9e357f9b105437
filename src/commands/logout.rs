//! `sekuire logout`.

use super::backend;
use crate::cli::Options;
use crate::commands::shared;
use crate::credentials;
use crate::error::Error;
use crate::redact::sanitize;
use crate::store::Store;
use crate::terminal;

/// Removes the stored key. Warnings are shown with `--quiet`, too: they say that a key is still there.
///
/// # Errors
/// Something could not be removed.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let store = Store::locate()?;
    let page = key_page(&store);
    let left = store.key_behind_link();
    let had_key = store.remove()?;
    shared::warn(&left);
    if had_key && !options.quiet {
        let place = page.map(|page| format!(" at {page}")).unwrap_or_default();
        terminal::note(&format!("the key stays valid until you revoke it{place}"));
    }
    if let Some(name) = credentials::variable_in_use() {
        terminal::warning(&format!(
            "{name} still authenticates; unset it to be logged out"
        ));
    }
    if options.quiet {
        return Ok(0);
    }
    if !had_key {
        return shared::print("Not logged in\n");
    }
    shared::print(&format!(
        "Logging out...\nLogged out successfully!\nCredentials removed from: {}\n",
        sanitize(&store.path().display().to_string())
    ))
}

/// The dashboard where the key in auth.json is revoked: known of the default backend alone.
fn key_page(store: &Store) -> Option<String> {
    let (content, _) = store.load().ok()?;
    let url = backend::logged_in_to(&content.credential?).ok()?.url;
    let is_default = backend::unless_default(&url).is_none();
    is_default.then(backend::default_key_page)
}
