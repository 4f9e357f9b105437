//! What `--json`, `--get` and `--quiet` say in every state.
//!
//! `tests/golden/status.json.txt` and `whoami.json.txt` hold the objects and the exit statuses;
//! `UPDATE_GOLDEN=1` (`make golden`) writes them anew.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::fixtures::{FINGERPRINT, device_name};
use crate::support::backend::{ApiKey, Backend, Behaviour, KEY, Response};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::outcome::Outcome;

/// Lines of a name, auth.json (none where empty), variables, and the backend's answer (the usual one where
/// empty). `<home>`, `<backend>`, `<key>` and `<fingerprint>` stand for what they say, `<login>` for a login.
/// States without a key are the same for both commands: they are known before any request.
const WITHOUT_A_KEY: &str = r#"
not logged in | | |
an object without a key | {"api_key":null} | |
a login of an older client | {"token":"eyJhbGciOi"} | |
a damaged file | {"api_key":"<key>", | |
an empty file | <empty> | |
no home | | HOME=not-absolute |
a malformed SEKUIRE_API_KEY | | SEKUIRE_API_KEY=<key> <key> |
a malformed SEKUIRE_API_KEY_FILE | | SEKUIRE_API_KEY_FILE=<home>/no-key |
a missing SEKUIRE_API_KEY_FILE | | SEKUIRE_API_KEY_FILE=<home>/missing |"#;

const STATUS: &str = r#"
the file's key | <login> | |
a key bound to another device | <login> | SEKUIRE_DEVICE_ID=runner-2 |
a file with nothing but a key | {"api_key":"<key>"} | |
a test key | {"api_key":"sk_test_abc123def456xyz"} | |
a key without a known prefix | {"api_key":"abc123def456xyz"} | |
fields that echo the key | {"api_key":"<key>","org_id":"\u001b[31m<key>","workspace_id":"\u001b[31m<key>","device_fingerprint":"\u001b[31m<key>"} | |
SEKUIRE_API_KEY | | SEKUIRE_API_KEY=<key> |
SEKUIRE_API_KEY without a home | | SEKUIRE_API_KEY=<key>;HOME=not-absolute |
SEKUIRE_API_KEY beside another backend's file | <login> | SEKUIRE_API_KEY=sk_test_uvw123def456rst |
SEKUIRE_API_KEY_FILE | | SEKUIRE_API_KEY_FILE=<home>/key |"#;

const WHOAMI: &str = r#"
the file's key | <login> | |
SEKUIRE_API_KEY | <login> | SEKUIRE_API_KEY=<key>;SEKUIRE_BACKEND_URL=<backend> |
SEKUIRE_API_KEY_FILE | <login> | SEKUIRE_API_KEY_FILE=<home>/key;SEKUIRE_BACKEND_URL=<backend> |
an answer that says nothing | <login> | | 200 {}
an answer of unexpected types | <login> | | 200 {"id":7,"email":[],"organization":{"name":"Acme Corp"},"workspaces":["ws_1",{"id":"ws_2"}]}
an answer that echoes the key | <login> | | 200 {"id":"\u001b[31m\u202e<key>","email":"\u001b[31m\u202e<key>","organization":"\u001b[31m\u202e<key>","workspaces":[{"id":"\u001b[31m\u202e<key>"}]}
a key bound to another device | <login> | SEKUIRE_DEVICE_ID=runner-2 |
a revoked key | <login> | | revoked
a refused SEKUIRE_API_KEY | | SEKUIRE_API_KEY=<key>;SEKUIRE_BACKEND_URL=<backend> | unbound
a lost connection | <login> | | lost
a malformed answer | <login> | | 200 <html>
a plan that must be paid | <login> | | 402 {"error":"payment_required","message":"for <key>","required_plan":"team","upgrade_url":"https://sekuire.ai/upgrade"}
a foreign SEKUIRE_BACKEND_URL | <login> | SEKUIRE_BACKEND_URL=https://other.example.org |"#;

const LOGIN: &str = r#"{"api_key":"<key>","device_fingerprint":"<fingerprint>","org_id":"org_acme","workspace_id":"ws_abc123","backend_url":"<backend>"}"#;

#[derive(Clone, Copy)]
struct Case<'a> {
    name: &'a str,
    auth: &'a str,
    variables: &'a str,
    answer: &'a str,
}

