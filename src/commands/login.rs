//! `sekuire login`.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};

use zeroize::Zeroizing;

use super::backend;
use crate::api::{self, Me};
use crate::api_key::{self, ApiKey};
use crate::auth_file::{Content, Login};
use crate::cli::Options;
use crate::credentials;
use crate::device::{self, Device};
use crate::error::{Error, Kind};
use crate::http::{Client, Limits};
use crate::platform;
use crate::redact::sanitize;
use crate::store::Store;
use crate::terminal::{self, WaitingLine};

const PROMPT: &str = "Enter your API Key: ";

/// Asks for a key, has the backend verify it and bind it to this device, and saves it.
///
/// # Errors
/// Whatever fails, an existing auth.json is as it was.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let key_page = backend::key_page(options)?;
    let limits = Limits::new(options.timeout, options.wait);
    // First what can be wrong with the call and with this machine: nothing is sent in vain.
    let mut client = Client::new(
        backend::of_login(options)?,
        limits,
        Box::new(WaitingLine::new(false).notify()),
    )?;
    let store = Store::locate()?;
    if let Some(warning) = store.prepare()? {
        terminal::warning(&warning);
    }
    let device = Device::detect(bound_fingerprint(&store).as_deref());
    if device.source == device::Source::HostName {
        terminal::warning(
            "this machine has no machine id: its fingerprint follows the host name; \
             set SEKUIRE_DEVICE_ID to keep one identity",
        );
    }
    let key = ask_for_key(options, &key_page)?;
    let login = verify(&mut client, options, key, &device)?;
    store.save(&login)?;
    if let Some(name) = credentials::variable_in_use() {
        terminal::warning(&format!(
            "{name} is set and wins over the key that was just saved; unset it to use this one"
        ));
    }
    show_success(options, &device)
}

/// The fingerprint that the present auth.json holds: a device keeps the one that the existing client
/// gave it. A damaged file has none; it is about to be replaced.
fn bound_fingerprint(store: &Store) -> Option<String> {
    match store.load().ok()?.content {
        Content::LoggedIn(login) => login.device_fingerprint,
        Content::LoggedOut | Content::OldToken => None,
    }
}

fn verify(
    client: &mut Client,
    options: &Options,
    key: ApiKey,
    device: &Device,
) -> Result<Login, Error> {
    let verified = api::verify_key(client, &key, device).map_err(|error| match error.kind() {
        Kind::Rejected => error.with_hint(
            "check the key, or create a new one in the dashboard, then run 'sekuire login' again",
        ),
        _ => error,
    })?;
    let workspace_id = match api::me(client, &key, device) {
        Ok(me) => choose_workspace(options, me)?,
        Err(error) => {
            terminal::warning(&format!(
                "the key is verified, but the default workspace is unknown: {error}"
            ));
            options.workspace.clone()
        }
    };
    Ok(Login {
        api_key: key,
        device_fingerprint: Some(device.fingerprint.clone()),
        org_id: verified.org_id,
        workspace_id,
        backend_url: backend::to_remember(client.base()),
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
        Error::usage(format!("this key has no workspace {}", sanitize(wanted))).with_hint(
            if known.is_empty() {
                "leave --workspace out: this key has no workspaces".into()
            } else {
                format!("choose one of: {}", known.join(", "))
            },
        ),
    )
}

/// Shows the documented transcript up to the key, and reads the key.
fn ask_for_key(options: &Options, key_page: &str) -> Result<ApiKey, Error> {
    let mut out = platform::standard_output();
    let transcript = format!(
        "Sekuire Login\n\nTo authenticate:\n1. Go to: {key_page}\n2. Create a new API Key for CLI access\n\
         3. Copy the key (you'll only see it once!)\n4. Paste it below\n\n"
    );
    let mut show = |text: &str| {
        out.write_all(text.as_bytes())
            .map_err(|cause| terminal::output_error(&cause))
    };
    if options.api_key_stdin {
        return judge(read_line(&mut *platform::standard_input()));
    }
    show(&transcript)?;
    if !platform::standard_input().is_terminal() {
        let key = judge(read_line(&mut *platform::standard_input()))?;
        show(&format!("{PROMPT}{key}\n"))?;
        return Ok(key);
    }
    let mut terminal = open_terminal()?;
    let line = platform::read_hidden(&mut terminal, PROMPT, || {
        read_line(&mut *platform::standard_input())
    });
    let key = judge(line);
    // The paste arrived, or not: either way the prompt's line ends here.
    let acknowledgement = key.as_ref().map(ToString::to_string).unwrap_or_default();
    let _ = writeln!(terminal, "{acknowledgement}");
    let key = key?;
    if !platform::standard_output().is_terminal() {
        show(&format!("{PROMPT}{key}\n"))?;
    }
    Ok(key)
}

/// The terminal for the prompt: standard output, or the session's where that leads elsewhere.
fn open_terminal() -> Result<File, Error> {
    let out = platform::standard_output();
    let terminal = if out.is_terminal() {
        out.try_clone()
    } else {
        platform::controlling_terminal()
    };
    terminal.map_err(|cause| {
        Error::machine(format!(
            "can't open the terminal to ask for the key: {cause}"
        ))
        .with_hint("pipe the key in: sekuire login --api-key-stdin < FILE")
    })
}

fn judge(line: io::Result<Option<Zeroizing<Vec<u8>>>>) -> Result<ApiKey, Error> {
    let line = line.map_err(|cause| {
        Error::machine(format!(
            "can't read the API key from standard input: {cause}"
        ))
        .with_hint("pipe the key in, or run this at a terminal")
    })?;
    let Some(line) = line else {
        return Err(Error::new(
            Kind::NotLoggedIn,
            "standard input ended before there was an API key",
        )
        .with_hint("paste the key at the prompt, or pipe it in with --api-key-stdin"));
    };
    if line.len() > api_key::MAX_INPUT {
        return Err(Error::usage(format!(
            "the first line of standard input is longer than {} KiB",
            api_key::MAX_INPUT / 1024
        ))
        .with_hint("give the API key alone, on one line"));
    }
    ApiKey::parse(&line).map_err(|cause| {
        Error::usage(format!("the API key {cause}")).with_hint(
            "copy the whole key from the dashboard; keys begin with sk_live_ or sk_test_",
        )
    })
}

/// Reads one line, byte by byte, so that what follows stays there for whoever reads next. None where
/// the input ends at once; one byte too many where the line is too long.
fn read_line(input: &mut impl Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(api_key::MAX_INPUT + 1));
    let mut byte = Zeroizing::new([0]);
    while line.len() <= api_key::MAX_INPUT {
        match input.read(&mut *byte) {
            Ok(0) if line.is_empty() => return Ok(None),
            Ok(0) => break,
            Ok(_) if *byte == *b"\n" => break,
            Ok(_) => line.extend_from_slice(&*byte),
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(Some(line))
}

fn show_success(options: &Options, device: &Device) -> Result<u8, Error> {
    let blank = if options.api_key_stdin { "" } else { "\n" };
    super::print(&format!(
        "{blank}Login successful! API Key verified and bound to this device.\nDevice: {}\nOS: {}\nFingerprint: {}\n",
        sanitize(&device.name),
        Device::os(),
        device::shorten(&device.fingerprint, device::LONG),
    ))
}
