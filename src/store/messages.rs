//! What is said when auth.json can't be read, saved or removed: what failed, where, what to do next.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use super::Store;
use crate::error::{CHECK_LIMITS, Error};
use crate::platform::{self, FileKind};
use crate::shell;

/// What to do where a folder is not one's own.
pub(super) const OWN_FOLDER: &str = "set SEKUIRE_CONFIG_DIR to a folder of your own";

/// What to do about something that stands where auth.json should.
const ELSEWHERE: &str = "move it out of the way, or set SEKUIRE_CONFIG_DIR to another folder";

impl Store {
    /// Who else can read or change auth.json, and what helps where this user can do it.
    pub(super) fn exposure(&self, metadata: &Metadata) -> Option<String> {
        let path = self.file.display();
        let open =
            open_mode(metadata).map(|mode| format!("is open to other users (mode {mode:04o})"));
        if platform::is_foreign(metadata) {
            let owner = platform::owner(metadata);
            let open = open.map_or_else(String::new, |open| format!(" and {open}"));
            return Some(format!(
                "{path} belongs to {owner}, who can read its key and may have put it there{open}"
            ));
        }
        let open = open?;
        let advice = if may_be_changed(&self.file, metadata) {
            format!("; run: chmod 600 {}", shell::quote(&self.file))
        } else {
            String::new()
        };
        Some(format!("{path} {open}{advice}"))
    }

    /// What may be left of an auth.json's exposure once it is private, where it is written in place.
    pub(super) fn past_exposure(&self, before: &Metadata) -> Option<String> {
        let path = self.file.display();
        match open_mode(before) {
            Some(mode) => Some(format!(
                "{path} was open to other users (mode {mode:04o}) and is now private, but written in place: \
                 whoever has it open already can read the new key"
            )),
            None => self.exposure(before),
        }
    }

    pub(super) fn not_regular(&self, kind: FileKind) -> Error {
        let what = match kind {
            FileKind::Regular => "a file of another kind",
            FileKind::Folder => "a folder",
            FileKind::Link => "a link",
            FileKind::Special(name) => name,
        };
        Error::machine(format!("{} is {what}, not a file", self.file.display()))
            .with_hint(ELSEWHERE)
    }

    pub(super) fn unreadable(&self, cause: &io::Error) -> Error {
        Error::machine(format!(
            "can't read {}: {}",
            self.file.display(),
            words_about(&self.file, cause)
        ))
        .with_hint(match cause.kind() {
            _ if platform::shortage(cause).is_some() => CHECK_LIMITS.to_owned(),
            io::ErrorKind::PermissionDenied => self
                .chown_hint(&self.file)
                .unwrap_or_else(|| OWN_FOLDER.to_owned()),
            _ => ELSEWHERE.to_owned(),
        })
    }

    /// What helps where permission is denied: root's login leaves root's file in another user's home.
    fn chown_hint(&self, path: &Path) -> Option<String> {
        let home = fs::metadata(self.folder.parent()?).ok()?;
        let (place, found) = nearest(path)?;
        let is_roots = !platform::is_own(&found) && !platform::is_foreign(&found);
        let is_left = is_roots && place.starts_with(&self.folder);
        (is_left && !self.named && platform::is_own(&home)).then(|| {
            format!(
                "run: sudo chown -R \"$USER\" {}",
                shell::quote(&self.folder)
            )
        })
    }

    pub(super) fn unsavable(&self, path: &Path, cause: &io::Error) -> Error {
        let elsewhere = "or set SEKUIRE_CONFIG_DIR to another folder";
        Error::machine(format!(
            "can't save {}: {}: {}",
            self.file.display(),
            path.display(),
            words_about(path, cause)
        ))
        .with_hint(match cause.kind() {
            _ if platform::shortage(cause).is_some() => CHECK_LIMITS.to_owned(),
            io::ErrorKind::Unsupported => {
                "its file system (FAT, SMB, FUSE) lets other users read the key; \
                 set SEKUIRE_CONFIG_DIR to a folder on another one"
                    .to_owned()
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                format!("free some space, {elsewhere}")
            }
            io::ErrorKind::FileTooLarge => {
                format!("raise the limit on file sizes (ulimit -f), {elsewhere}")
            }
            io::ErrorKind::NotFound => format!(
                "create {}, {elsewhere}",
                path.parent().unwrap_or(path).display()
            ),
            io::ErrorKind::PermissionDenied => self
                .chown_hint(path)
                .unwrap_or_else(|| OWN_FOLDER.to_owned()),
            io::ErrorKind::ReadOnlyFilesystem => {
                format!("mount a folder that can be written there, {elsewhere}, or store nothing: SEKUIRE_API_KEY_FILE")
            }
            _ => format!("see what is wrong with the disk or folder, {elsewhere}"),
        })
    }

