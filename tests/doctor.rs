//! `sekuire doctor`: each layer, sound and broken, in text and in JSON. What a broken layer says is what
//! the other commands say of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::fixtures::{FINGERPRINT, auth_with, log_in, logged_in_home, sekuire};
use crate::support::backend::{ApiKey, Backend, Behaviour, KEY, Response, TlsKind};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::outcome::Outcome;
use crate::support::port::RefusingPort;
use crate::support::proxy::{Proxy, ProxyBehaviour, Then};

/// What no layer needs: an offline look.
const OFFLINE: [&str; 7] = [
    "configuration",
    "key",
    "device",
    "backend",
    "trust",
    "proxy",
    "clock",
];

fn backend() -> Backend {
    let backend = Backend::builder().tls(TlsKind::Valid).start();
    backend.add_key(ApiKey {
        bound: Some(FINGERPRINT.to_owned()),
        ..ApiKey::new(KEY)
    });
    backend
}

fn doctor(home: &Home) -> Sekuire {
    sekuire(home).arg("doctor")
}

fn checks(outcome: &Outcome) -> Vec<Value> {
    let report: Value = serde_json::from_str(&outcome.stdout).expect("one JSON object");
    let checks = report["checks"].as_array().expect("a list").clone();
    let all_well = checks.iter().all(|check| check["result"] != "failed");
    assert_eq!(report["ok"], json!(all_well), "{outcome}");
    checks
}

/// Asserts that in `layer` the result is this and the words are among what was found and advised, and
/// that text and JSON and the exit status agree.
#[track_caller]
fn finds(call: impl Fn() -> Sekuire, layer: &str, result: &str, words: &[&str], code: i32) {
    let outcome = call().arg("--json").run();
    outcome.exits(code).complains_not().hides(KEY);
    let checks = checks(&outcome);
    let check = checks.iter().find(|check| check["name"] == layer);
    let check = check.unwrap_or_else(|| panic!("no {layer}: {outcome}"));
    assert_eq!(check["result"], result, "{outcome}");
    for word in words {
        let texts = [&check["found"], &check["hint"], &check["source"]];
        let any = texts
            .iter()
            .any(|text| text.as_str().is_some_and(|text| text.contains(word)));
        assert!(any, "{layer} lacks {word:?}: {outcome}");
    }
    let text = call().run();
    text.exits(code).complains_not().hides(KEY);
    let names = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with(' '));
        lines
            .map(|line| {
                line.get(9..)
                    .and_then(|line| line.split(':').next())
                    .expect("a name")
                    .to_owned()
            })
            .collect()
    };
    let in_json: Vec<&str> = checks
        .iter()
        .filter_map(|check| check["name"].as_str())
        .collect();
    assert_eq!(names(&text.stdout), in_json, "{text}");
}

#[test]
fn a_sound_machine() {
    let backend = backend();
    let home = Home::new();
    log_in(&home, &backend);
    let before = backend.connections();
    let file = fs::metadata(home.auth_json())
        .expect("auth.json")
        .modified()
        .expect("a time");

    let call = || doctor(&home).ca(&backend.ca_file());
    let outcome = call().arg("--json").run();
    outcome.exits(0).complains_not().hides(KEY);
    let found = checks(&outcome);
    let names: Vec<&str> = found
        .iter()
        .filter_map(|check| check["name"].as_str())
        .collect();
    assert_eq!(names, OFFLINE);
    assert!(
        found.iter().all(|check| check["result"] == "ok"),
        "{outcome}"
    );
    for check in &found {
        let fields: Vec<&String> = check.as_object().expect("an object").keys().collect();
        assert_eq!(
            fields,
            ["found", "hint", "name", "result", "source"],
            "{outcome}"
        );
    }
    assert_eq!(backend.connections(), before, "offline");
    finds(
        call,
        "key",
        "ok",
        &["sk_live_abc...xyz, live", "auth.json"],
        0,
    );
    finds(
        call,
        "device",
        "ok",
        &[
            "fingerprint b225d709..., which auth.json has, too",
            "SEKUIRE_DEVICE_ID",
        ],
        0,
    );
    finds(call, "backend", "ok", &[&backend.url(), "auth.json"], 0);
    finds(call, "trust", "ok", &["SSL_CERT_FILE="], 0);
    let line = "ok       trust: 1 CA [";
    assert!(call().run().stdout.contains(line), "{}", call().run());
    let bundle = home.path().join("bundle.pem");
    let authority = fs::read_to_string(backend.ca_file()).expect("the CA");
    let torn = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    fs::write(&bundle, authority.clone() + torn + torn).expect("a bundle");
    finds(
        || doctor(&home).ca(&bundle),
        "trust",
        "warning",
        &["1 CA", "2 more could not be read"],
        0,
    );
    finds(
        call,
        "configuration",
        "ok",
        &["mode 0600, owner ", "HOME"],
        0,
    );

    let online = || call().arg("--online");
    let found = &["127.0.0.1", " ms)"];
    finds(online, "name look-up", "ok", found, 0);
    finds(online, "connection", "ok", &["answered", " ms)"], 0);
    finds(online, "tls", "ok", &["TLS 1.3"], 0);
    let older = Backend::builder().tls(TlsKind::Tls12Only).start();
    let older = || {
        online()
            .ca(&older.ca_file())
            .args(["--backend-url", &older.url()])
    };
    finds(older, "tls", "ok", &["TLS 1.2"], 1);
    finds(online, "backend clock", "ok", &[" ms)"], 0);
    finds(
        online,
        "account",
        "ok",
        &["accepted, of dev@example.com"],
        0,
    );
    assert_eq!(home.listing(), ["auth.json"]);
    let after = fs::metadata(home.auth_json())
        .expect("auth.json")
        .modified()
        .expect("a time");
    assert_eq!(after, file, "it changes nothing");
}

