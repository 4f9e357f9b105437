//! The folder of auth.json: made where it is missing, refused or warned about where others could put
//! another file into it.

use std::fs::{self, Metadata};
use std::io;

use super::Store;
use super::messages::{ELSEWHERE, OWN_FOLDER, chmod};
use crate::auth_file::Content;
use crate::error::Error;
use crate::platform;

impl Store {
    /// Makes sure that there is a folder to save in. Returns warnings.
    ///
    /// # Errors
    /// There can be none, or everybody can write to it: exit status 3.
    pub(super) fn prepare_folder(&self) -> Result<Vec<String>, Error> {
        let failed = |cause| self.error("save", &self.folder, &cause);
        if !self.folder.exists() {
            match platform::create_private_folder(&self.folder, self.is_named) {
                // Another login was faster.
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
                created => created.map_err(failed)?,
            }
        }
        self.check_folder(&fs::metadata(&self.folder).map_err(failed)?)
    }

    /// auth.json's path, owner and mode, and warnings of it and its folder. Changes nothing.
    ///
    /// # Errors
    /// There is no key, and none could be saved; auth.json can't be read, or is damaged: exit status 3.
    pub fn inspect(&self) -> Result<(String, Vec<String>), Error> {
        let mut warnings = match fs::metadata(&self.folder) {
            Ok(metadata) => self.check_folder(&metadata)?,
            Err(_) => Vec::new(),
        };
        let loaded = self.load()?;
        let path = self.file.display();
        let found = match &loaded.metadata {
            Some(file) => {
                warnings.extend(self.foreign_owner(file));
                warnings.extend(self.open_mode(file));
                let owner = platform::owner(file);
                platform::mode(file).map_or_else(
                    || path.to_string(),
                    |mode| format!("{path}: mode {mode:04o}, owner {owner}"),
                )
            }
            None => format!("{path} is not there"),
        };
        match (self.check_savable(), loaded.content) {
            (Err(error), Content::LoggedIn(_)) => warnings.push(error.to_string()),
            (result, _) => result?,
        }
        Ok((found, warnings))
    }

    /// Whether saving would work, as [`Store::change`] goes about it; that a disk is full does not show.
    fn check_savable(&self) -> Result<(), Error> {
        let parent = self.folder.parent().unwrap_or(&self.folder);
        let is_in_place = self.is_regular()
            && (platform::is_mount_point(&self.file) || platform::may_write(&self.folder).is_err());
        let place = if is_in_place {
            &self.file
        } else if self.folder.exists() || self.folder.is_symlink() {
            &self.folder
        } else if self.is_named && !parent.exists() {
            return Ok(());
        } else {
            parent
        };
        platform::may_write(place).map_err(|cause| self.error("save", place, &cause))
    }

    /// What is wrong with a folder that is there.
    fn check_folder(&self, metadata: &Metadata) -> Result<Vec<String>, Error> {
        let folder = self.folder.display();
        if !metadata.is_dir() {
            return Err(Error::machine(format!("{folder} is not a folder")).with_hint(ELSEWHERE));
        }
        let mode = platform::mode(metadata).unwrap_or_default();
        let is_sticky = mode & 0o1000 != 0;
        let chmod = |change| chmod(change, &self.folder, metadata).filter(|_| !is_sticky);
        if mode & 0o002 != 0 {
            let hint = chmod("go-w").unwrap_or_else(|| OWN_FOLDER.to_owned());
            let refused = format!("every user can write to {folder} (mode {mode:04o})");
            return Err(Error::machine(refused).with_hint(hint));
        }
        let mut warnings = Vec::new();
        if mode & 0o020 != 0 {
            let advice = chmod("g-w").map_or_else(String::new, |run| format!("; {run}"));
            warnings.push(format!(
                "the group can write to {folder} (mode {mode:04o}){advice}"
            ));
        }
        if platform::is_foreign(metadata) && !platform::is_root() {
            let owner = platform::owner(metadata);
            warnings.push(format!(
                "{folder} is owned by {owner}, who can replace auth.json"
            ));
        }
        Ok(warnings)
    }
}
