//! A key and what belongs to it: the one type for a login, wherever it came from.

use crate::api_key::ApiKey;
use crate::backend_url::BackendUrl;

/// Where a key came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// auth.json.
    File,
    /// The variable of this name.
    Variable(&'static str),
}

impl Source {
    /// `file`, or the variable's name.
    pub fn name(self) -> &'static str {
        match self {
            Source::File => "file",
            Source::Variable(name) => name,
        }
    }
}

/// A key and what belongs to it. From a variable it comes alone.
pub struct Credential {
    /// The key.
    pub api_key: ApiKey,
    /// Where it came from.
    pub source: Source,
    /// The fingerprint that the key was bound to. Any text: another program may have written it.
    pub bound_fingerprint: Option<String>,
    /// The organization's identifier.
    pub org_id: Option<String>,
    /// The default workspace's identifier.
    pub workspace_id: Option<String>,
    /// Where the key was logged in; none for the default backend.
    pub backend_url: Option<BackendUrl>,
}
