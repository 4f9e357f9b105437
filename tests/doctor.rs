//! `sekuire doctor`: each layer, sound and broken, in text and in JSON.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::fixtures::{FINGERPRINT, auth_with, log_in, logged_in_home, sekuire};
use crate::support::backend::{ApiKey, Backend, Behaviour, KEY, Response, TlsKind};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::port::RefusingPort;
use crate::support::proxy::{Proxy, ProxyBehaviour, Then};

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

/// Asserts the exit status, and that all of these are printed.
#[track_caller]
fn prints(command: Sekuire, code: i32, parts: &[&str]) -> String {
    let outcome = command.run();
    outcome.exits(code).complains_not().hides(KEY);
    for part in parts {
        assert!(outcome.stdout.contains(part), "lacks {part:?}; {outcome}");
    }
    outcome.stdout
}

#[test]
fn a_sound_machine() {
    let backend = backend();
    let home = Home::new();
    log_in(&home, &backend);
    let (connections, requests) = (backend.connections(), backend.requests().len());
    let modified = || {
        let file = fs::metadata(home.auth_json()).expect("auth.json");
        file.modified().expect("a time")
    };
    let before = modified();
    let call = || doctor(&home).ca(&backend.ca_file());

    let url = format!("ok       backend: {} [auth.json]\n", backend.url());
    let lines = [
        "ok       configuration: ",
        "mode 0600",
        "ok       key: sk_live_abc...xyz, live [auth.json]\n",
        ", fingerprint b225d709... [SEKUIRE_DEVICE_ID]\n",
        &url,
        "ok       trust: 1 CA [SSL_CERT_FILE=",
        "ok       proxy: none [default]\n",
        "ok       clock: ",
        "\nno problem found\n",
    ];
    prints(call(), 0, &lines);
    let report = prints(call().arg("--json"), 0, &[]);
    let report: Value = serde_json::from_str(&report).expect("one JSON object");
    assert_eq!(report["ok"], json!(true));
    let checks = report["checks"].as_array().expect("a list");
    let names: Vec<&Value> = checks.iter().map(|check| &check["name"]).collect();
    assert_eq!(names, OFFLINE);
    let expected = json!({
        "name": "key", "result": "ok", "found": "sk_live_abc...xyz, live", "source": "auth.json",
        "hint": null,
    });
    assert_eq!(checks[1], expected);
    assert_eq!(backend.connections(), connections, "offline");

    let lines = [
        "ok       name look-up: 127.0.0.1\n",
        &format!("ok       connection: {} answered\n", backend.address()),
        "ok       tls: TLS 1.3\n",
        "ok       backend clock: ",
        "ok       account: key accepted for dev@example.com\n",
        "\nno problem found\n",
    ];
    prints(call().arg("--online"), 0, &lines);
    let requests = backend.requests().split_off(requests);
    let has_key = requests
        .iter()
        .map(|sent| sent.header("X-API-Key").is_some());
    let has_key: Vec<bool> = has_key.collect();
    assert_eq!(has_key, [false, true], "the key is sent last");
    assert_eq!(home.listing(), ["auth.json"], "it changes nothing");
    assert_eq!(modified(), before, "it changes nothing");
}

