//! `sekuire auth whoami`.

use std::fmt::Write;

use super::{backend, report, shared};
use crate::api::{self, Me};
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::credential::Credential;
use crate::device::{self, Device};
use crate::error::Error;
use crate::redact::sanitize;

/// Asks the backend whose key this is. Nothing is printed as a result unless it confirmed the key.
///
/// # Errors
/// There is no key, the backend refused it or could not be asked; or `--get` names no field.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let found = shared::find(options);
    let known = found
        .as_ref()
        .ok()
        .and_then(|found| found.credential.as_ref());
    let device = shared::detect_device(known);
    if let Ok(found) = &found
        && !options.quiet
    {
        shared::warn(&found.foreign_owner);
        shared::warn(&known.and_then(|known| shared::other_device(known, &device)));
    }
    let credential = match &found {
        Ok(_) => known.ok_or_else(|| shared::not_logged_in(options)),
        Err(error) => Err(error.clone()),
    };
    let base = credential
        .clone()
        .and_then(|credential| backend::of_key(options, credential))
        .map(|backend| backend.url);
    let report =
        |result: &Result<Me, Error>| report::of_whoami(result, &device, known, base.as_ref().ok());
    // Nothing is sent for a field that there is not.
    if let Some(field) = &options.get {
        report(&Ok(Me::default())).get(field)?;
    }
    let result = match (&credential, &base) {
        (Ok(credential), Ok(base)) => ask(options, credential, base, &device),
        (Err(error), _) | (_, Err(error)) => Err(error.clone()),
    };
    if options.json || options.get.is_some() {
        report(&result).print(options)?;
        return result.map(|_| 0);
    }
    match result {
        Ok(_) if options.quiet => Ok(0),
        Ok(me) => shared::print(&describe(&me, &device)),
        Err(error) if options.quiet && error.kind().exit_status() == 1 => Ok(1),
        Err(error) => Err(error),
    }
}

fn ask(
    options: &Options,
    credential: &Credential,
    base: &BackendUrl,
    device: &Device,
) -> Result<Me, Error> {
    let mut client = shared::client(base.clone(), options)?;
    api::me(&mut client, &credential.api_key, device)
        .map_err(|error| shared::hint_at_refusal(error, credential, device, base))
}

fn describe(me: &Me, device: &Device) -> String {
    let mut text = String::from("Current User Information:\nAuthenticated as:\n");
    for (label, value) in [
        ("Email", &me.email),
        ("User ID", &me.id),
        ("Organization", &me.organization),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "{label}: {}", sanitize(value));
        }
    }
    // Writing to a String cannot fail, here and above.
    let _ = write!(
        text,
        "\nDevice Info:\nDevice: {}\nOS: {}\nFingerprint: {}\n",
        sanitize(&device.name),
        Device::os(),
        device::shorten(&device.fingerprint, device::SHORT),
    );
    text
}
