//! A key belongs to the origin where it was logged in (SPEC.md, section 5).

use serde_json::{Value, json};

use crate::fixtures::{auth, auth_with, log_in, sekuire};
use crate::support::backend::{Backend, KEY};
use crate::support::home::Home;

#[test]
fn the_file_remembers_where_the_key_was_logged_in() {
    let backend = Backend::http();
    let home = Home::new();
    log_in(&home, &backend);
    sekuire(&home).arg("whoami").run().exits(0).complains_not();
    let file: Value = serde_json::from_str(&home.read_auth()).expect("JSON");
    assert_eq!(file.get("backend_url"), Some(&json!(backend.url())));
}

#[test]
fn the_variable_may_not_send_the_key_elsewhere() {
    let own = Backend::http();
    let other = Backend::http();
    let home = Home::new();
    log_in(&home, &own);
    let requests = own.requests().len();
    let before = home.read_auth();
    let public = "https://api.sekuire.ai".to_owned();
    for (variable, elsewhere) in [
        ("SEKUIRE_BACKEND_URL", other.url()),
        ("SEKUIRE_BACKEND_URL", other.origin_localhost()),
        ("SEKUIRE_BACKEND_URL", public.clone()),
        ("SEKUIRE_API_URL", other.url()),
        ("SEKUIRE_API_URL", public),
    ] {
        let outcome = sekuire(&home).env(variable, &elsewhere).arg("whoami").run();
        outcome
            .exits(2)
            .prints("")
            .complains(&format!("{variable} names {elsewhere}, but"))
            .complains(&own.url())
            .complains(&format!("\nhint: unset {variable}, "));
        // status is offline and ignores it.
        sekuire(&home)
            .env(variable, &elsewhere)
            .arg("status")
            .run()
            .exits(0)
            .complains_not();
    }
    assert_eq!(other.connections(), 0);
    assert_eq!(own.requests().len(), requests);
    assert_eq!(home.read_auth(), before);
}

/// Nor a key of the default backend, which the file does not name.
#[test]
fn a_file_without_a_backend_belongs_to_the_default() {
    let other = Backend::http();
    let home = Home::new();
    for file in [
        auth(),
        auth_with("backend_url", Value::Null),
        auth_with("backend_url", json!("")),
    ] {
        home.write_auth(&file.to_string());
        let outcome = sekuire(&home)
            .env("SEKUIRE_BACKEND_URL", other.url())
            .arg("whoami")
            .run();
        outcome
            .exits(2)
            .complains("https://api.sekuire.ai")
            .complains(&other.url());
    }
    assert_eq!(other.connections(), 0);
}

#[test]
fn of_the_same_origin_the_files_base_is_used() {
    let backend = Backend::http();
    let home = Home::new();
    log_in(&home, &backend);
    for same in [
        format!("{}/", backend.url()),
        format!("{}/another/prefix", backend.url()),
        backend.url().replace("http", "HTTP"),
    ] {
        sekuire(&home)
            .env("SEKUIRE_BACKEND_URL", &same)
            .arg("whoami")
            .run()
            .exits(0)
            .complains_not();
    }
    let requests = backend.requests();
    assert!(
        requests
            .iter()
            .skip(1)
            .all(|request| request.target == "/api/v1/me"),
        "{requests:?}"
    );
}

/// The option is explicit: it may.
#[test]
fn the_option_sends_it_where_it_says() {
    let own = Backend::http();
    let other = Backend::http();
    let home = Home::new();
    log_in(&home, &own);
    let requests = own.requests().len();
    for option in ["--backend", "--backend-url"] {
        // The other backend has the key, unbound: it refuses.
        sekuire(&home)
            .env("SEKUIRE_BACKEND_URL", own.url())
            .args(["whoami", option, &other.url()])
            .run()
            .exits(1)
            .complains(&other.url());
    }
    assert_eq!(other.requests().len(), 2);
    assert_eq!(own.requests().len(), requests);
}