#[test]
fn configuration_and_key() {
    let home = Home::new();
    let lines = [
        "ok       configuration: ",
        "is not there",
        "failed   key: Not logged in",
        "\n         run: sekuire login\n",
        "\n1 failed, 0 with a warning\n",
    ];
    prints(doctor(&home), 1, &lines);
    assert!(!home.sekuire_dir().exists(), "it changes nothing");
    home.write_auth("{\"token\": \"of-an-older-login\"}");
    let lines = [
        "warning  configuration: ",
        "older client",
        "failed   key: ",
        "\n         run: sekuire login\n",
    ];
    prints(doctor(&home), 1, &lines);
    home.write_auth("{\"api_key\": \"other_abcdefghijkl\"}");
    let lines = ["warning  configuration: ", "neither sk_live_ nor sk_test_"];
    prints(doctor(&home), 0, &lines);

    let home = logged_in_home();
    fs::set_permissions(home.auth_json(), fs::Permissions::from_mode(0o644)).expect("its mode");
    let lines = [
        "warning  configuration: ",
        "mode 0644",
        "chmod 600",
        "ok       key: ",
        "\n0 failed, 1 with a warning\n",
    ];
    let printed = prints(doctor(&home), 0, &lines);
    assert_eq!(printed.matches("chmod 600").count(), 1, "once: {printed}");
    fs::set_permissions(home.sekuire_dir(), fs::Permissions::from_mode(0o777)).expect("its mode");
    let lines = [
        "failed   configuration: ",
        "chmod go-w",
        "  key: sk_live_abc",
    ];
    prints(doctor(&home), 3, &lines);

    let missing = home.path().join("missing");
    let missing = doctor(&home).env("HOME", &missing);
    prints(missing, 3, &["failed   configuration: can't save"]);
    let named = home.path().join("those above, too/named");
    let named = doctor(&home).env("SEKUIRE_CONFIG_DIR", &named);
    let lines = ["ok       configuration: ", "[SEKUIRE_CONFIG_DIR]\n"];
    prints(named, 1, &lines);
}

#[test]
fn a_damaged_file_fails_once_with_what_replaces_it() {
    let home = Home::new();
    home.write_auth("{\"api_key\":");
    let damaged = "auth.json is damaged: it is not JSON\n         log in again: sekuire login ";
    prints(
        doctor(&home),
        3,
        &[damaged, "\n1 failed, 0 with a warning\n"],
    );
    let relative = doctor(&home).env("HOME", "relative");
    let line = "failed   configuration: HOME is not an absolute path\n";
    prints(relative, 3, &[line]);
}

/// A container that is given its key needs no place to store it.
#[test]
fn a_key_of_a_variable() {
    let home = Home::new();
    let alone = || doctor(&home).env("SEKUIRE_API_KEY", KEY);
    let lines = ["ok       key: sk_live_abc...xyz, live [SEKUIRE_API_KEY]\n"];
    prints(alone(), 0, &lines);
    let no_home = alone().env("HOME", "relative");
    let only_login = "only a login needs it: the key is SEKUIRE_API_KEY's";
    let lines = [
        "warning  configuration: ",
        "not an absolute path",
        only_login,
    ];
    prints(no_home, 0, &lines);
    home.write_auth("{\"api_key\":");
    prints(alone(), 0, &["auth.json is damaged", only_login]);

    let home = logged_in_home();
    let two = doctor(&home).env("SEKUIRE_API_KEY", "sk_test_another-key-of-mine");
    let lines = [
        "warning  key: sk_test_ano...ine, test [SEKUIRE_API_KEY]\n",
        "SEKUIRE_API_KEY takes precedence over the key in auth.json\n",
    ];
    prints(two, 0, &lines);
    let malformed = doctor(&home).env("SEKUIRE_API_KEY", "another");
    prints(malformed, 2, &["failed   key: ", "SEKUIRE_API_KEY"]);
}

#[test]
fn another_devices_fingerprint() {
    let home = Home::new();
    home.write_auth(&auth_with("device_fingerprint", json!("0".repeat(64))).to_string());
    let lines = [
        "warning  device: ",
        "this login belongs to another device",
        "run: sekuire login",
    ];
    prints(doctor(&home), 0, &lines);
}

