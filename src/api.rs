//! The backend's two requests and what each answer means.

use nanoserde::SerJson;
use zeroize::Zeroizing;

use crate::api_key::ApiKey;
use crate::device::Device;
use crate::error::{Error, Kind};
use crate::http::{Client, Request, Response};
use crate::json::{self, Object};
use crate::redact::sanitize;

/// The most that is shown of an error's plain text, in characters.
const MAX_SHOWN: usize = 200;

/// What the backend says of a verified key.
#[derive(Debug)]
pub struct Verified {
    /// The organization's identifier.
    pub org_id: Option<String>,
}

/// What the backend says of the key's user.
#[derive(Debug, Default)]
pub struct Me {
    /// The user's identifier.
    pub id: Option<String>,
    /// The user's e-mail address.
    pub email: Option<String>,
    /// The organization's name.
    pub organization: Option<String>,
    /// The identifiers of the workspaces.
    pub workspaces: Option<Vec<String>>,
}

#[derive(SerJson)]
struct VerifyRequest {
    api_key: Secret,
    device_fingerprint: String,
    device_name: String,
    device_os: String,
}

/// A key on its way into a request's body.
struct Secret(ApiKey);

impl SerJson for Secret {
    fn ser_json(&self, depth: usize, state: &mut nanoserde::SerJsonState) {
        self.0.reveal().ser_json(depth, state);
    }
}

/// Has the backend verify a key and bind it to this device.
///
/// # Errors
/// The key was refused (1), or the backend could not be asked (4).
pub fn verify_key(client: &mut Client, key: &ApiKey, device: &Device) -> Result<Verified, Error> {
    let body = VerifyRequest {
        api_key: Secret(key.clone()),
        device_fingerprint: device.fingerprint.clone(),
        device_name: device.name.clone(),
        device_os: Device::os_and_arch(),
    };
    // Large enough never to grow: growing would leave a copy of the key behind.
    let room = 1024 + 6 * (key.reveal().len() + device.name.len());
    let request = Request {
        path: "/api/v1/api-keys/verify",
        headers: Vec::new(),
        body: Some(Zeroizing::new(json::write(
            &body,
            String::with_capacity(room),
        ))),
    };
    let response = client.send(&request)?;
    let interpreter = Interpreter { client, key };
    let answer = interpreter.answer(&response)?;
    match answer.flag("valid").ok() {
        Some(true) => Ok(Verified {
            org_id: answer.text("org_id").ok().map(|id| key.redact_in(&id)),
        }),
        Some(false) => Err(interpreter.refused(said(&answer))),
        None => Err(interpreter.malformed("an answer without \"valid\"")),
    }
}

/// Asks the backend whose key this is.
///
/// # Errors
/// As [`verify_key`].
pub fn me(client: &mut Client, key: &ApiKey, device: &Device) -> Result<Me, Error> {
    let request = Request {
        path: "/api/v1/me",
        headers: vec![
            ("X-API-Key", Zeroizing::new(key.reveal().to_owned())),
            (
                "X-Device-Fingerprint",
                Zeroizing::new(device.fingerprint.clone()),
            ),
        ],
        body: None,
    };
    let response = client.send(&request)?;
    let answer = Interpreter { client, key }.answer(&response)?;
    // Should the backend echo the key, it is redacted before anybody shows or stores the text.
    let text = |object: &Object<'_>, name: &str| Some(key.redact_in(&object.text(name).ok()?));
    let organization = || text(&answer.object("organization").ok()?, "name");
    Ok(Me {
        id: text(&answer, "id"),
        email: text(&answer, "email"),
        organization: text(&answer, "organization").or_else(organization),
        workspaces: answer.objects("workspaces").map(|workspaces| {
            let ids = workspaces.iter().filter_map(|object| text(object, "id"));
            ids.collect()
        }),
    })
}

/// What an answer means, with the key redacted in all that is said about it.
struct Interpreter<'a> {
    client: &'a Client,
    key: &'a ApiKey,
}

