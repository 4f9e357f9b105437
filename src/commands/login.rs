//! `sekuire login`.

use super::{backend, prompt};
use crate::api::{self, Me};
use crate::api_key::ApiKey;
use crate::auth_file::Content;
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

/// Asks for a key, has the backend verify it and bind it to this device, and saves it.
///
/// # Errors
/// Whatever fails, an existing auth.json is as it was.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let key_page = backend::key_page(options)?;
    check_workspace(options)?;
    // First what can be wrong with the call and with this machine: nothing is sent in vain.
    let mut client = shared::client(backend::of_login(options)?.url, options)?;
    let store = Store::locate()?;
    for warning in store.prepare()? {
        terminal::warning(&warning);
    }
    let device = Device::detect(bound_fingerprint(&store).as_deref());
    if device.source == device::Source::HostName {
        terminal::warning(device::FOLLOWS_HOST_NAME);
    }
    let login = backend::login_command(client.base());
    let key = prompt::ask_for_key(options, &key_page, &login)?;
    let credential = verify(&mut client, options, key, &device)?;
    store.save(&credential)?;
    if let Some(name) = credentials::variable_in_use() {
        terminal::warning(&format!(
            "{name} is set and wins over the key that was just saved; unset it to use this one"
        ));
    }
    show_success(options, &device, client.base())
}

/// Refuses what no backend can have sent, and auth.json could not hold.
fn check_workspace(options: &Options) -> Result<(), Error> {
    let is_too_long = |id: &String| id.len() > api::MAX_ID;
    if options.workspace.as_ref().is_some_and(is_too_long) {
        return Err(Error::usage(format!(
            "the value of --workspace is longer than {} characters",
            api::MAX_ID
        ))
        .with_hint("'sekuire whoami --get workspaces' lists the workspaces of the key in use"));
    }
    Ok(())
}

/// The fingerprint that the present auth.json holds: a device keeps the one that the existing client
/// gave it. A damaged file has none; it is about to be replaced.
fn bound_fingerprint(store: &Store) -> Option<String> {
    match store.load().ok()?.content {
        Content::LoggedIn(credential) => credential.bound_fingerprint,
        Content::LoggedOut | Content::OldToken => None,
    }
}

fn verify(
    client: &mut Client,
    options: &Options,
    key: ApiKey,
    device: &Device,
) -> Result<Credential, Error> {
    let verified = api::verify_key(client, &key, device).map_err(|error| match error.kind() {
        Kind::Rejected => shared::hint_at_new_key(error, client.base()),
        _ => error,
    })?;
    let (workspace_id, org_id) = match api::me(client, &key, device) {
        Ok(mut me) => {
            let org_id = verified.org_id.or_else(|| me.org_id.take());
            (choose_workspace(options, me)?, org_id)
        }
        Err(error) => {
            terminal::warning(&format!(
                "the key is verified, but the default workspace is unknown: {error}"
            ));
            (options.workspace.clone(), verified.org_id)
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

fn choose_workspace(options: &Options, me: Me) -> Result<Option<String>, Error> {
    let workspaces = me.workspaces.unwrap_or_default();
    let Some(wanted) = &options.workspace else {
        return Ok(workspaces.into_iter().next());
    };
    if workspaces.contains(wanted) {
        return Ok(Some(wanted.clone()));
    }
    let known: Vec<String> = workspaces.iter().take(10).map(|id| sanitize(id)).collect();
    Err(
        Error::usage("this key has no such workspace").with_hint(if known.is_empty() {
            "leave --workspace out: this key has no workspaces".into()
        } else {
            format!("choose one of: {}", known.join(", "))
        }),
    )
}

fn show_success(options: &Options, device: &Device, base: &BackendUrl) -> Result<u8, Error> {
    let blank = if options.api_key_stdin { "" } else { "\n" };
    shared::print(&format!(
        "{blank}Login successful! API Key verified and bound to this device.\nDevice: {}\nOS: {}\nFingerprint: {}\n{}",
        sanitize(&device.name),
        Device::os(),
        device::shorten(&device.fingerprint, device::LONG),
        backend::line(base),
    ))
}
