//! `sekuire logout`.

use super::{backend, shared};
use crate::cli::Options;
use crate::error::Error;
use crate::redact::sanitize;
use crate::store::Store;
use crate::{credentials, terminal};

/// Removes the stored key, and says where one may be left.
///
/// # Errors
/// Something could not be removed.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let store = Store::locate()?;
    let note = revocation_note(&store, options);
    let left = store.key_behind_link();
    let was_there = store.remove()?;
    let path = sanitize(&store.path().display().to_string());
    let text = if was_there {
        format!("Logging out...\nLogged out successfully!\nCredentials removed from: {path}\n")
    } else {
        "Not logged in\n".to_owned()
    };
    let printed = shared::print(options, &text);
    if let Some(note) = note.filter(|_| was_there && !options.quiet) {
        terminal::note(&note);
    }
    let variable = credentials::variable_in_use()
        .map(|name| format!("{name} is still set; unset it to be logged out"));
    shared::warn(options, left.into_iter().chain(variable));
    printed
}

/// That the key in auth.json stays valid, and where the dashboard is that revokes it: known of the default
/// backend alone. A damaged file may hold a key, too.
fn revocation_note(store: &Store, options: &Options) -> Option<String> {
    let mut note = "the key stays valid until you revoke it".to_owned();
    if let Ok((content, _)) = store.load()
        && (content.credential?.backend_url)
            .is_none_or(|url| backend::unless_default(&url).is_none())
        && let Ok(page) = backend::key_page(options)
    {
        note.extend([" at ", &page]);
    }
    Some(note)
}
