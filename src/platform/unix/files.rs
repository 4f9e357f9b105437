//! Files that hold secrets, and the folders that they lie in.

use std::ffi::CString;
use std::fs::{self, DirBuilder, File, FileType, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::check;
use crate::platform::FileKind;

/// Creates a folder that only its owner can enter, whatever the umask; with `parents`, those that are
/// missing too.
///
/// # Errors
/// As mkdir(2).
pub fn create_private_folder(path: &Path, parents: bool) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parents && !parent.exists() => {
            match create_private_folder(parent, parents) {
                // Another login was faster.
                Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
                created => created?,
            }
        }
        _ => {}
    }
    make_folder(path)?;
    // A file is only as durable as its folder. One that can't be opened is somebody else's.
    match path.parent() {
        Some(parent) if File::open(parent).is_ok() => sync_folder(parent),
        _ => Ok(()),
    }
}

/// Makes a folder whose mode is 0700 from its first moment. To change it later would take its path, to
/// which another user may have moved another folder by then.
///
/// Call it only while no second thread exists.
fn make_folder(path: &Path) -> io::Result<()> {
    // SAFETY: umask(2) takes a number and always succeeds. It is the whole process's, whose only thread this is.
    let umask = unsafe { libc::umask(0o077) };
    let made = DirBuilder::new().mode(0o700).create(path);
    // SAFETY: as above.
    unsafe { libc::umask(umask) };
    made
}

/// Creates a file that only its owner can read and write, from its first moment and whatever the
/// umask; never through a link.
///
/// # Errors
/// As open(2); also when something of that name exists, or the file system does not keep the mode.
pub fn create_private_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)?;
    make_private(&file).inspect_err(|_| {
        // The caller hears of the first failure and knows of no file; the next login sweeps.
        let _ = fs::remove_file(path);
    })?;
    Ok(file)
}

/// Gives a file mode 0600, which an umask may have narrowed or an older client left wide.
///
/// # Errors
/// As fchmod(2); also where the file system does not keep the mode.
pub fn make_private(file: &File) -> io::Result<()> {
    let is_private = || Ok::<bool, io::Error>(file.metadata()?.mode() & 0o7777 == 0o600);
    if is_private()? {
        return Ok(());
    }
    // FAT, SMB and FUSE may say that it is done, or refuse to the owner what they can't keep (EPERM).
    match file.set_permissions(Permissions::from_mode(0o600)) {
        Err(cause) if cause.raw_os_error() != Some(libc::EPERM) => return Err(cause),
        _ => {}
    }
    if is_private()? {
        return Ok(());
    }
    Err(io::Error::new(
        ErrorKind::Unsupported,
        "its mode can't be made private",
    ))
}

/// Opens a file to read it, through links, without waiting for a FIFO's writer and without taking
/// a terminal over.
///
/// # Errors
/// As open(2).
pub fn open_to_read(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
}

/// Opens an existing file to write it in place, never through a link.
///
/// # Errors
/// As open(2).
pub fn open_to_overwrite(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW)
        .open(path)
}

/// What kind of file this is.
pub fn file_kind(of: FileType) -> FileKind {
    match of {
        _ if of.is_file() => FileKind::Regular,
        _ if of.is_dir() => FileKind::Folder,
        _ if of.is_symlink() => FileKind::Link,
        _ if of.is_fifo() => FileKind::Special("a FIFO"),
        _ if of.is_socket() => FileKind::Special("a socket"),
        _ => FileKind::Special("a device"),
    }
}

/// The permission bits of a file; none where the system has no such thing.
#[allow(clippy::unnecessary_wraps, reason = "Windows has none")]
pub fn mode(of: &Metadata) -> Option<u32> {
    Some(of.mode() & 0o7777)
}

/// Whether a file belongs to the user that this process runs as.
pub fn is_own(metadata: &Metadata) -> bool {
    metadata.uid() == effective_user()
}

fn effective_user() -> libc::uid_t {
    // SAFETY: geteuid(2) takes nothing and always succeeds.
    unsafe { libc::geteuid() }
}

/// Whether a file belongs to somebody else, and not to root, who can do everything anyway.
pub fn is_foreign(metadata: &Metadata) -> bool {
    metadata.uid() != 0 && !is_own(metadata)
}

/// Whether this process acts as root.
pub fn is_root() -> bool {
    effective_user() == 0
}

/// The owner of a file. No name is looked up: the password database may be a network's.
pub fn owner(of: &Metadata) -> String {
    user(of.uid())
}

/// Who may do what with a file, and who asks, in words.
pub fn permissions(of: &Metadata) -> String {
    let asking = user(effective_user());
    let mode = of.mode() & 0o7777;
    format!("owner {}, mode {mode:04o}; you are {asking}", owner(of))
}

fn user(uid: libc::uid_t) -> String {
    match uid {
        0 => "root".to_owned(),
        uid => format!("uid {uid}"),
    }
}

/// Asks whether this user may write to a file or folder (faccessat(2), with `AT_EACCESS`).
///
/// # Errors
/// Why not: permissions, or a file system that is mounted read-only.
pub fn may_write(path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the path is zero-terminated, and nothing is written.
    check(unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::W_OK, libc::AT_EACCESS) })
}

/// Makes the disk keep what was renamed or removed in a folder (fsync(2)).
///
/// # Errors
/// As open(2) and fsync(2); a file system that does not know how to sync a folder counts as done.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    const UNKNOWN: [libc::c_int; 4] = [libc::EINVAL, libc::ENOSYS, libc::EOPNOTSUPP, libc::ENOTSUP];
    let is_unknown = |cause: &io::Error| UNKNOWN.map(Some).contains(&cause.raw_os_error());
    match File::open(path)?.sync_all() {
        Err(cause) if is_unknown(&cause) => Ok(()),
        result => result,
    }
}
