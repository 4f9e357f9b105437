//! Where auth.json lies, and how it is read, saved and removed so that nothing is lost or shown.
//!
//! Saving follows rename(2): a new private file beside the old one, written, synced, renamed over
//! it, and the folder synced. At any crash auth.json is the old file or the new one, whole.

mod messages;
mod temporary;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::auth_file::{self, Content, Login};
use crate::error::Error;
use crate::platform::FileKind;
use crate::{environment, json, platform, secret_file, shell};
use temporary::{Temporary, is_temporary};

/// The file's name.
const FILE_NAME: &str = "auth.json";

/// How long another process's saving is waited for.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// What is written to find out whether a key could be: as much as any auth.json needs.
const TRIAL: [u8; 4096] = [b' '; 4096];

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
    /// The file is gone, or empty where it can't go; where the key is still to be found, in words.
    Done(Option<String>),
}

impl Store {
    /// Finds the place: `$SEKUIRE_CONFIG_DIR`, else `~/.sekuire`.
    ///
    /// # Errors
    /// There is no home directory, or a relative one.
    pub fn locate() -> Result<Store, Error> {
        if let Some(folder) = environment::raw("SEKUIRE_CONFIG_DIR").map(PathBuf::from) {
            if folder.is_relative() {
                return Err(Error::usage("SEKUIRE_CONFIG_DIR is not an absolute path")
                    .with_hint("set it to the full path of a folder, or unset it"));
            }
            return Ok(Store::at(folder, true));
        }
        if std::env::var_os("HOME").is_some_and(|home| home.is_empty()) {
            // The crate takes an empty HOME for an answer; without one it asks the password database.
            platform::set_variable("HOME", None);
        }
        let hint = "set HOME, or set SEKUIRE_CONFIG_DIR to the folder in which auth.json shall be";
        match home::home_dir() {
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
        let mut file = match platform::open_to_read(&self.file) {
            Ok(file) => file,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                return Ok(Loaded {
                    content: Content::LoggedOut,
                    mode: None,
                    warnings: Vec::new(),
                });
            }
            Err(cause) => return Err(self.unreadable(&cause)),
        };
        let metadata = file.metadata().map_err(|cause| self.unreadable(&cause))?;
        self.expect_regular(platform::file_kind(metadata.file_type()))?;
        let bytes = secret_file::read_capped(&mut file, json::MAX_LEN)
            .map_err(|cause| self.unreadable(&cause))?;
        if bytes.is_empty() {
            return Err(Error::machine(format!("{path} is empty"))
                .with_hint("run 'sekuire login' to fill it, or 'sekuire logout' to remove it"));
        }
        let content = auth_file::parse(&bytes).map_err(|cause| {
            Error::machine(format!("{path} is damaged: it {cause}"))
                .with_hint("run 'sekuire login' to replace it, or 'sekuire logout' to remove it")
        })?;
        let mode = platform::mode(&metadata);
        let mut warnings = Vec::new();
        if let Some(mode) = mode.filter(|mode| mode & 0o077 != 0) {
            warnings.push(format!(
                "{path} is open to other users (mode {mode:04o}); run: chmod 600 {}",
                shell::quote(&self.file)
            ));
        }
        if !platform::is_own(&metadata) {
            warnings.push(format!(
                "{path} belongs to another user; run: chown \"$(id -u)\" {path} && chmod 600 {path}"
            ));
        }
        Ok(Loaded {
            content,
            mode,
            warnings,
        })
    }

