//! What is said when auth.json can't be read, saved or removed: what failed, where, what to do next.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use super::{Store, lock};
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

    /// What kept this process waiting.
    pub(super) fn locked(&self) -> String {
        format!(
            "{} has been locked by another login or logout for {} s",
            self.folder.display(),
            lock::PATIENCE.as_secs()
        )
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
