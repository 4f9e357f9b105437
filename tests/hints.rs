//! A hint that is followed word for word sends no key elsewhere (SPEC.md, section 4).

use serde_json::json;

use crate::fixtures::{home_with, log_in, sekuire};
use crate::support::backend::{Backend, KEY};
use crate::support::command::{TestCommand, binary};
use crate::support::home::Home;
use crate::support::outcome::Outcome;
use crate::support::proxy::{Proxy, ProxyBehaviour, Then};

/// A site with a backend of its own, and a proxy that logs what would leave it.
struct Site {
    backend: Backend,
    proxy: Proxy,
    home: Home,
}

impl Site {
    fn new() -> Self {
        let backend = Backend::http();
        let refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
        let refusing = ProxyBehaviour::saying(refusal, Then::Close);
        Self {
            proxy: Proxy::start(refusing, backend.address()),
            home: Home::new(),
            backend,
        }
    }

    fn call(&self, arguments: &[&str]) -> TestCommand {
        let call = sekuire(&self.home).env("HTTPS_PROXY", self.proxy.url());
        call.args(arguments).stdin(KEY.as_bytes())
    }

    /// Runs the last command that the call's hints and warnings name, in a shell that knows nothing of the
    /// call, and types the key. Returns what the call printed.
    #[track_caller]
    fn follow(&self, call: TestCommand, status: i32) -> String {
        let outcome: Outcome = call.run();
        outcome.exits_with(status);
        let output = format!("{}{}", outcome.stderr, outcome.stdout);
        let url = self.backend.url();
        let command = format!("run: sekuire login --backend {url}");
        let (_, options) = output.rsplit_once("run: sekuire login").expect("a command");
        let options = options.lines().next().expect("the rest of a line");
        let program = binary();
        let script = format!("'{}' login{options}", program.display());
        let before = self.backend.requests().len();
        let shell = TestCommand::at("/bin/sh".as_ref()).home(&self.home);
        let shell = shell.env("HTTPS_PROXY", self.proxy.url());
        let followed = shell.args(["-c", &script]).stdin(KEY.as_bytes()).run();
        let left: Vec<String> = self.proxy.heads();
        assert!(left.is_empty(), "{left:?}; {outcome}{followed}");
        let requests = self.backend.requests();
        let asked = requests.get(before).map(|request| &*request.target);
        let verify = Some("/api/v1/api-keys/verify");
        assert_eq!(asked, verify, "{outcome}{followed}");
        assert!(output.contains(&command), "{outcome}");
        output
    }
}

#[test]
fn hint_at_a_refused_key_names_its_backend() {
    let site = Site::new();
    log_in(&site.home, &site.backend);
    site.backend.revoke(KEY);
    let url = site.backend.url();
    for call in [
        site.call(&["whoami"]),
        site.call(&["login", "--backend", &url]),
        site.call(&["login"]).env("SEKUIRE_BACKEND_URL", &url),
        site.call(&["doctor", "--online"]),
    ] {
        let output = site.follow(call, 1);
        assert!(output.contains("create a new key, then run: "), "{output}");
    }
    let of_variable = site.call(&["whoami", "--backend", &url]);
    let output = site.follow(of_variable.env("SEKUIRE_API_KEY", KEY), 1);
    assert!(output.contains(" --no-store\n"), "{output}");
}

#[test]
fn hint_on_another_device_names_the_backend_of_the_file() {
    let site = Site::new();
    for (arguments, status) in [(&["status"][..], 0), (&["whoami"], 1), (&["doctor"], 0)] {
        // The key is this device's again.
        log_in(&site.home, &site.backend);
        let elsewhere = site.call(arguments).env("SEKUIRE_DEVICE_ID", "laptop-2");
        let output = site.follow(elsewhere, status);
        let advice = "correct or unset SEKUIRE_DEVICE_ID, or run: sekuire login";
        assert!(output.contains(advice), "{output}");
    }
}

#[test]
fn hint_without_a_login_names_the_backend_of_variable_or_option() {
    let site = Site::new();
    let url = site.backend.url();
    let exec = ["auth", "exec", "--", "/bin/true"];
    for arguments in [&["whoami"][..], &["auth", "token"], &exec, &["doctor"]] {
        for variable in ["SEKUIRE_BACKEND_URL", "SEKUIRE_API_URL"] {
            site.follow(site.call(arguments).env(variable, &url), 1);
            site.call(&["logout"]).run().exits_with(0);
        }
    }
    site.follow(site.call(&["whoami", "--backend-url", &url]), 1);
}

/// The variable's backend is the one that a login would go to.
#[test]
fn hint_at_a_variable_names_its_backend() {
    let (own, site) = (Backend::http(), Site::new());
    log_in(&site.home, &own);
    let requests = own.requests().len();
    let call = site.call(&["whoami"]);
    let output = site.follow(call.env("SEKUIRE_API_URL", site.backend.url()), 2);
    let hint = "hint: unset SEKUIRE_API_URL, or for the other backend run: sekuire login ";
    assert!(output.contains(hint), "{output}");
    assert_eq!(own.requests().len(), requests);
}

/// Nor does a key of the default backend go where a variable says.
#[test]
fn default_backend_is_named_where_a_variable_names_another() {
    let home = home_with("device_fingerprint", json!("0".repeat(64)));
    for (variable, login) in [
        (
            "",
            "with SEKUIRE_DEVICE_ID, set it, else run: sekuire login\n",
        ),
        (
            "https://backend.example",
            "else run: sekuire login --backend https://api.sekuire.ai\n",
        ),
    ] {
        let status = sekuire(&home).env("SEKUIRE_BACKEND_URL", variable);
        status
            .without("SEKUIRE_DEVICE_ID")
            .arg("status")
            .run()
            .exits_with(0)
            .stderr_contains(login);
    }
}

/// What a path may hold, a shell must not take for its own.
#[test]
fn url_in_a_hint_is_quoted_for_the_shell() {
    let url = "https://backend.example/a;id&$(id)'";
    let whoami = sekuire(&Home::new()).args(["whoami", "--backend", url]);
    let quoted = "hint: run: sekuire login --backend 'https://backend.example/a;id&$(id)'\\'''\n";
    whoami.run().exits_with(1).stderr_contains(quoted);
}