/// The key is sent in the last step only.
#[test]
fn the_key_is_sent_last() {
    let backend = backend();
    let home = Home::new();
    log_in(&home, &backend);
    let before = backend.requests().len();
    doctor(&home)
        .ca(&backend.ca_file())
        .arg("--online")
        .run()
        .exits(0);
    let requests = backend.requests();
    let keys: Vec<bool> = requests[before..]
        .iter()
        .map(|request| request.header("X-API-Key").is_some())
        .collect();
    assert_eq!(keys, [false, true]);
}

#[test]
fn nobody_is_logged_in() {
    let home = Home::new();
    let call = || doctor(&home);
    finds(
        call,
        "key",
        "failed",
        &["Not logged in", "sekuire login"],
        1,
    );
    finds(call, "configuration", "ok", &["is not there"], 1);
    assert!(!home.sekuire_dir().exists(), "it changes nothing");
}

#[test]
fn a_damaged_or_an_open_file() {
    let home = Home::new();
    home.write_auth("{\"api_key\":");
    let call = || doctor(&home);
    finds(
        call,
        "configuration",
        "failed",
        &["auth.json is damaged"],
        3,
    );
    finds(call, "key", "failed", &["auth.json is damaged"], 3);
    let home = logged_in_home();
    fs::set_permissions(home.auth_json(), fs::Permissions::from_mode(0o644)).expect("its mode");
    let call = || doctor(&home);
    finds(
        call,
        "configuration",
        "warning",
        &["mode 0644", "chmod 600"],
        0,
    );
    fs::set_permissions(home.sekuire_dir(), fs::Permissions::from_mode(0o777)).expect("its mode");
    finds(
        call,
        "configuration",
        "failed",
        &["every user can write", "chmod go-w"],
        3,
    );
}

#[test]
fn no_home() {
    let home = Home::new();
    let relative = || doctor(&home).env("HOME", "relative");
    finds(
        relative,
        "configuration",
        "failed",
        &["not an absolute path", "SEKUIRE_CONFIG_DIR", "HOME"],
        3,
    );
    // A login makes no home.
    let missing = home.path().join("missing");
    let missing = || doctor(&home).env("HOME", &missing);
    finds(
        missing,
        "configuration",
        "failed",
        &["can't save", "create "],
        3,
    );
    let named = home.path().join("those above, too/named");
    let named = || doctor(&home).env("SEKUIRE_CONFIG_DIR", &named);
    finds(named, "configuration", "ok", &["SEKUIRE_CONFIG_DIR"], 1);
}

