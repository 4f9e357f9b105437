//! What `--json` prints: one object on one line, with every field in every state, null where
//! unknown. It never holds the key.

use std::fmt::Write;

use nanoserde::SerJson;

use crate::api::Me;
use crate::api_key;
use crate::backend_url::BackendUrl;
use crate::credential::{Credential, Source};
use crate::credentials::{self, Found};
use crate::device::Device;
use crate::error::{Error, Kind};
use crate::json;
use crate::redact;
use crate::store::Store;

/// What `status --json` prints.
#[derive(SerJson)]
#[nserde(serialize_none_as_null)]
pub struct StatusReport {
    authenticated: bool,
    state: String,
    source: Option<String>,
    key: Option<String>,
    environment: Option<String>,
    org_id: Option<String>,
    workspace_id: Option<String>,
    backend_url: Option<String>,
    device: DeviceReport,
    file: FileReport,
    error: Option<ErrorReport>,
}

/// What `whoami --json` prints.
#[derive(SerJson)]
#[nserde(serialize_none_as_null)]
pub struct WhoamiReport {
    authenticated: bool,
    state: String,
    email: Option<String>,
    user_id: Option<String>,
    organization: Option<String>,
    workspaces: Option<Vec<String>>,
    backend_url: Option<String>,
    device: DeviceReport,
    error: Option<ErrorReport>,
}

#[derive(SerJson)]
#[nserde(serialize_none_as_null)]
struct DeviceReport {
    name: String,
    os: String,
    fingerprint: String,
    fingerprint_source: String,
    bound_fingerprint: Option<String>,
    matches: Option<bool>,
}

#[derive(SerJson)]
#[nserde(serialize_none_as_null)]
struct FileReport {
    path: Option<String>,
    mode: Option<String>,
}

#[derive(SerJson)]
#[nserde(serialize_none_as_null)]
struct ErrorReport {
    message: String,
    hint: Option<String>,
}

impl StatusReport {
    /// The report of what was found, on this device.
    pub(super) fn new(
        found: &Result<Found, Error>,
        device: &Device,
        backend_url: Option<&BackendUrl>,
    ) -> StatusReport {
        let credential = credential_of(found);
        let store = Store::locate().ok();
        let text = |text: &Option<String>| text.as_deref().map(|text| shown(text, credential));
        StatusReport {
            authenticated: credential.is_some(),
            state: state(found.as_ref().err(), credential.is_some()),
            source: credential.map(|credential| credential.source.name().to_owned()),
            key: credential.map(|credential| credential.api_key.mask()),
            environment: credential
                .and_then(|credential| Some(credential.api_key.environment()?.name().to_owned())),
            org_id: credential.and_then(|credential| text(&credential.org_id)),
            workspace_id: credential.and_then(|credential| text(&credential.workspace_id)),
            backend_url: backend_url.map(ToString::to_string),
            device: DeviceReport::new(device, credential),
            file: FileReport {
                path: store
                    .as_ref()
                    .map(|store| store.path().display().to_string()),
                mode: match found {
                    Ok(found) => found.mode,
                    // Of a file that is damaged, too, unless a variable kept it from being read.
                    Err(_) if credentials::variable_in_use().is_some() => None,
                    Err(_) => store.as_ref().and_then(Store::mode),
                }
                .map(|mode| format!("{mode:04o}")),
            },
            error: found
                .as_ref()
                .err()
                .map(|error| ErrorReport::new(error, credential)),
        }
    }
}

impl WhoamiReport {
    /// The report of what the backend said, on this device.
    pub(super) fn new(
        result: &Result<Me, Error>,
        device: &Device,
        credential: Option<&Credential>,
        backend_url: Option<&BackendUrl>,
    ) -> WhoamiReport {
        let me = result.as_ref().ok();
        let text = |text: &Option<String>| text.as_deref().map(|text| shown(text, credential));
        WhoamiReport {
            authenticated: me.is_some(),
            state: state(result.as_ref().err(), me.is_some()),
            email: me.and_then(|me| text(&me.email)),
            user_id: me.and_then(|me| text(&me.id)),
            organization: me.and_then(|me| text(&me.organization)),
            workspaces: me
                .and_then(|me| me.workspaces.as_ref())
                .map(|ids| ids.iter().map(|id| shown(id, credential)).collect()),
            backend_url: backend_url.map(ToString::to_string),
            device: DeviceReport::new(device, credential),
            error: result
                .as_ref()
                .err()
                .map(|error| ErrorReport::new(error, credential)),
        }
    }
}

impl DeviceReport {
    fn new(device: &Device, credential: Option<&Credential>) -> DeviceReport {
        let from_file = credential.filter(|credential| credential.source == Source::File);
        let bound = from_file.and_then(|credential| credential.bound_fingerprint.as_deref());
        DeviceReport {
            name: device.name.clone(),
            os: Device::os().to_owned(),
            fingerprint: device.fingerprint.clone(),
            fingerprint_source: device.source.name().to_owned(),
            bound_fingerprint: bound.map(|bound| shown(bound, credential)),
            matches: bound.map(|bound| device.matches(bound)),
        }
    }
}

impl ErrorReport {
    fn new(error: &Error, credential: Option<&Credential>) -> ErrorReport {
        ErrorReport {
            message: shown(&error.to_string(), credential),
            hint: error.hint().map(|hint| shown(hint, credential)),
        }
    }
}

/// A report as one line of JSON in which a terminal shows every character as text.
pub(super) fn line(report: &impl SerJson) -> String {
    let json = json::write(report, String::new());
    let mut line = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        if redact::is_control_or_invisible(c) {
            // Only strings hold such characters, and in strings this means the same (RFC 8259, 7).
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    line
}

fn credential_of(found: &Result<Found, Error>) -> Option<&Credential> {
    found.as_ref().ok()?.credential.as_ref()
}

fn state(error: Option<&Error>, authenticated: bool) -> String {
    let state = match error.map(Error::kind) {
        None if authenticated => "authenticated",
        None | Some(Kind::NotLoggedIn) => "not_logged_in",
        Some(Kind::Rejected) => "rejected",
        Some(Kind::Backend) => "unreachable",
        Some(Kind::Usage | Kind::Machine | Kind::ClosedPipe) => "error",
    };
    state.to_owned()
}

fn shown(text: &str, credential: Option<&Credential>) -> String {
    let text = api_key::redact_lookalikes(text);
    credential.map_or_else(
        || text.clone(),
        |credential| credential.api_key.redact_in(&text),
    )
}
