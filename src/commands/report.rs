//! What `--json` prints and `--get` looks up: one flat list of fields, the same in every state. It never
//! holds the key.

use super::shared;
use crate::api::Me;
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::credential::{Credential, Source};
use crate::credentials::{self, Found};
use crate::device::Device;
use crate::error::{Error, Kind};
use crate::json;
use crate::redact::sanitize;
use crate::store::Store;

/// The fields, in order.
#[derive(Default)]
pub(super) struct Report(Vec<Field>);

struct Field {
    /// Such as `device.name`. The members of an object follow each other.
    path: &'static str,
    json: String,
    /// As a shell wants it: text as it is, a list one a line, nothing for null.
    lines: String,
}

impl Report {
    /// Adds a text from anywhere, which is sanitized.
    pub(super) fn text(&mut self, path: &'static str, text: Option<impl AsRef<str>>) {
        let text = text.map(|text| sanitize(text.as_ref()));
        self.add(path, text.map(|text| (quote(&text), text + "\n")));
    }

    fn flag(&mut self, path: &'static str, flag: Option<bool>) {
        self.add(
            path,
            flag.map(|flag| (flag.to_string(), format!("{flag}\n"))),
        );
    }

    fn list(&mut self, path: &'static str, texts: Option<&Vec<String>>) {
        let texts = texts.map(|texts| texts.iter().map(|text| sanitize(text)));
        let value = texts.map(|texts| {
            let quoted: Vec<String> = texts.clone().map(|text| quote(&text)).collect();
            (
                format!("[{}]", quoted.join(",")),
                texts.map(|text| text + "\n").collect(),
            )
        });
        self.add(path, value);
    }

    fn add(&mut self, path: &'static str, value: Option<(String, String)>) {
        let (json, lines) = value.unwrap_or_else(|| ("null".to_owned(), String::new()));
        self.0.push(Field { path, json, lines });
    }

    /// One line: an object with all.
    pub(super) fn json(&self) -> String {
        object(self.members().into_iter())
    }

    /// The names and the JSON of the members, of which some are objects.
    fn members(&self) -> Vec<(&'static str, String)> {
        let members = self.0.chunk_by(|a, b| a.name() == b.name());
        let members = members.filter_map(|fields| {
            let first = fields.first()?;
            let json = match first.path.split_once('.') {
                None => first.json.clone(),
                // Without an error there is no object of it.
                Some(("error", _)) if first.json == "null" => first.json.clone(),
                Some(_) => object(fields.iter().filter_map(|field| {
                    let (_, name) = field.path.split_once('.')?;
                    Some((name, field.json.clone()))
                })),
            };
            Some((first.name(), json))
        });
        members.collect()
    }

    /// What `--get` prints of a field or an object.
    ///
    /// # Errors
    /// There is none of this name.
    pub(super) fn get(&self, wanted: &str) -> Result<String, Error> {
        if let Some(field) = self.0.iter().find(|field| field.path == wanted) {
            return Ok(field.lines.clone());
        }
        let mut members = self.members().into_iter();
        match members.find(|(name, _)| *name == wanted) {
            Some((_, json)) if json == "null" => Ok(String::new()),
            Some((_, json)) => Ok(json + "\n"),
            None => {
                let paths: Vec<&str> = self.0.iter().map(|field| field.path).collect();
                Err(Error::usage("--get names no field of this report")
                    .with_hint(format!("choose one of: {}", paths.join(", "))))
            }
        }
    }

    /// Prints the whole, or what `--get` names.
    ///
    /// # Errors
    /// Standard output can't be written, or there is no such field.
    pub(super) fn print(&self, options: &Options) -> Result<u8, Error> {
        shared::print(&match &options.get {
            Some(wanted) => self.get(wanted)?,
            None => self.json() + "\n",
        })
    }

    fn device(&mut self, device: &Device, credential: Option<&Credential>) {
        let from_file = credential.filter(|credential| credential.source == Source::File);
        let bound = from_file.and_then(|credential| credential.bound_fingerprint.as_deref());
        self.text("device.name", Some(&device.name));
        self.text("device.os", Some(Device::os()));
        self.text("device.fingerprint", Some(&device.fingerprint));
        self.text("device.fingerprint_source", Some(device.source.name()));
        self.text("device.bound_fingerprint", bound);
        self.flag("device.matches", bound.map(|bound| device.matches(bound)));
    }

    fn error(&mut self, error: Option<&Error>) {
        self.text("error.message", error.map(Error::to_string));
        self.text("error.hint", error.and_then(Error::hint));
    }
}

impl Field {
    /// Of the field, or of the object that it is in.
    fn name(&self) -> &'static str {
        self.path.split('.').next().unwrap_or_default()
    }
}

fn quote(text: &str) -> String {
    json::write(text, String::new())
}

fn object<'a>(members: impl Iterator<Item = (&'a str, String)>) -> String {
    let members: Vec<String> = members
        .map(|(name, json)| format!("\"{name}\":{json}"))
        .collect();
    format!("{{{}}}", members.join(","))
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
    let mode = match found {
        Some(found) => found.mode,
        // Of a file that is damaged, too, unless a variable kept it from being read.
        None if credentials::variable_in_use().is_some() => None,
        None => store.as_ref().and_then(Store::mode),
    };
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
    report.text(
        "file.path",
        store.map(|store| store.path().to_string_lossy().into_owned()),
    );
    report.text("file.mode", mode.map(|mode| format!("{mode:04o}")));
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
