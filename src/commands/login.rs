//! `sekuire login`.

use super::{backend, prompt};
use crate::api;
use crate::api_key::ApiKey;
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::commands::shared;
use crate::credential::{Credential, Source};
use crate::credentials;
use crate::device::{self, Device};
use crate::error::{Error, Kind};
use crate::http::Client;
use crate::redact::sanitize;
use crate::store::Store;
use crate::terminal;

/// Has the backend verify a key and bind it to this device, and saves it.
///
/// # Errors
/// Whatever fails, an existing auth.json is as it was.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let key_page = backend::key_page(options)?;
    // Before the first request: what can be wrong with the call and with this machine.
    let mut client = shared::client(backend::of_login(options)?.url, options)?;
    let store = (!options.no_store)
        .then(|| prepare_store(options))
        .transpose()?;
    let bound = Store::locate()
        .ok()
        .and_then(|store| store.bound_fingerprint());
    let device = Device::detect(bound.as_deref());
    if device.source == device::Source::HostName {
        shared::warn(options, [device::FOLLOWS_HOST_NAME]);
    }
    let of_variables = key_of_variables(options)?;
    let was_asked = of_variables.is_none() && !options.api_key_stdin;
    let asked = || prompt::ask_for_key(options, &key_page, client.base());
    let key = of_variables.map_or_else(asked, Ok)?;
    let credential = verify(&mut client, options, key, &device)?;
    let saved = store.map(|store| store.save(&credential)).transpose()?;
    if options.quiet {
        return Ok(0);
    }
    let blank = if was_asked { "\n" } else { "" };
    let printed = shared::print(&format!("{blank}{}", describe(&device, client.base())));
    if let Some(name) = saved.and_then(|()| credentials::variable_in_use()) {
        terminal::warning(&format!(
            "{name} is set and takes precedence over the saved key; unset it to use this one"
        ));
    }
    printed
}

fn prepare_store(options: &Options) -> Result<Store, Error> {
    let store = Store::locate()?;
    shared::warn(options, &store.prepare()?);
    Ok(store)
}

/// The key that `--no-store` binds: of machines that have theirs in a variable.
fn key_of_variables(options: &Options) -> Result<Option<ApiKey>, Error> {
    if !options.no_store || options.api_key_stdin {
        return Ok(None);
    }
    Ok(credentials::from_environment()?.map(|(key, _)| key))
}

fn verify(
    client: &mut Client,
    options: &Options,
    key: ApiKey,
    device: &Device,
) -> Result<Credential, Error> {
    let org_id = api::verify(client, &key, device).map_err(|error| match error.kind() {
        Kind::Rejected => shared::hint_at_new_key(error, client.base()),
        _ => error,
    })?;
    let (org_id, workspace_id) = match api::me(client, &key, device) {
        Ok(me) => (
            org_id.or(me.org_id),
            choose_workspace(options, me.workspaces.unwrap_or_default())?,
        ),
        Err(error) => {
            let workspace = match options.workspace {
                Some(_) => "the workspace could not be checked and is not saved",
                None => "the default workspace is unknown",
            };
            let warning = format!("the key is verified, but {workspace}: {error}");
            shared::warn(options, [warning]);
            (org_id, None)
        }
    };
    Ok(Credential {
        api_key: key,
        source: Source::File,
        bound_fingerprint: Some(device.fingerprint.clone()),
        org_id,
        workspace_id,
        backend_url: backend::unless_default(client.base()).cloned(),
    })
}

fn choose_workspace(options: &Options, workspaces: Vec<String>) -> Result<Option<String>, Error> {
    let Some(wanted) = &options.workspace else {
        return Ok(workspaces.into_iter().next());
    };
    if workspaces.contains(wanted) {
        return Ok(Some(wanted.clone()));
    }
    let shown: Vec<String> = workspaces.iter().take(2).map(|id| sanitize(id)).collect();
    let hint = match workspaces.len() {
        0 => "leave --workspace out: the key has none".into(),
        1..=2 => format!("choose one of: {}", shown.join(", ")),
        count => format!("choose one of its {count}, such as {}", shown.join(", ")),
    };
    Err(Error::usage("this key has no such workspace").with_hint(hint))
}

fn describe(device: &Device, base: &BackendUrl) -> String {
    format!(
        "Login successful! API Key verified and bound to this device.\nDevice: {}\nOS: {}\nFingerprint: {}\n{}",
        sanitize(&device.name),
        Device::os(),
        device::shorten(&device.fingerprint, device::LONG),
        backend::line(base),
    )
}
