//! `sekuire login`.

use super::{backend, prompt, shared};
use crate::api;
use crate::cli::Options;
use crate::credential::Credential;
use crate::credentials;
use crate::device::{self, Device};
use crate::error::Error;
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
    if options.quiet {
        return Ok(0);
    }
    let is_asked = login.variable.is_none() && !options.api_key_stdin;
    let printed = terminal::print(&format!(
        "{}Login successful! API Key verified and bound to this device.\n{}{}",
        if is_asked { "\n" } else { "" },
        device.lines(device::LONG),
        backend::line(client.base())
    ));
    if let Some(name) = saved.and_then(|()| credentials::variable_in_use()) {
        terminal::warning(&format!(
            "{name} is set and takes precedence over the saved key; unset it to use this one"
        ));
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
    login.org_id = verified.map_err(|error| shared::explain(error, None, device, client.base()))?;
    login.bound_fingerprint = Some(device.fingerprint.clone());
    login.backend_url = Some(client.base().clone()).filter(|url| !backend::is_default(url));
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
            let examples: Vec<String> = known.iter().take(2).map(|id| sanitize(id)).collect();
            let hint = match examples.join(" or ") {
                none if none.is_empty() => "leave --workspace out: the key has none".to_owned(),
                examples => format!("choose one that it has, such as {examples}"),
            };
            Err(Error::usage("this key has no such workspace").with_hint(hint))
        }
    }
}
