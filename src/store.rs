//! Where auth.json lies, and how it is read, saved and removed so that nothing is lost or shown.
//!
//! Saving follows rename(2): a new private file beside the old one, written, synced, renamed over
//! it, and the folder synced. After a crash, and among logins and logouts at the same time, auth.json
//! is one of these files, whole.

mod folder;
mod messages;
mod temporary;

use std::fs::{self, DirEntry, Metadata};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::auth_file::{self, Content};
use crate::credential::Credential;
use crate::error::{self, Error};
use crate::platform::FileKind;
use crate::secret_file::{self, Unread};
use crate::{environment, json, platform};
use temporary::is_temporary;

/// The file's name.
const FILE_NAME: &str = "auth.json";

/// As much as any auth.json needs, in bytes: what is tried before a key is bound.
const ROOM: usize = 10 * 1024;

/// A younger temporary file may be that of a login under way.
const AN_HOUR: Duration = Duration::from_secs(60 * 60);

/// The place of auth.json.
pub struct Store {
    folder: PathBuf,
    file: PathBuf,
    /// Whether `SEKUIRE_CONFIG_DIR` names the folder: then missing parents are created, too.
    is_named: bool,
}

impl Store {
    /// Finds the place: `$SEKUIRE_CONFIG_DIR`, else `~/.sekuire`.
    ///
    /// # Errors
    /// The variable is no absolute path (2); there is no home directory, or a relative one (3).
    pub fn locate() -> Result<Store, Error> {
        let named = environment::path("SEKUIRE_CONFIG_DIR")?;
        let is_named = named.is_some();
        let folder = named.or_else(|| Some(home_folder()?.join(".sekuire")));
        match folder.filter(|folder| folder.is_absolute()) {
            Some(folder) => Ok(Store::at(folder, is_named)),
            None if is_named => Err(Error::usage("SEKUIRE_CONFIG_DIR is not an absolute path")
                .with_hint("set it to the full path of a folder, without quotation marks")),
            None => {
                let is_set = environment::raw("HOME").is_some();
                let cause = if is_set {
                    "HOME is not an absolute path"
                } else {
                    "this user has no home directory"
                };
                let hint = "set SEKUIRE_CONFIG_DIR to a folder for auth.json, or set HOME";
                Err(Error::machine(cause).with_hint(hint))
            }
        }
    }

    fn at(folder: PathBuf, is_named: bool) -> Store {
        Store {
            file: folder.join(FILE_NAME),
            folder,
            is_named,
        }
    }

    /// The path of auth.json.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// Reads auth.json, through links; the metadata is none where there is no file. Changes nothing.
    ///
    /// # Errors
    /// It is no regular file, can't be read, is empty or damaged: exit status 3.
    pub fn load(&self) -> Result<(Content, Option<Metadata>), Error> {
        let (bytes, metadata) = match secret_file::read(&self.file, json::MAX_LEN) {
            Ok(found) => found,
            Err(Unread::Failed(cause)) if cause.kind() == ErrorKind::NotFound => {
                return Ok((Content::default(), None));
            }
            Err(Unread::Failed(cause)) => return Err(self.error("read", &self.file, &cause)),
            Err(Unread::NotRegular(kind)) => return Err(self.not_regular(kind)),
        };
        let damaged = |why: &str| {
            Error::machine(format!("{} is {why}", self.file.display())).with_hint(
                "run: sekuire login (with --backend URL, if yours is not the default one)",
            )
        };
        if bytes.is_empty() {
            return Err(damaged("empty"));
        }
        match auth_file::parse(&bytes) {
            Ok(content) => Ok((content, Some(metadata))),
            Err(cause) => Err(damaged(&format!("damaged: it {cause}"))),
        }
    }

    /// The fingerprint in auth.json: a device keeps the one that the existing client gave it. A damaged file
    /// has none.
    pub fn bound_fingerprint(&self) -> Option<String> {
        let (content, _) = self.load().ok()?;
        content.credential?.bound_fingerprint
    }

    /// The permission bits of auth.json, whatever it holds.
    pub fn mode(&self) -> Option<u32> {
        platform::mode(&fs::metadata(&self.file).ok()?)
    }

