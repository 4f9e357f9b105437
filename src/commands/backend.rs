//! Which backend a request goes to. A key belongs to the origin where it was logged in; only an
//! explicit option sends it elsewhere.

use std::path::Path;

use crate::auth_file;
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::credential::{Credential, Source};
use crate::environment;
use crate::error::Error;
use crate::json;
use crate::redact::sanitize;
use crate::secret_file;
use crate::shell;
use crate::store::Store;

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

/// A backend, and what names it.
pub(super) struct Backend {
    pub(super) url: BackendUrl,
    /// An option, a variable, a file, or the default.
    pub(super) source: &'static str,
}

/// The backend of a login: the option, then the variables, then the default.
///
/// # Errors
/// A malformed URL.
pub(super) fn of_login(options: &Options) -> Result<Backend, Error> {
    let option = if options.is_backend_url {
        "--backend-url"
    } else {
        "--backend"
    };
    match &options.backend {
        Some(url) => backend(option, url),
        None => from_variable()?.map_or_else(default_backend, Ok),
    }
}

/// The backend for a key: where it was logged in, unless the option says otherwise. A key from the
/// environment goes where a login would go.
///
/// # Errors
/// A malformed URL; or the variable names another origin than the one that the key belongs to.
pub(super) fn of_key(options: &Options, credential: &Credential) -> Result<Backend, Error> {
    if credential.source != Source::File || options.backend.is_some() {
        return of_login(options);
    }
    let own = logged_in_to(credential)?;
    let Some(other) = from_variable()?.filter(|it| it.url.origin() != own.url.origin()) else {
        return Ok(own);
    };
    let (variable, origin, login) = (other.source, other.url.origin(), login_command(&other.url));
    Err(Error::usage(format!(
        "{variable} names {origin}, but the key in auth.json belongs to {}, where it was logged in",
        own.url.origin()
    ))
    .with_hint(format!(
        "unset {variable}, or for the other backend run: {login}"
    )))
}

/// Refuses a backend to which a key would travel in clear.
///
/// # Errors
/// It is `http`, and not allowed: exit status 2.
pub(super) fn check_scheme(backend: Backend) -> Result<Backend, Error> {
    let allowed = environment::raw("SEKUIRE_ALLOW_HTTP");
    backend.url.check_scheme(allowed.as_deref())?;
    Ok(backend)
}

/// The backend that `status` shows for a key. It is offline: a variable that a request would have to
/// refuse does not matter here.
///
/// # Errors
/// A malformed variable.
pub(super) fn of_status(credential: &Credential) -> Result<Backend, Error> {
    match credential.source {
        Source::File => logged_in_to(credential),
        Source::Variable(_) => of_login(&Options::default()),
    }
}

/// Where a key from auth.json was logged in.
pub(super) fn logged_in_to(credential: &Credential) -> Result<Backend, Error> {
    credential
        .backend_url
        .clone()
        .map_or_else(default_backend, |url| Ok(of_file(url)))
}

fn of_file(url: BackendUrl) -> Backend {
    let source = "auth.json";
    Backend { url, source }
}

/// The backend that a damaged auth.json names; none, where it names none.
///
/// # Errors
/// It names one that can't be read: the hint that names the login.
pub(super) fn of_damaged_file() -> Result<Option<Backend>, &'static str> {
    let read = |store: Store| secret_file::read(store.path(), json::MAX_LEN).ok();
    let Some((bytes, _)) = Store::locate().ok().and_then(read) else {
        return Ok(None);
    };
    match auth_file::backend_url(&bytes) {
        Some(url) => Ok(Some(of_file(url))),
        None if String::from_utf8_lossy(&bytes).contains("backend_url") => {
            Err("run: sekuire login --backend URL, with the URL of your backend")
        }
        None => Ok(None),
    }
}

/// A backend that must be named, for it is not the default one.
pub(super) fn unless_default(url: &BackendUrl) -> Option<&BackendUrl> {
    Some(url).filter(|url| url.to_string() != DEFAULT_BACKEND)
}

/// The line that names a backend; none for the default one.
pub(super) fn line(url: &BackendUrl) -> String {
    let line = |url: &BackendUrl| format!("Backend: {}\n", sanitize(&url.to_string()));
    unless_default(url).map(line).unwrap_or_default()
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
    let web = match (&options.web_url, environment::text("SEKUIRE_WEB_URL")?) {
        (Some(url), _) => parse("--web-url", url),
        (None, Some(url)) => parse("SEKUIRE_WEB_URL", &url),
        (None, None) => return Ok(default_key_page()),
    };
    Ok(sanitize(&format!("{}{KEY_PAGE}", web?)))
}

/// As [`key_page`], in the default web app.
pub(super) fn default_key_page() -> String {
    format!("{DEFAULT_WEB}{KEY_PAGE}")
}

fn from_variable() -> Result<Option<Backend>, Error> {
    for name in [BACKEND_VARIABLE, SDK_VARIABLE] {
        if let Some(url) = environment::text(name)? {
            return backend(name, &url).map(Some);
        }
    }
    Ok(None)
}

fn default_backend() -> Result<Backend, Error> {
    backend("default", DEFAULT_BACKEND)
}

fn backend(source: &'static str, url: &str) -> Result<Backend, Error> {
    let url = parse(source, url)?;
    Ok(Backend { url, source })
}

fn parse(name: &str, url: &str) -> Result<BackendUrl, Error> {
    BackendUrl::parse(url.trim()).map_err(|cause| {
        let separator = if name.starts_with('-') { ' ' } else { '=' };
        let is_web = matches!(name, "--web-url" | "SEKUIRE_WEB_URL");
        let host = if is_web { "app" } else { "api" };
        let example = format!("{name}{separator}https://{host}.example.com");
        Error::usage(format!("the URL in {name} {cause}"))
            .with_hint(format!("write it as in: {example}"))
    })
}
