//! Where auth.json lies, and how it is read, saved and removed so that nothing is lost or shown.
//!
//! Saving follows rename(2): a new private file beside the old one, written, synced, renamed over
//! it, and the folder synced. After a crash, and among logins and logouts at the same time, auth.json
//! is one of these files, whole.

mod folder;
mod messages;
mod temporary;

use std::fs::{self, DirEntry, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::auth_file::{self, Content};
use crate::credential::Credential;
use crate::error::{Error, Kind};
use crate::platform::FileKind;
use crate::secret_file::{self, Unread};
use crate::{environment, json, platform};
use temporary::{Temporary, is_temporary};

/// The file's name.
const FILE_NAME: &str = "auth.json";

/// As much as any auth.json needs, in bytes: what is tried before a key is bound.
const ROOM: usize = 10 * 1024;

/// How often a file is written that logouts sweep before its rename.
const MAX_SAVES: usize = 5;

/// A younger temporary file may be that of a login under way.
const AN_HOUR: Duration = Duration::from_secs(60 * 60);

/// The place of auth.json.
pub struct Store {
    folder: PathBuf,
    file: PathBuf,
    /// Whether a person named the folder: then missing parents are created, too.
    named: bool,
}

/// auth.json as it was read.
pub struct Loaded {
    /// What it holds.
    pub content: Content,
    /// Its permission bits; none where there is no file, or the system has none.
    pub mode: Option<u32>,
    /// What a person should be told about the file.
    pub warnings: Vec<String>,
}

/// What `logout` found and did.
pub enum Removal {
    /// There was nothing to remove.
    Nothing,
    /// The file is gone, or empty where it can't go.
    Done {
        /// Where the key is still to be found, or may be found again, in words.
        warnings: Vec<String>,
    },
}

/// What is wiped when dropped.
type Bytes = Zeroizing<Vec<u8>>;

/// How auth.json was changed.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Way {
    /// In its folder, which has to be synced.
    Replaced,
    InPlace,
}

impl Store {
    /// Finds the place: `$SEKUIRE_CONFIG_DIR`, else `~/.sekuire`.
    ///
    /// # Errors
    /// There is no home directory, or a relative one.
    pub fn locate() -> Result<Store, Error> {
        if let Some(folder) = environment::raw("SEKUIRE_CONFIG_DIR").map(PathBuf::from) {
            if folder.is_relative() {
                return Err(
                    Error::usage("SEKUIRE_CONFIG_DIR is not an absolute path").with_hint(
                        "set it to the full path of a folder, without quotation marks, or unset it",
                    ),
                );
            }
            return Ok(Store::at(folder, true));
        }
        let hint = "set HOME, or set SEKUIRE_CONFIG_DIR to the folder in which auth.json shall be";
        match home_folder() {
            Some(home) if home.is_absolute() => Ok(Store::at(home.join(".sekuire"), false)),
            Some(home) if !home.as_os_str().is_empty() => Err(Error::machine(format!(
                "the home directory, {}, is not an absolute path",
                home.display()
            ))
            .with_hint(hint)),
            _ => Err(Error::machine("this user has no home directory").with_hint(hint)),
        }
    }

    fn at(folder: PathBuf, named: bool) -> Store {
        Store {
            file: folder.join(FILE_NAME),
            folder,
            named,
        }
    }

    /// The path of auth.json.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// Reads auth.json, through links. Changes nothing.
    ///
    /// # Errors
    /// It is no regular file, can't be read, is empty or damaged: exit status 3.
    pub fn load(&self) -> Result<Loaded, Error> {
        let path = self.file.display();
        let Some((bytes, metadata)) = self.read()? else {
            return Ok(Loaded {
                content: Content::LoggedOut,
                mode: None,
                warnings: Vec::new(),
            });
        };
        if bytes.is_empty() {
            return Err(Error::new(Kind::DamagedFile, format!("{path} is empty")));
        }
        let content = auth_file::parse(&bytes).map_err(|cause| {
            Error::new(Kind::DamagedFile, format!("{path} is damaged: it {cause}"))
        })?;
        Ok(Loaded {
            content,
            mode: platform::mode(&metadata),
            warnings: self.exposure(&metadata).into_iter().collect(),
        })
    }

    /// What auth.json holds; none where there is no file.
    fn read(&self) -> Result<Option<(Bytes, Metadata)>, Error> {
        match secret_file::read(&self.file, json::MAX_LEN) {
            Ok(found) => Ok(Some(found)),
            Err(Unread::Failed(cause)) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(Unread::Failed(cause)) => Err(self.unreadable(&cause)),
            Err(Unread::NotRegular(kind)) => Err(self.not_regular(kind)),
        }
    }

    /// The permission bits of auth.json, whatever it holds.
    pub fn mode(&self) -> Option<u32> {
        platform::mode(&fs::metadata(&self.file).ok()?)
    }

