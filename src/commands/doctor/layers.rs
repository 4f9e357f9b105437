//! What this machine holds: nothing is asked of the network.

use std::time::{SystemTime, UNIX_EPOCH};

use super::check::{Check, Tell};
use crate::backend_url::{BackendUrl, Scheme};
use crate::cli::Options;
use crate::clock::{self, BEFORE_RELEASE};
use crate::commands::backend::{self, Backend};
use crate::commands::report::Text;
use crate::commands::shared;
use crate::credential::{Credential, Source};
use crate::credentials::Found;
use crate::device::{self, Device};
use crate::environment;
use crate::error::Error;
use crate::http::{Route, choose_route};
use crate::store::Store;
use crate::tls::Trust;

/// What the layers are about.
pub(super) struct Patient {
    pub(super) credential: Option<Credential>,
    pub(super) device: Device,
    /// None where the URL can't be used.
    pub(super) backend: Option<BackendUrl>,
    /// What TLS trusts, where it was prepared: that can be done once.
    pub(super) trust: Option<Trust>,
    /// Whether all that a request needs of this machine is well.
    pub(super) can_ask: bool,
}

/// Looks at every layer of this machine.
///
/// # Errors
/// As `tell`.
pub(super) fn examine(options: &Options, tell: Tell<'_>) -> Result<Patient, Error> {
    let found = shared::find(options);
    let (check, told) = configuration(key_variable(&found), options);
    tell(check)?;
    tell(key(&found, &told, options))?;
    let credential = found.ok().and_then(|found| found.credential);
    let bound = credential
        .as_ref()
        .and_then(|found| found.bound_fingerprint.as_deref());
    let device = Device::detect(bound);
    tell(identity(&device, credential.as_ref()))?;
    let backend = match &credential {
        Some(credential) => backend::of_key(options, credential),
        None => backend::of_login(options),
    };
    let backend = backend.and_then(backend::expect_private);
    let mut can_ask = backend.is_ok();
    let mut tell = |check: Check| {
        can_ask &= check.result != "failed";
        tell(check)
    };
    tell(address(&backend))?;
    let backend = backend.ok().map(|backend| backend.url);
    let mut prepared = None;
    tell(trust(backend.as_ref(), &mut prepared))?;
    tell(proxy(backend.as_ref()))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    tell(time(now.map_or(0, |since| since.as_secs())))?;
    Ok(Patient {
        credential,
        device,
        backend,
        trust: prepared,
        can_ask,
    })
}

/// The variable that the key is from: auth.json is not consulted then.
fn key_variable(found: &Result<Found, Error>) -> Option<&'static str> {
    match found.as_ref().ok()?.credential.as_ref()?.source {
        Source::Variable(variable) => Some(variable),
        Source::File => None,
    }
}

/// The folder and its file, and what a person is told of them. Nothing but a login needs them where the
/// key is from `variable`.
fn configuration(variable: Option<&str>, options: &Options) -> (Check, Vec<String>) {
    let name = "configuration";
    let inspected = Store::locate().and_then(|store| store.inspect());
    let inspected = inspected.map_err(|error| shared::hint_at_damage(error, options));
    let source = if environment::raw("SEKUIRE_CONFIG_DIR").is_some() {
        "SEKUIRE_CONFIG_DIR"
    } else if environment::raw("HOME").is_some() {
        "HOME"
    } else {
        "the password database"
    };
    let (check, warnings) = match inspected {
        Ok((found, warnings)) => (Check::ok(name, found).warnings(&warnings), warnings),
        Err(error) => match variable {
            None => (Check::failed(name, &error), Vec::new()),
            Some(variable) => {
                let warning = format!("only a login would need it: the key is {variable}'s");
                (
                    Check::ok(name, error.to_string()).warning(warning),
                    Vec::new(),
                )
            }
        },
    };
    (check.from(source), warnings)
}

