//! The folder of auth.json: made where it is missing, refused or warned about where others could put
//! another file into it.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use super::messages::{OWN_FOLDER, may_be_changed};
use super::{Store, is_denied};
use crate::auth_file::Content;
use crate::error::Error;
use crate::{platform, shell};

impl Store {
    /// Makes sure that there is a folder to save in. Returns what a person should be told about it.
    ///
    /// # Errors
    /// There can be none, or everybody can write to it: exit status 3.
    pub(super) fn prepare_folder(&self) -> Result<Vec<String>, Error> {
        self.expect_no_dangling_link()?;
        let metadata = self
            .find_or_create_folder()
            .map_err(|cause| self.unsavable(&self.folder, &cause))?;
        self.check_folder(&metadata)
    }

    /// Whether a login could be saved, in words, and what a person should be told. Changes nothing.
    ///
    /// # Errors
    /// It could not, and there is no key that works without; auth.json can't be read, or is damaged: exit
    /// status 3.
    pub fn inspect(&self) -> Result<(String, Vec<String>), Error> {
        self.expect_no_dangling_link()?;
        let path = self.file.display();
        let metadata = match fs::metadata(&self.folder) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                let ancestor = existing_ancestor(&self.folder);
                if !self.named && self.folder.parent() != Some(ancestor) {
                    return Err(self.unsavable(&self.folder, &cause));
                }
                self.expect_writable(ancestor)?;
                let found = format!("{path} is not there; a login would create its folder, too");
                return Ok((found, Vec::new()));
            }
            found => found.map_err(|cause| self.unsavable(&self.folder, &cause))?,
        };
        let mut warnings = self.check_folder(&metadata)?;
        let loaded = self.load()?;
        warnings.extend(loaded.warnings);
        let saving = match (self.expect_savable(), loaded.content) {
            (Ok(()), _) => "a login could be saved",
            (Err(error), Content::LoggedIn(_)) => {
                let hint = error.hint().unwrap_or_default();
                warnings.push(format!("only a login would need it: {error}; {hint}"));
                "a login could not be saved"
            }
            (Err(error), _) => return Err(error),
        };
        let state = match (fs::metadata(&self.file), loaded.mode) {
            (Ok(file), Some(mode)) => format!("mode {mode:04o}, owner {}", platform::owner(&file)),
            (Ok(_), None) => "is there".to_owned(),
            (Err(_), _) => "is not there".to_owned(),
        };
        let found = format!("{path}: {state}; {saving}");
        Ok((found, warnings))
    }

    /// Whether saving would work, as [`Store::change`] goes about it; that a disk is full does not show.
    fn expect_savable(&self) -> Result<(), Error> {
        let in_place = || platform::may_write(&self.file);
        if self.is_mount_point() {
            return in_place().map_err(|cause| self.unsavable(&self.file, &cause));
        }
        match platform::may_write(&self.folder) {
            Err(cause) if is_denied(&cause) && self.is_regular() && in_place().is_ok() => Ok(()),
            // Stray files are swept, which takes a list of them.
            may => may
                .and_then(|()| fs::read_dir(&self.folder).map(drop))
                .map_err(|cause| self.unsavable(&self.folder, &cause)),
        }
    }

    fn expect_writable(&self, folder: &Path) -> Result<(), Error> {
        platform::may_write(folder).map_err(|cause| self.unsavable(folder, &cause))
    }

    fn expect_no_dangling_link(&self) -> Result<(), Error> {
        if self.folder.is_symlink() && !self.folder.exists() {
            let folder = self.folder.display();
            return Err(
                Error::machine(format!("{folder} is a link that leads nowhere"))
                    .with_hint("remove it, or set SEKUIRE_CONFIG_DIR to another folder"),
            );
        }
        Ok(())
    }

    /// What is wrong with a folder that is there.
    fn check_folder(&self, metadata: &Metadata) -> Result<Vec<String>, Error> {
        let folder = self.folder.display();
        if !metadata.is_dir() {
            return Err(Error::machine(format!("{folder} is not a folder"))
                .with_hint("move it out of the way, or set SEKUIRE_CONFIG_DIR to another folder"));
        }
        let mode = platform::mode(metadata).unwrap_or_default();
        let chmod = |change| {
            let may = mode & 0o1000 == 0 && may_be_changed(&self.folder, metadata);
            may.then(|| format!("run: chmod {change} {}", shell::quote(&self.folder)))
        };
        if mode & 0o002 != 0 {
            let refused =
                format!("every user of this machine can write to {folder} (mode {mode:04o})");
            return Err(Error::machine(refused)
                .with_hint(chmod("go-w").unwrap_or_else(|| OWN_FOLDER.to_owned())));
        }
        let mut warnings = Vec::new();
        if mode & 0o020 != 0 {
            let advice = chmod("g-w").map_or_else(String::new, |run| format!("; {run}"));
            warnings.push(format!("the group of {folder} can write to it (mode {mode:04o}), and so replace auth.json{advice}"));
        }
        if platform::is_foreign(metadata) && !platform::is_root() {
            let owner = platform::owner(metadata);
            warnings.push(format!(
                "{folder} belongs to {owner}, who can replace auth.json"
            ));
        }
        Ok(warnings)
    }

    fn find_or_create_folder(&self) -> io::Result<Metadata> {
        if let Ok(found) = fs::metadata(&self.folder) {
            return Ok(found);
        }
        match platform::create_private_folder(&self.folder, self.named) {
            // Another login was faster.
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            created => created?,
        }
        fs::metadata(&self.folder)
    }
}

/// The nearest folder above that is there.
fn existing_ancestor(path: &Path) -> &Path {
    path.ancestors()
        .find(|ancestor| ancestor.exists())
        .unwrap_or(path)
}
