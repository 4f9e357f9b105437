//! Which backend a request goes to. A key belongs to the origin where it was logged in; only an
//! explicit option sends it elsewhere.

use std::path::Path;

use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::credential::Credential;
use crate::error::Error;
use crate::redact::sanitize;
use crate::{environment, shell};

/// The backend, where nothing says otherwise.
const DEFAULT_BACKEND: &str = "https://api.sekuire.ai";

/// The web app, where nothing says otherwise.
const DEFAULT_WEB: &str = "https://sekuire.ai";

/// The web app's page for API keys.
const KEY_PAGE: &str = "/dashboard/settings?tab=api-keys";

/// The variable that names the backend.
pub(super) const BACKEND_VARIABLE: &str = "SEKUIRE_BACKEND_URL";

/// The name that Sekuire's SDK reads, read after our own.
pub(super) const SDK_VARIABLE: &str = "SEKUIRE_API_URL";

/// The source of a URL that nobody named.
const DEFAULT: &str = "default";

/// A URL, and the option, the variable or the file that names it.
pub(super) struct Backend {
    pub(super) url: BackendUrl,
    pub(super) source: &'static str,
}

/// The backend of a login: the option, then the variables, then the default.
///
/// # Errors
/// A malformed URL.
pub(super) fn of_login(options: &Options) -> Result<Backend, Error> {
    let option = ("--backend", options.backend.as_ref());
    choose(option, &[BACKEND_VARIABLE, SDK_VARIABLE], DEFAULT_BACKEND)
}

/// The backend to ask: a key from auth.json goes where it was logged in, unless the option says otherwise;
/// any other key goes where a login would go.
///
/// # Errors
/// A malformed URL; `http` where it is not allowed; a variable that names another origin than the one
/// that the key belongs to.
pub(super) fn to_ask(options: &Options, known: Option<&Credential>) -> Result<Backend, Error> {
    let named = of_login(options)?;
    let is_of_file = |known: &&Credential| known.variable.is_none() && options.backend.is_none();
    let backend = match known.filter(is_of_file) {
        Some(known) => confine(&named, logged_in_to(known)?)?,
        None => named,
    };
    let allowed = environment::raw("SEKUIRE_ALLOW_HTTP");
    backend.url.check_scheme(allowed.as_deref())?;
    Ok(backend)
}

/// The key's own backend, if no variable names another origin.
fn confine(named: &Backend, own: Backend) -> Result<Backend, Error> {
    let (variable, other, origin) = (named.source, named.url.origin(), own.url.origin());
    if variable == DEFAULT || other == origin {
        return Ok(own);
    }
    let login = login_command(&named.url);
    Err(Error::usage(format!(
        "{variable} names {other}, but the key in auth.json belongs to {origin}, where it was logged in"
    ))
    .with_hint(format!("unset {variable}, or for the other backend run: {login}")))
}

/// Where a key from auth.json was logged in.
///
/// # Errors
/// None: the default is well-formed.
pub(super) fn logged_in_to(known: &Credential) -> Result<Backend, Error> {
    let own = known.backend_url.as_ref().map(BackendUrl::to_string);
    choose(("auth.json", own.as_ref()), &[], DEFAULT_BACKEND)
}

/// A backend that must be named, because it is not the default one.
pub(super) fn unless_default(url: &BackendUrl) -> Option<String> {
    Some(url.to_string()).filter(|url| url != DEFAULT_BACKEND)
}

/// The command that logs in to a backend. Every hint at a login names this one: whoever follows it must
/// not send a key to the default backend, or to a variable's, in place of its own.
pub(super) fn login_command(url: &BackendUrl) -> String {
    let leads_there = of_login(&Options::default()).is_ok_and(|plain| plain.url == *url);
    if leads_there && unless_default(url).is_none() {
        return "sekuire login".into();
    }
    let url = url.to_string();
    format!("sekuire login --backend {}", shell::quote(Path::new(&url)))
}

/// The dashboard's page for API keys, in the web app of the option, the variable or the default.
/// Nothing is ever sent there.
///
/// # Errors
/// A malformed URL.
pub(super) fn key_page(options: &Options) -> Result<String, Error> {
    let option = ("--web-url", options.web_url.as_ref());
    let web = choose(option, &["SEKUIRE_WEB_URL"], DEFAULT_WEB)?;
    Ok(sanitize(&format!("{}{KEY_PAGE}", web.url)))
}

/// The URL of the option, else of the first variable that is set, else the default.
fn choose(
    option: (&'static str, Option<&String>),
    variables: &[&'static str],
    default: &str,
) -> Result<Backend, Error> {
    let (source, url) = match option {
        (name, Some(url)) => (name, url.clone()),
        _ => environment::first(variables)?.unwrap_or((DEFAULT, default.to_owned())),
    };
    let url = BackendUrl::parse(url.trim()).map_err(|cause| {
        Error::usage(format!("the URL in {source} {cause}"))
            .with_hint("write it as in: https://api.example.com")
    })?;
    Ok(Backend { url, source })
}
