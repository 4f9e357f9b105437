//! What is said when auth.json can't be read, saved or removed: what failed, where, what to do next.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use super::Store;
use crate::error::{CHECK_LIMITS, Error};
use crate::platform::{self, FileKind};
use crate::shell;

/// What to do about something that stands where auth.json should.
const ELSEWHERE: &str = "move it out of the way, or set SEKUIRE_CONFIG_DIR to another folder";

impl Store {
    /// Who else can read or change auth.json, with what mends it where this user can.
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
        let advice = if platform::can_change_mode(&self.file, metadata) {
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
            words(cause)
        ))
        .with_hint(match cause.kind() {
            _ if platform::shortage(cause).is_some() => CHECK_LIMITS.to_owned(),
            io::ErrorKind::PermissionDenied => self.whose(),
            _ => ELSEWHERE.to_owned(),
        })
    }

    /// Whom to be in order to read auth.json, as far as this user is allowed to look.
    fn whose(&self) -> String {
        let mut paths = self.file.ancestors();
        let nearest = paths.find_map(|path| Some((path, fs::metadata(path).ok()?)));
        let who = nearest.map_or_else(
            || "the user whom it belongs to".to_owned(),
            |(path, found)| {
                let owner = platform::owner(&found);
                format!("{owner}, whom {} belongs to", path.display())
            },
        );
        format!("run this as {who}, or mend its permissions")
    }

    pub(super) fn unsavable(&self, path: &Path, cause: &io::Error) -> Error {
        let elsewhere = "or set SEKUIRE_CONFIG_DIR to another folder";
        Error::machine(format!(
            "can't save {}: {}: {}",
            self.file.display(),
            path.display(),
            words(cause)
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
            io::ErrorKind::PermissionDenied => {
                format!("give this user read and write access to it, {elsewhere}")
            }
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
            words(cause)
        ))
        .with_hint("give this user write access to it, or remove it by hand: it holds the API key")
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

/// The mode of a file that others may read or write.
fn open_mode(metadata: &Metadata) -> Option<u32> {
    platform::mode(metadata).filter(|mode| mode & 0o077 != 0)
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::ErrorKind;
    use std::path::PathBuf;

    use super::{CHECK_LIMITS, ELSEWHERE, Path, Store, io, platform, words};

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
            (ErrorKind::PermissionDenied, "read and write access to it, "),
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
        let owner = platform::owner(&folder.path().metadata().unwrap());
        assert_eq!(
            hint(ErrorKind::PermissionDenied.into()),
            format!(
                "run this as {owner}, whom {} belongs to, or mend its permissions",
                folder.path().display()
            )
        );
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