/// The key, and what the other commands warn of with it, but for what was `told` already.
fn key(found: &Result<Found, Error>, told: &[String], options: &Options) -> Check {
    let name = "key";
    let found = match found {
        Ok(found) => found,
        Err(error) => return Check::failed(name, error),
    };
    let news = found.warnings.iter().filter(|text| !told.contains(text));
    let mut warnings: Vec<String> = news.cloned().collect();
    let Some(credential) = &found.credential else {
        let error = shared::not_logged_in(options);
        warnings.insert(0, error.to_string());
        return Check {
            found: Text::new(warnings.join("; ")),
            ..Check::failed(name, &error)
        };
    };
    let environment = match credential.api_key.environment() {
        Some(environment) => environment.name(),
        None => "of an unknown environment",
    };
    let check = Check::ok(name, format!("{}, {environment}", credential.api_key));
    let source = match credential.source {
        Source::File => "auth.json",
        Source::Variable(variable) => variable,
    };
    if source != "auth.json" && auth_file_has_key() {
        warnings.push(format!(
            "{source} wins over the key in auth.json; unset it to use that one"
        ));
    }
    check.from(source).warnings(&warnings)
}

fn auth_file_has_key() -> bool {
    Store::locate().is_ok_and(|store| store.may_hold_key())
}

fn identity(device: &Device, credential: Option<&Credential>) -> Check {
    let bound = credential.and_then(|found| found.bound_fingerprint.as_deref());
    let fingerprint = device::shorten(&device.fingerprint, device::SHORT);
    let same = match bound {
        Some(bound) if device.matches(bound) => ", which auth.json has, too",
        _ => "",
    };
    let found = format!("{}, fingerprint {fingerprint}{same}", device.name);
    let check = Check::ok("device", found).from(device.source.name());
    match credential.and_then(|found| shared::other_device(found, device)) {
        Some(advice) => check.warning(advice),
        None if device.source == device::Source::HostName => {
            check.warning(device::FOLLOWS_HOST_NAME)
        }
        None => check,
    }
}

fn address(backend: &Result<Backend, Error>) -> Check {
    let name = "backend";
    match backend {
        Err(error) => Check::failed(name, error),
        Ok(Backend { url, source }) => {
            let clear = match url.scheme() {
                Scheme::Https => "",
                Scheme::Http if url.is_loopback() => "; http, for it is this machine",
                Scheme::Http => "; http, for SEKUIRE_ALLOW_HTTP names it",
            };
            Check::ok(name, format!("{url}{clear}")).from(source)
        }
    }
}

fn trust(url: Option<&BackendUrl>, prepared: &mut Option<Trust>) -> Check {
    let name = "trust";
    if url.is_some_and(|url| url.scheme() == Scheme::Http) {
        return Check::ok(name, "not needed for http");
    }
    match Trust::prepare() {
        Ok(trust) => {
            let check = Check::ok(name, trust.count()).from(&trust.source);
            let unreadable = trust.unreadable;
            *prepared = Some(trust);
            match unreadable {
                0 => check,
                unreadable => check.warning(format!(
                    "{unreadable} more could not be read: see that each is a whole certificate in PEM form"
                )),
            }
        }
        Err(error) => Check::failed(name, &error),
    }
}

fn proxy(url: Option<&BackendUrl>) -> Check {
    let name = "proxy";
    match choose_route(url) {
        Ok(Route::Direct) => Check::ok(name, "none is set").from("default"),
        Ok(Route::NeverProxied) => {
            Check::ok(name, "none is used to this machine, or for http").from("default")
        }
        Ok(Route::Bypassed(variable, entry)) => {
            Check::ok(name, format!("bypassed by NO_PROXY entry {entry}")).from(variable)
        }
        Ok(Route::Through(variable, proxy)) => {
            let login = if proxy.has_login() {
                ", with a user name and password"
            } else {
                ""
            };
            Check::ok(name, format!("http://{proxy}{login}")).from(variable)
        }
        Err(error) => Check::failed(name, &error),
    }
}

/// `now`: seconds since 1970.
fn time(now: u64) -> Check {
    let name = "clock";
    if now < BEFORE_RELEASE {
        let message = format!(
            "{}, a time before this program was released",
            clock::date(now)
        );
        return Check::failed(
            name,
            &Error::machine(message).with_hint("set this machine's clock"),
        );
    }
    Check::ok(name, clock::date(now))
}

#[cfg(test)]
mod tests {
    use super::{BEFORE_RELEASE, time};

    #[test]
    fn a_clock_that_says_less_than_the_release_is_wrong() {
        for (now, result, exit_status) in [
            (0, "failed", 3),
            (BEFORE_RELEASE - 1, "failed", 3),
            (BEFORE_RELEASE, "ok", 0),
        ] {
            let check = time(now);
            assert_eq!((check.result, check.exit_status), (result, exit_status));
        }
    }
}
