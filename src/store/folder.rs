//! The folder of auth.json: made where it is missing, refused or warned about where others could put
//! another file into it.

use std::fs::{self, Metadata};
use std::io;

use super::Store;
use super::messages::{ELSEWHERE, OWN_FOLDER, chmod};
use crate::error::Error;
use crate::{platform, secret_file};

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
        let (content, metadata) = self.load()?;
        warnings.extend(self.warnings(&content, metadata.as_ref()));
        let path = self.file.display();
        let mut found = format!("{path} is not there");
        if let Some(file) = &metadata {
            warnings.extend(self.foreign_owner(file));
            let (owner, mode) = (platform::owner(file), platform::mode(file));
            let mode = mode.map(|mode| format!(": mode {mode:04o}, owner {owner}"));
            found = format!("{path}{}", mode.unwrap_or_default());
        }
        match self.check_savable() {
            Err(error) if content.credential.is_some() => {
                warnings.push(error.to_string());
                warnings.extend(error.hint().map(str::to_owned));
            }
            result => result?,
        }
        Ok((found, warnings))
    }

    /// Whether saving would work, as [`Store::change`] goes about it; that a disk is full does not show.
    fn check_savable(&self) -> Result<(), Error> {
        let is_in_place = self.is_regular()
            && (platform::is_mount_point(&self.file) || platform::may_write(&self.folder).is_err());
        let place = match self.folder.parent() {
            _ if is_in_place => &self.file,
            Some(parent) if !self.folder.exists() && !self.is_named => parent,
            _ => secret_file::nearest(&self.folder).map_or(&*self.folder, |(place, _)| place),
        };
        platform::may_write(place).map_err(|cause| self.error("save", place, &cause))
    }

    /// What is wrong with a folder that is there.
    fn check_folder(&self, metadata: &Metadata) -> Result<Vec<String>, Error> {
        let folder = self.folder.display();
        if !metadata.is_dir() {
            let hint = if self.is_named { OWN_FOLDER } else { ELSEWHERE };
            return Err(Error::machine(format!("{folder} is not a folder")).with_hint(hint));
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
            let advice = chmod("g-w").map(|run| format!("; {run}"));
            let advice = advice.unwrap_or_default();
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
