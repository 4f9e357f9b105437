//! The backend's two requests and what each answer means.

use std::time::SystemTime;

use zeroize::Zeroizing;

use crate::api_key::ApiKey;
use crate::backend_url::BackendUrl;
use crate::device::Device;
use crate::error::{Error, Kind};
use crate::http::{Client, Request, Response};
use crate::json::{self, Object};
use crate::redact::sanitize;

/// The most that a message shows of each text from a server, in characters.
const MAX_SHOWN: usize = 80;

/// The longest identifier of an organization or a workspace, in bytes: a longer one counts as none,
/// because auth.json has to hold it.
pub const MAX_ID: usize = 512;

/// The hint for an answer that no backend of Sekuire gives.
const CHECK_URL: &str = "check the URL; if it is right, ask the backend's administrator";

/// Enough for any request's body, in bytes, six for each of a key (512) and of a host name (255): growing
/// would leave a copy of the key behind.
const VERIFY_ROOM: usize = 8192;

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

/// Has the backend verify a key and bind it to this device; returns the organization's identifier.
///
/// # Errors
/// The key was refused (1), or the backend could not be asked (4).
pub fn verify(client: &mut Client, key: &ApiKey, device: &Device) -> Result<Option<String>, Error> {
    let response = client.send(&Request {
        path: "/api/v1/api-keys/verify",
        headers: Vec::new(),
        body: Some(verify_body(key, device)),
    })?;
    let base = client.base();
    let answer = read(base, &response)?;
    match answer.flag("valid") {
        Some(true) => Ok(identifier(&answer, "org_id")),
        Some(false) => Err(refused(base, error_text(&answer))),
        None => Err(malformed(base, "an answer without \"valid\"")),
    }
}

fn verify_body(key: &ApiKey, device: &Device) -> Zeroizing<String> {
    let mut json = String::with_capacity(VERIFY_ROOM);
    for (name, value) in [
        ("{\"api_key\":", key.reveal()),
        (",\"device_fingerprint\":", &device.fingerprint),
        (",\"device_name\":", &device.name),
        (",\"device_os\":", &Device::os_and_arch()),
    ] {
        json.push_str(name);
        json = json::write(value, json);
    }
    json.push('}');
    Zeroizing::new(json)
}

/// Asks the backend what time it is, without a key: an answer that refuses says it, too.
///
/// # Errors
/// The backend could not be asked (4).
pub fn clock(client: &mut Client) -> Result<Option<SystemTime>, Error> {
    let response = get_me(client, Vec::new())?;
    let date = response.header("date");
    Ok(date.and_then(|date| httpdate::parse_http_date(date).ok()))
}

/// Asks the backend whose key this is.
///
/// # Errors
/// As [`verify`].
pub fn me(client: &mut Client, key: &ApiKey, device: &Device) -> Result<Me, Error> {
    let headers = [
        ("X-API-Key", key.reveal()),
        ("X-Device-Fingerprint", &device.fingerprint),
    ];
    let headers = headers.map(|(name, value)| (name, Zeroizing::new(value.to_owned())));
    let response = get_me(client, headers.into())?;
    let answer = read(client.base(), &response)?;
    let organization = answer.object("organization").unwrap_or_default();
    let mut names = ["name", "slug", "id"].into_iter();
    let name = names.find_map(|name| text(&organization, name));
    let workspaces = answer.objects("workspaces");
    let id_of = |object: &Object<'_>| identifier(object, "id");
    Ok(Me {
        id: text(&answer, "id"),
        email: text(&answer, "email"),
        organization: text(&answer, "organization").or(name),
        org_id: id_of(&organization),
        workspaces: workspaces.map(|all| all.iter().filter_map(id_of).collect()),
    })
}

type Headers = Vec<(&'static str, Zeroizing<String>)>;

fn get_me(client: &mut Client, headers: Headers) -> Result<Response, Error> {
    client.send(&Request {
        path: "/api/v1/me",
        headers,
        body: None,
    })
}

/// The text under `name`, unless it is empty.
fn text(object: &Object<'_>, name: &str) -> Option<String> {
    object.text(name).filter(|text| !text.is_empty())
}

/// As [`text`], for an identifier to store: none if it is too long or part of it can't be shown.
fn identifier(object: &Object<'_>, name: &str) -> Option<String> {
    text(object, name).filter(|id| id.len() <= MAX_ID && sanitize(id) == *id)
}

/// The object in an answer with a 2xx status.
fn read<'a>(base: &BackendUrl, response: &'a Response) -> Result<Object<'a>, Error> {
    let status = response.status;
    if !(200..=299).contains(&status) {
        return Err(explain(base, response));
    }
    if response.too_long {
        return Err(malformed(base, "an answer of more than 64 KiB"));
    }
    Object::parse(&response.body).map_err(|cause| {
        let what = format!("an answer with status {status} whose body {cause}");
        malformed(base, &what)
    })
}

