//! What auth.json holds. Pure: bytes in, bytes out.

use zeroize::Zeroizing;

use crate::api_key::ApiKey;
use crate::backend_url::BackendUrl;
use crate::credential::Credential;
use crate::json::{self, Object};

/// What the file says.
#[derive(Default)]
pub struct Content {
    /// A key and what belongs to it.
    pub credential: Option<Credential>,
    /// Whether there is no key, but the token of the existing client's older login.
    pub is_old_login: bool,
}

/// Reads the file's content.
///
/// # Errors
/// Why it is damaged, in words that complete "it …" and never quote the key.
pub fn parse(bytes: &[u8]) -> Result<Content, String> {
    let object = Object::parse(without_mark(bytes))?;
    let text = |name: &str| match object.text(name) {
        None if object.has(name) => Err(format!("has something other than text as its {name}")),
        found => Ok(found.filter(|text| !text.is_empty())),
    };
    let api_key = text("api_key")?.map(Zeroizing::new);
    let bound_fingerprint = text("device_fingerprint")?;
    let org_id = text("org_id")?;
    let workspace_id = text("workspace_id")?;
    let backend_url = text("backend_url")?;
    let Some(api_key) = api_key else {
        return Ok(Content {
            credential: None,
            is_old_login: text("token")?.is_some(),
        });
    };
    let api_key =
        ApiKey::from_file_text(&api_key).map_err(|cause| format!("has an api_key that {cause}"))?;
    let backend_url = backend_url.map(|url| BackendUrl::parse(&url)).transpose();
    Ok(Content {
        credential: Some(Credential {
            api_key,
            variable: None,
            bound_fingerprint,
            org_id,
            workspace_id,
            backend_url: backend_url.map_err(|cause| format!("has a backend_url that {cause}"))?,
        }),
        is_old_login: false,
    })
}

/// Writes the file's content: pretty-printed, null where unknown, `backend_url` only where there is
/// one. Nothing of the old file is kept: it may be a link to another user's.
pub fn format(credential: &Credential) -> Zeroizing<Vec<u8>> {
    let backend_url = credential.backend_url.as_ref().map(ToString::to_string);
    let fingerprint = credential.bound_fingerprint.as_deref();
    let known = [
        ("api_key", Some(credential.api_key.reveal())),
        ("device_fingerprint", fingerprint),
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
        let separator = if json.is_empty() { "{" } else { "," };
        json.extend([separator, "\n  \"", name, "\": "]);
        json = match value {
            Some(value) => json::write(value, json),
            None => json + "null",
        };
    }
    json.push_str("\n}\n");
    Zeroizing::new(json.into_bytes())
}