    /// Makes sure, before the backend is asked, that saving will work: a binding must not be wasted
    /// on a full or read-only disk. Sweeps stray temporary files. Returns warnings.
    ///
    /// # Errors
    /// Saving would fail: exit status 3.
    pub fn prepare(&self) -> Result<Vec<String>, Error> {
        let warnings = self.prepare_folder()?;
        match self.kind()? {
            None | Some(FileKind::Regular | FileKind::Link) => {}
            Some(kind) => return Err(self.not_regular(kind)),
        }
        let swept = self.sweep(AN_HOUR);
        let mut can_replace = false;
        self.change("save", None, || {
            temporary::try_out(&self.folder, ROOM)?;
            can_replace = true;
            Ok(())
        })?;
        if can_replace {
            swept.map_err(|cause| self.error("save", &self.folder, &cause))?;
        }
        Ok(warnings)
    }

    /// Saves auth.json.
    ///
    /// # Errors
    /// It could not be saved; the old file is as it was, except where it can only be written in place.
    pub fn save(&self, credential: &Credential) -> Result<(), Error> {
        let content = auth_file::format(credential);
        self.change("save", Some(&content), || {
            temporary::replace(&self.folder, &self.file, &content)
        })
    }

    /// Removes auth.json and all temporary files; false: there was no key. A file that is a mount point is
    /// emptied.
    ///
    /// # Errors
    /// Something could not be removed, or is no file: exit status 3.
    pub fn remove(&self) -> Result<bool, Error> {
        // A temporary file that can't be removed must not keep the key in auth.json.
        let swept = self.sweep(Duration::ZERO);
        let had_key = match self.kind()? {
            None => false,
            Some(FileKind::Regular) if self.is_without_key() => {
                // Where it can't go, as a mount point, an earlier logout has emptied it.
                let _ = fs::remove_file(&self.file);
                false
            }
            Some(FileKind::Regular | FileKind::Link) => {
                self.change("remove", Some(auth_file::EMPTY), || {
                    if_there(fs::remove_file(&self.file)).map(drop)
                })?;
                true
            }
            Some(kind) => return Err(self.not_regular(kind)),
        };
        swept.map_err(|cause| {
            Error::machine(format!(
                "can't remove what an earlier login left in {}: {}",
                self.folder.display(),
                error::words(&cause)
            ))
            .with_hint("remove it by hand: it may hold the API key")
        })?;
        Ok(had_key)
    }

    /// What stands at the file's path, links not followed.
    fn kind(&self) -> Result<Option<FileKind>, Error> {
        let found = if_there(fs::symlink_metadata(&self.file));
        let found = found.map_err(|cause| self.error("read", &self.file, &cause))?;
        Ok(found.map(|metadata| platform::file_kind(metadata.file_type())))
    }

    /// Removes temporary files of at least this age, which a crash left behind.
    fn sweep(&self, age: Duration) -> io::Result<()> {
        let entries = if_there(fs::read_dir(&self.folder))?;
        for entry in entries.into_iter().flatten() {
            let entry = entry?;
            if is_temporary(&entry.file_name().to_string_lossy()) {
                if_there(remove_if_older(&entry, age))?;
            }
        }
        Ok(())
    }

    /// Does `replace` in the folder. The one rule for writing in place, which is not atomic: where
    /// auth.json is a mount point, or its folder denies the change, `content` is written into the
    /// file itself; a trial, without content, only opens it. Either way it is private first.
    fn change(
        &self,
        verb: &str,
        content: Option<&[u8]>,
        replace: impl FnOnce() -> io::Result<()>,
    ) -> Result<(), Error> {
        let is_regular = self.is_regular();
        if !(is_regular && platform::is_mount_point(&self.file)) {
            match replace() {
                Err(cause) if is_regular && is_denied(&cause) => {}
                Err(cause) => return Err(self.error(verb, &self.folder, &cause)),
                Ok(()) if content.is_none() => return Ok(()),
                Ok(()) => {
                    return platform::sync_folder(&self.folder)
                        .map_err(|cause| self.unconfirmed(&cause));
                }
            }
        }
        self.overwrite(content)
            .map_err(|cause| self.error(verb, &self.file, &cause))
    }