    pub(super) fn unremovable(&self, path: &Path, cause: &io::Error) -> Error {
        Error::machine(format!(
            "can't remove {}: {}: {}",
            self.file.display(),
            path.display(),
            words_about(path, cause)
        ))
        .with_hint(
            self.chown_hint(path)
                .unwrap_or_else(|| "remove it by hand: it holds the API key".to_owned()),
        )
    }

    pub(super) fn unconfirmed(&self, cause: &io::Error) -> Error {
        Error::machine(format!(
            "{} is changed, but the disk did not confirm it: {}",
            self.file.display(),
            words(cause)
        ))
        .with_hint("see what is wrong with the disk, then run the command again")
    }
}

/// What the system says, and what there is too little of, where it says so.
pub(super) fn words(cause: &io::Error) -> String {
    match platform::shortage(cause) {
        Some(what) => format!("this machine is out of {what} ({cause})"),
        None => cause.to_string(),
    }
}

/// As [`words`]; where permission is denied, also whose the nearest thing is that can be looked at.
fn words_about(path: &Path, cause: &io::Error) -> String {
    let found = nearest(path).filter(|_| cause.kind() == io::ErrorKind::PermissionDenied);
    found.map_or_else(
        || words(cause),
        |(place, found)| {
            let permissions = platform::permissions(&found);
            if place == path {
                format!("permission denied ({permissions})")
            } else {
                format!("permission denied ({}: {permissions})", place.display())
            }
        },
    )
}

fn nearest(path: &Path) -> Option<(&Path, Metadata)> {
    path.ancestors()
        .find_map(|path| Some((path, fs::metadata(path).ok()?)))
}

/// Whether a hint may name a path for its mode to be changed: what is there is this user's, and the
/// folder around it belongs to no other user, who could exchange it for a link.
pub(super) fn may_be_changed(path: &Path, metadata: &Metadata) -> bool {
    let folder = path.parent().and_then(|folder| fs::metadata(folder).ok());
    platform::is_own(metadata) && folder.is_some_and(|folder| !platform::is_foreign(&folder))
}

/// The mode of a file that others may read or write.
fn open_mode(metadata: &Metadata) -> Option<u32> {
    platform::mode(metadata).filter(|mode| mode & 0o077 != 0)
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::ErrorKind;
    use std::path::PathBuf;

    use super::{CHECK_LIMITS, ELSEWHERE, OWN_FOLDER, Path, Store, io, words};

    fn store() -> Store {
        Store::at(PathBuf::from("/folder"), true)
    }

    #[test]
    fn each_reason_not_to_save_has_its_own_remedy() {
        for (kind, hint) in [
            (ErrorKind::Unsupported, "lets other users read the key; set"),
            (ErrorKind::StorageFull, "free some space, "),
            (ErrorKind::QuotaExceeded, "free some space, "),
            (ErrorKind::FileTooLarge, "(ulimit -f), "),
            (ErrorKind::NotFound, "create /folder, "),
            (
                ErrorKind::ReadOnlyFilesystem,
                "mount a folder that can be written there, ",
            ),
            (
                ErrorKind::Other,
                "see what is wrong with the disk or folder, ",
            ),
        ] {
            let cause = io::Error::new(kind, "a reason");
            let error = store().unsavable(Path::new("/folder/part"), &cause);
            assert_eq!(
                error.to_string(),
                "can't save /folder/auth.json: /folder/part: a reason"
            );
            let found = error.hint().unwrap();
            assert!(found.contains(hint), "{kind}: {found}");
            assert!(found.contains("set SEKUIRE_CONFIG_DIR to "), "{found}");
        }
        let shortage = io::Error::from_raw_os_error(libc::EMFILE);
        let error = store().unsavable(Path::new("/folder"), &shortage);
        assert_eq!(error.hint(), Some(CHECK_LIMITS));
    }

    #[test]
    fn each_reason_not_to_read_has_its_own_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("missing"), true);
        let hint = |cause: io::Error| store.unreadable(&cause).hint().unwrap().to_owned();
        assert_eq!(hint(ErrorKind::PermissionDenied.into()), OWN_FOLDER);
        assert_eq!(
            hint(io::Error::from_raw_os_error(libc::EMFILE)),
            CHECK_LIMITS
        );
        assert_eq!(hint(ErrorKind::Other.into()), ELSEWHERE);
    }

    #[test]
    fn what_failed_and_where_is_said() {
        let cause = || io::Error::other("a reason");
        let folder = Path::new("/folder");
        assert_eq!(
            store().unremovable(folder, &cause()).to_string(),
            "can't remove /folder/auth.json: /folder: a reason"
        );
        assert_eq!(
            store().unconfirmed(&cause()).to_string(),
            "/folder/auth.json is changed, but the disk did not confirm it: a reason"
        );
        // The C library's words follow.
        let shortage = words(&io::Error::from_raw_os_error(libc::EMFILE));
        let ours = "this machine is out of open files (ulimit -n) (";
        assert!(
            shortage.starts_with(ours) && shortage.len() > ours.len(),
            "{shortage}"
        );
    }
}
