//! What is said of auth.json: who else can read it, and why it can't be read, saved or removed.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::Store;
use crate::auth_file::Content;
use crate::error::{CHECK_LIMITS, Error};
use crate::platform::{self, Access, user};
use crate::{secret_file, shell};

/// What helps where this place can't be used.
pub(super) const OTHER_FOLDER: &str = "set SEKUIRE_CONFIG_DIR to another folder of your own";

/// What helps where it can't be removed.
pub(super) const BY_HAND: &str = "remove it by hand: it may hold the API key";

impl Store {
    /// That the file is another user's and not root's: its key may be planted.
    pub fn foreign_owner(&self, access: &Access) -> Option<String> {
        let (path, owner) = (self.file.display(), user(access.owner));
        let warning = format!("{path} is owned by {owner}, who can read or replace the key");
        Some(warning).filter(|_| access.is_foreign())
    }

    /// What else is wrong with the file.
    pub fn warnings(&self, content: &Content, access: Option<&Access>) -> Vec<String> {
        let path = self.file.display();
        let mut warnings = Vec::new();
        warnings.extend(access.and_then(|access| self.mode_warning(access)));
        if content.is_old_login {
            warnings.push(format!(
                "{path} holds a login of an older client, without an API key; log in again"
            ));
        }
        let key = content.credential.as_ref().map(|found| &found.api_key);
        if key.is_some_and(|key| key.environment().is_none()) {
            warnings.push(format!(
                "the key in {path} begins with neither sk_live_ nor sk_test_"
            ));
        }
        warnings
    }

    /// That others can read the file. What lies in another user's folder can be exchanged for a link
    /// before the advice is followed.
    fn mode_warning(&self, access: &Access) -> Option<String> {
        let mode = access.mode.filter(|mode| mode & 0o077 != 0)?;
        let folder = fs::metadata(&self.folder);
        let is_safe = folder.is_ok_and(|it| !platform::access(&it).is_foreign());
        let advice = chmod("600", &self.file, access).filter(|_| is_safe);
        let advice = advice.map(|run| format!("; {run}")).unwrap_or_default();
        let path = self.file.display();
        let words = "is open to other users";
        Some(format!("{path} {words} (mode {mode:04o}){advice}"))
    }

    /// What `path`, the file or its folder, did not allow: to read, save or remove auth.json.
    pub(super) fn error(&self, verb: &str, path: &Path, cause: &io::Error) -> Error {
        let words = secret_file::words(&self.file, path, cause);
        let is_denied = cause.kind() == ErrorKind::PermissionDenied;
        let chown = self.chown_hint(path).filter(|_| is_denied);
        let hint = match verb {
            _ if platform::shortage(cause).is_some() => CHECK_LIMITS,
            "remove" => BY_HAND,
            _ => OTHER_FOLDER,
        };
        Error::machine(format!("can't {verb} {}: {words}", self.file.display()))
            .with_hint(chown.unwrap_or_else(|| hint.to_owned()))
    }

    /// What helps where root's login left root's file in another user's home.
    fn chown_hint(&self, path: &Path) -> Option<String> {
        let home = platform::access(&fs::metadata(self.folder.parent()?).ok()?);
        let (place, found) = secret_file::nearest(path)?;
        let is_roots = !found.is_own() && !found.is_foreign();
        let helps = !self.is_named && home.is_own() && is_roots && place.starts_with(&self.folder);
        let folder = shell::quote(&self.folder);
        helps.then(|| format!("run: sudo chown -R \"$USER\" {folder}"))
    }
}

/// The command that changes a mode, where this user may.
pub(super) fn chmod(change: &str, path: &Path, access: &Access) -> Option<String> {
    let run = format!("run: chmod {change} {}", shell::quote(path));
    Some(run).filter(|_| access.is_own())
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::{self, ErrorKind};
    use std::path::PathBuf;

    use super::{BY_HAND, CHECK_LIMITS, OTHER_FOLDER, Store};

    #[test]
    fn each_cause_has_one_sentence_and_one_hint() {
        let store = Store::at(PathBuf::from("/missing/folder"), true);
        let limits = [libc::EMFILE, libc::EFBIG].map(io::Error::from_raw_os_error);
        let others = [ErrorKind::NotFound, ErrorKind::StorageFull].map(io::Error::from);
        for (causes, hints) in [
            (limits, [CHECK_LIMITS; 3]),
            (others, [OTHER_FOLDER, OTHER_FOLDER, BY_HAND]),
        ] {
            let cases = ["read", "save", "remove"].into_iter().zip(hints);
            for ((verb, hint), cause) in
                cases.flat_map(|case| causes.iter().map(move |it| (case, it)))
            {
                let error = store.error(verb, &store.folder, cause);
                assert_eq!(error.hint(), Some(hint), "{error}");
                let begin = format!("can't {verb} /missing/folder/auth.json: ");
                assert!(error.to_string().starts_with(&begin), "{error}");
            }
        }
    }
}
