//! A home, its TMPDIR, and what lies in them.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::backend::{KEY, WORKSPACES};
use crate::support::home::Home;

pub(crate) struct Place {
    pub(crate) home: Home,
}

/// What auth.json holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Held {
    Nothing,
    /// A whole login, with this of `WORKSPACES`.
    Login(usize),
    /// Neither: why.
    Broken(String),
}

/// Names beside auth.json.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Strays {
    pub(crate) temporary: Vec<String>,
    pub(crate) locks: Vec<String>,
    pub(crate) others: Vec<String>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self { home: Home::new() };
        fs::create_dir(place.temporary_folder()).expect("a TMPDIR");
        place
    }

    /// For TMPDIR.
    pub(crate) fn temporary_folder(&self) -> PathBuf {
        self.home.path().join("tmp")
    }

    pub(crate) fn held(&self, url: &str) -> Held {
        let path = self.home.auth_json();
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Held::Nothing,
            Err(error) => return Held::Broken(error.to_string()),
        };
        let broken = || Held::Broken(String::from_utf8_lossy(&content).replace(KEY, "KEY"));
        let Ok(login) = serde_json::from_slice::<serde_json::Value>(&content) else {
            return broken();
        };
        let field = |name: &str| login.get(name).and_then(|value| value.as_str());
        let workspace = WORKSPACES
            .iter()
            .position(|id| field("workspace_id") == Some(id));
        let is_whole = field("api_key") == Some(KEY)
            && field("backend_url") == Some(url)
            && field("device_fingerprint").is_some_and(|fingerprint| fingerprint.len() == 64);
        workspace
            .filter(|_| is_whole)
            .map_or_else(broken, Held::Login)
    }

    /// In `~/.sekuire`, in TMPDIR and in the home itself.
    pub(crate) fn strays(&self) -> Strays {
        let mut strays = Strays::default();
        for name in self.home.listing() {
            match name.as_str() {
                _ if self.is_open(&name) => strays.others.push(format!("{name}, open to others")),
                "auth.json" => {}
                ".auth.json.lock" => strays.locks.push(name),
                _ if name.starts_with(".auth.json.") => strays.temporary.push(name),
                _ => strays.others.push(name),
            }
        }
        strays.others.extend(names(self.temporary_folder()));
        let own = names(self.home.path().to_owned());
        strays
            .others
            .extend(own.filter(|name| name != "tmp" && name != ".sekuire"));
        strays
    }

    /// Nobody else may read what may hold a key; what goes meanwhile is read by nobody.
    fn is_open(&self, name: &str) -> bool {
        let found = fs::symlink_metadata(self.home.sekuire_dir().join(name));
        found.is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
    }
}

impl Strays {
    pub(crate) fn count(&self) -> usize {
        self.temporary.len() + self.locks.len() + self.others.len()
    }
}

fn names(folder: PathBuf) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(folder).expect("a folder of this run");
    entries.map(|entry| {
        let entry = entry.expect("a directory entry");
        entry.file_name().to_string_lossy().into_owned()
    })
}
