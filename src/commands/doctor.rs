//! `sekuire doctor`: a line for each layer that a login needs. Each prints what the functions return that
//! `login` and `whoami` call. It changes nothing.

mod checks;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::backend::{self, Backend};
use super::shared;
use crate::api;
use crate::backend_url::{BackendUrl, Scheme};
use crate::cli::Options;
use crate::clock::{self, BEFORE_RELEASE};
use crate::credential::{Credential, Source};
use crate::credentials::{self, Found};
use crate::device::{self, Device};
use crate::environment;
use crate::error::Error;
use crate::http::{Route, choose_route};
use crate::store::Store;
use crate::tls::Trust;
use checks::{Checks, Finding};

/// Clocks may differ by this much: certificates and tokens allow for it.
const USUAL_DIFFERENCE: Duration = Duration::from_secs(60);

/// What programs read for a proxy; this one the first two, and for https alone.
const PROXY_VARIABLES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// Looks at each layer, and prints what was found there as soon as it is known.
///
/// # Errors
/// Standard output can't be written.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let mut checks = Checks::new(options.json);
    let found = shared::find(options);
    let is_readable = checks.add("configuration", configuration(options))?;
    // The same failure is not reported twice.
    if is_readable || found.is_ok() {
        checks.add("key", key(&found, options))?;
    }
    let credential = found.ok().and_then(|found| found.credential);
    let device = shared::detect_device(credential.as_ref());
    checks.add("device", Ok(identity(&device, credential.as_ref())))?;
    let backend = match &credential {
        Some(credential) => backend::of_key(options, credential),
        None => backend::of_login(options),
    };
    let backend = backend.and_then(backend::check_scheme);
    let base = backend.as_ref().ok().map(|backend| backend.url.clone());
    let mut can_ask = checks.add("backend", backend.map(|backend| address(&backend)))?;
    can_ask &= checks.add("trust", authorities(base.as_ref()))?;
    can_ask &= checks.add("proxy", proxy(base.as_ref()))?;
    can_ask &= checks.add("clock", time(SystemTime::now()))?;
    if let Some(base) = base.filter(|_| can_ask && options.online) {
        ask(options, base, credential.as_ref(), &device, &mut checks)?;
    }
    checks.finish(options.online)
}

fn configuration(options: &Options) -> Result<Finding, Error> {
    let variables = ["SEKUIRE_CONFIG_DIR", "HOME"].into_iter();
    let mut variables = variables.filter(|name| environment::raw(name).is_some());
    let source = variables.next().unwrap_or("the password database");
    let inspected = Store::locate().and_then(|store| store.inspect());
    match (inspected, credentials::variable_in_use()) {
        (Ok((found, warnings)), _) => Ok(Finding::new(found, source).warn(warnings)),
        (Err(error), None) => Err(shared::hint_at_damage(error, options)),
        (Err(error), Some(variable)) => {
            let warning = format!("only a login needs it: the key is {variable}'s");
            Ok(Finding::new(error.to_string(), source).warn([warning]))
        }
    }
}

fn key(found: &Result<Found, Error>, options: &Options) -> Result<Finding, Error> {
    let found = found.as_ref().map_err(Clone::clone)?;
    let credential = found.credential.as_ref();
    let credential = credential.ok_or_else(|| shared::not_logged_in(options))?;
    let environment = credential.api_key.environment();
    let environment = environment.unwrap_or("of an unknown environment");
    let words = format!("{}, {environment}", credential.api_key);
    let Source::Variable(variable) = credential.source else {
        return Ok(Finding::new(words, "auth.json"));
    };
    let has_two = Store::locate().is_ok_and(|store| store.may_hold_key());
    let warning = format!("{variable} takes precedence over the key in auth.json");
    Ok(Finding::new(words, variable).warn(has_two.then_some(warning)))
}

fn identity(device: &Device, credential: Option<&Credential>) -> Finding {
    let fingerprint = device::shorten(&device.fingerprint, device::SHORT);
    let words = format!("{}, fingerprint {fingerprint}", device.name);
    let is_by_host_name = device.source == device::Source::HostName;
    Finding::new(words, device.source.name())
        .warn(credential.and_then(|found| shared::other_device(found, device)))
        .warn(is_by_host_name.then(|| device::FOLLOWS_HOST_NAME.to_owned()))
}

fn address(backend: &Backend) -> Finding {
    let url = &backend.url;
    let why = match url.scheme() {
        Scheme::Https => "",
        Scheme::Http if url.is_loopback() => " (plain http is allowed on loopback)",
        Scheme::Http => " (plain http is allowed by SEKUIRE_ALLOW_HTTP)",
    };
    Finding::new(format!("{url}{why}"), backend.source)
}

