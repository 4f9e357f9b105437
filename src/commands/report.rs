//! What `--json` prints and `--get` looks up: one flat list of fields, the same in every state. It never
//! holds the key.

use super::shared;
use crate::api::Me;
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::credential::Credential;
use crate::credentials::{self, Found};
use crate::device::Device;
use crate::error::{Error, Kind};
use crate::json;
use crate::redact::sanitize;
use crate::store::Store;

/// The fields, in order. An object stands behind its members.
#[derive(Default)]
pub(super) struct Report(Vec<Field>);

struct Field {
    /// Such as `device.name`.
    path: String,
    json: String,
    /// As a shell wants it: text as it is, a list one a line, nothing for null.
    lines: String,
}

impl Report {
    /// Adds a text from anywhere, which is sanitized.
    pub(super) fn text(&mut self, path: &str, text: Option<impl AsRef<str>>) {
        let text = text.map(|text| sanitize(text.as_ref()));
        let json = |text: &str| json::write(text, String::new());
        self.add(path, text.map(|text| (json(&text), text + "\n")));
    }

    fn flag(&mut self, path: &str, flag: Option<bool>) {
        let value = flag.map(|flag| (flag.to_string(), format!("{flag}\n")));
        self.add(path, value);
    }

    fn list(&mut self, path: &str, texts: Option<&Vec<String>>) {
        let value = texts.map(|texts| {
            let texts: Vec<String> = texts.iter().map(|text| sanitize(text)).collect();
            let lines = texts.iter().flat_map(|text| [text, "\n"]).collect();
            (json::write(&texts, String::new()), lines)
        });
        self.add(path, value);
    }

    fn object(&mut self, path: &str, members: Report, is_null: bool) {
        let json = members.json();
        for member in members.0 {
            let path = format!("{path}.{}", member.path);
            self.0.push(Field { path, ..member });
        }
        let value = (json.clone(), json + "\n");
        self.add(path, Some(value).filter(|_| !is_null));
    }

    fn add(&mut self, path: &str, value: Option<(String, String)>) {
        let path = path.to_owned();
        let (json, lines) = value.unwrap_or_else(|| ("null".to_owned(), String::new()));
        self.0.push(Field { path, json, lines });
    }

    /// One line: an object with all.
    pub(super) fn json(&self) -> String {
        let members = self.members();
        let members = members.map(|field| format!("\"{}\":{}", field.path, field.json));
        format!("{{{}}}", members.collect::<Vec<String>>().join(","))
    }

    /// The fields that are not within another.
    fn members(&self) -> impl Iterator<Item = &Field> {
        self.0.iter().filter(|field| !field.path.contains('.'))
    }

    /// What `--get` prints of a field or an object.
    ///
    /// # Errors
    /// There is none of this name.
    pub(super) fn get(&self, wanted: &str) -> Result<&str, Error> {
        if let Some(field) = self.0.iter().find(|field| field.path == wanted) {
            return Ok(&field.lines);
        }
        let names: Vec<&str> = self.members().map(|field| field.path.as_str()).collect();
        let names = names.join(", ");
        Err(
            Error::usage("--get names no field of this report").with_hint(format!(
                "choose one of: {names}; or a nested one, such as device.name"
            )),
        )
    }

    /// Prints the whole, or what `--get` names.
    ///
    /// # Errors
    /// Standard output can't be written, or there is no such field.
    pub(super) fn print(&self, options: &Options) -> Result<u8, Error> {
        match &options.get {
            Some(wanted) => shared::print(self.get(wanted)?),
            None => shared::print(&(self.json() + "\n")),
        }
    }

    fn device(&mut self, device: &Device, credential: Option<&Credential>) {
        let bound = credential.and_then(|credential| credential.bound_fingerprint.as_deref());
        let mut members = Report::default();
        members.text("name", Some(&device.name));
        members.text("os", Some(Device::os()));
        members.text("fingerprint", Some(&device.fingerprint));
        members.text("fingerprint_source", Some(device.source.name()));
        members.text("bound_fingerprint", bound);
        members.flag("matches", bound.map(|bound| device.matches(bound)));
        self.object("device", members, false);
    }

    /// Without an error there is no object of it.
    fn error(&mut self, error: Option<&Error>) {
        let mut members = Report::default();
        members.text("message", error.map(Error::to_string));
        members.text("hint", error.and_then(Error::hint));
        self.object("error", members, error.is_none());
    }
}

/// The report of what was found, on this device.
pub(super) fn of_status(
    found: &Result<Found, Error>,
    device: &Device,
    backend_url: Option<&BackendUrl>,
) -> Report {
    let (found, error) = (found.as_ref().ok(), found.as_ref().err());
    let credential = found.and_then(|found| found.credential.as_ref());
    let environment = credential.and_then(|of| of.api_key.environment());
    let store = Store::locate().ok();
    // A variable keeps the file from being read.
    let file = store
        .as_ref()
        .filter(|_| credentials::variable_in_use().is_none());
    let mode = file.and_then(Store::mode);
    let mut report = Report::default();
    report.flag("authenticated", Some(credential.is_some()));
    report.text("state", Some(state(error, credential.is_some())));
    report.text("source", credential.map(|of| of.source.name()));
    report.text("key", credential.map(|of| of.api_key.to_string()));
    report.text("environment", environment);
    report.text("org_id", credential.and_then(|of| of.org_id.as_ref()));
    report.text(
        "workspace_id",
        credential.and_then(|of| of.workspace_id.as_ref()),
    );
    report.text("backend_url", backend_url.map(BackendUrl::to_string));
    report.device(device, credential);
    let mut file = Report::default();
    let path = store.as_ref().map(|store| store.path().to_string_lossy());
    file.text("path", path);
    file.text("mode", mode.map(|mode| format!("{mode:04o}")));
    report.object("file", file, false);
    report.error(error);
    report
}

/// The report of what the backend said, on this device.
pub(super) fn of_whoami(
    result: &Result<Me, Error>,
    device: &Device,
    credential: Option<&Credential>,
    backend_url: Option<&BackendUrl>,
) -> Report {
    let (me, error) = (result.as_ref().ok(), result.as_ref().err());
    let mut report = Report::default();
    report.flag("authenticated", Some(me.is_some()));
    report.text("state", Some(state(error, me.is_some())));
    report.text("email", me.and_then(|me| me.email.as_ref()));
    report.text("user_id", me.and_then(|me| me.id.as_ref()));
    report.text("organization", me.and_then(|me| me.organization.as_ref()));
    report.list("workspaces", me.and_then(|me| me.workspaces.as_ref()));
    report.text("backend_url", backend_url.map(BackendUrl::to_string));
    report.device(device, credential);
    report.error(error);
    report
}

fn state(error: Option<&Error>, authenticated: bool) -> &'static str {
    match error.map(Error::kind) {
        None if authenticated => "authenticated",
        None | Some(Kind::NotLoggedIn) => "not_logged_in",
        Some(Kind::Rejected) => "rejected",
        Some(Kind::Backend) => "unreachable",
        Some(_) => "error",
    }
}
