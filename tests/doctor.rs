//! `sekuire doctor`: each layer, sound and broken, in text and in JSON.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use serde_json::{Value, json};

use crate::fixtures::{FINGERPRINT, home_with, log_in, logged_in_home, sekuire, sekuire_with};
use crate::support::backend::{ApiKey, Backend, Behaviour, KEY, Response, TlsKind};
use crate::support::command::TestCommand;
use crate::support::home::Home;
use crate::support::needs;
use crate::support::other_user::{NOBODY, OtherUser};
use crate::support::port::RefusingPort;
use crate::support::proxy::{Proxy, ProxyBehaviour, Then};

/// A home that is logged in to a backend, and that backend.
fn site() -> (Home, Backend) {
    let (home, backend) = (Home::new(), Backend::builder().tls(TlsKind::Valid).start());
    backend.add_key(ApiKey {
        bound: Some(FINGERPRINT.to_owned()),
        ..ApiKey::new(KEY)
    });
    log_in(&home, &backend);
    (home, backend)
}

fn doctor(home: &Home) -> TestCommand {
    sekuire(home).arg("doctor")
}

/// Asserts the exit status, and that all of these are printed.
#[track_caller]
fn prints(command: TestCommand, code: i32, parts: &[&str]) -> String {
    let outcome = command.run();
    outcome.exits_with(code).stderr_is_empty().never_shows(KEY);
    for part in parts {
        assert!(outcome.stdout.contains(part), "lacks {part:?}; {outcome}");
    }
    outcome.stdout
}

#[test]
fn sound_machine_has_a_line_for_each_layer_and_stays_as_it_was() {
    let (home, backend) = site();
    let (connections, requests) = (backend.connections(), backend.requests().len());
    let modified = || fs::metadata(home.auth_json()).and_then(|file| file.modified());
    let before = modified().expect("a time");
    let call = || doctor(&home).ca(&backend.ca_file());

    let lines = [
        "ok       configuration: ",
        "mode 0600",
        "ok       key: sk_live_abc...xyz, live [auth.json]\n",
        ", fingerprint b225d709... [SEKUIRE_DEVICE_ID]\n",
        &format!("ok       backend: {} [auth.json]\n", backend.url()),
        "ok       trust: 1 CA [SSL_CERT_FILE=",
        "ok       proxy: none [default]\n",
        "ok       clock: ",
        "\nno problem found\n",
    ];
    prints(call(), 0, &lines);
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
    let has_key = |key: &str| requests.iter().map(|it| it.header(key).is_some()).collect();
    let has_key: Vec<bool> = has_key("X-API-Key");
    assert_eq!(has_key, [false, true], "the key is sent last");
    assert_eq!(home.listing(), ["auth.json"]);
    assert_eq!(modified().expect("a time"), before);
}

#[test]
fn json_has_a_row_for_each_layer() {
    let home = logged_in_home();
    fs::set_permissions(home.auth_json(), Permissions::from_mode(0o644)).expect("its mode");
    let clear = ["--json", "--backend", "http://backend.example"];
    let report = prints(doctor(&home).args(clear), 2, &[]);
    let report: Value = serde_json::from_str(&report).expect("one JSON object");
    assert_eq!(report["ok"], json!(false));
    let rows = report["checks"].as_array().expect("a list").iter();
    let rows: Vec<Value> = rows
        .map(|row| json!([row["name"], row["result"]]))
        .collect();
    let expected = json!([
        ["configuration", "warning"],
        ["key", "ok"],
        ["device", "ok"],
        ["backend", "failed"],
        ["trust", "ok"],
        ["proxy", "ok"],
        ["clock", "ok"]
    ]);
    assert_eq!(json!(rows), expected);
    let row = json!({
        "name": "key", "result": "ok", "found": "sk_live_abc...xyz, live", "source": "auth.json",
        "hint": null,
    });
    assert_eq!(report["checks"][1], row);
    let hint = report["checks"][3]["hint"].as_str().expect("a hint");
    assert!(hint.contains("SEKUIRE_ALLOW_HTTP"), "{hint}");
}

