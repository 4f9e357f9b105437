//! The backend's two requests and what each answer means.

use std::fmt::Write;

use std::time::SystemTime;

use nanoserde::SerJson;
use zeroize::Zeroizing;

use crate::api_key::ApiKey;
use crate::backend_url::BackendUrl;
use crate::device::Device;
use crate::error::{Error, Kind};
use crate::http::{Client, Request, Response};
use crate::json::{self, Object};
use crate::redact::sanitize;

/// The most that is shown of an error's plain text, in characters.
const MAX_SHOWN: usize = 200;

/// The longest identifier of an organization or a workspace, in bytes: what is longer counts as none, for
/// auth.json has to hold it.
pub const MAX_ID: usize = 512;

/// The path that tells whose key it is.
const ME: &str = "/api/v1/me";

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
    /// The organization's name, or what stands for it.
    pub organization: Option<String>,
    /// The organization's identifier.
    pub org_id: Option<String>,
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

/// Enough for any [`VerifyRequest`], in bytes, six for each of a key (512) and of a host name (255): growing
/// would leave a copy of the key behind.
const VERIFY_ROOM: usize = 8192;

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
    let request = Request {
        path: "/api/v1/api-keys/verify",
        headers: Vec::new(),
        body: Some(Zeroizing::new(json::write(
            &body,
            String::with_capacity(VERIFY_ROOM),
        ))),
    };
    let response = client.send(&request)?;
    let base = client.base();
    let answer = read(base, &response)?;
    match answer.flag("valid").ok() {
        Some(true) => Ok(Verified {
            org_id: identifier(&answer, "org_id"),
        }),
        Some(false) => Err(refused(base, said(&answer))),
        None => Err(malformed(base, "an answer without \"valid\"")),
    }
}

/// Asks the backend what time it is, without a key: an answer that refuses tells it as well.
///
/// # Errors
/// The backend could not be asked (4).
pub fn clock(client: &mut Client) -> Result<Option<SystemTime>, Error> {
    let request = Request {
        path: ME,
        headers: Vec::new(),
        body: None,
    };
    let response = client.send(&request)?;
    let date = response.header("date");
    Ok(date.and_then(|date| httpdate::parse_http_date(date).ok()))
}

/// Asks the backend whose key this is.
///
/// # Errors
/// As [`verify_key`].
pub fn me(client: &mut Client, key: &ApiKey, device: &Device) -> Result<Me, Error> {
    let request = Request {
        path: ME,
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
    let answer = read(client.base(), &response)?;
    let organization = answer.object("organization").ok();
    let of_organization = |name: &str| text(organization.as_ref()?, name);
    Ok(Me {
        id: text(&answer, "id"),
        email: text(&answer, "email"),
        organization: text(&answer, "organization")
            .or_else(|| ["name", "slug", "id"].into_iter().find_map(of_organization)),
        org_id: organization
            .as_ref()
            .and_then(|object| identifier(object, "id")),
        workspaces: answer.objects("workspaces").map(|workspaces| {
            let ids = workspaces
                .iter()
                .filter_map(|object| identifier(object, "id"));
            ids.collect()
        }),
    })
}

/// The text under `name`, unless it is empty. Should the backend echo the key, it is cut out before
/// anybody shows or stores the text.
fn text(object: &Object<'_>, name: &str) -> Option<String> {
    let text = object.text(name).ok().filter(|text| !text.is_empty())?;
    Some(sanitize(&text))
}

/// As [`text`], of what auth.json and a variable shall hold: none where a part of it can't be shown, for
/// what is left is no identifier.
fn identifier(object: &Object<'_>, name: &str) -> Option<String> {
    let id = object.text(name).ok()?;
    let is_one = !id.is_empty() && id.len() <= MAX_ID && sanitize(&id) == id;
    is_one.then_some(id)
}

/// The object that a good answer holds.
fn read<'a>(base: &BackendUrl, response: &'a Response) -> Result<Object<'a>, Error> {
    match response.status {
        200..=299 if response.too_long => Err(malformed(base, "an answer of more than 64 KiB")),
        200..=299 => Object::parse(&response.body).map_err(|cause| {
            let status = response.status;
            let what = format!("an answer with status {status} whose body {cause}");
            malformed(base, &what)
        }),
        _ => Err(explain(base, response)),
    }
}

/// What an answer that is not a good one means, and what to do about it.
fn explain(base: &BackendUrl, response: &Response) -> Error {
    let status = response.status;
    let body = Object::parse(&response.body).ok();
    let said = match &body {
        Some(body) => said(body),
        None => plain_text(response),
    };
    let attempts = &response.attempts;
    let (what, hint) = match status {
        401 | 403 if !is_html(response) => return refused(base, said),
        300..=399 => return redirected(base, response.header("location")),
        402 => (
            format!(
                "returned 402{}",
                body.as_ref().map_or_else(String::new, plan_and_usage)
            ),
            match body.as_ref().and_then(|body| text(body, "upgrade_url")) {
                Some(url) => format!("upgrade at {}", brief(&url)),
                None => "see the plans in the dashboard".into(),
            },
        ),
        404 => (
            "returned 404".into(),
            "is this the URL of a Sekuire backend? See --backend and SEKUIRE_BACKEND_URL".into(),
        ),
        429 => (
            format!("is rate-limiting requests (429){attempts}"),
            match response.retry_after() {
                Some(after) => format!("try again in {} s", after.as_secs()),
                None => "try again later".into(),
            },
        ),
        // RFC 6585, 6: not the backend speaks, but what lets into the network.
        511 => (
            "can't be reached before you log in to this network (511)".into(),
            "open any web page in a browser to log in to the network, then try again".into(),
        ),
        401 | 403 => (
            format!("returned {status} with a web page"),
            "a proxy or firewall in between may have answered: ask its administrator".into(),
        ),
        500..=599 => (
            format!("returned {status}{attempts}"),
            "try again later".into(),
        ),
        _ => (
            format!("returned {status}"),
            "check the URL, or ask the backend's administrator".into(),
        ),
    };
    let message = format!("{base} {what}{}", quote(said));
    Error::new(Kind::Backend, message).with_hint(hint)
}

