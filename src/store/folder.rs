//! The folder of auth.json: made where it is missing, refused or warned about where others could put
//! another file into it.

use std::fs::{self, Metadata};
use std::io;

use super::Store;
use super::messages::{OTHER_FOLDER, chmod};
use crate::error::Error;
use crate::platform::{self, user};
use crate::secret_file;

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
        let folder = fs::metadata(&self.folder);
        let mut warnings = folder.map_or_else(|_| Ok(Vec::new()), |it| self.check_folder(&it))?;
        let (content, access) = self.load()?;
        warnings.extend(self.warnings(&content, access.as_ref()));
        warnings.extend(access.as_ref().and_then(|file| self.foreign_owner(file)));
        let path = self.file.display();
        let found = match access {
            None => format!("{path} is not there"),
            Some(access) => format!("{path}: {access}"),
        };
        match self.check_savable() {
            Err(error) if content.credential.is_some() => {
                warnings.push(error.to_string());
                warnings.extend(error.hint().map(str::to_owned));
            }
            result => result?,
        }
        Ok((found, warnings))
    }

    /// Whether saving would work, as [`Store::save`] goes about it; that a disk is full does not show.
    fn check_savable(&self) -> Result<(), Error> {
        let place = match self.folder.parent() {
            _ if self.is_in_place() => &self.file,
            // Looked at through the link, which may lead nowhere.
            _ if self.folder.is_symlink() => &self.folder,
            Some(parent) if !self.folder.exists() && !self.is_named => parent,
            _ => secret_file::nearest(&self.folder).map_or(&*self.folder, |(place, _)| place),
        };
        platform::may_write(place).map_err(|cause| self.error("save", place, &cause))
    }

    /// What is wrong with a folder that is there.
    fn check_folder(&self, metadata: &Metadata) -> Result<Vec<String>, Error> {
        let folder = self.folder.display();
        if !metadata.is_dir() {
            let refused = format!("{folder} is not a folder");
            return Err(Error::machine(refused).with_hint(OTHER_FOLDER));
        }
        let access = platform::access(metadata);
        let mode = access.mode.unwrap_or_default();
        let is_open = mode & 0o002 != 0;
        let who = if is_open { "every user" } else { "the group" };
        let message = format!("{who} can write to {folder} (mode {mode:04o})");
        let is_sticky = mode & 0o1000 != 0;
        let chmod = chmod("go-w", &self.folder, &access).filter(|_| !is_sticky);
        let hint = chmod.unwrap_or_else(|| OTHER_FOLDER.to_owned());
        if is_open {
            return Err(Error::machine(message).with_hint(hint));
        }
        let mut warnings = Vec::new();
        if mode & 0o020 != 0 {
            warnings.push(format!("{message}; {hint}"));
        }
        if access.is_foreign() && access.user != 0 {
            let owner = user(access.owner);
            warnings.push(format!(
                "{folder} is owned by {owner}, who can replace auth.json"
            ));
        }
        Ok(warnings)
    }
}
