//! `sekuire auth whoami`.

use std::fmt::Write;

use super::{backend, report, shared};
use crate::api::Me;
use crate::cli::Options;
use crate::device::{self, Device};
use crate::error::Error;
use crate::redact::sanitize;

/// Asks the backend whose key this is. Nothing is printed as a result unless it confirmed the key.
///
/// # Errors
/// There is no key, the backend refused it or could not be asked; or `--get` names no field.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let found = shared::find(options);
    let known = (found.as_ref().ok()).and_then(|found| found.credential.as_ref());
    let device = shared::detect_device(known);
    // Before its key is sent: it may be planted.
    shared::warn(options, found.iter().flat_map(|found| &found.foreign_owner));
    let target = match (&found, known) {
        (Err(error), _) => Err(error.clone()),
        (Ok(_), None) => Err(shared::not_logged_in(options)),
        (Ok(_), Some(known)) => backend::of_key(options, known).map(|backend| (known, backend.url)),
    };
    let base = target.as_ref().ok().map(|(_, base)| base);
    let report = |result: &Result<Me, Error>| report::of_whoami(result, &device, known, base);
    // Nothing is sent for a field that there is not.
    if let Some(field) = &options.get {
        report(&Ok(Me::default())).get(field)?;
    }
    let target = target.as_ref().map_err(Clone::clone);
    let result = target.and_then(|(credential, base)| {
        let mut client = shared::client(base.clone(), options)?;
        shared::ask(&mut client, credential, &device)
    });
    let printed = match &result {
        _ if options.json || options.get.is_some() => report(&result).print(options),
        Ok(me) if !options.quiet => shared::print(&describe(me, &device)),
        _ => Ok(0),
    };
    // The hint of a refused key says the same.
    if result.is_ok() {
        shared::warn_of_other_device(options, known, &device);
    }
    printed?;
    match result {
        Err(error) if options.quiet && error.kind().exit_status() == 1 => Ok(1),
        result => result.map(|_| 0),
    }
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
