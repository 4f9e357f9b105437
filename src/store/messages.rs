//! What is said of auth.json: who else can read it, and why it can't be read, saved or removed.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::Store;
use crate::auth_file::Content;
use crate::error::{self, CHECK_LIMITS, Error};
use crate::platform::{self, FileKind};
use crate::{secret_file, shell};

/// What helps where a folder can't be used.
pub(super) const OWN_FOLDER: &str = "set SEKUIRE_CONFIG_DIR to a folder of your own";

/// What to do about something that is in the way.
pub(super) const ELSEWHERE: &str =
    "move it out of the way, or set SEKUIRE_CONFIG_DIR to another folder";

impl Store {
    /// That the file is another user's and not root's: its key may be planted.
    pub fn foreign_owner(&self, metadata: &Metadata) -> Option<String> {
        platform::is_foreign(metadata).then(|| {
            let (path, owner) = (self.file.display(), platform::owner(metadata));
            format!("{path} is owned by {owner}, who can read or replace the key")
        })
    }

    /// What else is wrong with the file.
    pub fn warnings(&self, content: &Content, metadata: Option<&Metadata>) -> Vec<String> {
        let path = self.file.display();
        let mut warnings = Vec::new();
        warnings.extend(metadata.and_then(|file| self.open_mode(file)));
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
    fn open_mode(&self, metadata: &Metadata) -> Option<String> {
        let mode = platform::mode(metadata).filter(|mode| mode & 0o077 != 0)?;
        let is_safe = fs::metadata(&self.folder).is_ok_and(|it| !platform::is_foreign(&it));
        let advice = chmod("600", &self.file, metadata).filter(|_| is_safe);
        let advice = advice.map(|run| format!("; {run}")).unwrap_or_default();
        let path = self.file.display();
        Some(format!(
            "{path} is open to other users (mode {mode:04o}){advice}"
        ))
    }

    pub(super) fn not_regular(&self, kind: FileKind) -> Error {
        let what = match kind {
            FileKind::Folder => "a folder",
            FileKind::Special(name) => name,
            FileKind::Link | FileKind::Regular => "a link",
        };
        Error::machine(format!("{} is {what}, not a file", self.file.display()))
            .with_hint(ELSEWHERE)
    }

    /// What `path`, the file or its folder, did not allow: to read, save or remove auth.json.
    pub(super) fn error(&self, verb: &str, path: &Path, cause: &io::Error) -> Error {
        let (file, folder) = (self.file.display(), self.folder.display());
        let words = secret_file::words(&self.file, path, cause);
        let is_denied = cause.kind() == ErrorKind::PermissionDenied;
        let chown = self.chown_hint(path).filter(|_| is_denied);
        let hint = match (verb, cause.kind()) {
            _ if platform::shortage(cause).is_some() => CHECK_LIMITS.to_owned(),
            (_, ErrorKind::FileTooLarge) => CHECK_LIMITS.to_owned(),
            ("remove", _) => "remove it by hand: it holds the API key".to_owned(),
            (_, ErrorKind::NotFound) => {
                format!("create {folder}, or set SEKUIRE_CONFIG_DIR to another folder")
            }
            ("read", _) | (_, ErrorKind::PermissionDenied | ErrorKind::NotADirectory) => {
                OWN_FOLDER.to_owned()
            }
            _ => "set SEKUIRE_CONFIG_DIR to a folder on another disk or file system".to_owned(),
        };
        Error::machine(format!("can't {verb} {file}: {words}")).with_hint(chown.unwrap_or(hint))
    }

    /// What helps where root's login left root's file in another user's home.
    fn chown_hint(&self, path: &Path) -> Option<String> {
        let home = fs::metadata(self.folder.parent()?).ok()?;
        let (place, found) = secret_file::nearest(path)?;
        let is_in_own_home = !self.is_named && platform::is_own(&home);
        let is_roots = !platform::is_own(&found) && !platform::is_foreign(&found);
        let helps = is_in_own_home && is_roots && place.starts_with(&self.folder);
        let folder = shell::quote(&self.folder);
        helps.then(|| format!("run: sudo chown -R \"$USER\" {folder}"))
    }

    pub(super) fn unconfirmed(&self, cause: &io::Error) -> Error {
        let (file, cause) = (self.file.display(), error::words(cause));
        Error::machine(format!(
            "{file} is changed, but the disk did not confirm it: {cause}"
        ))
        .with_hint("check the disk, then run the command again")
    }
}

/// The command that changes a mode, where this user may.
pub(super) fn chmod(change: &str, path: &Path, metadata: &Metadata) -> Option<String> {
    platform::is_own(metadata).then(|| format!("run: chmod {change} {}", shell::quote(path)))
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::{self, ErrorKind};
    use std::path::PathBuf;

    use super::{CHECK_LIMITS, OWN_FOLDER, Store};

    #[test]
    fn each_cause_has_one_sentence_and_one_hint() {
        let store = Store::at(PathBuf::from("/missing/folder"), true);
        let other_disk = "set SEKUIRE_CONFIG_DIR to a folder on another disk or file system";
        let create = "create /missing/folder, or set SEKUIRE_CONFIG_DIR to another folder";
        let by_hand = "remove it by hand: it holds the API key";
        let too_many_files = io::Error::from_raw_os_error(libc::EMFILE);
        for (cause, hints) in [
            (ErrorKind::NotFound.into(), [create, create, by_hand]),
            (too_many_files, [CHECK_LIMITS; 3]),
            (ErrorKind::FileTooLarge.into(), [CHECK_LIMITS; 3]),
            (
                ErrorKind::StorageFull.into(),
                [OWN_FOLDER, other_disk, by_hand],
            ),
        ] {
            for (verb, hint) in ["read", "save", "remove"].into_iter().zip(hints) {
                let error = store.error(verb, &store.folder, &cause);
                assert_eq!(error.hint(), Some(hint), "{error}");
                let begin = format!("can't {verb} /missing/folder/auth.json: ");
                assert!(error.to_string().starts_with(&begin), "{error}");
            }
        }
    }
}
