//! What many tests begin with: a device that is known, a home that is logged in, the documented texts.

use serde_json::{Value, json};

use crate::support::backend::{Backend, KEY, ORG_ID, WORKSPACES};
pub(crate) use crate::support::command::DEVICE_ID;
use crate::support::command::TestCommand;
use crate::support::home::Home;

/// The fingerprint of `DEVICE_ID` (SPEC.md, section 7).
pub(crate) const FINGERPRINT: &str =
    "b225d7090cabd38227579da53951772b66c6d8db28cdad668ce79ee26f733b1d";

/// `KEY` as it may be shown.
pub(crate) const MASKED: &str = "sk_live_abc...xyz";

/// The part of `KEY` that no output may hold.
pub(crate) const SECRET: &str = "123def456";

pub(crate) const NOT_LOGGED_IN: &str = "Not logged in\nRun 'sekuire login' to authenticate\n";

/// The program in this home.
pub(crate) fn sekuire(home: &Home) -> TestCommand {
    TestCommand::new().home(home)
}

/// The same, with these variables.
pub(crate) fn sekuire_with(home: &Home, variables: &[(&str, &str)]) -> TestCommand {
    let set = |run: TestCommand, (name, value): &(&str, &str)| run.env(name, value);
    variables.iter().fold(sekuire(home), set)
}

/// The same, with this backend.
pub(crate) fn with_backend(home: &Home, backend: &Backend) -> TestCommand {
    sekuire(home)
        .env("SEKUIRE_BACKEND_URL", backend.url())
        .ca(&backend.ca_file())
}

/// A key, a fingerprint, an organization and a workspace, as after a login.
pub(crate) fn auth() -> Value {
    json!({
        "api_key": KEY,
        "device_fingerprint": FINGERPRINT,
        "org_id": ORG_ID,
        "workspace_id": WORKSPACES[0],
    })
}

/// `auth` with one member replaced.
pub(crate) fn auth_with(member: &str, value: Value) -> Value {
    let mut auth = auth();
    auth.as_object_mut()
        .expect("an object")
        .insert(member.to_owned(), value);
    auth
}

/// A home that is logged in, but for one member of its auth.json.
pub(crate) fn home_with(member: &str, value: Value) -> Home {
    let home = Home::new();
    home.write_auth(&auth_with(member, value).to_string());
    home
}

pub(crate) fn logged_in_home() -> Home {
    let home = Home::new();
    home.write_auth(&auth().to_string());
    home
}

/// Logs in to the backend by a pipe.
#[track_caller]
pub(crate) fn log_in(home: &Home, backend: &Backend) {
    with_backend(home, backend)
        .args(["login", "--api-key-stdin"])
        .stdin(KEY.as_bytes())
        .run()
        .exits_with(0);
}

/// This machine's host name up to the first dot, as uname(1) says it.
pub(crate) fn device_name() -> String {
    let whole = host_name();
    whole.split('.').next().unwrap_or_default().to_owned()
}

pub(crate) fn host_name() -> String {
    let name = nix::unistd::gethostname().expect("a host name");
    name.into_string().expect("a host name in UTF-8")
}

/// The documented transcript of `login` up to the prompt.
pub(crate) fn login_steps() -> String {
    login_steps_at("https://sekuire.ai")
}

pub(crate) fn login_steps_at(web: &str) -> String {
    format!(
        "Sekuire Login\n\nTo authenticate:\n1. Go to: {web}/dashboard/settings?tab=api-keys\n\
         2. Create a new API Key for CLI access\n3. Copy the key (you'll only see it once!)\n\
         4. Paste it below\n\n"
    )
}

/// The documented transcript of `login` from the success on, and the backend, which is not the default.
pub(crate) fn login_success(backend: &str) -> String {
    format!(
        "Login successful! API Key verified and bound to this device.\nDevice: {}\nOS: {}\n\
         Fingerprint: b225d7090cab...\nBackend: {backend}\n",
        device_name(),
        std::env::consts::OS
    )
}