#[test]
fn configuration_and_key_say_what_is_wrong_and_what_to_do() {
    let home = Home::new();
    let auth = |content| {
        home.write_auth(content);
        doctor(&home)
    };
    let lines = [
        "is not there",
        "failed   key: Not logged in",
        "\n         run: sekuire login\n",
        "\n1 failed, 0 with a warning\n",
    ];
    prints(doctor(&home), 1, &lines);
    assert!(!home.sekuire_dir().exists(), "it changes nothing");
    let lines = ["warning  configuration: ", "older client", "failed   key: "];
    prints(auth("{\"token\": \"of-an-older-login\"}"), 1, &lines);
    let lines = ["warning  configuration: ", "neither sk_live_ nor sk_test_"];
    prints(auth("{\"api_key\": \"other_abcdefghijkl\"}"), 0, &lines);
    let file = home_with("api_key", json!("other_abcdefghijkl"));
    fs::set_permissions(file.auth_json(), Permissions::from_mode(0o640)).expect("its mode");
    let each = "(mode 0640); run: chmod 600 ";
    let printed = prints(doctor(&file), 0, &[each, "neither sk_live_ nor sk_test_\n"]);
    assert!(
        printed.contains("auth.json\n         the key in "),
        "{printed}"
    );
    let home = Home::new();
    symlink("nowhere", home.sekuire_dir()).expect("a link");
    let lines = ["failed   configuration: can't save ", "no such file"];
    prints(doctor(&home), 3, &lines);
    let damaged = "auth.json is damaged: it is not JSON\n         log in again: sekuire login ";
    let lines = [damaged, "\n1 failed, 0 with a warning\n"];
    prints(auth("{\"api_key\":"), 3, &lines);

    let home = logged_in_home();
    fs::set_permissions(home.auth_json(), Permissions::from_mode(0o644)).expect("its mode");
    let lines = [
        "warning  configuration: ",
        "mode 0644",
        "ok       key: ",
        "\n0 failed, 1 with a warning\n",
    ];
    let printed = prints(doctor(&home), 0, &lines);
    assert_eq!(printed.matches("chmod 600").count(), 1, "once: {printed}");
    fs::set_permissions(home.sekuire_dir(), Permissions::from_mode(0o777)).expect("its mode");
    let lines = [
        "failed   configuration: ",
        "chmod go-w",
        "  key: sk_live_abc",
    ];
    prints(doctor(&home), 3, &lines);

    let missing = doctor(&home).env("HOME", home.path().join("missing"));
    prints(missing, 3, &["failed   configuration: can't save"]);
    let named = doctor(&home).env("SEKUIRE_CONFIG_DIR", home.path().join("those above/named"));
    let lines = ["ok       configuration: ", "[SEKUIRE_CONFIG_DIR]\n"];
    prints(named, 1, &lines);
}

#[test]
fn login_that_could_not_be_saved_again_is_a_warning() {
    if !needs::root() {
        return;
    }
    let other = OtherUser::new(NOBODY);
    other.write_auth(&json!({"api_key": KEY}).to_string());
    for (path, mode) in [
        (other.home.auth_json(), 0o400),
        (other.home.sekuire_dir(), 0o500),
    ] {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("its mode");
    }
    let lines = [
        "warning  configuration: ",
        "can't save",
        "permission denied",
    ];
    prints(other.sekuire().arg("doctor"), 0, &lines);
}

/// A container that is given its key needs no place to store it.
#[test]
fn key_of_a_variable_needs_no_file_and_goes_before_it() {
    let home = Home::new();
    let with_key = |home| doctor(home).env("SEKUIRE_API_KEY", KEY);
    let line = "ok       key: sk_live_abc...xyz, live [SEKUIRE_API_KEY]\n";
    prints(with_key(&home), 0, &[line]);
    let only_login = "only a login needs this: the key comes from SEKUIRE_API_KEY";
    let no_home = with_key(&home).env("HOME", "relative");
    let lines = [
        "warning  configuration: HOME is not an absolute path",
        only_login,
    ];
    prints(no_home, 0, &lines);
    home.write_auth("{\"api_key\":");
    prints(with_key(&home), 0, &["auth.json is damaged", only_login]);

    let home = logged_in_home();
    let lines = [
        "warning  key: sk_live_abc...xyz, live [SEKUIRE_API_KEY]\n",
        "SEKUIRE_API_KEY takes precedence over the key in auth.json; unset it to use that one\n",
    ];
    prints(with_key(&home), 0, &lines);
    let malformed = doctor(&home).env("SEKUIRE_API_KEY", "another");
    prints(malformed, 2, &["failed   key: ", "SEKUIRE_API_KEY"]);
}

#[test]
fn fingerprint_of_another_device_is_a_warning() {
    let home = home_with("device_fingerprint", json!("0".repeat(64)));
    let lines = [
        "warning  device: ",
        "belongs to another device",
        "run: sekuire login",
    ];
    prints(doctor(&home), 0, &lines);
}

#[test]
fn refused_backend_fails_and_leaves_trust_and_proxy_to_be_judged() {
    let home = logged_in_home();
    let at = |url| doctor(&home).args(["--backend-url", url]);
    let lines = [
        "failed   backend: the URL in --backend ",
        "ok       trust: ",
        "ok       proxy: none [default]\n",
    ];
    prints(at("nonsense"), 2, &lines);
    let clear = "http://backend.example:9300";
    let lines = ["failed   backend: ", "is not https", "SEKUIRE_ALLOW_HTTP"];
    prints(at(clear), 2, &lines);
    let line = "ok       backend: http://backend.example:9300 [--backend]\n";
    prints(at(clear).env("SEKUIRE_ALLOW_HTTP", clear), 0, &[line]);
    let other = doctor(&home).env("SEKUIRE_BACKEND_URL", "https://other.example");
    let lines = ["failed   backend: ", "belongs to https://api.sekuire.ai"];
    prints(other, 2, &lines);
}

