//! `sekuire doctor`: a line for each layer that a login needs. Each prints what the functions return that
//! `login` and `whoami` call. It changes nothing.

mod checks;

use std::time::{SystemTime, UNIX_EPOCH};

use super::{backend, shared};
use crate::backend_url::{BackendUrl, Scheme};
use crate::cli::Options;
use crate::clock::{BEFORE_RELEASE, date};
use crate::credential::Credential;
use crate::credentials::{self, Found};
use crate::device::{self, Device};
use crate::error::Error;
use crate::http::{Client, Route, choose_route};
use crate::store::Store;
use crate::tls::Trust;
use crate::{api, environment};
use checks::{Checks, Finding, finding};

/// By how many seconds clocks may differ: certificates and tokens allow for that.
const USUAL_DIFFERENCE: u64 = 60;

/// What programs read for a proxy; this one reads the first two.
const PROXY_VARIABLES: &str = "HTTPS_PROXY https_proxy HTTP_PROXY http_proxy ALL_PROXY all_proxy";

/// Looks at each layer, and prints what was found there as soon as it is known.
///
/// # Errors
/// Standard output can't be written.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let mut checks = Checks::default();
    checks.is_json = options.json;
    let is_readable = checks.add("configuration", configuration());
    let found = credentials::find();
    // The same failure is not reported twice.
    if is_readable || found.is_ok() {
        checks.add("key", key(&found, options));
    }
    let known = (found.as_ref().ok()).and_then(|found| found.credential.as_ref());
    let device = shared::detect_device(known);
    checks.add("device", Ok(identity(&device, known)));
    let backend = backend::to_ask(options, known);
    let base = backend.as_ref().ok().map(|backend| backend.url.clone());
    let address = backend.map(|it| finding(it.url.to_string(), Some(it.source), None));
    let mut can_ask = checks.add("backend", address);
    can_ask &= checks.add("trust", authorities(base.as_ref()));
    can_ask &= checks.add("proxy", proxy(base.as_ref()));
    can_ask &= checks.add("clock", clock(seconds(SystemTime::now())));
    if let Some(base) = base.filter(|_| can_ask && options.online) {
        let mut client = shared::client(base, options)?;
        ask(&mut client, known, &device, &mut checks);
    }
    checks.finish()
}

fn configuration() -> Result<Finding, Error> {
    let variable = "SEKUIRE_CONFIG_DIR";
    let source = environment::raw(variable).map_or("default", |_| variable);
    let inspected = Store::locate().and_then(|store| store.inspect());
    let (words, warnings) = match (inspected, credentials::variable_in_use()) {
        (Err(error), Some(variable)) => {
            let warning = format!("only a login needs this: the key comes from {variable}");
            (error.to_string(), vec![warning])
        }
        (inspected, _) => inspected?,
    };
    Ok(finding(words, Some(source), warnings))
}

fn key(found: &Result<Found, Error>, options: &Options) -> Result<Finding, Error> {
    let known = found.as_ref().map_err(Clone::clone)?.credential.as_ref();
    let known = known.ok_or_else(|| shared::not_logged_in(options))?;
    let environment = known.api_key.environment().unwrap_or("unknown environment");
    let words = format!("{}, {environment}", known.api_key);
    let source = known.variable.unwrap_or("auth.json");
    let has_file = Store::locate().is_ok_and(|store| store.may_hold_key());
    let warning =
        format!("{source} takes precedence over the key in auth.json; unset it to use that one");
    let has_two = known.variable.is_some() && has_file;
    Ok(finding(words, Some(source), has_two.then_some(warning)))
}

fn identity(device: &Device, known: Option<&Credential>) -> Finding {
    let fingerprint = device::shorten(&device.fingerprint, device::SHORT);
    let words = format!("{}, fingerprint {fingerprint}", device.name);
    let other = shared::other_device(known, device);
    let by_name = device.warning().map(str::to_owned);
    finding(words, Some(device.source), other.into_iter().chain(by_name))
}

fn authorities(base: Option<&BackendUrl>) -> Result<Finding, Error> {
    if base.is_some_and(|base| base.scheme() == Scheme::Http) {
        return Ok(finding("not needed for http", None, None));
    }
    let mut trust = Trust::prepare()?;
    trust.read_folders();
    let count = trust.unreadable;
    let warning = format!("{count} more could not be read: check that each is whole PEM text");
    let warning = Some(warning).filter(|_| count > 0);
    Ok(finding(trust.count(), Some(&trust.source), warning))
}

fn proxy(base: Option<&BackendUrl>) -> Result<Finding, Error> {
    Ok(match choose_route(base)? {
        Route::Through(name, proxy) => finding(format!("http://{proxy}"), Some(name), None),
        Route::Bypassed(name, entry) => finding(format!("bypassed for {entry}"), Some(name), None),
        route @ (Route::Direct | Route::NeverProxied) => {
            let mut words = "none".to_owned();
            for name in PROXY_VARIABLES.split(' ') {
                if environment::raw(name).is_some() {
                    words.extend(["; ", name, " is set but not used"]);
                }
            }
            let is_missed = matches!(route, Route::Direct) && words != "none";
            let advice = "for a proxy set HTTPS_PROXY".to_owned();
            finding(words, Some("default"), is_missed.then_some(advice))
        }
    })
}

fn clock(now: u64) -> Result<Finding, Error> {
    let date = date(now);
    if now >= BEFORE_RELEASE {
        return Ok(finding(date, None, None));
    }
    let message = format!("{date}, a time before this program was released");
    Err(Error::machine(message).with_hint("set this machine's clock"))
}

/// Since 1970.
fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// Takes the steps of a request. The first that fails ends it; only the last sends the key.
fn ask(client: &mut Client, known: Option<&Credential>, device: &Device, checks: &mut Checks) {
    let has_arrived = client.probe(&mut |name, step| {
        checks.add(name, step.map(|words| finding(words, None, None)));
    });
    if !has_arrived {
        return;
    }
    let date = api::clock(client).map(|date| match date {
        Some(date) => compare(seconds(date), seconds(SystemTime::now())),
        None => finding("not given", None, None),
    });
    let is_answered = checks.add("backend clock", date);
    if let Some(known) = known.filter(|_| is_answered) {
        let account = shared::ask(client, known, device).map(|me| {
            let user = me.email.or(me.id).unwrap_or("an unnamed user".to_owned());
            finding(format!("key accepted for {user}"), None, None)
        });
        checks.add("account", account);
    }
}

/// The backend's clock.
fn compare(theirs: u64, ours: u64) -> Finding {
    let is_close = theirs.abs_diff(ours) <= USUAL_DIFFERENCE;
    let advice = "it differs from this machine's: set that, or ask the backend's administrator";
    let warning = Some(advice.to_owned()).filter(|_| !is_close);
    finding(date(theirs), None, warning)
}

#[cfg(test)]
mod tests {
    use super::{BEFORE_RELEASE, clock, compare};

    #[test]
    fn a_clock_before_the_release_fails() {
        for (seconds, is_ok) in [
            (0, false),
            (BEFORE_RELEASE - 1, false),
            (BEFORE_RELEASE, true),
        ] {
            assert_eq!(clock(seconds).is_ok(), is_ok, "{seconds}");
        }
    }

    #[test]
    fn clocks_that_differ_by_more_than_a_minute_are_a_warning() {
        for (theirs, is_close) in [(939, false), (940, true), (1060, true), (1061, false)] {
            let (.., warnings) = compare(theirs, 1000);
            assert_eq!(warnings.is_empty(), is_close, "{theirs}");
        }
    }
}