fn cases(tables: &[&'static str]) -> Vec<Case<'static>> {
    let lines = tables.iter().flat_map(|table| table.trim_start().lines());
    let case = |line: &'static str| {
        let mut parts = line.split('|').map(str::trim);
        let mut part = || parts.next().expect("four parts");
        Case {
            name: part(),
            auth: part(),
            variables: part(),
            answer: part(),
        }
    };
    lines.map(case).collect()
}

/// A home and a backend that knows the key, bound to runner-1.
struct Fixture {
    home: Home,
    backend: Backend,
}

impl Fixture {
    fn new(case: &Case<'_>) -> Self {
        let (home, backend) = (Home::new(), Backend::http());
        let fixture = Self { home, backend };
        let mut key = ApiKey::new(KEY);
        key.bound = Some(FINGERPRINT.to_owned()).filter(|_| case.answer != "unbound");
        fixture.backend.add_key(key);
        if !case.auth.is_empty() {
            fixture.home.write_auth(&fixture.fill(case.auth));
        }
        for (name, content) in [("key", KEY), ("no-key", "no key")] {
            fs::write(fixture.home.path().join(name), content).expect("a secret file");
        }
        if let Some((status, body)) = case.answer.split_once(' ') {
            let status = status.parse().expect("a status");
            let response = Response::new(status, "application/json", fixture.fill(body));
            fixture.backend.behave(Behaviour::Respond(response));
        }
        match case.answer {
            "revoked" => fixture.backend.revoke(KEY),
            "lost" => fixture.backend.behave(Behaviour::CloseOnAccept),
            _ => {}
        }
        fixture
    }

    fn home(&self) -> &str {
        self.home.path().to_str().expect("text")
    }

    fn fill(&self, text: &str) -> String {
        text.replace("<login>", LOGIN)
            .replace("<empty>", "")
            .replace("<home>", self.home())
            .replace("<backend>", &self.backend.url())
            .replace("<fingerprint>", FINGERPRINT)
            .replace("<key>", KEY)
    }

    /// What was printed, without what varies.
    fn normalise(&self, text: &str) -> String {
        let (name, os) = (device_name(), std::env::consts::OS);
        let text = text
            .replace(self.home(), "<home>")
            .replace(&self.backend.url(), "<backend>")
            .replace(&format!(r#""name":"{name}""#), r#""name":"<name>""#)
            .replace(&format!(r#""os":"{os}""#), r#""os":"<os>""#);
        match text.split_once(" attempts in ") {
            Some((before, after)) => {
                let (_, after) = after.split_once(" s)").expect("seconds");
                format!("{before} attempts in <n> s){after}")
            }
            None => text,
        }
    }
}

fn run(case: &Case<'_>, arguments: &[&str]) -> (Outcome, Fixture) {
    let fixture = Fixture::new(case);
    let mut command = Sekuire::new().home(&fixture.home).args(arguments);
    for variable in case.variables.split_terminator(';') {
        let (name, value) = variable.split_once('=').expect("a name and a value");
        command = command.env(name, fixture.fill(value));
    }
    let outcome = command.run();
    for secret in [KEY, "abc123def456xyz", "uvw123def456rst", "eyJhbGciOi"] {
        outcome.hides(secret);
    }
    (outcome, fixture)
}

fn golden(name: &str, cases: &[Case<'_>], arguments: &[&str]) {
    let reports = cases.iter().map(|case| {
        let (outcome, fixture) = run(case, arguments);
        let code = outcome.code.expect("an exit status");
        let asked = arguments.contains(&"status") && fixture.backend.connections() > 0;
        assert!(!asked, "status is offline; {outcome}");
        fixture.normalise(&format!("# {}: exit {code}\n{}", case.name, outcome.stdout))
    });
    let text: String = reports.collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let path = folder.join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &text).expect("a golden file is written");
    }
    let expected = fs::read_to_string(&path).expect("a golden file");
    for (line, expected) in text.lines().zip(expected.lines()) {
        assert_eq!(line, expected, "UPDATE_GOLDEN=1 writes {name} anew");
    }
    assert_eq!(text.lines().count(), expected.lines().count(), "{name}");
}

#[test]
fn golden_status_has_every_field_in_every_state() {
    let cases = cases(&[WITHOUT_A_KEY, STATUS]);
    golden("status.json.txt", &cases, &["status", "--json"]);
}

#[test]
fn golden_whoami_has_every_field_in_every_state() {
    let cases = cases(&[WITHOUT_A_KEY, WHOAMI]);
    golden("whoami.json.txt", &cases, &["auth", "whoami", "--json"]);
}

#[test]
fn quiet_says_nothing_but_errors() {
    for (table, command) in [(STATUS, "status"), (WHOAMI, "whoami")] {
        for case in cases(&[WITHOUT_A_KEY, table]) {
            let (outcome, _) = run(&case, &[command, "-q"]);
            outcome.prints("");
            let is_error = outcome.code.is_some_and(|code| code >= 2);
            assert_eq!(outcome.stderr.contains("error: "), is_error, "{outcome}");
            assert_eq!(outcome.stderr.is_empty(), !is_error, "{outcome}");
        }
    }
}

/// Text without quotation marks, a list one a line, nothing for null, an object as JSON.
#[test]
fn get_prints_one_field() {
    let device = r#"{"name":"<name>","os":"<os>","fingerprint":"<fingerprint>","fingerprint_source":"SEKUIRE_DEVICE_ID","bound_fingerprint":"<fingerprint>","matches":true}"#;
    let device = device.replace("<fingerprint>", FINGERPRINT);
    let (logged_out, logged_in) = (&cases(&[WITHOUT_A_KEY])[0], &cases(&[STATUS])[0]);
    for (case, command, field, code, printed) in [
        (logged_in, "status", "workspace_id", 0, "ws_abc123"),
        (logged_in, "status", "device.matches", 0, "true"),
        (
            logged_in,
            "status",
            "file.path",
            0,
            "<home>/.sekuire/auth.json",
        ),
        (logged_in, "status", "device", 0, &device),
        (logged_in, "status", "error", 0, ""),
        (logged_in, "whoami", "workspaces", 0, "ws_abc123\nws_def456"),
        (logged_out, "status", "org_id", 1, ""),
        (logged_out, "whoami", "workspaces", 1, ""),
        (logged_out, "whoami", "error.hint", 1, "run: sekuire login"),
    ] {
        let (outcome, fixture) = run(case, &[command, "--get", field]);
        assert_eq!(outcome.code, Some(code), "{field}; {outcome}");
        let lines = fixture.normalise(outcome.stdout.trim_end_matches('\n'));
        assert_eq!(lines, printed, "{field}; {outcome}");
    }
}

/// An unknown field names those at the top of `--json`, which are all known, and asks nobody.
#[test]
fn get_knows_the_fields_of_json_and_no_other() {
    let (logged_in, damaged) = (&cases(&[STATUS])[0], &cases(&[WITHOUT_A_KEY])[3]);
    for command in ["status", "whoami"] {
        // With an error, which is null otherwise.
        let (damaged, _) = run(damaged, &[command, "--json"]);
        let report: Value = serde_json::from_str(&damaged.stdout).expect("JSON");
        let report = report.as_object().expect("an object");
        let mut names: Vec<&str> = report.keys().map(String::as_str).collect();
        names.sort_unstable();
        for known in names.iter().chain(&["device.name", "error.hint"]) {
            let (outcome, _) = run(logged_in, &[command, "--get", known]);
            outcome.exits(0);
        }
        for unknown in [
            ".",
            "nonsense",
            "device.",
            "device.nonsense",
            "state.x",
            "State",
        ] {
            let (outcome, fixture) = run(logged_in, &[command, "--get", unknown]);
            outcome.exits(2).prints("");
            assert_eq!(fixture.backend.connections(), 0, "{unknown}");
            let (_, hint) = outcome.stderr.split_once("\nhint: ").expect("a hint");
            assert!(hint.trim_end().len() <= 200, "{outcome}");
            let list = hint.strip_prefix("choose one of: ").expect("a list");
            let (list, nested) = list.split_once("; ").expect("a nested one");
            assert_eq!(nested, "or a nested one, such as device.name\n");
            let mut listed: Vec<&str> = list.split(", ").collect();
            listed.sort_unstable();
            assert_eq!(listed, names, "{unknown}; {outcome}");
        }
    }
}

#[test]
fn json_and_quiet_exclude_each_other() {
    let arguments = ["whoami", "--json", "--quiet"];
    let outcome = Sekuire::new().home(&Home::new()).args(arguments).run();
    outcome
        .exits(2)
        .prints("")
        .complains("--json, --get and --quiet");
}

/// Without `SEKUIRE_DEVICE_ID`.
#[test]
fn a_machine_has_a_fingerprint_of_its_own() {
    let home = Home::new();
    let command = Sekuire::new().without("SEKUIRE_DEVICE_ID").home(&home);
    let outcome = command.args(["status", "--get", "device"]).run();
    let device: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let fingerprint = device["fingerprint"].as_str().expect("text");
    assert_eq!(fingerprint.len(), 64, "{outcome}");
    let source = &device["fingerprint_source"];
    assert!(
        *source == json!("machine-id") || *source == json!("hostname"),
        "{outcome}"
    );
}