#[test]
fn the_backend_and_the_option_as_it_was_typed() {
    let home = logged_in_home();
    for option in ["--backend", "--backend-url"] {
        let at = |url| doctor(&home).args([option, url]);
        let line = "ok       backend: http://127.0.0.1:9 [--backend]\n";
        prints(at("http://127.0.0.1:9"), 0, &[line]);
        // Neither trust nor proxy depends on it.
        let lines = [
            "failed   backend: the URL in --backend ",
            "ok       trust: ",
            "ok       proxy: none [default]\n",
        ];
        prints(at("nonsense"), 2, &lines);
    }
    let clear = || doctor(&home).args(["--backend", "http://backend.example:9300"]);
    let lines = ["failed   backend: ", "is not https", "SEKUIRE_ALLOW_HTTP"];
    prints(clear(), 2, &lines);
    let allowed = clear().env("SEKUIRE_ALLOW_HTTP", "http://backend.example:9300");
    let line = "ok       backend: http://backend.example:9300 [--backend]\n";
    prints(allowed, 0, &[line]);
    let other = doctor(&home).env("SEKUIRE_BACKEND_URL", "https://other.example");
    let lines = ["failed   backend: ", "belongs to https://api.sekuire.ai"];
    prints(other, 2, &lines);
}

#[test]
fn trusted_authorities() {
    let (home, backend) = (logged_in_home(), backend());
    let missing = doctor(&home).env("SSL_CERT_FILE", "/no/such/file");
    let lines = ["failed   trust: ", "/no/such/file", "correct SSL_CERT_FILE"];
    prints(missing, 3, &lines);
    let bundle = home.path().join("bundle.pem");
    let authority = fs::read_to_string(backend.ca_file()).expect("the CA");
    let torn = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    fs::write(&bundle, authority + torn + torn).expect("a bundle");
    let lines = ["warning  trust: 1 CA [", "2 more could not be read"];
    prints(doctor(&home).ca(&bundle), 0, &lines);
}

#[test]
fn proxies() {
    let home = logged_in_home();
    let proxy = "http://me:secret@proxy.example:3128";
    let used = "ok       proxy: http://proxy.example:3128 [";
    for (variables, code, lines) in [
        (&[][..], 0, &["ok       proxy: none [default]\n"][..]),
        (&[("HTTPS_PROXY", proxy)], 0, &[used, " [HTTPS_PROXY]\n"]),
        (&[("https_proxy", proxy)], 0, &[used, " [https_proxy]\n"]),
        (
            &[("HTTPS_PROXY", proxy), ("no_proxy", "b.org,.sekuire.ai")],
            0,
            &["ok       proxy: bypassed for .sekuire.ai [no_proxy]\n"],
        ),
        (
            &[("ALL_PROXY", proxy), ("HTTP_PROXY", proxy)],
            0,
            &[
                "ok       proxy: none; HTTP_PROXY is set but not used; ALL_PROXY is set but not used [default]\n",
            ],
        ),
        (&[("HTTPS_PROXY", proxy), ("ALL_PROXY", proxy)], 0, &[used]),
        (
            &[
                ("HTTPS_PROXY", proxy),
                ("all_proxy", proxy),
                ("SEKUIRE_API_KEY", KEY),
                ("SEKUIRE_BACKEND_URL", "https://127.0.0.1:1"),
            ],
            0,
            &[
                "ok       proxy: none; HTTPS_PROXY is set but not used; all_proxy is set but not used [default]\n",
            ],
        ),
        // With one that fails nothing is asked of the network.
        (
            &[("HTTPS_PROXY", "socks5://proxy.example:1080")],
            2,
            &["failed   proxy: the proxy in HTTPS_PROXY"],
        ),
    ] {
        let command = doctor(&home).args((code > 0).then_some("--online"));
        let variables = variables.iter();
        let command = variables.fold(command, |command, (name, value)| command.env(name, value));
        let printed = prints(command, code, lines);
        assert!(!printed.contains("secret"), "{printed}");
        assert!(!printed.contains("name look-up"), "{printed}");
    }
}