/// `auth exec` sets one that Sekuire's SDK reads; our own goes before it.
#[test]
fn a_key_from_a_variable_goes_by_the_first_of_two_variables() {
    let [first, second] = [Backend::http(), Backend::http()];
    let home = Home::new();
    let whoami = || {
        let call = sekuire(&home).env("SEKUIRE_API_KEY", KEY);
        let call = call.env("SEKUIRE_API_URL", second.url());
        call.args(["whoami", "--timeout", "1"])
    };
    whoami().run().exits(1).complains(&second.url());
    let both = whoami().env("SEKUIRE_BACKEND_URL", first.url());
    both.run().exits(1).complains(&first.url());
    let empty = whoami().env("SEKUIRE_BACKEND_URL", "");
    empty.run().exits(1).complains(&second.url());
    assert_eq!((first.requests().len(), second.requests().len()), (1, 2));
    let malformed = whoami().env("SEKUIRE_API_URL", "nonsense").run();
    malformed.exits(2).complains("the URL in SEKUIRE_API_URL");
    // A login goes there, too.
    sekuire(&home)
        .env("SEKUIRE_API_URL", second.url())
        .args(["login", "--api-key-stdin"])
        .stdin(KEY.as_bytes())
        .run()
        .exits(0);
    assert!(home.read_auth().contains(&second.url()));
}

/// `login` never asks the old file: the option, then the variable, then the default.
#[test]
fn login_goes_by_option_then_variable_and_never_by_the_old_file() {
    let old = Backend::http();
    let by_variable = Backend::http();
    let by_option = Backend::http();
    let home = Home::new();
    log_in(&home, &old);
    let connections = old.connections();
    let login = |arguments: &[&str]| {
        sekuire(&home)
            .env("SEKUIRE_BACKEND_URL", by_variable.url())
            .args(["login", "--api-key-stdin"])
            .args(arguments)
            .stdin(KEY.as_bytes())
            .run()
            .exits(0);
        let file: Value = serde_json::from_str(&home.read_auth()).expect("JSON");
        file.get("backend_url").cloned()
    };
    assert_eq!(login(&[]), Some(json!(by_variable.url())));
    assert_eq!(by_option.connections(), 0);
    let connections_of_variable = by_variable.connections();
    assert_eq!(
        login(&["--backend", &by_option.url()]),
        Some(json!(by_option.url()))
    );
    assert_eq!(by_variable.connections(), connections_of_variable);
    assert_eq!(old.connections(), connections);
    // Without either, the default, which a proxy that is not there keeps from being asked.
    let outcome = sekuire(&home)
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .args(["login", "--api-key-stdin", "--timeout", "1"])
        .stdin(KEY.as_bytes())
        .run();
    outcome.exits(4).complains("https://api.sekuire.ai");
    assert_eq!(old.connections(), connections);
}

#[test]
fn trailing_slashes_change_nothing_and_a_prefix_is_kept() {
    let backend = Backend::http();
    for (suffix, kept) in [
        ("/", ""),
        ("///", ""),
        ("/prefix", "/prefix"),
        ("/a/b//", "/a/b"),
    ] {
        let home = Home::new();
        let outcome = sekuire(&home)
            .args([
                "login",
                "--api-key-stdin",
                "--backend",
                &format!("{}{suffix}", backend.url()),
            ])
            .stdin(KEY.as_bytes())
            .run();
        // The development backend answers 404 below a prefix.
        assert_eq!(
            outcome.code,
            Some(if kept.is_empty() { 0 } else { 4 }),
            "{suffix}; {outcome}"
        );
        let requests = backend.requests();
        let target = if kept.is_empty() {
            "/api/v1/me".to_owned()
        } else {
            format!("{kept}/api/v1/api-keys/verify")
        };
        assert_eq!(
            requests.last().map(|request| request.target.as_str()),
            Some(target.as_str()),
            "{suffix}"
        );
    }
}
