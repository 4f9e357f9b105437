//! Files that hold secrets, and the folders that they lie in.

use std::ffi::CString;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::check;
use crate::platform::{Access, sync_folder};

/// Creates a folder that only its owner can enter, from its first moment and whatever the umask; with
/// `parents`, those that are missing too. Changing a mode later would need the path, and by then another user
/// may have moved another folder there.
///
/// Call it only while no second thread exists.
///
/// # Errors
/// As mkdir(2).
pub fn create_private_folder(path: &Path, parents: bool) -> io::Result<()> {
    let missing = path.ancestors().take_while(|folder| !folder.exists());
    let missing = missing.count();
    // SAFETY: umask(2) takes a number and always succeeds. It is the whole process's, whose only thread this is.
    let umask = unsafe { libc::umask(0o077) };
    let mut folder = DirBuilder::new();
    let made = folder.mode(0o700).recursive(parents).create(path);
    // SAFETY: as above.
    unsafe { libc::umask(umask) };
    made?;
    // A file is only as durable as its folder, and that as the one above.
    let mut above = path.ancestors().skip(1).take(missing);
    above.try_for_each(sync_folder)
}

/// Opens a file to write it: a new one, or an existing one in place; never through a link. Others can't read it
/// from then on, whatever the umask or an older client made of its mode; a new one, from its first moment.
///
/// # Errors
/// As open(2); it is not a regular file, or the file system does not keep the mode.
pub fn open_private(path: &Path, is_new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(is_new).mode(0o600);
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW;
    let file = options.custom_flags(flags).open(path)?;
    // Its result means nothing: FAT, SMB and FUSE may say that it is done, or refuse what is already so.
    let _ = file.set_permissions(Permissions::from_mode(0o600));
    match file.metadata() {
        Ok(found) if found.is_file() && found.mode() & 0o7777 == 0o600 => return Ok(file),
        // This failure is reported; the next login sweeps.
        _ if is_new => drop(fs::remove_file(path)),
        _ => {}
    }
    Err(io::Error::other("its mode can't be made private"))
}

/// Opens a file to read it, through links, without waiting for a FIFO's writer and without taking
/// a terminal over.
///
/// # Errors
/// As open(2).
pub fn open_to_read(path: &Path) -> io::Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Who may do what with a file or folder.
pub fn access(of: &Metadata) -> Access {
    Access {
        mode: Some(of.mode() & 0o7777),
        owner: of.uid(),
        // SAFETY: geteuid(2) takes nothing and always succeeds.
        user: unsafe { libc::geteuid() },
    }
}

/// Asks whether this user may write to a file or folder (access(2)).
///
/// # Errors
/// Why not: permissions, or a file system that is mounted read-only.
pub fn may_write(path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the path is zero-terminated, and nothing is written.
    check(unsafe { libc::access(path.as_ptr(), libc::W_OK) })
}
