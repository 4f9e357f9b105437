//! What `--json`, `--get` and `--quiet` say in every state.
//!
//! `tests/golden/status.json.txt` and `whoami.json.txt` hold the objects and the exit statuses;
//! `UPDATE_GOLDEN=1` (`make golden`) writes them anew.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::fixtures::{FINGERPRINT, device_name, sekuire};
use crate::support::backend::{ApiKey, Backend, Behaviour, KEY, Response};
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

/// A name, auth.json, variables and the backend's answer.
type Case = [&'static str; 4];

fn cases(table: &'static str) -> impl Iterator<Item = Case> {
    let lines = WITHOUT_A_KEY.trim_start().lines();
    let lines = lines.chain(table.trim_start().lines());
    lines.map(|line| {
        let mut parts = line.split('|').map(str::trim);
        [(); 4].map(|()| parts.next().expect("four parts"))
    })
}

/// The case of this name.
fn case(name: &str) -> Case {
    let mut cases = cases(STATUS);
    cases.find(|case| case[0] == name).expect("a case")
}

/// A home and a backend that knows the key, bound to runner-1.
struct Fixture {
    home: Home,
    backend: Backend,
}

impl Fixture {
    fn new([_, auth, _, answer]: Case) -> Self {
        let (home, backend) = (Home::new(), Backend::http());
        let fixture = Self { home, backend };
        let mut key = ApiKey::new(KEY);
        key.bound = Some(FINGERPRINT.to_owned()).filter(|_| answer != "unbound");
        fixture.backend.add_key(key);
        if !auth.is_empty() {
            fixture.home.write_auth(&fixture.fill(auth));
        }
        for (name, content) in [("key", KEY), ("no-key", "no key")] {
            fs::write(fixture.home.path().join(name), content).expect("a secret file");
        }
        match answer.split_once(' ') {
            Some((status, body)) => {
                let status = status.parse().expect("a status");
                let response = Response::new(status, "application/json", fixture.fill(body));
                fixture.backend.behave(Behaviour::Respond(response));
            }
            None if answer == "revoked" => fixture.backend.revoke(KEY),
            None if answer == "lost" => fixture.backend.behave(Behaviour::CloseOnAccept),
            None => {}
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

fn run(case: Case, arguments: &[&str]) -> (Outcome, Fixture) {
    let fixture = Fixture::new(case);
    let mut command = sekuire(&fixture.home).args(arguments);
    for variable in case[2].split_terminator(';') {
        let (name, value) = variable.split_once('=').expect("a name and a value");
        command = command.env(name, fixture.fill(value));
    }
    let outcome = command.run();
    for secret in [KEY, "abc123def456xyz", "uvw123def456rst", "eyJhbGciOi"] {
        outcome.never_shows(secret);
    }
    (outcome, fixture)
}

fn golden(name: &str, table: &'static str, arguments: &[&str]) {
    let reports = cases(table).map(|case| {
        let (outcome, fixture) = run(case, arguments);
        let code = outcome.code.expect("an exit status");
        let asked = arguments.contains(&"status") && fixture.backend.connections() > 0;
        assert!(!asked, "status is offline; {outcome}");
        fixture.normalise(&format!("# {}: exit {code}\n{}", case[0], outcome.stdout))
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
    golden("status.json.txt", STATUS, &["status", "--json"]);
}

#[test]
fn golden_whoami_has_every_field_in_every_state() {
    golden("whoami.json.txt", WHOAMI, &["auth", "whoami", "--json"]);
}

#[test]
fn quiet_says_nothing_but_errors() {
    for (table, command) in [(STATUS, "status"), (WHOAMI, "whoami")] {
        for case in cases(table) {
            let (outcome, _) = run(case, &[command, "-q"]);
            outcome.stdout_is("");
            let is_error = outcome.code.is_some_and(|code| code >= 2);
            assert_eq!(outcome.stderr.contains("error: "), is_error, "{outcome}");
            assert_eq!(outcome.stderr.is_empty(), !is_error, "{outcome}");
        }
    }
}

/// Text without quotation marks, a list one a line, nothing for null, an object as JSON.
#[test]
fn get_prints_one_field_as_a_shell_wants_it() {
    let device = r#"{"name":"<name>","os":"<os>","fingerprint":"<fingerprint>","fingerprint_source":"SEKUIRE_DEVICE_ID","bound_fingerprint":"<fingerprint>","matches":true}"#;
    let device = device.replace("<fingerprint>", FINGERPRINT);
    let path = "<home>/.sekuire/auth.json";
    let (logged_out, logged_in) = (case("not logged in"), case("the file's key"));
    for (case, command, field, code, printed) in [
        (logged_in, "status", "workspace_id", 0, "ws_abc123"),
        (logged_in, "status", "device.matches", 0, "true"),
        (logged_in, "status", "file.path", 0, path),
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
    let logged_in = case("the file's key");
    for command in ["status", "whoami"] {
        let (report, _) = run(logged_in, &[command, "--json"]);
        let report: Value = serde_json::from_str(&report.stdout).expect("JSON");
        let names = report.as_object().expect("an object").keys();
        let mut names: Vec<&str> = names.map(String::as_str).collect();
        names.sort_unstable();
        for known in names.iter().chain(&["device.name", "error.hint"]) {
            let (outcome, _) = run(logged_in, &[command, "--get", known]);
            outcome.exits_with(0);
        }
        for unknown in [".", "device.", "device.nonsense", "state.x", "State"] {
            let (outcome, fixture) = run(logged_in, &[command, "--get", unknown]);
            outcome.exits_with(2).stdout_is("");
            assert_eq!(fixture.backend.connections(), 0, "{unknown}");
            let (_, hint) = outcome.stderr.split_once("\nhint: ").expect("a hint");
            assert!(hint.trim_end().len() <= 200, "{outcome}");
            let list = hint.strip_prefix("choose one of: ").expect("a list");
            let list = list.strip_suffix("; or a nested one, such as device.name\n");
            let mut listed: Vec<&str> = list.expect("a nested one").split(", ").collect();
            listed.sort_unstable();
            assert_eq!(listed, names, "{unknown}; {outcome}");
        }
    }
}
