//! A key and what belongs to it: the one type for a login, wherever it came from.

use crate::api_key::ApiKey;
use crate::backend_url::BackendUrl;

/// A key and what belongs to it. From a variable it comes alone.
pub struct Credential {
    /// The key.
    pub api_key: ApiKey,
    /// The variable that it came from; none: auth.json.
    pub variable: Option<&'static str>,
    /// The fingerprint that the key was bound to. Any text: another program may have written it.
    pub bound_fingerprint: Option<String>,
    /// The organization's identifier.
    pub org_id: Option<String>,
    /// The default workspace's identifier.
    pub workspace_id: Option<String>,
    /// Where the key was logged in; none for the default backend.
    pub backend_url: Option<BackendUrl>,
}

impl Credential {
    /// A key alone.
    pub fn new(api_key: ApiKey, variable: Option<&'static str>) -> Credential {
        Credential {
            api_key,
            variable,
            bound_fingerprint: None,
            org_id: None,
            workspace_id: None,
            backend_url: None,
        }
    }
}
