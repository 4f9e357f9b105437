//! A temporary directory that the program takes for its user's home.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::sys::stat::{Mode, umask};
use tempfile::{TempDir, env};

/// Removed, with what is in it, when dropped.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self::within(&env::temp_dir())
    }

    pub(crate) fn within(folder: &Path) -> Self {
        // What tests create has the modes that files usually have, whoever runs them.
        umask(Mode::S_IWGRP | Mode::S_IWOTH);
        Self(TempDir::with_prefix_in("sekuire-home-", folder).expect("a temporary home"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn sekuire_dir(&self) -> PathBuf {
        self.path().join(".sekuire")
    }

    pub(crate) fn auth_json(&self) -> PathBuf {
        self.sekuire_dir().join("auth.json")
    }

    /// Leaves auth.json as a login would: 0600 in a folder that is 0700.
    pub(crate) fn write_auth(&self, content: &str) {
        let (folder, file) = (self.sekuire_dir(), self.auth_json());
        let mode = Permissions::from_mode;
        fs::create_dir_all(&folder).expect("~/.sekuire");
        fs::set_permissions(&folder, mode(0o700)).expect("its mode");
        fs::write(&file, content).expect("auth.json is written");
        fs::set_permissions(&file, mode(0o600)).expect("its mode");
    }

    #[track_caller]
    pub(crate) fn read_auth(&self) -> String {
        fs::read_to_string(self.auth_json()).expect("auth.json is readable")
    }

    /// The names in `~/.sekuire`, sorted; none where the folder does not exist.
    pub(crate) fn listing(&self) -> Vec<String> {
        let entries = fs::read_dir(self.sekuire_dir()).into_iter().flatten();
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into()).collect();
        names.sort();
        names
    }
}
