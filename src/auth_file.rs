//! What auth.json holds. Pure: bytes in, bytes out.

use zeroize::Zeroizing;

use crate::api_key::ApiKey;
use crate::backend_url::BackendUrl;
use crate::credential::{Credential, Source};
use crate::json::{self, Member, Object};

/// What the file says.
#[derive(Debug)]
pub enum Content {
    /// A key and what belongs to it.
    LoggedIn(Box<Credential>),
    /// No key.
    LoggedOut,
    /// No key, but the token of the existing client's older login.
    OldToken,
}

/// The backend that a file names, be the rest of it damaged.
pub fn backend_url(bytes: &[u8]) -> Option<BackendUrl> {
    let object = Object::parse(without_mark(bytes)).ok()?;
    BackendUrl::parse(&object.text("backend_url").ok()?).ok()
}

/// Reads the file's content.
///
/// # Errors
/// Why it is damaged, in words that complete "it …" and never quote the key.
pub fn parse(bytes: &[u8]) -> Result<Content, String> {
    let object = Object::parse(without_mark(bytes))?;
    let text = |name: &str| match object.text(name) {
        Member::Mistyped => Err(format!("holds something else than text as its {name}")),
        member => Ok(member.ok().filter(|text| !text.is_empty())),
    };
    let api_key = text("api_key")?.map(Zeroizing::new);
    let bound_fingerprint = text("device_fingerprint")?;
    let org_id = text("org_id")?;
    let workspace_id = text("workspace_id")?;
    let backend_url = text("backend_url")?;
    let Some(api_key) = api_key else {
        return Ok(if text("token")?.is_some() {
            Content::OldToken
        } else {
            Content::LoggedOut
        });
    };
    let api_key =
        ApiKey::from_file_text(&api_key).map_err(|cause| format!("has an api_key that {cause}"))?;
    let backend_url = backend_url.map(|url| BackendUrl::parse(&url)).transpose();
    Ok(Content::LoggedIn(Box::new(Credential {
        api_key,
        source: Source::File,
        bound_fingerprint,
        org_id,
        workspace_id,
        backend_url: backend_url.map_err(|cause| format!("has a backend_url that {cause}"))?,
    })))
}

/// Writes the file's content: pretty-printed, null where unknown, `backend_url` only where there is
/// one. Nothing of the file before is kept: it may be a link to another's.
pub fn format(credential: &Credential) -> Zeroizing<Vec<u8>> {
    let backend_url = credential.backend_url.as_ref().map(ToString::to_string);
    let known = [
        ("api_key", Some(credential.api_key.reveal())),
        (
            "device_fingerprint",
            credential.bound_fingerprint.as_deref(),
        ),
        ("org_id", credential.org_id.as_deref()),
        ("workspace_id", credential.workspace_id.as_deref()),
        ("backend_url", backend_url.as_deref()),
    ];
    // Large enough never to grow, escapes included: growing would leave a copy of the key behind.
    let texts = known.iter().filter_map(|(_, value)| *value);
    let room = 256 + 6 * texts.map(str::len).sum::<usize>();
    let mut json = String::with_capacity(room);
    for (name, value) in known {
        if name == "backend_url" && value.is_none() {
            continue;
        }
        json.push_str(if json.is_empty() { "{" } else { "," });
        json.push_str("\n  \"");
        json.push_str(name);
        json.push_str("\": ");
        json = match value {
            Some(value) => json::write(value, json),
            None => json::write(&None::<String>, json),
        };
    }
    json.push_str("\n}\n");
    Zeroizing::new(json.into_bytes())
}

/// What some editors put before a text (Unicode, 23.8): no part of it.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The content that holds nothing, for where the file itself can't be removed.
pub const EMPTY: &[u8] = b"{}\n";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::format;
    use crate::api_key::ApiKey;
    use crate::credential::{Credential, Source};

    fn with_ids(id: &str) -> Credential {
        Credential {
            api_key: ApiKey::from_file_text(&"\\".repeat(100)).unwrap(),
            source: Source::File,
            bound_fingerprint: Some(id.to_owned()),
            org_id: Some(id.to_owned()),
            workspace_id: Some(id.to_owned()),
            backend_url: None,
        }
    }

    /// What it has room for at first is what it has room for in the end.
    #[test]
    fn a_file_never_grows_while_it_is_written() {
        for escape in ["\\", "\u{1}"] {
            let file = format(&with_ids(&escape.repeat(100)));
            assert_eq!(file.capacity(), 256 + 6 * 400, "{} bytes", file.len());
        }
    }
}