/// What some editors put before a text (Unicode, 23.8), which is not part of it.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The content that holds nothing, for where the file itself can't be removed.
pub const EMPTY: &[u8] = b"{}\n";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{format, parse};
    use crate::api_key::ApiKey;
    use crate::credential::Credential;

    const KEY: &str = "sk_live_abc123def456xyz";

    fn with_ids(id: &str) -> Credential {
        Credential {
            api_key: ApiKey::from_file_text(&"\\".repeat(100)).unwrap(),
            variable: None,
            bound_fingerprint: Some(id.to_owned()),
            org_id: Some(id.to_owned()),
            workspace_id: Some(id.to_owned()),
            backend_url: None,
        }
    }

    /// Its capacity is the same before and after.
    #[test]
    fn a_file_never_grows_while_it_is_written() {
        for escape in ["\\", "\u{1}"] {
            let file = format(&with_ids(&escape.repeat(100)));
            assert_eq!(file.capacity(), 256 + 6 * 400, "{} bytes", file.len());
        }
    }

    #[test]
    fn unknown_values_are_null_and_the_default_backend_is_left_out() {
        let key = ApiKey::from_file_text(KEY).unwrap();
        let file = format(&Credential::new(key, None));
        let null = ["device_fingerprint", "org_id", "workspace_id"];
        let null = null.map(|name| format!(",\n  \"{name}\": null")).concat();
        let expected = format!("{{\n  \"api_key\": \"{KEY}\"{null}\n}}\n");
        assert_eq!(String::from_utf8_lossy(&file), expected);
    }

    #[test]
    fn an_object_with_a_key_is_a_login() {
        for extra in [
            "\"token\": \"old\"",
            "\"org_id\": null",
            "\"nested\": {\"a\": [1, -2.5e-3, {\"b\": null}], \"api_key\": \"inner\"}",
            "\"\": true",
        ] {
            for mark in ["", "\u{feff}"] {
                let file = format!("{mark}\n\t{{\"api_key\": \"{KEY}\", {extra}}} \r\n");
                let found = parse(file.as_bytes()).unwrap().credential.unwrap();
                assert_eq!(found.api_key.reveal(), KEY, "{extra}");
            }
        }
        for file in ["{}", "{\"api_key\": null}", "{\"api_key\": \"\"}"] {
            let content = parse(file.as_bytes()).unwrap();
            assert!(content.credential.is_none() && !content.is_old_login);
        }
    }

    #[test]
    fn what_is_damaged_says_why_without_the_key() {
        let no_text = |name: &str, value: &str| {
            let why = format!("has something other than text as its {name}");
            (format!("{{\"{name}\": {value}}}"), why)
        };
        let with_key = |key: &str| format!("{{\"api_key\": \"{key}\"}}");
        let with_url =
            |url: &str| format!("{{\"api_key\": \"{KEY}\", \"backend_url\": \"{url}\"}}");
        let key = |text: String| (text, "has an api_key that ".to_owned());
        let url = |text: String| (text, "has a backend_url that ".to_owned());
        let json = |text: &str| (text.to_owned(), String::new());
        for (file, why) in [
            no_text("api_key", "5"),
            no_text("api_key", "{}"),
            no_text("api_key", "false"),
            no_text("org_id", "5"),
            no_text("workspace_id", "[]"),
            no_text("device_fingerprint", "1"),
            no_text("backend_url", "443"),
            key(with_key("sk_live_abc 123def456xyz")),
            key(with_key("sk_live_abc\\r\\nX: 123def456xyz")),
            key(with_key("sk_live_äbc123def456xyz")),
            key(with_key(&"x".repeat(513))),
            url(with_url("nowhere")),
            url(with_url("https://u:p@h.example")),
            json("\u{feff}"),
            json("\u{feff}\u{feff}{}"),
            json(" \u{feff}{}"),
            json("x"),
            json("[]"),
            json("null"),
            json("{} x"),
            json(&format!(
                "{{\"api_key\": \"{KEY}\", \"api\\u005fkey\": null}}"
            )),
        ] {
            let cause = parse(file.as_bytes()).map(drop).unwrap_err();
            assert!(cause.starts_with(&why), "{file}: {cause}");
            assert!(!cause.contains("123def456"), "{file}: {cause}");
        }
    }

    /// Every truncation and every flipped bit is read or refused, and only a whole file has the whole key.
    #[test]
    fn no_damage_makes_it_panic_or_shortens_the_key() {
        let whole = format!(
            "{{\"api_key\": \"{KEY}\", \"org_id\": \"org_\\u00e9\", \"workspace_id\": null, \
             \"backend_url\": \"https://a.example:8443/b\"}}"
        );
        let whole = whole.as_bytes();
        for length in 0..whole.len() {
            assert!(parse(whole.get(..length).unwrap()).is_err(), "{length}");
        }
        for bit in 0..8 * whole.len() {
            let mut flipped = whole.to_vec();
            *flipped.get_mut(bit / 8).unwrap() ^= 1 << (bit % 8);
            if let Some(found) = parse(&flipped).ok().and_then(|it| it.credential) {
                assert_eq!(found.api_key.reveal().len(), KEY.len(), "{bit}");
            }
        }
    }
}
