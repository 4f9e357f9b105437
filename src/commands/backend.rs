//! Which backend a request goes to. A key belongs to the origin where it was logged in; only an
//! explicit option sends it elsewhere.

use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::credential::{Credential, Source};
use crate::environment;
use crate::error::Error;
use crate::redact::sanitize;

/// The backend, where nothing says otherwise.
const DEFAULT_BACKEND: &str = "https://api.sekuire.ai";

/// The web app, where nothing says otherwise.
const DEFAULT_WEB: &str = "https://sekuire.ai";

/// The web app's page for API keys.
const KEY_PAGE: &str = "/dashboard/settings?tab=api-keys";

/// The variable that names the backend.
const VARIABLE: &str = "SEKUIRE_BACKEND_URL";

/// A backend, and what names it.
pub(super) struct Backend {
    pub(super) url: BackendUrl,
    /// An option, a variable, a file, or the default.
    pub(super) source: &'static str,
}

/// The backend of a login: the option, then the variable, then the default.
///
/// # Errors
/// A malformed URL.
pub(super) fn of_login(options: &Options) -> Result<Backend, Error> {
    if let Some(backend) = from_option(options)? {
        return Ok(backend);
    }
    from_variable()?.map_or_else(default_backend, Ok)
}

/// The backend for a key: where it was logged in, unless the option says otherwise. A key from the
/// environment goes where a login would go.
///
/// # Errors
/// A malformed URL; or the variable names another origin than the one that the key belongs to.
pub(super) fn of_key(options: &Options, credential: &Credential) -> Result<Backend, Error> {
    if credential.source != Source::File {
        return of_login(options);
    }
    if let Some(backend) = from_option(options)? {
        return Ok(backend);
    }
    let own = logged_in_to(credential)?;
    match from_variable()? {
        Some(other) if other.url.origin() != own.url.origin() => Err(Error::usage(format!(
            "{VARIABLE} names {}, but the key in auth.json belongs to {}, where it was logged in",
            other.url.origin(),
            own.url.origin()
        ))
        .with_hint(format!(
            "unset {VARIABLE}, or run 'sekuire login' for the other backend; --backend-url sends the key there all the same"
        ))),
        _ => Ok(own),
    }
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

fn logged_in_to(credential: &Credential) -> Result<Backend, Error> {
    match &credential.backend_url {
        None => default_backend(),
        Some(url) => Ok(Backend {
            url: url.clone(),
            source: "auth.json",
        }),
    }
}

/// What auth.json shall remember of a backend: nothing of the default one.
pub(super) fn to_remember(base: &BackendUrl) -> Option<BackendUrl> {
    Some(base.clone()).filter(|base| base.to_string() != DEFAULT_BACKEND)
}

/// The dashboard's page for API keys, in the web app of the option, the variable or the default.
/// Nothing is ever sent there.
///
/// # Errors
/// A malformed URL.
pub(super) fn key_page(options: &Options) -> Result<String, Error> {
    let web = match (&options.web_url, environment::text("SEKUIRE_WEB_URL")?) {
        (Some(url), _) => parse("--web-url", url)?.to_string(),
        (None, Some(url)) => parse("SEKUIRE_WEB_URL", &url)?.to_string(),
        (None, None) => DEFAULT_WEB.to_owned(),
    };
    Ok(sanitize(&format!("{web}{KEY_PAGE}")))
}

/// As [`key_page`], in the default web app.
pub(super) fn default_key_page() -> String {
    format!("{DEFAULT_WEB}{KEY_PAGE}")
}

fn from_option(options: &Options) -> Result<Option<Backend>, Error> {
    let named = options.backend.as_deref();
    named.map(|url| backend("--backend", url)).transpose()
}

fn from_variable() -> Result<Option<Backend>, Error> {
    let named = environment::text(VARIABLE)?;
    named.map(|url| backend(VARIABLE, &url)).transpose()
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
        Error::usage(format!("the URL in {name} {cause}")).with_hint(format!(
            "write it as in: {name}{}https://api.example.com",
            if name.starts_with('-') { " " } else { "=" }
        ))
    })
}
