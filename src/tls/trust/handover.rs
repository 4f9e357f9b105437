//! How the TLS library is told which certificates are trusted: by a file that nobody else can change.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::platform::{
    create_private_file, is_own, memory_file, mode, remove_variable, set_variable,
};
use crate::random;

/// The bundle's name in its folder.
const NAME: &str = "roots.pem";

/// Names a file of these certificates in `SSL_CERT_FILE`: one in memory, or where that can't be reached by
/// a path, for want of /proc, one on disk, which is there as long as what is returned.
///
/// # Errors
/// Neither can be made.
pub(super) fn hand_over(pem: &str) -> io::Result<Option<PrivateFolder>> {
    if let Ok(path) = memory_file(pem.as_bytes()) {
        trust_only(OsStr::new(&path))?;
        return Ok(None);
    }
    let folder = PrivateFolder::with(pem)?;
    trust_only(OsStr::new(NAME))?;
    Ok(Some(folder))
}

fn trust_only(file: &OsStr) -> io::Result<()> {
    set_variable("SSL_CERT_FILE", file)?;
    remove_variable("SSL_CERT_DIR");
    Ok(())
}

/// A folder that only this user can enter, and in which this process stands: the file has a name without
/// a path, so that it is the same one whatever others do to the folders above. Removed when dropped.
#[derive(Debug)]
pub(super) struct PrivateFolder(PathBuf);

impl PrivateFolder {
    fn with(pem: &str) -> io::Result<PrivateFolder> {
        let name = format!("sekuire-roots-{}", random::hex::<8>()?);
        let path = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&path)?;
        fill(&path, pem).inspect_err(|_| {
            // The caller hears of the first failure. It is gone, or empty, or somebody else's.
            let _ = fs::remove_dir(&path);
        })?;
        Ok(PrivateFolder(path))
    }
}

/// Enters a folder that was just made, and puts the bundle there. Where that fails nothing but what was
/// made here is removed: this process may stand anywhere.
fn fill(folder: &Path, pem: &str) -> io::Result<()> {
    std::env::set_current_dir(folder)?;
    // Who may write the folder above may have put another one in its place.
    if !is_as_made(&fs::metadata(".")?) {
        return Err(io::Error::other("somebody has exchanged a folder there"));
    }
    let mut file = create_private_file(NAME.as_ref())?;
    file.write_all(pem.as_bytes()).inspect_err(|_| {
        let _ = fs::remove_file(NAME);
    })
}

fn is_as_made(folder: &Metadata) -> bool {
    is_own(folder) && mode(folder).is_some_and(|mode| mode & 0o777 == 0o700)
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        // Nothing depends on their being gone.
        let _ = fs::remove_file(NAME);
        let _ = std::env::set_current_dir("/");
        let _ = fs::remove_dir(&self.0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, chown};

    use super::is_as_made;

    #[test]
    fn a_folder_of_another_mode_or_owner_is_not_the_one_that_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let is_taken = |mode| {
            fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
            is_as_made(&fs::metadata(folder.path()).unwrap())
        };
        assert!(is_taken(0o700) && is_taken(0o2700));
        assert!(!is_taken(0o711) && !is_taken(0o770));
        // Only root gives a folder away, and only root enters another's.
        if chown(folder.path(), Some(12345), None).is_ok() {
            assert!(!is_taken(0o700));
        }
    }
}