fn refused(base: &BackendUrl, said: Option<String>) -> Error {
    let message = format!("{base} refused the API key{}", quote(said));
    Error::new(Kind::Rejected, message)
}

fn redirected(base: &BackendUrl, target: Option<&str>) -> Error {
    let target = target.map_or_else(|| "an unnamed place".into(), brief);
    Error::new(Kind::Backend, format!("{base} redirects to {target}"))
        .with_hint("a redirect is never followed, for it would carry the key along; check the URL")
}

fn malformed(base: &BackendUrl, what: &str) -> Error {
    Error::new(Kind::Backend, format!("{base} sent {what}"))
        .with_hint("is this the URL of a Sekuire backend? If so, ask whoever runs it")
}

/// What a 402 says of the plan that is needed and of what is used up.
fn plan_and_usage(body: &Object<'_>) -> String {
    let mut words = String::new();
    if let Some(plan) = text(body, "required_plan") {
        let _ = write!(words, "; it needs the plan {}", brief(&plan));
    }
    let usage = body.object("current_usage").ok();
    let count = |name| usage.as_ref()?.number(name).ok();
    if let (Some(current), Some(max)) = (count("current"), count("max")) {
        // Writing to a String cannot fail, here and above.
        let _ = write!(words, "; {} of {} are used", brief(current), brief(max));
    }
    words
}

/// What the backend said, for the end of a message.
fn quote(said: Option<String>) -> String {
    said.map(|said| format!(": {}", brief(&said)))
        .unwrap_or_default()
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

/// The text of an error body that is no JSON, or of which too much is missing; of a page of HTML, its
/// title: markup says nothing to a person.
fn plain_text(response: &Response) -> Option<String> {
    let text = String::from_utf8_lossy(&response.body);
    let text = text.trim();
    if text.starts_with('<') {
        return page_title(text, response.status);
    }
    let is_damaged = text.starts_with(['{', '[']) && !response.too_long;
    Some(text)
        .filter(|text| !text.is_empty() && !is_damaged)
        .map(str::to_owned)
}

/// A page is what something in between shows: a firewall, a proxy.
fn is_html(response: &Response) -> bool {
    let kind = response.header("content-type").unwrap_or_default();
    kind.to_ascii_lowercase().starts_with("text/html")
        || response.body.trim_ascii_start().starts_with(b"<")
}

/// What a page calls itself, but for the status: servers that stand before a backend say there what is
/// wrong, such as that a certificate is demanded of the client (nginx).
fn page_title(page: &str, status: u16) -> Option<String> {
    let (start, end) = ("<title>", "</title>");
    let lower = page.to_ascii_lowercase();
    let from = lower.find(start)? + start.len();
    let length = lower.get(from..)?.find(end)?;
    let title = page.get(from..from + length)?.trim();
    let title = title.strip_prefix(&status.to_string()).unwrap_or(title);
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(title).filter(|title| !title.is_empty() && !title.contains('<'))
}

/// The beginning of what the backend said. Cut only when the key is out: cut within the key it would
/// not be found.
fn brief(text: &str) -> String {
    let text = sanitize(text);
    let text = text.trim();
    match text.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => format!("{}...", text.split_at(at).0),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{ApiKey, Response, Secret, VERIFY_ROOM, VerifyRequest, page_title, plain_text};
    use crate::api_key::MAX_LEN;
    use crate::json;

    #[test]
    fn the_longest_request_does_not_grow() {
        let key = format!("sk_live_{}", "\\".repeat(MAX_LEN - 8));
        let body = VerifyRequest {
            api_key: Secret(ApiKey::parse(key.as_bytes()).unwrap()),
            device_fingerprint: "f".repeat(64),
            device_name: "\u{1}".repeat(255),
            device_os: "an operating system of 32 letters".into(),
        };
        let json = json::write(&body, String::with_capacity(VERIFY_ROOM));
        assert_eq!(json.capacity(), VERIFY_ROOM);
    }

    #[test]
    fn a_page_is_called_what_its_title_says_but_for_the_status() {
        let title = |page| page_title(page, 400);
        for page in [
            "<html><title>No certificate</title>",
            "<TITLE>\n400 No\tcertificate </TITLE> <title>x</title>",
            "<title>400No certificate</title>",
        ] {
            assert_eq!(title(page).as_deref(), Some("No certificate"), "{page}");
        }
        for page in [
            "",
            "<title>",
            "</title>a<title>",
            "<title>400</title>",
            "<title>a<b></title>",
        ] {
            assert_eq!(title(page), None, "{page}");
        }
    }

    #[test]
    fn of_an_error_body_a_text_is_shown_and_of_damaged_json_nothing() {
        for (body, too_long, shown) in [
            (" no such key\n", false, Some("no such key")),
            ("\n", false, None),
            ("{\"error\": ", false, None),
            ("[1, ", false, None),
            ("{\"error\": ", true, Some("{\"error\":")),
        ] {
            let response = Response {
                status: 400,
                body: body.into(),
                too_long,
                ..Response::default()
            };
            assert_eq!(plain_text(&response).as_deref(), shown, "{body}");
        }
    }
}