    /// Makes the file private and writes it in place; without content, it only tries to.
    fn overwrite(&self, content: Option<&[u8]>) -> io::Result<()> {
        let mut file = platform::open_to_overwrite(&self.file)?;
        platform::make_private(&file)?;
        let Some(content) = content else {
            return Ok(());
        };
        file.write_all(content)?;
        // Cut last, so that a full disk can't leave an empty file.
        file.set_len(content.len() as u64)?;
        file.sync_all()
    }

    fn is_regular(&self) -> bool {
        fs::symlink_metadata(&self.file).is_ok_and(|found| found.is_file())
    }

    /// That auth.json is a link to a file that holds a key, which a logout does not remove.
    pub fn key_behind_link(&self) -> Option<String> {
        let is_link = self.file.is_symlink() && self.may_hold_key();
        let target = fs::canonicalize(&self.file).ok().filter(|_| is_link)?;
        let (file, target) = (self.file.display(), target.display());
        Some(format!("{file} was a link; {target} still holds the key"))
    }

    /// Whether there may be a key in auth.json: a damaged file may have one; what is no file has none.
    pub fn may_hold_key(&self) -> bool {
        self.file.is_file() && !self.is_without_key()
    }

    /// Whether auth.json can be read, and holds no key.
    fn is_without_key(&self) -> bool {
        let has_none =
            |(content, _): (Content, _)| content.credential.is_none() && !content.is_old_login;
        self.load().is_ok_and(has_none)
    }
}

fn remove_if_older(entry: &DirEntry, age: Duration) -> io::Result<()> {
    let metadata = entry.metadata()?;
    // A time in the future is no age.
    let found = metadata.modified()?.elapsed().unwrap_or_default();
    if metadata.is_dir() || found < age {
        return Ok(());
    }
    fs::remove_file(entry.path())
}

/// None where there is no file, or no longer: another process was faster.
fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// The crate takes an empty HOME for an answer; without one it asks the password database.
fn home_folder() -> Option<PathBuf> {
    if environment::raw("HOME").is_none() {
        platform::remove_variable("HOME");
    }
    home::home_dir()
}

/// Whether only the file itself may be writable. A kernel before 5.8 shows a mount point by EBUSY alone.
fn is_denied(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::ResourceBusy
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::ROOM;
    use crate::api::MAX_ID;
    use crate::api_key::{self, ApiKey};
    use crate::auth_file;
    use crate::backend_url::BackendUrl;
    use crate::credential::Credential;

    /// What is tried before the first request has to be no less than what is saved after it.
    #[test]
    fn the_largest_file_has_room() {
        let url = "https://backend.example/";
        let id = Some("\u{1}".repeat(MAX_ID));
        let largest = Credential {
            api_key: ApiKey::from_file_text(&"\\".repeat(api_key::MAX_LEN)).unwrap(),
            variable: None,
            bound_fingerprint: Some("0".repeat(64)),
            org_id: id.clone(),
            workspace_id: id,
            backend_url: BackendUrl::parse(&(url.to_owned() + &"a".repeat(2048 - url.len()))).ok(),
        };
        assert!(largest.backend_url.is_some());
        let length = auth_file::format(&largest).len();
        assert!(length <= ROOM && length > ROOM / 2, "{length}");
    }

    /// What has come into auth.json's place since it was looked at.
    #[cfg(unix)]
    #[test]
    fn nothing_but_a_regular_file_is_written_in_place() {
        use super::{Store, fs, io, platform};
        use std::io::Read;
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().to_owned(), true);
        let denied = || Err(io::ErrorKind::PermissionDenied.into());
        fs::write(&store.file, "old").unwrap();
        assert!(store.change("save", Some(b"new"), denied).is_ok());
        assert_eq!(fs::read(&store.file).unwrap(), b"new");
        fs::remove_file(&store.file).unwrap();
        nix::unistd::mkfifo(&store.file, nix::sys::stat::Mode::S_IRWXU).unwrap();
        // With a reader it could be written.
        let mut reader = platform::open_to_read(&store.file).unwrap();
        assert!(store.change("save", Some(b"new"), denied).is_err());
        assert_eq!(reader.read(&mut [0]).unwrap(), 0);
    }
}