/// What an answer with any other status means, and what to do about it.
fn explain(base: &BackendUrl, response: &Response) -> Error {
    let status = response.status;
    let (said, body) = match Object::parse(&response.body) {
        Ok(body) => (error_text(&body), body),
        Err(_) => (plain_text(response), Object::default()),
    };
    let hint = match (status, response.retry_after()) {
        (300..=399, _) => return redirected(base, response.header("location")),
        (401 | 403, _) if !is_html(response) => return refused(base, said),
        (401 | 403, _) => {
            "a proxy or firewall in between may have refused it: ask its administrator".into()
        }
        (402, _) => how_to_upgrade(&body),
        (404, _) => CHECK_URL.into(),
        (429, Some(time)) => format!("try again in {} s", time.as_secs()),
        (429 | 500..=599, _) => "try again later".into(),
        _ => "check the URL, or ask the backend's administrator".into(),
    };
    let said = said.map_or_else(String::new, |said| format!(" \"{}\"", brief(&said)));
    let message = format!("{base} returned {status}{said}{}", response.attempts);
    Error::new(Kind::Backend, message).with_hint(hint)
}

fn refused(base: &BackendUrl, said: Option<String>) -> Error {
    let said = said.map_or_else(String::new, |said| format!(": {}", brief(&said)));
    Error::new(Kind::Rejected, format!("{base} refused the API key{said}"))
}

fn redirected(base: &BackendUrl, target: Option<&str>) -> Error {
    let target = target.map_or_else(|| "an unnamed place".into(), brief);
    Error::new(Kind::Backend, format!("{base} redirects to {target}")).with_hint(
        "a redirect is never followed, because it would carry the key along; check the URL",
    )
}

fn malformed(base: &BackendUrl, what: &str) -> Error {
    Error::new(Kind::Backend, format!("{base} sent {what}")).with_hint(CHECK_URL)
}

/// What a 402 says of the plan that is needed, where to get it, and what is used up.
fn how_to_upgrade(body: &Object<'_>) -> String {
    let part = |before: &str, name| Some(format!("{before}{}", brief(&text(body, name)?)));
    let plan = part(" to ", "required_plan").unwrap_or_default();
    let place = part(" at ", "upgrade_url").unwrap_or_else(|| " in the dashboard".into());
    let usage = body.object("current_usage").unwrap_or_default();
    let used = match (usage.number("current"), usage.number("max")) {
        (Some(current), Some(max)) => format!(" ({} of {} used)", brief(current), brief(max)),
        _ => String::new(),
    };
    format!("upgrade{plan}{place}{used}")
}

/// The text of an error body: `message`, `error` or `error.message`.
fn error_text(body: &Object<'_>) -> Option<String> {
    let nested = body.object("error").unwrap_or_default();
    let places = [(body, "message"), (body, "error"), (&nested, "message")];
    places.iter().find_map(|(object, name)| text(object, name))
}