    /// Makes sure, before the backend is asked, that saving will work: a binding must not be wasted
    /// on a full or read-only disk. Sweeps stray temporary files. Returns what a person should be told.
    ///
    /// # Errors
    /// Saving would fail: exit status 3.
    pub fn prepare(&self) -> Result<Option<String>, Error> {
        let warning = self.prepare_folder()?;
        let kind = self.kind()?;
        if let Some(kind) = kind.filter(|kind| *kind != FileKind::Link) {
            self.expect_regular(kind)?;
        }
        let lock = self.lock(Store::unsavable)?;
        if kind == Some(FileKind::Regular) && platform::is_mount_point(&self.file) {
            self.open_to_overwrite()
                .map_err(|cause| self.unsavable(&self.file, &cause))?;
            return Ok(warning);
        }
        let swept = self.sweep();
        let trial = Temporary::create(&self.folder, &TRIAL).and_then(Temporary::remove);
        match trial {
            Ok(()) => swept.map_err(|cause| self.unsavable(&self.folder, &cause))?,
            Err(cause) if is_denied(&cause) && self.open_to_overwrite().is_ok() => {}
            Err(cause) => return Err(self.unsavable(&self.folder, &cause)),
        }
        drop(lock);
        Ok(warning)
    }

    /// Saves auth.json.
    ///
    /// # Errors
    /// It could not be saved; the old file is as it was, except where it can only be written in place.
    pub fn save(&self, login: &Login) -> Result<(), Error> {
        let content = auth_file::format(login);
        let lock = self.lock(Store::unsavable)?;
        let is_regular = self.kind()? == Some(FileKind::Regular);
        let replaced = if is_regular && platform::is_mount_point(&self.file) {
            Err(io::ErrorKind::ResourceBusy.into())
        } else {
            Temporary::create(&self.folder, &content).and_then(|new| new.rename_to(&self.file))
        };
        match replaced {
            Ok(()) => platform::sync_folder(&lock).map_err(|cause| self.unconfirmed(&cause)),
            Err(cause)
                if is_regular
                    && (is_denied(&cause) || cause.kind() == io::ErrorKind::ResourceBusy) =>
            {
                self.overwrite(&content)
                    .map_err(|cause| self.unsavable(&self.file, &cause))
            }
            Err(cause) => Err(self.unsavable(&self.folder, &cause)),
        }
    }

    /// Removes auth.json and stray temporary files. A file that is a mount point is emptied.
    ///
    /// # Errors
    /// Something could not be removed, or is no file: exit status 3.
    pub fn remove(&self) -> Result<Removal, Error> {
        if self.kind()?.is_none() && !self.folder.exists() {
            return Ok(Removal::Nothing);
        }
        let lock = self.lock(Store::unremovable)?;
        // A stray file that can't go must not keep the key in auth.json.
        let swept = self.sweep();
        // Only now: another logout may have been faster.
        let removal = match self.kind()? {
            Some(kind) => self.remove_file(kind, &lock)?,
            None => Removal::Nothing,
        };
        swept.map_err(|cause| {
            Error::machine(format!(
                "can't remove what an earlier login left in {}: {cause}",
                self.folder.display()
            ))
            .with_hint("remove it by hand: it may hold the API key")
        })?;
        Ok(removal)
    }

    /// Removes auth.json from the locked folder, or empties it where it can't go.
    fn remove_file(&self, kind: FileKind, lock: &fs::File) -> Result<Removal, Error> {
        let left = match kind {
            FileKind::Link => self.key_behind_link(),
            kind => {
                self.expect_regular(kind)?;
                self.key_under_other_name()
            }
        };
        let removed = if kind == FileKind::Regular && platform::is_mount_point(&self.file) {
            Err(io::ErrorKind::ResourceBusy.into())
        } else {
            fs::remove_file(&self.file)
        };
        match removed {
            Ok(()) => platform::sync_folder(lock).map_err(|cause| self.unconfirmed(&cause))?,
            Err(cause)
                if kind == FileKind::Regular
                    && (is_denied(&cause) || cause.kind() == io::ErrorKind::ResourceBusy) =>
            {
                if matches!(
                    self.load(),
                    Ok(Loaded {
                        content: Content::LoggedOut,
                        ..
                    })
                ) {
                    return Ok(Removal::Nothing);
                }
                self.overwrite(auth_file::EMPTY)
                    .map_err(|_| self.unremovable(&self.file, &cause))?;
            }
            Err(cause) => return Err(self.unremovable(&self.file, &cause)),
        }
        Ok(Removal::Done(left))
    }