#[test]
fn unreadable_certificates_are_counted_and_a_missing_store_fails() {
    let (home, backend) = site();
    let missing = || doctor(&home).env("SSL_CERT_FILE", "/no/such/file");
    let lines = ["failed   trust: ", "/no/such/file", "correct SSL_CERT_FILE"];
    prints(missing(), 3, &lines);
    let online = missing().arg("--online");
    prints(online, 3, &["\n1 failed, 0 with a warning\n"]);
    let in_clear = missing().args(["--backend-url", "http://127.0.0.1:1"]);
    prints(in_clear, 0, &["ok       trust: not needed for http\n"]);
    let bundle = home.path().join("bundle.pem");
    let authority = fs::read_to_string(backend.ca_file()).expect("the CA");
    let torn = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    fs::write(&bundle, authority + torn + torn).expect("a bundle");
    let lines = ["warning  trust: 1 CA [", "2 more could not be read"];
    prints(doctor(&home).ca(&bundle), 0, &lines);
}

#[test]
fn proxy_names_its_variable_the_entry_that_bypasses_it_and_what_is_not_used() {
    let home = logged_in_home();
    let url = "http://me:secret@proxy.example:3128";
    let https = ("HTTPS_PROXY", url);
    let at_loopback = ("SEKUIRE_BACKEND_URL", "https://127.0.0.1:1");
    let through = "http://proxy.example:3128";
    for (variables, row) in [
        (&[https][..], format!("{through} [HTTPS_PROXY]")),
        (&[("https_proxy", url)], format!("{through} [https_proxy]")),
        (
            &[https, ("no_proxy", "b.org,.sekuire.ai")],
            "bypassed for .sekuire.ai [no_proxy]".to_owned(),
        ),
        (
            &[https, ("SEKUIRE_API_KEY", KEY), at_loopback],
            "none; HTTPS_PROXY is set but not used [default]".into(),
        ),
    ] {
        let command = sekuire_with(&home, variables).arg("doctor");
        let printed = prints(command, 0, &[&format!("ok       proxy: {row}\n")]);
        assert!(!printed.contains("secret"), "{printed}");
    }
    let missed = sekuire_with(&home, &[("ALL_PROXY", url), ("HTTP_PROXY", url)]);
    let lines = [
        "warning  proxy: none; HTTP_PROXY is set but not used; ALL_PROXY is set but not used [",
        "\n         for a proxy set HTTPS_PROXY\n",
    ];
    prints(missed.arg("doctor"), 0, &lines);
    // With one that fails nothing is asked of the network.
    let socks = doctor(&home).env("HTTPS_PROXY", "socks5://proxy.example:1080");
    let failed = "failed   proxy: the proxy in HTTPS_PROXY";
    let printed = prints(socks.arg("--online"), 2, &[failed]);
    assert!(!printed.contains("name look-up"), "{printed}");
}

/// The first step that fails ends it, and the last line but the hint and the sum is its.
#[test]
fn first_failed_step_ends_the_online_checks() {
    let (home, backend) = site();
    let online = || {
        let call = doctor(&home).ca(&backend.ca_file());
        call.args(["--online", "--timeout", "2"])
    };
    let at = |url: &str| online().args(["--backend-url", url]);
    let fails = |command: TestCommand, code, start: &str, parts: &[&str]| {
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
    let parts = ["connection closed"];
    fails(online(), 4, "failed   backend clock: ", &parts);

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
fn a_503_fails_at_once() {
    let (home, backend) = site();
    let before = backend.requests().len();
    let unavailable = Response::json(503, &json!({})).header("Retry-After", "5");
    backend.behave(Behaviour::Respond(unavailable));
    let outcome = doctor(&home).ca(&backend.ca_file()).arg("--online").run();
    outcome.exits_with(4).ends_within(Duration::from_secs(4));
    let line = format!("failed   account: {} returned 503", backend.url());
    assert!(outcome.stdout.contains(&line), "{outcome}");
    assert_eq!(backend.requests().len() - before, 2, "one attempt each");
}

#[test]
fn rows_are_coloured_on_a_terminal() {
    let outcome = doctor(&logged_in_home())
        .env("TERM", "xterm")
        .pty()
        .finish();
    let part = "\x1b[1;32mok      \x1b[0m key: ";
    assert!(outcome.exits_with(0).terminal.contains(part), "{outcome}");
}
