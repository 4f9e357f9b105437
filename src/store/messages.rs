//! What is said when auth.json can't be read, saved or removed: what failed, where, what to do next.

use std::fs;
use std::io;
use std::path::Path;

use super::Store;
use crate::error::Error;
use crate::platform::{self, FileKind};

impl Store {
    pub(super) fn expect_regular(&self, kind: FileKind) -> Result<(), Error> {
        let what = match kind {
            FileKind::Regular => return Ok(()),
            FileKind::Folder => "a folder",
            FileKind::Link => "a link",
            FileKind::Special(name) => name,
        };
        Err(
            Error::machine(format!("{} is {what}, not a file", self.file.display()))
                .with_hint("move it out of the way, or set SEKUIRE_CONFIG_DIR to another folder"),
        )
    }

    pub(super) fn unreadable(&self, cause: &io::Error) -> Error {
        // A socket can't even be opened: say what it is, not that.
        if let Ok(metadata) = fs::metadata(&self.file)
            && let Err(error) = self.expect_regular(platform::file_kind(metadata.file_type()))
        {
            return error;
        }
        Error::machine(format!("can't read {}: {cause}", self.file.display())).with_hint(
            match cause.kind() {
                io::ErrorKind::PermissionDenied => {
                    "run this as the user whom the file belongs to, or mend its permissions"
                }
                _ => "move it out of the way, or set SEKUIRE_CONFIG_DIR to another folder",
            },
        )
    }

    pub(super) fn unsavable(&self, path: &Path, cause: &io::Error) -> Error {
        let elsewhere = "or set SEKUIRE_CONFIG_DIR to another folder";
        Error::machine(format!(
            "can't save {}: {}: {cause}",
            self.file.display(),
            path.display()
        ))
        .with_hint(match cause.kind() {
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
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                format!("give this user write access to it, {elsewhere}")
            }
            _ => format!("see what is wrong with the disk or folder, {elsewhere}"),
        })
    }

    pub(super) fn unremovable(&self, path: &Path, cause: &io::Error) -> Error {
        Error::machine(format!(
            "can't remove {}: {}: {cause}",
            self.file.display(),
            path.display()
        ))
        .with_hint("give this user write access to it, or remove it by hand: it holds the API key")
    }

    pub(super) fn unconfirmed(&self, cause: &io::Error) -> Error {
        Error::machine(format!(
            "{} is changed, but the disk did not confirm it: {cause}",
            self.file.display()
        ))
        .with_hint("see what is wrong with the disk, then run the command again")
    }
}