    /// What stands at the file's path, links not followed.
    fn kind(&self) -> Result<Option<FileKind>, Error> {
        match fs::symlink_metadata(&self.file) {
            Ok(metadata) => Ok(Some(platform::file_kind(metadata.file_type()))),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(self.unreadable(&cause)),
        }
    }

    fn prepare_folder(&self) -> Result<Option<String>, Error> {
        let folder = self.folder.display();
        let metadata = match fs::metadata(&self.folder) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                if fs::symlink_metadata(&self.folder).is_ok_and(|link| link.is_symlink()) {
                    return Err(
                        Error::machine(format!("{folder} is a link that leads nowhere"))
                            .with_hint("remove it, or set SEKUIRE_CONFIG_DIR to another folder"),
                    );
                }
                match platform::create_private_folder(&self.folder, self.named) {
                    Ok(()) => return Ok(None),
                    // Another login was faster.
                    Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
                        fs::metadata(&self.folder)
                    }
                    Err(cause) => Err(cause),
                }
            }
            metadata => metadata,
        }
        .map_err(|cause| self.unsavable(&self.folder, &cause))?;
        if !metadata.is_dir() {
            return Err(Error::machine(format!("{folder} is not a folder"))
                .with_hint("move it out of the way, or set SEKUIRE_CONFIG_DIR to another folder"));
        }
        match platform::mode(&metadata) {
            Some(mode) if mode & 0o002 != 0 => {
                Err(Error::machine(format!("every user of this machine can write to {folder} (mode {mode:04o}), and so replace auth.json"))
                    .with_hint(format!("run: chmod go-w {folder}  (or set SEKUIRE_CONFIG_DIR to a folder of your own)")))
            }
            Some(mode) if mode & 0o020 != 0 => Ok(Some(format!(
                "the group of {folder} can write to it (mode {mode:04o}), and so replace auth.json; run: chmod g-w {folder}"
            ))),
            _ => Ok(None),
        }
    }

    fn lock(&self, failure: fn(&Store, &Path, &io::Error) -> Error) -> Result<fs::File, Error> {
        let started = Instant::now();
        loop {
            match platform::try_lock_folder(&self.folder) {
                Ok(Some(lock)) => return Ok(lock),
                Ok(None) if started.elapsed() >= LOCK_PATIENCE => {
                    return Err(Error::machine(format!(
                        "{} has been locked by another login or logout for {} s",
                        self.folder.display(),
                        LOCK_PATIENCE.as_secs()
                    ))
                    .with_hint("see whether another sekuire hangs, then try again"));
                }
                Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                Err(cause) => return Err(failure(self, &self.folder, &cause)),
            }
        }
    }

    /// Removes temporary files that a crash left behind. The folder must be locked: then they are
    /// nobody's.
    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if is_temporary(&name) && !entry.file_type()?.is_dir() {
                fs::remove_file(entry.path())
                    .map_err(|cause| io::Error::new(cause.kind(), format!("{name}: {cause}")))?;
            }
        }
        Ok(())
    }

    fn open_to_overwrite(&self) -> io::Result<fs::File> {
        let file = platform::open_to_overwrite(&self.file)?;
        let metadata = file.metadata()?;
        let private = platform::mode(&metadata).is_none_or(|mode| mode == 0o600);
        if !metadata.is_file() || !(private || platform::is_own(&metadata)) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(file)
    }

    /// The one way of writing that is not atomic: for a file that is a mount point, or that lies in a
    /// folder that can't be written to.
    fn overwrite(&self, content: &[u8]) -> io::Result<()> {
        let mut file = self.open_to_overwrite()?;
        platform::make_private(&file)?;
        file.write_all(content)?;
        // Cut last, so that a full disk can't leave an empty file.
        file.set_len(content.len() as u64)?;
        file.sync_all()
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
    fn may_hold_key(&self) -> bool {
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

    fn key_under_other_name(&self) -> Option<String> {
        let metadata = fs::symlink_metadata(&self.file).ok()?;
        (platform::has_other_names(&metadata) && self.may_hold_key()).then(|| {
            format!(
                "{} had another name on this disk (a hard link), which still holds the key",
                self.file.display()
            )
        })
    }
}

fn is_denied(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}
