//! `sekuire status`, which is offline.

use super::report::{self, Member, Value};
use super::{backend, shared};
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::credential::Credential;
use crate::credentials::{self, Found};
use crate::device::{self, Device};
use crate::error::Error;
use crate::redact::sanitize;
use crate::store::Store;
use crate::terminal;

/// Says whether there is a key.
///
/// # Errors
/// Whether there is one can't be found out, or `--get` names no field.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let found = credentials::find();
    if !options.quiet {
        show(&found, options)?;
    }
    found.map(|found| u8::from(found.credential.is_none()))
}

fn show(found: &Result<Found, Error>, options: &Options) -> Result<u8, Error> {
    let known = (found.as_ref().ok()).and_then(|found| found.credential.as_ref());
    let device = shared::detect_device(known);
    // A variable that a request would have to refuse does not matter here.
    let backend = known.and_then(|known| match known.variable {
        None => backend::logged_in_to(known).ok(),
        Some(_) => backend::of_login(options).ok(),
    });
    let base = backend.as_ref().map(|backend| &backend.url);
    let text = match (known, found) {
        (Some(known), _) => describe(known, &device, base),
        (None, Ok(_)) => "Not logged in\nRun 'sekuire login' to authenticate\n".to_owned(),
        (None, Err(_)) => String::new(),
    };
    let error = found.as_ref().err();
    let report = || report::report(fields(known), error, known, &device, base);
    let printed = report::print(options, report, &text);
    if let Ok(found) = found {
        shared::warn(options, &found.foreign_owner);
        shared::warn(options, shared::other_device(known, &device));
        shared::warn(options, &found.warnings);
        if let Some(note) = credentials::where_looked().filter(|_| known.is_none()) {
            terminal::note(&note);
        }
    }
    printed
}

fn fields(known: Option<&Credential>) -> Vec<Member> {
    let text = |of: fn(&Credential) -> Option<&str>| Value::text(known.and_then(of));
    let store = Store::locate().ok();
    let path = store.as_ref().map(|store| store.path().to_string_lossy());
    // A variable keeps the file from being read.
    let is_read = credentials::variable_in_use().is_none();
    let mode = store.as_ref().filter(|_| is_read).and_then(Store::mode);
    let mode = mode.map(|mode| format!("{mode:04o}"));
    let file = vec![("path", Value::text(path)), ("mode", Value::text(mode))];
    vec![
        ("source", text(|it| Some(it.variable.unwrap_or("file")))),
        ("key", Value::text(known.map(|it| it.api_key.to_string()))),
        ("environment", text(|it| it.api_key.environment())),
        ("org_id", text(|it| it.org_id.as_deref())),
        ("workspace_id", text(|it| it.workspace_id.as_deref())),
        ("file", Value::Object(file)),
    ]
}

fn describe(known: &Credential, device: &Device, base: Option<&BackendUrl>) -> String {
    let fingerprint = known.bound_fingerprint.as_ref();
    let fingerprint = sanitize(fingerprint.unwrap_or(&device.fingerprint));
    let fingerprint = device::shorten(&fingerprint, device::SHORT);
    let lines = shared::lines([
        ("Key", Some(&known.api_key.to_string())),
        ("Device Fingerprint", Some(&fingerprint)),
        ("Device", Some(&device.name)),
        ("OS", Some(Device::os())),
        ("Workspace", known.workspace_id.as_deref()),
        ("Source", known.variable),
        ("Backend", base.and_then(backend::unless_default).as_deref()),
    ]);
    format!("Authentication Status:\nAuthenticated with API Key\n{lines}")
}