impl Interpreter<'_> {
    /// The object that a good answer holds.
    fn answer<'a>(&self, response: &'a Response) -> Result<Object<'a>, Error> {
        match response.status {
            200..=299 if response.too_long => Err(self.malformed("an answer of more than 64 KiB")),
            200..=299 => Object::parse(&response.body).map_err(|cause| {
                self.malformed(&format!(
                    "an answer with status {} whose body {cause}",
                    response.status
                ))
            }),
            _ => Err(self.explain(response)),
        }
    }

    fn explain(&self, response: &Response) -> Error {
        let status = response.status;
        let parsed = Object::parse(&response.body).ok();
        let said = parsed
            .as_ref()
            .map_or_else(|| plain_text(&response.body), said);
        let attempts = &response.attempts;
        match status {
            401 | 403 => self.refused(said),
            300..=399 => {
                let target = match &response.location {
                    Some(url) => self.address(url),
                    None => "an unnamed place".into(),
                };
                self.failed(&format!("redirects to {target}"), None)
                    .with_hint("a redirect is never followed, for it would carry the key along; check the URL")
            }
            402 => {
                let field = |name: &str| parsed.as_ref().and_then(|object| object.text(name).ok());
                let plan = field("required_plan")
                    .map(|plan| format!("; it needs the plan {}", shorten(&self.redact(&plan))))
                    .unwrap_or_default();
                let hint = match field("upgrade_url") {
                    Some(url) => format!("upgrade at {}", self.address(&url)),
                    None => "see the plans in the dashboard".into(),
                };
                self.failed(&format!("answered with status 402{plan}"), said)
                    .with_hint(hint)
            }
            404 => self.failed("answered with status 404", said).with_hint(
                "is this the URL of a Sekuire backend? See --backend and SEKUIRE_BACKEND_URL",
            ),
            429 => self
                .failed(
                    &format!("has too many requests to answer (429){attempts}"),
                    said,
                )
                .with_hint("try again later; --wait SECS keeps trying"),
            500..=599 => self
                .failed(&format!("is in trouble (status {status}){attempts}"), said)
                .with_hint("try again later; --wait SECS keeps trying where that can help"),
            _ => self
                .failed(&format!("answered with status {status}"), said)
                .with_hint("check the URL, or ask whoever runs the backend"),
        }
    }

    fn refused(&self, said: Option<String>) -> Error {
        let message = format!(
            "{} refused the API key{}",
            self.client.base(),
            self.quote(said)
        );
        Error::new(Kind::Rejected, message)
    }

    fn failed(&self, what: &str, said: Option<String>) -> Error {
        let message = format!(
            "{} {}{}",
            self.client.base(),
            self.redact(what),
            self.quote(said)
        );
        Error::new(Kind::Backend, message)
    }

    fn malformed(&self, what: &str) -> Error {
        let message = format!("{} sent {what}", self.client.base());
        Error::new(Kind::Backend, message)
            .with_hint("is this the URL of a Sekuire backend? If so, ask whoever runs it")
    }

    fn quote(&self, said: Option<String>) -> String {
        // Cut only when the key is out: cut within the key it would not be found.
        said.map(|said| format!(": {}", shorten(&self.redact(&said))))
            .unwrap_or_default()
    }

    /// A URL that the backend named, without user info.
    fn address(&self, url: &str) -> String {
        shorten(&self.redact(&without_user_info(url)))
    }

    fn redact(&self, text: &str) -> String {
        self.key.redact_in(&sanitize(text))
    }
}

/// The message of an error body: `message`, `error` or `error.message`.
fn said(body: &Object<'_>) -> Option<String> {
    let nested = || body.object("error").ok()?.text("message").ok();
    let text = body
        .text("message")
        .ok()
        .or_else(|| body.text("error").ok())
        .or_else(nested);
    text.filter(|text| !text.trim().is_empty())
}

/// The text of an error body that is no JSON; markup says nothing to a person.
fn plain_text(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    Some(text)
        .filter(|text| !text.is_empty() && !text.starts_with(['<', '{', '[']))
        .map(str::to_owned)
}

/// `url` with a user name and password redacted (RFC 3986, 3.2).
fn without_user_info(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("//") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}//...@{host}{path}"),
        None => url.to_owned(),
    }
}

fn shorten(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => format!("{}...", text.split_at(at).0),
        None => text.to_owned(),
    }
}