    /// Makes sure, before the backend is asked, that saving will work: a binding must not be wasted
    /// on a full or read-only disk. Sweeps stray temporary files. Returns what a person should be told.
    ///
    /// # Errors
    /// Saving would fail: exit status 3.
    pub fn prepare(&self) -> Result<Vec<String>, Error> {
        let mut warnings = self.prepare_folder()?;
        match self.kind()? {
            None | Some(FileKind::Regular | FileKind::Link) => {}
            Some(kind) => return Err(self.not_regular(kind)),
        }
        let swept = self.sweep(AN_HOUR);
        let before = fs::symlink_metadata(&self.file);
        let trial = || Temporary::create(&self.folder, &[b' '; ROOM]).and_then(Temporary::remove);
        let way = self.change(None, trial);
        match way.map_err(|(path, cause)| self.unsavable(path, &cause))? {
            Way::Replaced => swept.map_err(|cause| self.unsavable(&self.folder, &cause))?,
            Way::InPlace => {
                warnings.extend(before.ok().and_then(|found| self.past_exposure(&found)));
            }
        }
        Ok(warnings)
    }

    /// Saves auth.json.
    ///
    /// # Errors
    /// It could not be saved; the old file is as it was, except where it can only be written in place.
    pub fn save(&self, credential: &Credential) -> Result<(), Error> {
        let content = auth_file::format(credential);
        let way = self.change(Some(&content), || self.replace(&content));
        self.sync(way.map_err(|(path, cause)| self.unsavable(path, &cause))?)
    }

    fn replace(&self, content: &[u8]) -> io::Result<()> {
        let replace =
            || Temporary::create(&self.folder, content).and_then(|new| new.rename_to(&self.file));
        for _ in 1..MAX_SAVES {
            match replace() {
                // A logout has swept the new file: once more.
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                replaced => return replaced,
            }
        }
        replace()
    }

    /// Removes auth.json and all temporary files. A file that is a mount point is emptied.
    ///
    /// # Errors
    /// Something could not be removed, or is no file: exit status 3.
    pub fn remove(&self) -> Result<Removal, Error> {
        if self.kind()?.is_none() && !self.folder.exists() {
            return Ok(Removal::Nothing);
        }
        // A temporary file that can't be removed must not keep the key in auth.json.
        let swept = self.sweep(Duration::ZERO);
        let removal = match self.kind()? {
            Some(kind) => self.remove_file(kind)?,
            None => Removal::Nothing,
        };
        swept.map_err(|cause| {
            Error::machine(format!(
                "can't remove what an earlier login left in {}: {}",
                self.folder.display(),
                messages::words(&cause)
            ))
            .with_hint("remove it by hand: it may hold the API key")
        })?;
        Ok(removal)
    }

    /// Removes auth.json, or empties it where it can't go.
    fn remove_file(&self, kind: FileKind) -> Result<Removal, Error> {
        let left = match kind {
            FileKind::Link => self.key_behind_link(),
            FileKind::Regular => None,
            kind => return Err(self.not_regular(kind)),
        };
        let is_empty = kind == FileKind::Regular && !self.may_hold_key();
        match self.change(Some(auth_file::EMPTY), || fs::remove_file(&self.file)) {
            Ok(Way::InPlace) | Err(_) if is_empty => return Ok(Removal::Nothing),
            // Another logout was faster.
            Err((_, cause)) if cause.kind() == io::ErrorKind::NotFound => {
                return Ok(Removal::Nothing);
            }
            Ok(way) => self.sync(way)?,
            Err((path, cause)) => return Err(self.unremovable(path, &cause)),
        }
        Ok(Removal::Done {
            warnings: left.into_iter().collect(),
        })
    }

    /// What stands at the file's path, links not followed.
    fn kind(&self) -> Result<Option<FileKind>, Error> {
        match fs::symlink_metadata(&self.file) {
            Ok(metadata) => Ok(Some(platform::file_kind(metadata.file_type()))),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(self.unreadable(&cause)),
        }
    }

