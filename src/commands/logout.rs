//! `sekuire logout`.

use super::backend;
use crate::cli::Options;
use crate::commands::shared;
use crate::credential::Credential;
use crate::credentials;
use crate::error::Error;
use crate::redact::sanitize;
use crate::store::Store;
use crate::terminal;

/// Removes the stored key, and says where one may be left.
///
/// # Errors
/// Something could not be removed.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let store = Store::locate()?;
    let note = revocation_note(&store);
    let left = store.key_behind_link();
    let was_there = store.remove()?;
    if options.quiet {
        return Ok(0);
    }
    let printed = shared::print(&describe(&store, was_there));
    if let Some(note) = note.filter(|_| was_there) {
        terminal::note(&note);
    }
    let variable = credentials::variable_in_use()
        .map(|name| format!("{name} is still set; unset it to be logged out"));
    shared::warn(options, left.into_iter().chain(variable));
    printed
}

fn describe(store: &Store, was_there: bool) -> String {
    if !was_there {
        return "Not logged in\n".to_owned();
    }
    format!(
        "Logging out...\nLogged out successfully!\nCredentials removed from: {}\n",
        sanitize(&store.path().display().to_string())
    )
}

/// That the key in auth.json stays valid; a damaged file may hold one.
fn revocation_note(store: &Store) -> Option<String> {
    let page = match store.load() {
        Ok((content, _)) => key_page(&content.credential?),
        Err(_) => None,
    };
    let place = page.map(|page| format!(" at {page}")).unwrap_or_default();
    Some(format!("the key stays valid until you revoke it{place}"))
}

/// The dashboard where the key is revoked: known of the default backend alone.
fn key_page(credential: &Credential) -> Option<String> {
    let url = backend::logged_in_to(credential).ok()?.url;
    let is_default = backend::unless_default(&url).is_none();
    is_default.then(backend::default_key_page)
}