/// What stores nothing needs no place to store it: a container that is given its key is sound.
#[test]
fn a_key_of_the_environment_needs_no_folder() {
    let home = Home::new();
    let relative = || {
        doctor(&home)
            .env("HOME", "relative")
            .env("SEKUIRE_API_KEY", KEY)
    };
    let only_login = "only a login would need it: the key is SEKUIRE_API_KEY's";
    let words = &["not an absolute path", only_login, "HOME"];
    finds(relative, "configuration", "warning", words, 0);
    home.write_auth("{\"api_key\":");
    let damaged = || doctor(&home).env("SEKUIRE_API_KEY", KEY);
    let words = &["auth.json is damaged", only_login];
    finds(damaged, "configuration", "warning", words, 0);
}

#[test]
fn a_key_in_two_places() {
    let home = logged_in_home();
    let call = || doctor(&home).env("SEKUIRE_API_KEY", "sk_test_another-key-of-mine");
    finds(
        call,
        "key",
        "warning",
        &[
            "sk_test_ano...ine, test",
            "SEKUIRE_API_KEY wins over the key in auth.json",
        ],
        0,
    );
    let alone = doctor(&Home::new()).env("SEKUIRE_API_KEY", KEY).run();
    alone.exits(0).hides("wins over");
    let malformed = || doctor(&home).env("SEKUIRE_API_KEY", "another");
    finds(malformed, "key", "failed", &["SEKUIRE_API_KEY"], 2);
}

/// What `status` warns of is told here, too, and once.
#[test]
fn what_the_other_commands_warn_of() {
    let home = logged_in_home();
    fs::set_permissions(home.auth_json(), fs::Permissions::from_mode(0o644)).expect("its mode");
    let outcome = doctor(&home).run();
    assert_eq!(
        outcome.stderr.matches("open to other users").count()
            + outcome.stdout.matches("open to other users").count(),
        1,
        "{outcome}"
    );
    let home = Home::new();
    home.write_auth("{\"token\": \"of-an-older-login\"}");
    let old = || doctor(&home);
    finds(
        old,
        "key",
        "failed",
        &["older client", "run: sekuire login"],
        1,
    );
    home.write_auth("{\"api_key\": \"other_abcdefghijkl\"}");
    finds(
        || doctor(&home),
        "key",
        "warning",
        &["neither sk_live_ nor sk_test_"],
        0,
    );
}

#[test]
fn another_devices_fingerprint() {
    let home = Home::new();
    home.write_auth(&auth_with("device_fingerprint", json!("0".repeat(64))).to_string());
    let call = || doctor(&home);
    finds(
        call,
        "device",
        "warning",
        &["belongs to another device", "sekuire login"],
        0,
    );
    let same = ", which auth.json has, too";
    call().run().hides(same);
    let own = logged_in_home();
    finds(|| doctor(&own), "device", "ok", &[same], 0);
}

#[test]
fn a_backend_that_can_not_be_asked() {
    let home = logged_in_home();
    let option = |url: &'static str| {
        let home = &home;
        move || doctor(home).args(["--backend-url", url])
    };
    let clear = option("http://backend.example:9300");
    finds(
        clear,
        "backend",
        "failed",
        &["is not https", "SEKUIRE_ALLOW_HTTP"],
        2,
    );
    let allowed = || clear().env("SEKUIRE_ALLOW_HTTP", "http://backend.example:9300");
    finds(
        allowed,
        "backend",
        "ok",
        &["SEKUIRE_ALLOW_HTTP names it", "--backend"],
        0,
    );
    finds(
        option("http://127.0.0.1:9"),
        "backend",
        "ok",
        &["it is this machine"],
        0,
    );
    finds(
        option("nonsense"),
        "backend",
        "failed",
        &["does not begin with https://"],
        2,
    );
    // The trust does not depend on it, nor which proxy is set.
    finds(option("nonsense"), "trust", "ok", &["CAs"], 2);
    finds(option("nonsense"), "proxy", "ok", &["none is set"], 2);
    let proxied = || option("nonsense")().env("HTTPS_PROXY", "http://proxy.example:3128");
    let words = &["http://proxy.example:3128", "HTTPS_PROXY"];
    finds(proxied, "proxy", "ok", words, 2);
    let other = || doctor(&home).env("SEKUIRE_BACKEND_URL", "https://other.example");
    finds(
        other,
        "backend",
        "failed",
        &["belongs to https://api.sekuire.ai"],
        2,
    );
}

