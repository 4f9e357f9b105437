//! What `--json` prints: one object on one line, with every field in every state, null where
//! unknown. It never holds the key.

mod text;

use nanoserde::SerJson;

use crate::api::Me;
use crate::backend_url::BackendUrl;
use crate::credential::{Credential, Source};
use crate::credentials::{self, Found};
use crate::device::Device;
use crate::error::{Error, Kind};
use crate::store::Store;
pub(super) use text::{Text, line};

/// What `status --json` prints.
#[derive(SerJson)]
#[nserde(serialize_none_as_null)]
pub struct StatusReport {
    authenticated: bool,
    state: Text,
    source: Option<Text>,
    key: Option<String>,
    environment: Option<Text>,
    org_id: Option<Text>,
    workspace_id: Option<Text>,
    backend_url: Option<Text>,
    device: DeviceReport,
    file: FileReport,
    error: Option<ErrorReport>,
}

/// What `whoami --json` prints.
#[derive(SerJson)]
#[nserde(serialize_none_as_null)]
pub struct WhoamiReport {
    authenticated: bool,
    state: Text,
    email: Option<Text>,
    user_id: Option<Text>,
    organization: Option<Text>,
    workspaces: Option<Vec<Text>>,
    backend_url: Option<Text>,
    device: DeviceReport,
    error: Option<ErrorReport>,
}

#[derive(SerJson)]
#[nserde(serialize_none_as_null)]
struct DeviceReport {
    name: Text,
    os: Text,
    fingerprint: Text,
    fingerprint_source: Text,
    bound_fingerprint: Option<Text>,
    matches: Option<bool>,
}

#[derive(SerJson)]
#[nserde(serialize_none_as_null)]
struct FileReport {
    path: Option<Text>,
    mode: Option<Text>,
}

#[derive(SerJson)]
#[nserde(serialize_none_as_null)]
struct ErrorReport {
    message: Text,
    hint: Option<Text>,
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
        let text = |text: &Option<String>| text.as_ref().map(Text::new);
        StatusReport {
            authenticated: credential.is_some(),
            state: state(found.as_ref().err(), credential.is_some()),
            source: credential.map(|credential| Text::new(credential.source.name())),
            key: credential.map(|credential| credential.api_key.mask()),
            environment: credential
                .and_then(|credential| Some(Text::new(credential.api_key.environment()?.name()))),
            org_id: credential.and_then(|credential| text(&credential.org_id)),
            workspace_id: credential.and_then(|credential| text(&credential.workspace_id)),
            backend_url: backend_url.map(|url| Text::new(url.to_string())),
            device: DeviceReport::new(device, credential),
            file: FileReport {
                path: store
                    .as_ref()
                    .map(|store| Text::new(store.path().to_string_lossy())),
                mode: match found {
                    Ok(found) => found.mode,
                    // Of a file that is damaged, too, unless a variable kept it from being read.
                    Err(_) if credentials::variable_in_use().is_some() => None,
                    Err(_) => store.as_ref().and_then(Store::mode),
                }
                .map(|mode| Text::new(format!("{mode:04o}"))),
            },
            error: found.as_ref().err().map(ErrorReport::new),
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
        let text = |text: &Option<String>| text.as_ref().map(Text::new);
        WhoamiReport {
            authenticated: me.is_some(),
            state: state(result.as_ref().err(), me.is_some()),
            email: me.and_then(|me| text(&me.email)),
            user_id: me.and_then(|me| text(&me.id)),
            organization: me.and_then(|me| text(&me.organization)),
            workspaces: me
                .and_then(|me| me.workspaces.as_ref())
                .map(|ids| ids.iter().map(Text::new).collect()),
            backend_url: backend_url.map(|url| Text::new(url.to_string())),
            device: DeviceReport::new(device, credential),
            error: result.as_ref().err().map(ErrorReport::new),
        }
    }
}

impl DeviceReport {
    fn new(device: &Device, credential: Option<&Credential>) -> DeviceReport {
        let from_file = credential.filter(|credential| credential.source == Source::File);
        let bound = from_file.and_then(|credential| credential.bound_fingerprint.as_deref());
        DeviceReport {
            name: Text::new(&device.name),
            os: Text::new(Device::os()),
            fingerprint: Text::new(&device.fingerprint),
            fingerprint_source: Text::new(device.source.name()),
            bound_fingerprint: bound.map(Text::new),
            matches: bound.map(|bound| device.matches(bound)),
        }
    }
}

impl ErrorReport {
    fn new(error: &Error) -> ErrorReport {
        ErrorReport {
            message: Text::new(error.to_string()),
            hint: error.hint().map(Text::new),
        }
    }
}

fn credential_of(found: &Result<Found, Error>) -> Option<&Credential> {
    found.as_ref().ok()?.credential.as_ref()
}

fn state(error: Option<&Error>, authenticated: bool) -> Text {
    Text::new(match error.map(Error::kind) {
        None if authenticated => "authenticated",
        None | Some(Kind::NotLoggedIn) => "not_logged_in",
        Some(Kind::Rejected) => "rejected",
        Some(Kind::Backend) => "unreachable",
        Some(_) => "error",
    })
}