/// The first step that fails ends it, and the last line but the hint and the sum is its.
#[test]
fn each_step_on_the_way_can_fail() {
    let backend = backend();
    let home = Home::new();
    log_in(&home, &backend);
    let online = || {
        let call = doctor(&home).ca(&backend.ca_file());
        call.args(["--online", "--timeout", "2"])
    };
    let at = |url: &str| online().args(["--backend-url", url]);
    let fails = |command: Sekuire, code, start: &str, parts: &[&str]| {
        let printed = prints(command, code, parts);
        let last = printed.lines().rev().nth(2).expect("three lines");
        assert!(last.starts_with(start), "{start:?}: {printed}");
        for other in ["--wait", "sekuire doctor"] {
            assert!(!printed.contains(other), "no hint here: {printed}");
        }
    };
    let parts = ["no-such-host.invalid", "/etc/hosts"];
    let nameless = at("https://no-such-host.invalid");
    fails(nameless, 4, "failed   name look-up: ", &parts);

    let refusing = RefusingPort::new();
    let blocked = at(&format!("https://{}", refusing.address()));
    let parts = ["ok       name look-up: ", "connection refused"];
    fails(blocked, 4, "failed   connection: ", &parts);

    let refusal = ProxyBehaviour::saying(b"HTTP/1.1 403 No\r\n\r\n", Then::Close);
    let proxy = Proxy::start(refusal, backend.address());
    let refused = at("https://backend.example").env("HTTPS_PROXY", proxy.url());
    fails(refused, 4, "failed   tunnel: ", &["refused to connect"]);

    let parts = ["untrusted CA", "SSL_CERT_FILE"];
    let systems = online().without("SSL_CERT_FILE");
    fails(systems, 4, "failed   tls: ", &parts);
    // An alert: handshake_failure (RFC 8446, 6).
    backend.behave(Behaviour::SpeakFirst(vec![21, 3, 3, 0, 2, 2, 40]));
    let parts = ["handshake failure", "ask the backend's administrator"];
    fails(online(), 4, "failed   tls: ", &parts);

    backend.behave(Behaviour::CloseAfterRequest);
    fails(
        online(),
        4,
        "failed   backend clock: ",
        &["connection closed"],
    );

    let refusal = Response::json(401, &json!({})).header("Date", "Wed, 01 Jan 2020 00:00:00 GMT");
    backend.behave(Behaviour::Respond(refusal));
    let parts = [
        "warning  backend clock: Wed, 01 Jan 2020 00:00:00 GMT\n",
        "it differs from this machine's",
        "refused the API key",
        "sekuire login",
        "\n1 failed, 1 with a warning\n",
    ];
    fails(online(), 1, "failed   account: ", &parts);
}

#[test]
fn a_503_does_not_delay_it() {
    let backend = backend();
    let home = Home::new();
    log_in(&home, &backend);
    let before = backend.requests().len();
    backend.behave(Behaviour::Respond(
        Response::json(503, &json!({})).header("Retry-After", "5"),
    ));
    let outcome = doctor(&home).ca(&backend.ca_file()).arg("--online").run();
    outcome.exits(4).takes_at_most(Duration::from_secs(4));
    let line = format!("failed   account: {} returned 503", backend.url());
    assert!(outcome.stdout.contains(&line), "{outcome}");
    assert_eq!(backend.requests().len() - before, 2, "one attempt each");
}

#[test]
fn colour_on_a_terminal() {
    let home = logged_in_home();
    for (name, value, is_coloured) in [
        ("TERM", "xterm", true),
        ("TERM", "dumb", false),
        ("NO_COLOR", "1", false),
    ] {
        let command = doctor(&home).env("TERM", "xterm").env(name, value);
        let outcome = command.pty().finish();
        outcome.exits(0);
        let (coloured, plain) = ("\x1b[1;32mok      \x1b[0m key: ", "\nok       key: ");
        let part = if is_coloured { coloured } else { plain };
        assert!(outcome.terminal.contains(part), "{name}={value}: {outcome}");
        assert_eq!(outcome.terminal.contains('\x1b'), is_coloured, "{outcome}");
    }
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