#[test]
fn trust_and_proxy() {
    let home = logged_in_home();
    let missing = || doctor(&home).env("SSL_CERT_FILE", "/no/such/file");
    finds(
        missing,
        "trust",
        "failed",
        &[
            "/no/such/file",
            "correct SSL_CERT_FILE, or unset it to trust the system's CAs",
        ],
        3,
    );
    let proxied = |value: &'static str| {
        let home = &home;
        move || doctor(home).env("HTTPS_PROXY", value)
    };
    let good = proxied("http://me:secret@proxy.example:3128");
    finds(
        good,
        "proxy",
        "ok",
        &["http://proxy.example:3128, with a user name", "HTTPS_PROXY"],
        0,
    );
    assert!(!good().run().stdout.contains("secret"));
    finds(
        proxied("socks5://proxy.example:1080"),
        "proxy",
        "failed",
        &["HTTPS_PROXY"],
        2,
    );
    // With one that fails nothing is asked of the network.
    let online = proxied("socks5://proxy.example:1080")().arg("--online");
    let checks = checks(&online.arg("--json").run());
    assert_eq!(checks.len(), OFFLINE.len(), "{checks:?}");
    let outcome = doctor(&home).run();
    let line = "ok       proxy: none is set [default]\n";
    assert!(outcome.stdout.contains(line), "{outcome}");
    let excepted = || good().env("NO_PROXY", "other.org,.sekuire.ai");
    finds(
        excepted,
        "proxy",
        "ok",
        &["bypassed by NO_PROXY entry .sekuire.ai", "NO_PROXY"],
        0,
    );
}

#[test]
fn each_step_on_the_way_can_fail() {
    let backend = backend();
    let home = Home::new();
    log_in(&home, &backend);
    let online = || {
        doctor(&home)
            .ca(&backend.ca_file())
            .args(["--online", "--timeout", "2"])
    };
    let last_is = |call: &dyn Fn() -> Sekuire, layer: &str| {
        let outcome = call().arg("--json").run();
        for other in ["--wait", "sekuire doctor"] {
            assert!(!outcome.stdout.contains(other), "no hint here: {outcome}");
        }
        let checks = checks(&outcome);
        let last = checks.last().expect("a check");
        assert_eq!(
            last["name"], layer,
            "the first that fails ends it: {outcome}"
        );
    };
    let at = |url: String| move || online().args(["--backend-url", url.as_str()]);

    let nameless = at("https://no-such-host.invalid".into());
    finds(
        &nameless,
        "name look-up",
        "failed",
        &["no-such-host.invalid", "/etc/hosts"],
        4,
    );
    last_is(&nameless, "name look-up");

    let refusing = RefusingPort::new();
    let blocked = at(format!("https://{}", refusing.address()));
    finds(&blocked, "connection", "failed", &["connection refused"], 4);
    last_is(&blocked, "connection");

    let proxy = Proxy::start(
        ProxyBehaviour::saying(b"HTTP/1.1 403 No\r\n\r\n", Then::Close),
        backend.address(),
    );
    let refused = || at("https://backend.example".into())().env("HTTPS_PROXY", proxy.url());
    finds(
        refused,
        "tunnel",
        "failed",
        &["refused to connect (403)"],
        4,
    );
    last_is(&refused, "tunnel");

    let other = Backend::builder().tls(TlsKind::Valid).start();
    let wrong_ca = || online().ca(&other.ca_file());
    finds(
        wrong_ca,
        "tls",
        "failed",
        &["untrusted CA", "SSL_CERT_FILE"],
        4,
    );
    last_is(&wrong_ca, "tls");

    backend.behave(Behaviour::CloseAfterRequest);
    finds(online, "backend clock", "failed", &["connection"], 4);
    last_is(&online, "backend clock");

    backend.behave(Behaviour::Respond(
        Response::json(401, &json!({})).header("Date", "Wed, 01 Jan 2020 00:00:00 GMT"),
    ));
    finds(
        online,
        "backend clock",
        "warning",
        &["2020", "ahead of it", "set this machine's clock"],
        1,
    );
    finds(
        online,
        "account",
        "failed",
        &["refused the API key", "sekuire login"],
        1,
    );
    backend.behave(Behaviour::Respond(Response::json(503, &json!({}))));
    finds(online, "account", "failed", &["503"], 4);
    last_is(&online, "account");
}

#[test]
fn usage() {
    let home = Home::new();
    for arguments in [
        &["--quiet"][..],
        &["x"],
        &["--get", "ok"],
        &["--wait", "1"],
        &["--json", "--json"],
    ] {
        doctor(&home).args(arguments).run().exits(2).prints("");
    }
}
