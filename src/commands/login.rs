//! `sekuire login`.

use super::{backend, prompt, shared};
use crate::cli::Options;
use crate::credential::Credential;
use crate::device::{self, Device};
use crate::error::Error;
use crate::http::Client;
use crate::redact::sanitize;
use crate::store::Store;
use crate::{api, credentials};

/// Has the backend verify a key and bind it to this device, and saves it.
///
/// # Errors
/// Whatever fails, an existing auth.json is as it was.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let key_page = backend::key_page(options)?;
    // Before the first request: what can be wrong with the call and with this machine.
    let mut client = shared::client(backend::of_login(options)?.url, options)?;
    let store = (!options.no_store).then(Store::locate).transpose()?;
    if let Some(store) = &store {
        shared::warn(options, &store.prepare()?);
    }
    let device = shared::detect_device(None);
    shared::warn(options, device.warning());
    // Machines that have their key in a variable bind that one.
    let is_from_variable = options.no_store && !options.api_key_stdin;
    let variable = is_from_variable.then(credentials::from_environment);
    let mut login = match variable.transpose()?.flatten() {
        Some(login) => login,
        None => Credential::new(prompt::read_key(options, &key_page)?, None),
    };
    verify(&mut client, options, &device, &mut login)?;
    let saved = store.map(|store| store.save(&login)).transpose()?;
    let is_asked = login.variable.is_none() && !options.api_key_stdin;
    let blank = if is_asked { "\n" } else { "" };
    let device = shared::device_lines(&device, device::LONG);
    let backend = shared::lines([("Backend", backend::unless_default(client.base()).as_deref())]);
    let text = format!(
        "{blank}Login successful! API Key verified and bound to this device.\n{device}{backend}"
    );
    let printed = shared::print(options, &text);
    if let Some(name) = saved.and_then(|()| credentials::variable_in_use()) {
        let advice = "takes precedence over the saved key; unset it to use this one";
        shared::warn(options, [format!("{name} is set and {advice}")]);
    }
    printed
}

/// Has the backend verify the key, and notes what it says of it.
fn verify(
    client: &mut Client,
    options: &Options,
    device: &Device,
    login: &mut Credential,
) -> Result<(), Error> {
    let verified = api::verify(client, &login.api_key, device);
    let explain = |error| shared::explain(error, Some(login), device, client.base());
    login.org_id = verified.map_err(explain)?;
    login.bound_fingerprint = Some(device.fingerprint.clone());
    login.backend_url = backend::unless_default(client.base()).map(|_| client.base().clone());
    match api::me(client, &login.api_key, device) {
        Ok(me) => {
            login.org_id = login.org_id.take().or(me.org_id);
            login.workspace_id = choose_workspace(options, &me.workspaces.unwrap_or_default())?;
        }
        Err(error) => {
            let unknown = "the key is verified, but its workspaces are unknown, and none is saved";
            shared::warn(options, [format!("{unknown}: {error}")]);
        }
    }
    Ok(())
}

fn choose_workspace(options: &Options, known: &[String]) -> Result<Option<String>, Error> {
    match &options.workspace {
        None => Ok(known.first().cloned()),
        Some(wanted) if known.contains(wanted) => Ok(Some(wanted.clone())),
        Some(_) => {
            let hint = match known.first() {
                Some(id) => format!("choose one that it has, such as {}", sanitize(id)),
                None => "leave --workspace out: the key has none".to_owned(),
            };
            Err(Error::usage("this key has no such workspace").with_hint(hint))
        }
    }
}
