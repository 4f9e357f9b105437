//! What auth.json holds. Pure: bytes in, bytes out.

use zeroize::Zeroizing;

use crate::api_key::{self, ApiKey};
use crate::backend_url::BackendUrl;
use crate::json::{self, Member, Object};

/// What the file says.
#[derive(Debug)]
pub enum Content {
    /// A key and what belongs to it.
    LoggedIn(Box<Login>),
    /// No key.
    LoggedOut,
    /// No key, but the token of the existing client's older login.
    OldToken,
}

/// A key and what belongs to it.
#[derive(Debug)]
pub struct Login {
    /// The key.
    pub api_key: ApiKey,
    /// The fingerprint that the key was bound to. Any text: another program may have written it.
    pub device_fingerprint: Option<String>,
    /// The organization's identifier.
    pub org_id: Option<String>,
    /// The default workspace's identifier.
    pub workspace_id: Option<String>,
    /// Where the key was logged in; none for the default backend.
    pub backend_url: Option<BackendUrl>,
}

/// Reads the file's content.
///
/// # Errors
/// Why it is damaged, in words that complete "it …" and never quote the key.
pub fn parse(bytes: &[u8]) -> Result<Content, String> {
    let object = Object::parse(bytes)?;
    let text = |name: &str| match object.text(name) {
        Member::Mistyped => Err(format!("has a {name} that is not text")),
        member => Ok(member.ok().filter(|text| !text.is_empty())),
    };
    let api_key = text("api_key")?.map(Zeroizing::new);
    let login = (
        text("device_fingerprint")?,
        text("org_id")?,
        text("workspace_id")?,
        text("backend_url")?,
    );
    let Some(api_key) = api_key else {
        return Ok(if text("token")?.is_some() {
            Content::OldToken
        } else {
            Content::LoggedOut
        });
    };
    let (device_fingerprint, org_id, workspace_id, backend_url) = login;
    let api_key =
        ApiKey::from_file_text(&api_key).map_err(|cause| format!("has an api_key that {cause}"))?;
    let backend_url = backend_url.map(|url| BackendUrl::parse(&url)).transpose();
    Ok(Content::LoggedIn(Box::new(Login {
        api_key,
        device_fingerprint,
        org_id,
        workspace_id,
        backend_url: backend_url.map_err(|cause| format!("has a backend_url that {cause}"))?,
    })))
}

/// Writes the file's content: pretty-printed, null where unknown, `backend_url` only where there is
/// one.
pub fn format(login: &Login) -> Zeroizing<Vec<u8>> {
    // Large enough never to grow: growing would leave a copy of the key behind.
    let room = api_key::MAX_LEN
        + 256
        + 2 * [
            &login.device_fingerprint,
            &login.org_id,
            &login.workspace_id,
        ]
        .iter()
        .map(|text| 6 * text.as_ref().map_or(0, String::len))
        .sum::<usize>();
    let backend_url = login.backend_url.as_ref().map(ToString::to_string);
    let mut json = String::with_capacity(room + 6 * backend_url.as_ref().map_or(0, String::len));
    json.push('{');
    let mut member = |name: &str, value: Option<&str>| {
        let mut text = std::mem::take(&mut json);
        text.push_str(if text.len() == 1 { "\n  \"" } else { ",\n  \"" });
        text.push_str(name);
        text.push_str("\": ");
        json = match value {
            Some(value) => json::write(value, text),
            None => json::write(&None::<String>, text),
        };
    };
    member("api_key", Some(login.api_key.reveal()));
    member("device_fingerprint", login.device_fingerprint.as_deref());
    member("org_id", login.org_id.as_deref());
    member("workspace_id", login.workspace_id.as_deref());
    if backend_url.is_some() {
        member("backend_url", backend_url.as_deref());
    }
    json.push_str("\n}\n");
    Zeroizing::new(json.into_bytes())
}

/// The content that holds nothing, for where the file itself can't be removed.
pub const EMPTY: &[u8] = b"{}\n";