/// The text of an error body that is not JSON; for a page of HTML, its title.
fn plain_text(response: &Response) -> Option<String> {
    let text = String::from_utf8_lossy(&response.body);
    let text = match text.trim() {
        page if page.starts_with('<') => page_title(page)?,
        text => text,
    };
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn is_html(response: &Response) -> bool {
    let kind = response.header("content-type").unwrap_or_default();
    kind.to_ascii_lowercase().starts_with("text/html")
        || response.body.trim_ascii_start().starts_with(b"<")
}

/// The title of a page: a proxy or a firewall says there what is wrong.
fn page_title(page: &str) -> Option<&str> {
    let lower_case = page.to_ascii_lowercase();
    let start = lower_case.find("<title>")? + "<title>".len();
    page.get(start..lower_case.find("</title>")?).map(str::trim)
}

/// The beginning of a server's text, on one line. Redacted before it is cut: half a key is not found.
fn brief(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = sanitize(&words.join(" "));
    match text.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => format!("{}...", text.split_at(at).0),
        None => text,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{
        ApiKey, BackendUrl, CHECK_URL, Device, Response, VERIFY_ROOM, explain, page_title,
        verify_body,
    };
    use crate::api_key::MAX_LEN;

    #[test]
    fn the_longest_request_does_not_grow() {
        let key = format!("sk_live_{}", "\\".repeat(MAX_LEN - 8));
        let device = Device {
            name: "\u{1}".repeat(255),
            fingerprint: "f".repeat(64),
            source: "",
        };
        let json = verify_body(&ApiKey::parse(key.as_bytes()).unwrap(), &device);
        assert_eq!(json.capacity(), VERIFY_ROOM);
    }

    /// What a person reads of an answer with this status and body: message and hint.
    fn explained(status: u16, headers: &[(&str, &str)], body: &str) -> [String; 2] {
        let base = BackendUrl::parse("https://backend.example").unwrap();
        let headers = headers.iter();
        let response = Response {
            status,
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.into(),
            attempts: " (3 attempts in 4.2 s)".into(),
            ..Response::default()
        };
        let error = explain(&base, &response);
        [
            error.to_string(),
            error.hint().unwrap_or_default().to_owned(),
        ]
    }

    #[test]
    fn each_status_has_a_message_and_a_hint() {
        let later = "try again later";
        let administrator = "check the URL, or ask the backend's administrator";
        let firewall = "a proxy or firewall in between may have refused it: ask its administrator";
        for (status, body, message, hint) in [
            (
                401,
                r#"{"error":"expired"}"#,
                "refused the API key: expired",
                "",
            ),
            (
                403,
                r#"{"error":{"message":"not yours"}}"#,
                "refused the API key: not yours",
                "",
            ),
            (401, "", "refused the API key", ""),
            (
                403,
                "<title>Blocked</title>",
                "returned 403 \"Blocked\"",
                firewall,
            ),
            (402, "", "returned 402", "upgrade in the dashboard"),
            (
                402,
                r#"{"error":"e","message":"no seats","required_plan":"Team",
                    "upgrade_url":"https://a/up","current_usage":{"current":5,"max":5.0}}"#,
                "returned 402 \"no seats\"",
                "upgrade to Team at https://a/up (5 of 5.0 used)",
            ),
            (
                402,
                r#"{"required_plan":"Pro","upgrade_url":7,"current_usage":{"current":6,"max":null}}"#,
                "returned 402",
                "upgrade to Pro in the dashboard",
            ),
            (404, "<h1>Not Found</h1>", "returned 404", CHECK_URL),
            (418, r#"{"message":""}"#, "returned 418", administrator),
            (
                429,
                r#"{"message":"slow down"}"#,
                "returned 429 \"slow down\"",
                later,
            ),
            (
                500,
                " plain\n\twords ",
                "returned 500 \"plain words\"",
                later,
            ),
            (
                503,
                r#"{"error":{"message":"down"}}"#,
                "returned 503 \"down\"",
                later,
            ),
            (503, "{\"error\": ", "returned 503 \"{\"error\":\"", later),
        ] {
            let attempts = if message.starts_with("refused") {
                ""
            } else {
                " (3 attempts in 4.2 s)"
            };
            let message = format!("https://backend.example {message}{attempts}");
            assert_eq!(
                explained(status, &[], body),
                [message, hint.into()],
                "{body}"
            );
        }
        let [_, hint] = explained(429, &[("retry-after", "30")], "");
        assert_eq!(hint, "try again in 30 s");
        let [message, _] = explained(403, &[("content-type", "Text/HTML; x")], "no");
        assert!(message.contains("returned 403 \"no\""), "{message}");
        for (target, shown) in [
            (Some("https://evil.example/x"), "https://evil.example/x"),
            (None, "an unnamed place"),
        ] {
            let headers: Vec<_> = target.iter().map(|target| ("location", *target)).collect();
            let [message, hint] = explained(302, &headers, "");
            assert_eq!(
                message,
                format!("https://backend.example redirects to {shown}")
            );
            assert!(hint.starts_with("a redirect is never followed"));
        }
    }

    #[test]
    fn a_long_text_is_cut_and_a_key_in_it_is_not_shown() {
        let key = "sk_live_QQQ1234567890QQQ";
        ApiKey::parse(key.as_bytes()).unwrap();
        for at in (20..50).step_by(3) {
            let body = format!("{}{key}{}", "a ".repeat(at), "b ".repeat(100));
            let [message, hint] = explained(500, &[], &body);
            assert!(!message.contains("QQQ123"), "{message}");
            assert!(message.len() <= 200 && hint.len() <= 200, "{message}");
        }
    }

    #[test]
    fn the_title_of_a_page_is_shown() {
        for (page, title) in [
            (
                "<html><title>400 No certificate</title>",
                "400 No certificate",
            ),
            ("<TITLE>\nBad </TITLE> <title>x</title>", "Bad"),
            ("<title></title>", ""),
        ] {
            assert_eq!(page_title(page), Some(title), "{page}");
        }
        for page in ["", "<title>", "</title>a<title>"] {
            assert_eq!(page_title(page), None, "{page}");
        }
    }
}