fn authorities(base: Option<&BackendUrl>) -> Result<Finding, Error> {
    if base.is_some_and(|base| base.scheme() == Scheme::Http) {
        return Ok(Finding::new("not needed for http", ""));
    }
    let mut trust = Trust::prepare()?;
    trust.read_folders();
    let count = trust.unreadable;
    let warning = format!("{count} more could not be read: see that each is whole, in PEM form");
    let warning = Some(warning).filter(|_| count > 0);
    Ok(Finding::new(trust.count(), &trust.source).warn(warning))
}

fn proxy(base: Option<&BackendUrl>) -> Result<Finding, Error> {
    let variables = PROXY_VARIABLES.into_iter();
    let set: Vec<&str> = variables
        .filter(|name| environment::raw(name).is_some())
        .collect();
    let set = set.join(", ");
    Ok(match choose_route(base)? {
        Route::Direct => {
            let words = format!("not used: {set}; for a proxy set HTTPS_PROXY");
            Finding::new("none", "default").warn((!set.is_empty()).then_some(words))
        }
        Route::NeverProxied => {
            let mut words = "none for loopback and plain http".to_owned();
            if !set.is_empty() {
                words.extend(["; set but not used: ", &set]);
            }
            Finding::new(words, "default")
        }
        Route::Bypassed(variable, entry) => {
            Finding::new(format!("bypassed by NO_PROXY entry {entry}"), variable)
        }
        Route::Through(variable, proxy) => Finding::new(format!("http://{proxy}"), variable),
    })
}

fn time(now: SystemTime) -> Result<Finding, Error> {
    let date = clock::date(seconds(now));
    if seconds(now) >= BEFORE_RELEASE {
        return Ok(Finding::new(date, ""));
    }
    let message = format!("{date}, a time before this program was released");
    Err(Error::machine(message).with_hint("set this machine's clock"))
}

/// Since 1970.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

/// Takes the steps of a request. The first that fails ends it; only the last sends the key.
fn ask(
    options: &Options,
    base: BackendUrl,
    credential: Option<&Credential>,
    device: &Device,
    checks: &mut Checks,
) -> Result<bool, Error> {
    let mut client = match shared::client(base, options) {
        Ok(client) => client,
        Err(error) => return checks.add("request", Err(error)),
    };
    let mut printed = Ok(true);
    let has_arrived = client.probe(&mut |name, found| {
        if printed.is_ok() {
            printed = checks.add(name, found.map(|found| Finding::new(found, "")));
        }
    });
    if !printed? || !has_arrived {
        return Ok(false);
    }
    let sent = SystemTime::now();
    let answered = api::clock(&mut client).map(|date| compare(date, sent));
    let is_answered = checks.add("backend clock", answered)?;
    let Some(credential) = credential.filter(|_| is_answered) else {
        return Ok(is_answered);
    };
    let account = shared::ask(&mut client, credential, device).map(|me| {
        let user = me.email.or(me.id);
        let user = user.as_deref().unwrap_or("an unnamed user");
        Finding::new(format!("key accepted for {user}"), "")
    });
    checks.add("account", account)
}

/// The backend's clock and this machine's, from when it was asked until now.
fn compare(date: Option<SystemTime>, sent: SystemTime) -> Finding {
    let now = SystemTime::now();
    let Some(date) = date else {
        return Finding::new("not told", "");
    };
    if date + USUAL_DIFFERENCE >= sent && date <= now + USUAL_DIFFERENCE {
        return Finding::new("agrees with this machine's", "");
    }
    let (theirs, ours) = (clock::date(seconds(date)), clock::date(seconds(now)));
    let words = format!("{theirs}, while this machine's says {ours}");
    let advice = "set this machine's clock, or ask the backend's administrator";
    Finding::new(words, "").warn([advice.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::{BEFORE_RELEASE, Duration, SystemTime, UNIX_EPOCH, compare, time};

    #[test]
    fn a_clock_that_says_less_than_the_release_fails() {
        for (seconds, is_ok) in [
            (0, false),
            (BEFORE_RELEASE - 1, false),
            (BEFORE_RELEASE, true),
        ] {
            let found = time(UNIX_EPOCH + Duration::from_secs(seconds));
            assert_eq!(found.is_ok(), is_ok, "{seconds}");
        }
    }

    #[test]
    fn clocks_may_differ_by_a_minute_and_the_time_that_the_answer_took() {
        let ago = |seconds| SystemTime::now() - Duration::from_secs(seconds);
        for (behind, took, agrees) in [(50, 0, true), (63, 5, true), (70, 5, false)] {
            let finding = compare(Some(ago(behind)), ago(took));
            let is_close = finding.found.starts_with("agrees");
            assert_eq!(is_close, agrees, "{behind} s, {took} s");
        }
    }
}
