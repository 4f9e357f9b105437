//! Where auth.json lies, and how it is read, saved and removed so that nothing is lost or shown.
//!
//! Saving follows rename(2): a new private file beside the old one, written, synced, renamed over
//! it, and the folder synced. After a crash, and among logins and logouts at the same time, auth.json
//! is one of these files, whole.

mod folder;
mod messages;
mod temporary;

use std::fs::{self, FileType};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::auth_file::{self, Content};
use crate::credential::Credential;
use crate::error::{self, Error};
use crate::platform::Access;
use crate::{environment, json, platform, secret_file};
use messages::BY_HAND;

/// What replaces a damaged file. Its backend may be lost, and the key must not go to another one.
const REPLACE: &str =
    "log in again: sekuire login --backend URL (the default is https://api.sekuire.ai)";

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
    /// The variable is not an absolute path (2); there is no home directory, or a relative one (3).
    pub fn locate() -> Result<Store, Error> {
        if let Some(folder) = environment::path("SEKUIRE_CONFIG_DIR")? {
            if folder.is_absolute() {
                return Ok(Store::at(folder, true));
            }
            return Err(Error::usage("SEKUIRE_CONFIG_DIR is not an absolute path")
                .with_hint("set it to the full path of a folder, without quotation marks"));
        }
        let cause = match home_folder() {
            Some(home) if home.is_absolute() => {
                return Ok(Store::at(home.join(".sekuire"), false));
            }
            Some(home) if !home.as_os_str().is_empty() => "HOME is not an absolute path",
            _ => "this user has no home directory",
        };
        let hint = "set SEKUIRE_CONFIG_DIR to a folder for auth.json, or set HOME";
        Err(Error::machine(cause).with_hint(hint))
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

    /// Reads auth.json, through links, and who may do what with it: none where there is no file. Changes
    /// nothing.
    ///
    /// # Errors
    /// It is not a regular file, can't be read, or is damaged: exit status 3.
    pub fn load(&self) -> Result<(Content, Option<Access>), Error> {
        let (bytes, access) = match secret_file::read(&self.file, json::MAX_LEN) {
            Err(cause) if cause.kind() == ErrorKind::NotFound => {
                return Ok((Content::default(), None));
            }
            found => found.map_err(|cause| self.error("read", &self.file, &cause))?,
        };
        let content = auth_file::parse(&bytes).map_err(|cause| {
            Error::machine(format!("{} is damaged: it {cause}", self.file.display()))
                .with_hint(REPLACE)
        })?;
        Ok((content, Some(access)))
    }

    /// The fingerprint in auth.json: a device keeps the one that the existing client gave it. A damaged file
    /// has none.
    pub fn bound_fingerprint(&self) -> Option<String> {
        let (content, _) = self.load().ok()?;
        content.credential?.bound_fingerprint
    }

    /// The permission bits of auth.json, whatever it holds.
    pub fn mode(&self) -> Option<u32> {
        platform::access(&fs::metadata(&self.file).ok()?).mode
    }

    /// Makes sure, before the backend is asked, that saving will work: a binding must not be wasted
    /// on a full or read-only disk. Sweeps stray temporary files. Returns warnings.
    ///
    /// # Errors
    /// Saving would fail: exit status 3.
    pub fn prepare(&self) -> Result<Vec<String>, Error> {
        let warnings = self.prepare_folder()?;
        self.look()?;
        // A stray file that stays does not keep this login from being saved; a logout reports it.
        let _ = temporary::sweep(&self.folder, AN_HOUR);
        self.change("save", None, || temporary::try_out(&self.folder, ROOM))?;
        Ok(warnings)
    }

    /// Saves auth.json.
    ///
    /// # Errors
    /// It could not be saved; the old file is as it was, except where it can only be written in place.
    pub fn save(&self, credential: &Credential) -> Result<(), Error> {
        let content = auth_file::format(credential);
        self.change("save", Some(&content), || {
            temporary::replace(&self.folder, &self.file, &content)?;
            self.confirm()
        })
    }

    /// Removes auth.json and all temporary files; false: there was neither a key nor a link. A file that is a mount point is
    /// emptied.
    ///
    /// # Errors
    /// Something could not be removed, or is not a file: exit status 3.
    pub fn remove(&self) -> Result<bool, Error> {
        // A temporary file that can't be removed must not keep the key in auth.json.
        let swept = temporary::sweep(&self.folder, Duration::ZERO);
        let found = self.look()?;
        let had_key = found.is_some_and(|kind| kind.is_symlink() || self.may_hold_key());
        if had_key {
            self.change("remove", Some(auth_file::EMPTY), || {
                if_there(fs::remove_file(&self.file))?;
                self.confirm()
            })?;
        } else {
            // Where it can't go, as a mount point, an earlier logout has emptied it.
            let _ = fs::remove_file(&self.file);
        }
        swept.map_err(|cause| {
            let (folder, cause) = (self.folder.display(), error::words(&cause));
            let message = format!("can't remove what an earlier login left in {folder}: {cause}");
            Error::machine(message).with_hint(BY_HAND)
        })?;
        Ok(had_key)
    }

    /// What stands at the file's path, links not followed.
    ///
    /// # Errors
    /// Neither a file nor a link.
    fn look(&self) -> Result<Option<FileType>, Error> {
        let look = || {
            let found = if_there(fs::symlink_metadata(&self.file))?.map(|it| it.file_type());
            if let Some(kind) = found.filter(|kind| !kind.is_symlink()) {
                secret_file::require_regular(kind)?;
            }
            Ok(found)
        };
        look().map_err(|cause| self.error("read", &self.file, &cause))
    }

    /// Makes the disk keep what was done in the folder.
    fn confirm(&self) -> io::Result<()> {
        platform::sync_folder(&self.folder).map_err(|cause| {
            let cause = error::words(&cause);
            io::Error::other(format!("the disk did not confirm it: {cause}"))
        })
    }

    /// Does `replace` in the folder. Where auth.json is a mount point, or its folder denies the change, `content`
    /// is written into the file itself, which is not atomic; a trial, without content, only opens it. Either way it
    /// is private first.
    fn change(
        &self,
        verb: &str,
        content: Option<&[u8]>,
        replace: impl FnOnce() -> io::Result<()>,
    ) -> Result<(), Error> {
        use ErrorKind::{PermissionDenied, ReadOnlyFilesystem, ResourceBusy};
        // A kernel before 5.8 shows a mount point by EBUSY alone; a sandbox denies what modes allow.
        let is_denied = |kind| matches!(kind, PermissionDenied | ReadOnlyFilesystem | ResourceBusy);
        let result = match (!platform::is_mount_point(&self.file)).then(replace) {
            Some(Err(cause)) if is_denied(cause.kind()) && self.is_regular() => None,
            result => result,
        };
        match result {
            Some(result) => result.map_err(|cause| self.error(verb, &self.folder, &cause)),
            None => (self.overwrite(content)).map_err(|cause| self.error(verb, &self.file, &cause)),
        }
    }

    fn overwrite(&self, content: Option<&[u8]>) -> io::Result<()> {
        let mut file = platform::open_private(&self.file, false)?;
        if let Some(content) = content {
            file.write_all(content)?;
            // Cut last, so that a full disk can't leave an empty file.
            file.set_len(content.len() as u64)?;
        }
        file.sync_all()
    }

    /// Whether the file itself has to be written: it is a mount point, or its folder can't be changed.
    fn is_in_place(&self) -> bool {
        let is_denied = || platform::may_write(&self.folder).is_err();
        self.is_regular() && (platform::is_mount_point(&self.file) || is_denied())
    }

    fn is_regular(&self) -> bool {
        fs::symlink_metadata(&self.file).is_ok_and(|found| found.is_file())
    }

    /// That auth.json is a link to a file that may hold a key, which a logout does not remove.
    pub fn key_behind_link(&self) -> Option<String> {
        let target = self.folder.join(fs::read_link(&self.file).ok()?);
        let (file, target) = (self.file.display(), target.display());
        let warning = format!("{file} was a link; {target} may still hold the key");
        Some(warning).filter(|_| self.may_hold_key())
    }

    /// Whether there may be a key in auth.json: a file that can't be read may have one, a folder or device has none.
    pub fn may_hold_key(&self) -> bool {
        let is_other = fs::metadata(&self.file).is_ok_and(|found| !found.is_file());
        let has_none = |(it, _): (Content, _)| it.credential.is_none() && !it.is_old_login;
        !is_other && !self.load().is_ok_and(has_none)
    }
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
    fn largest_file_fits_the_trial() {
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
        use std::io::{ErrorKind, Read};
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().to_owned(), true);
        let fails = |kind: ErrorKind| move || Err(io::Error::from(kind));
        for denied in [
            ErrorKind::ResourceBusy,
            ErrorKind::PermissionDenied,
            ErrorKind::ReadOnlyFilesystem,
        ] {
            fs::write(&store.file, "an older one").unwrap();
            assert!(store.change("save", None, fails(denied)).is_ok());
            assert_eq!(fs::read(&store.file).unwrap(), b"an older one");
            assert!(store.change("save", Some(b"new"), fails(denied)).is_ok());
            assert_eq!(fs::read(&store.file).unwrap(), b"new", "{denied}");
        }
        let full = fails(ErrorKind::StorageFull);
        assert!(store.change("save", Some(b"newer"), full).is_err());
        assert_eq!(fs::read(&store.file).unwrap(), b"new");
        let denied = || fails(ErrorKind::PermissionDenied);
        fs::remove_file(&store.file).unwrap();
        assert!(store.change("save", Some(b"new"), denied()).is_err());
        nix::unistd::mkfifo(&store.file, nix::sys::stat::Mode::S_IRWXU).unwrap();
        // With a reader it could be written.
        let mut reader = platform::open_to_read(&store.file).unwrap();
        assert!(store.change("save", Some(b"new"), denied()).is_err());
        assert_eq!(reader.read(&mut [0]).unwrap(), 0);
        assert!(platform::open_private(&store.file, false).is_err());
        assert!(store.file.exists());
        fs::remove_file(&store.file).unwrap();
        std::os::unix::fs::symlink(folder.path(), &store.file).unwrap();
        let link = platform::open_private(&store.file, false).unwrap_err();
        assert_eq!(link.raw_os_error(), Some(nix::errno::Errno::ELOOP as i32));
    }
}
