//! A hint that is followed word for word sends no key elsewhere (SPEC.md, section 4).

use serde_json::json;

use crate::fixtures::{auth_with, log_in, sekuire};
use crate::support::backend::{Backend, KEY};
use crate::support::command::{Sekuire, binary};
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

    fn call(&self, arguments: &[&str]) -> Sekuire {
        let call = sekuire(&self.home).env("HTTPS_PROXY", self.proxy.url());
        call.args(arguments).stdin(KEY.as_bytes())
    }

    /// Runs the last command that the outcome's hints and warnings name, in a shell that knows
    /// nothing of the call before, and types the key.
    #[track_caller]
    fn follow(&self, outcome: &Outcome) {
        let told = format!("{}{}", outcome.stderr, outcome.stdout);
        let (_, rest) = told.rsplit_once("sekuire login").expect("a command");
        let options = rest.split(['\n', '\'']).next().expect("the rest of a line");
        let program = binary();
        let program = program.to_str().expect("text");
        let before = self.backend.requests().len();
        let shell = Sekuire::at("/bin/sh".as_ref()).home(&self.home);
        let shell = shell.env("HTTPS_PROXY", self.proxy.url());
        let followed = shell
            .args(["-c", &format!("'{program}' login{options}")])
            .stdin(KEY.as_bytes())
            .run();
        let left: Vec<String> = self.proxy.heads();
        assert!(left.is_empty(), "{left:?}; {outcome}{followed}");
        let requests = self.backend.requests();
        let asked = requests.get(before).map(|request| &*request.target);
        let verify = Some("/api/v1/api-keys/verify");
        assert_eq!(asked, verify, "{outcome}{followed}");
        let command = format!("run: sekuire login --backend {}", self.backend.url());
        assert!(told.contains(&command), "{outcome}");
    }
}

#[test]
fn after_a_key_was_refused() {
    let site = Site::new();
    log_in(&site.home, &site.backend);
    site.backend.revoke(KEY);
    let url = site.backend.url();
    let refused = "hint: create a new key, then run: sekuire login";
    for call in [
        site.call(&["whoami"]),
        site.call(&["login", "--backend", &url]),
        site.call(&["login"]).env("SEKUIRE_BACKEND_URL", &url),
    ] {
        let outcome = call.run();
        outcome.exits(1);
        site.follow(&outcome);
        outcome.complains(refused);
    }
    for outcome in [
        site.call(&["doctor", "--online"]).run(),
        site.call(&["whoami", "--backend", &url])
            .env("SEKUIRE_API_KEY", KEY)
            .run(),
    ] {
        outcome.exits(1);
        site.follow(&outcome);
    }
}

#[test]
fn on_another_device() {
    let site = Site::new();
    log_in(&site.home, &site.backend);
    let file = site.home.read_auth();
    for (arguments, status) in [(&["status"][..], 0), (&["whoami"], 1), (&["doctor"], 0)] {
        let elsewhere = site.call(arguments).env("SEKUIRE_DEVICE_ID", "laptop-2");
        let outcome = elsewhere.run();
        outcome.exits(status);
        site.follow(&outcome);
        let advice = "if you logged in with SEKUIRE_DEVICE_ID, set it, else run: sekuire login";
        let told = format!("{}{}", outcome.stderr, outcome.stdout);
        assert!(told.contains(advice), "{outcome}");
        site.home.write_auth(&file);
        // The key is this device's again.
        log_in(&site.home, &site.backend);
    }
}

#[test]
fn without_a_login() {
    let site = Site::new();
    let url = site.backend.url();
    let exec = ["auth", "exec", "--", "/bin/true"];
    for variable in ["SEKUIRE_BACKEND_URL", "SEKUIRE_API_URL"] {
        for arguments in [&["whoami"][..], &["auth", "token"], &exec, &["doctor"]] {
            let outcome = site.call(arguments).env(variable, &url).run();
            outcome.exits(1);
            site.follow(&outcome);
            site.call(&["logout"]).run().exits(0);
        }
    }
    let outcome = site.call(&["whoami", "--backend-url", &url]).run();
    outcome.exits(1);
    site.follow(&outcome);
}

/// The variable's backend is the one that a login would go to.
#[test]
fn where_a_variable_names_another_backend() {
    let (own, site) = (Backend::http(), Site::new());
    log_in(&site.home, &own);
    let requests = own.requests().len();
    let call = site.call(&["whoami"]);
    let outcome = call.env("SEKUIRE_API_URL", site.backend.url()).run();
    outcome.exits(2);
    site.follow(&outcome);
    outcome.complains("hint: unset SEKUIRE_API_URL, or for the other backend run: sekuire login ");
    assert_eq!(own.requests().len(), requests);
}

/// Nor does a key of the default backend go where a variable says.
#[test]
fn the_default_backend_is_named_where_a_variable_names_another() {
    let home = Home::new();
    home.write_auth(&auth_with("device_fingerprint", json!("0".repeat(64))).to_string());
    let status = || sekuire(&home).arg("status");
    let plain = status().run();
    plain.exits(0).complains("else run: sekuire login\n");
    let variable = status().env("SEKUIRE_BACKEND_URL", "https://backend.example");
    variable
        .run()
        .exits(0)
        .complains("else run: sekuire login --backend https://api.sekuire.ai\n");
}

/// What a path may hold, a shell must not take for its own.
#[test]
fn a_url_is_quoted_for_the_shell() {
    let home = Home::new();
    let odd = "https://backend.example/a;id&$(id)'";
    let outcome = sekuire(&home).args(["whoami", "--backend", odd]).run();
    outcome.exits(1).complains(
        "hint: run: sekuire login --backend 'https://backend.example/a;id&$(id)'\\'''\n",
    );
}