    /// Removes temporary files of at least this age, which a crash left behind.
    fn sweep(&self, age: Duration) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if !is_temporary(&name) {
                continue;
            }
            if let Err(cause) = remove_if_older(&entry, age)
                // Else its login was faster, or another logout.
                && cause.kind() != io::ErrorKind::NotFound
            {
                return Err(io::Error::new(cause.kind(), format!("{name}: {cause}")));
            }
        }
        Ok(())
    }

    /// Does `replace` in the folder. The one rule for writing in place, which is not atomic: where
    /// auth.json is a mount point, or its folder denies the change, `content` is written into the
    /// file itself; a trial, without content, only opens it. Either way it is private first.
    ///
    /// # Errors
    /// What could not be changed, and why.
    fn change(
        &self,
        content: Option<&[u8]>,
        replace: impl FnOnce() -> io::Result<()>,
    ) -> Result<Way, (&Path, io::Error)> {
        let replaced = if self.is_mount_point() {
            Err(io::ErrorKind::ResourceBusy.into())
        } else {
            replace()
        };
        let cause = match replaced {
            Ok(()) => return Ok(Way::Replaced),
            Err(cause) => cause,
        };
        let is_busy = cause.kind() == io::ErrorKind::ResourceBusy;
        if !(self.is_regular() && (is_busy || is_denied(&cause))) {
            return Err((&self.folder, cause));
        }
        let file = platform::open_to_overwrite(&self.file)
            .and_then(|file| platform::make_private(&file).map(|()| file));
        match (file, content) {
            (Ok(file), Some(content)) => overwrite(&file, content)
                .map(|()| Way::InPlace)
                .map_err(|cause| (self.path(), cause)),
            (Ok(_), None) => Ok(Way::InPlace),
            (Err(cause), _) if is_busy => Err((&self.file, cause)),
            (Err(_), _) => Err((&self.folder, cause)),
        }
    }

    fn is_regular(&self) -> bool {
        fs::symlink_metadata(&self.file).is_ok_and(|found| found.is_file())
    }

    fn is_mount_point(&self) -> bool {
        self.is_regular() && platform::is_mount_point(&self.file)
    }

    fn sync(&self, way: Way) -> Result<(), Error> {
        match way {
            Way::Replaced => {
                platform::sync_folder(&self.folder).map_err(|cause| self.unconfirmed(&cause))
            }
            Way::InPlace => Ok(()),
        }
    }

    fn key_behind_link(&self) -> Option<String> {
        let target = fs::canonicalize(&self.file).ok()?;
        self.may_hold_key().then(|| {
            format!(
                "{} was a link; {} still holds the key",
                self.file.display(),
                target.display()
            )
        })
    }

    /// A damaged file may; what is no file does not.
    pub fn may_hold_key(&self) -> bool {
        let is_file = fs::metadata(&self.file).is_ok_and(|metadata| metadata.is_file());
        is_file
            && !matches!(
                self.load(),
                Ok(Loaded {
                    content: Content::LoggedOut,
                    ..
                })
            )
    }
}

/// Writes a file that is private and open for it.
fn overwrite(mut file: &File, content: &[u8]) -> io::Result<()> {
    file.write_all(content)?;
    // Cut last, so that a full disk can't leave an empty file.
    file.set_len(content.len() as u64)?;
    file.sync_all()
}

fn remove_if_older(entry: &DirEntry, age: Duration) -> io::Result<()> {
    let metadata = entry.metadata()?;
    // A time in the future is no age.
    let is_older = metadata
        .modified()?
        .elapsed()
        .is_ok_and(|found| found >= age);
    if metadata.is_dir() || !(is_older || age.is_zero()) {
        return Ok(());
    }
    fs::remove_file(entry.path())
}

fn is_denied(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// The crate takes an empty HOME for an answer; without one it asks the password database. What `auth exec`
/// runs finds the variable as it was.
fn home_folder() -> Option<PathBuf> {
    let is_empty = std::env::var_os("HOME").is_some_and(|home| home.is_empty());
    if is_empty {
        platform::remove_variable("HOME");
    }
    let folder = home::home_dir();
    if is_empty {
        // Without memory for it the variable is not there, which means the same.
        let _ = platform::set_variable("HOME", "".as_ref());
    }
    folder
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::ROOM;
    use crate::api::MAX_ID;
    use crate::api_key::{self, ApiKey};
    use crate::auth_file;
    use crate::backend_url::BackendUrl;
    use crate::credential::{Credential, Source};

    /// What is tried before the first request has to be no less than what is saved after it.
    #[test]
    fn the_largest_file_has_room() {
        let url = "https://backend.example/";
        let id = Some("\u{1}".repeat(MAX_ID));
        let largest = Credential {
            api_key: ApiKey::from_file_text(&"\\".repeat(api_key::MAX_LEN)).unwrap(),
            source: Source::File,
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
        assert!(store.change(Some(b"new"), denied).is_ok());
        assert_eq!(fs::read(&store.file).unwrap(), b"new");
        fs::remove_file(&store.file).unwrap();
        nix::unistd::mkfifo(&store.file, nix::sys::stat::Mode::S_IRWXU).unwrap();
        // With a reader it could be written.
        let mut reader = platform::open_to_read(&store.file).unwrap();
        let (path, cause) = store.change(Some(b"new"), denied).map(drop).unwrap_err();
        assert_eq!(path, folder.path());
        assert_eq!(cause.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(reader.read(&mut [0]).unwrap(), 0);
    }
}
