//! What `--json`, `--get` and `--quiet` say in every state: one object with every field on one line, one of
//! its fields, or nothing, and the exit status either way.
//!
//! `tests/golden/status.json.txt` and `whoami.json.txt` hold the objects themselves;
//! `UPDATE_GOLDEN=1` (`make golden`) writes them anew.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::fixtures::{FINGERPRINT, device_name};
use crate::support::backend::{ApiKey, Backend, Behaviour, KEY, Response};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::outcome::Outcome;

const STATUS_FIELDS: &[&str] = &[
    "authenticated",
    "state",
    "source",
    "key",
    "environment",
    "org_id",
    "workspace_id",
    "backend_url",
    "device",
    "file",
    "error",
];
const WHOAMI_FIELDS: &[&str] = &[
    "authenticated",
    "state",
    "email",
    "user_id",
    "organization",
    "workspaces",
    "backend_url",
    "device",
    "error",
];
const DEVICE_FIELDS: &[&str] = &[
    "name",
    "os",
    "fingerprint",
    "fingerprint_source",
    "bound_fingerprint",
    "matches",
];

/// A home and the backend that its key belongs to.
struct Fixture {
    home: Home,
    backend: Backend,
}

struct Case {
    name: &'static str,
    exit: i32,
    state: &'static str,
    prepare: fn(&Fixture, Sekuire) -> Sekuire,
}

const fn case(
    name: &'static str,
    exit: i32,
    state: &'static str,
    prepare: fn(&Fixture, Sekuire) -> Sekuire,
) -> Case {
    Case {
        name,
        exit,
        state,
        prepare,
    }
}

/// States that are the same for both commands: they are known before any request.
const WITHOUT_A_KEY: &[Case] = &[
    case("not logged in", 1, "not_logged_in", |_, run| run),
    case(
        "an object without a key",
        1,
        "not_logged_in",
        |fixture, run| {
            fixture.home.write_auth(r#"{"api_key": null}"#);
            run
        },
    ),
    case(
        "a login of an older client",
        1,
        "not_logged_in",
        |fixture, run| {
            fixture.home.write_auth(r#"{"token": "eyJhbGciOi"}"#);
            run
        },
    ),
    case("a damaged file", 3, "error", |fixture, run| {
        fixture
            .home
            .write_auth(&format!(r#"{{"api_key": "{KEY}", "#));
        run
    }),
    case("an empty file", 3, "error", |fixture, run| {
        fixture.home.write_auth("");
        run
    }),
    case("no home", 3, "error", |_, run| {
        run.env("HOME", "not-absolute")
    }),
    case("a malformed SEKUIRE_API_KEY", 2, "error", |_, run| {
        run.env("SEKUIRE_API_KEY", format!("{KEY} {KEY}"))
    }),
    case(
        "a malformed SEKUIRE_API_KEY_FILE",
        2,
        "error",
        |fixture, run| run.env("SEKUIRE_API_KEY_FILE", secret(fixture, "no key")),
    ),
    case(
        "a missing SEKUIRE_API_KEY_FILE",
        3,
        "error",
        |fixture, run| run.env("SEKUIRE_API_KEY_FILE", fixture.home.path().join("missing")),
    ),
];

const STATUS: &[Case] = &[
    case("the file's key", 0, "authenticated", |fixture, run| {
        fixture.home.write_auth(&login(fixture));
        run
    }),
    case(
        "a key bound to another device",
        0,
        "authenticated",
        |fixture, run| {
            fixture.home.write_auth(&login(fixture));
            run.env("SEKUIRE_DEVICE_ID", "runner-2")
        },
    ),
    case(
        "a file with nothing but a key",
        0,
        "authenticated",
        |fixture, run| {
            fixture
                .home
                .write_auth(&json!({"api_key": KEY}).to_string());
            run
        },
    ),
    case("a test key", 0, "authenticated", |fixture, run| {
        let key = json!({"api_key": "sk_test_abc123def456xyz"});
        fixture.home.write_auth(&key.to_string());
        run
    }),
    case(
        "a key without a known prefix",
        0,
        "authenticated",
        |fixture, run| {
            let key = json!({"api_key": "abc123def456xyz"});
            fixture.home.write_auth(&key.to_string());
            run
        },
    ),
    case(
        "fields that echo the key",
        0,
        "authenticated",
        |fixture, run| {
            let echo = format!("\u{1b}[31m{KEY}");
            let login = json!({"api_key": KEY, "org_id": echo, "workspace_id": echo, "device_fingerprint": echo});
            fixture.home.write_auth(&login.to_string());
            run
        },
    ),
    case("SEKUIRE_API_KEY", 0, "authenticated", |_, run| {
        run.env("SEKUIRE_API_KEY", KEY)
    }),
    case(
        "SEKUIRE_API_KEY without a home",
        0,
        "authenticated",
        |_, run| run.env("SEKUIRE_API_KEY", KEY).env("HOME", "not-absolute"),
    ),
    case(
        "SEKUIRE_API_KEY beside another backend's file",
        0,
        "authenticated",
        |fixture, run| {
            fixture.home.write_auth(&login(fixture));
            run.env("SEKUIRE_API_KEY", "sk_test_uvw123def456rst")
        },
    ),
    case(
        "SEKUIRE_API_KEY_FILE",
        0,
        "authenticated",
        |fixture, run| run.env("SEKUIRE_API_KEY_FILE", secret(fixture, KEY)),
    ),
];

const WHOAMI: &[Case] = &[
    case("the file's key", 0, "authenticated", |fixture, run| {
        fixture.bind(run)
    }),
    case("SEKUIRE_API_KEY", 0, "authenticated", |fixture, run| {
        let run = fixture.bind(run).env("SEKUIRE_API_KEY", KEY);
        run.env("SEKUIRE_BACKEND_URL", fixture.backend.url())
    }),
    case(
        "SEKUIRE_API_KEY_FILE",
        0,
        "authenticated",
        |fixture, run| {
            let run = fixture.bind(run);
            run.env("SEKUIRE_API_KEY_FILE", secret(fixture, KEY))
                .env("SEKUIRE_BACKEND_URL", fixture.backend.url())
        },
    ),
    case(
        "an answer that says nothing",
        0,
        "authenticated",
        |fixture, run| fixture.answers(200, &json!({}), run),
    ),
    case(
        "an answer of unexpected types",
        0,
        "authenticated",
        |fixture, run| {
            let odd = json!({"id": 7, "email": [], "organization": {"name": "Acme Corp"}, "workspaces": ["ws_1", {"id": "ws_2"}]});
            fixture.answers(200, &odd, run)
        },
    ),
    case(
        "an answer that echoes the key",
        0,
        "authenticated",
        |fixture, run| {
            let echo = format!("\u{1b}[31m\u{202e}{KEY}");
            let odd = json!({"id": echo, "email": echo, "organization": echo, "workspaces": [{"id": echo}]});
            fixture.answers(200, &odd, run)
        },
    ),
    case(
        "a key bound to another device",
        1,
        "rejected",
        |fixture, run| fixture.bind(run).env("SEKUIRE_DEVICE_ID", "runner-2"),
    ),
    case("a revoked key", 1, "rejected", |fixture, run| {
        let run = fixture.bind(run);
        fixture.backend.revoke(KEY);
        run
    }),
    case(
        "a refused SEKUIRE_API_KEY",
        1,
        "rejected",
        |fixture, run| {
            run.env("SEKUIRE_API_KEY", KEY)
                .env("SEKUIRE_BACKEND_URL", fixture.backend.url())
        },
    ),
    case("a lost connection", 4, "unreachable", |fixture, run| {
        fixture.backend.behave(Behaviour::CloseOnAccept);
        fixture.bind(run)
    }),
    case("a malformed answer", 4, "unreachable", |fixture, run| {
        let page = Response::new(200, "text/html", "<html>");
        fixture.backend.behave(Behaviour::Respond(page));
        fixture.bind(run)
    }),
    case(
        "a plan that must be paid",
        4,
        "unreachable",
        |fixture, run| {
            let body = json!({"error": "payment_required", "message": format!("for {KEY}"),
            "required_plan": "team", "upgrade_url": "https://sekuire.ai/upgrade"});
            fixture.answers(402, &body, run)
        },
    ),
    case(
        "a foreign SEKUIRE_BACKEND_URL",
        2,
        "error",
        |fixture, run| {
            fixture
                .bind(run)
                .env("SEKUIRE_BACKEND_URL", "https://other.example.org")
        },
    ),
];

impl Fixture {
    fn new() -> Self {
        Self {
            home: Home::new(),
            backend: Backend::http(),
        }
    }

    /// The backend knows the key, and that it is bound to runner-1; auth.json holds both.
    fn bind(&self, run: Sekuire) -> Sekuire {
        let mut key = ApiKey::new(KEY);
        key.bound = Some(FINGERPRINT.to_owned());
        self.backend.add_key(key);
        self.home.write_auth(&login(self));
        run
    }

    fn answers(&self, status: u16, body: &Value, run: Sekuire) -> Sekuire {
        let answer = Response::json(status, body);
        self.backend.behave(Behaviour::Respond(answer));
        self.bind(run)
    }
}

#[test]
fn golden_status_says_every_field_in_every_state() {
    let cases = WITHOUT_A_KEY.iter().chain(STATUS);
    let lines = cases.map(|case| {
        let (line, fixture) = report(case, &["status", "--json"]);
        assert_fields(case, &line, STATUS_FIELDS);
        assert_eq!(
            fixture.backend.connections(),
            0,
            "{}: status is offline",
            case.name
        );
        line
    });
    golden("status.json.txt", &lines.collect::<String>());
}

#[test]
fn golden_whoami_says_every_field_in_every_state() {
    let cases = WITHOUT_A_KEY.iter().chain(WHOAMI);
    let lines = cases.map(|case| {
        let (line, _) = report(case, &["auth", "whoami", "--json"]);
        assert_fields(case, &line, WHOAMI_FIELDS);
        line
    });
    golden("whoami.json.txt", &lines.collect::<String>());
}

/// The device's own fingerprint is there in every state; without `SEKUIRE_DEVICE_ID` too.
#[test]
fn the_device_is_named_also_when_logged_out() {
    let outcome = Sekuire::new()
        .without("SEKUIRE_DEVICE_ID")
        .home(&Home::new())
        .args(["status", "--json"])
        .run();
    let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let fingerprint = report["device"]["fingerprint"].as_str().expect("text");
    let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    assert!(
        fingerprint.len() == 64 && fingerprint.bytes().all(hexadecimal),
        "{outcome}"
    );
    let source = report["device"]["fingerprint_source"].as_str();
    assert!(
        matches!(source, Some("machine-id" | "hostname")),
        "{outcome}"
    );
    assert_eq!(report["device"]["matches"], Value::Null, "{outcome}");
}

/// The mode is auth.json's, whatever it is.
#[test]
fn status_tells_the_mode_of_the_file() {
    for mode in [0o600, 0o640, 0o400] {
        let home = Home::new();
        home.write_auth(&json!({"api_key": KEY}).to_string());
        fs::set_permissions(home.auth_json(), fs::Permissions::from_mode(mode)).expect("chmod");
        let outcome = Sekuire::new().home(&home).args(["status", "--json"]).run();
        let report: Value = serde_json::from_str(&outcome.exits(0).stdout).expect("JSON");
        assert_eq!(report["file"]["mode"], format!("{mode:04o}"), "{outcome}");
    }
}

#[test]
fn quiet_says_nothing_but_errors() {
    let offline = WITHOUT_A_KEY.iter().chain(STATUS);
    let online = WITHOUT_A_KEY.iter().chain(WHOAMI);
    let status = offline.map(|case| (case, ["status", "--quiet"]));
    let whoami = online.map(|case| (case, ["whoami", "-q"]));
    for (case, arguments) in status.chain(whoami) {
        let (outcome, _) = run(case, &arguments);
        outcome.prints("");
        if case.exit >= 2 {
            outcome.complains("error: ");
        } else {
            outcome.complains_not();
        }
    }
}

#[test]
fn quiet_keeps_warnings_to_itself() {
    let home = Home::new();
    home.write_auth(&json!({"api_key": KEY, "device_fingerprint": FINGERPRINT}).to_string());
    fs::set_permissions(home.auth_json(), fs::Permissions::from_mode(0o644)).expect("chmod");
    let another = || Sekuire::new().env("SEKUIRE_DEVICE_ID", "runner-2");
    let status = || another().home(&home).arg("status");
    let warned = status().run();
    warned
        .exits(0)
        .complains("chmod")
        .complains("another device");
    status().arg("-q").run().exits(0).prints("").complains_not();
}

#[test]
fn json_and_quiet_exclude_each_other() {
    for command in ["status", "whoami"] {
        let arguments = [command, "--json", "--quiet"];
        let outcome = Sekuire::new().home(&Home::new()).args(arguments).run();
        outcome.exits(2).prints("").complains("--json and --quiet");
    }
}

/// In every state, with the exit status and the messages of `--json`.
#[test]
fn get_prints_a_field_of_that_object_alone() {
    let status = WITHOUT_A_KEY.iter().chain(STATUS).map(|case| {
        let fields = &[
            "state",
            "workspace_id",
            "device.matches",
            "file.path",
            "error.hint",
        ];
        (case, "status", &fields[..])
    });
    let answered = WHOAMI.iter().filter(|case| case.exit == 0);
    let whoami = answered.map(|case| (case, "whoami", &["email", "workspaces"][..]));
    for (case, command, fields) in status.chain(whoami) {
        let (whole, fixture) = run(case, &[command, "--json"]);
        let report = normalise(&whole.stdout, &fixture);
        let report: Value = serde_json::from_str(&report).expect("JSON");
        for field in fields {
            let (outcome, fixture) = run(case, &[command, "--get", field]);
            let value = field.split('.').fold(&report, |value, name| &value[name]);
            let lines: String = match value {
                Value::Array(values) => values.iter().map(line).collect(),
                value => line(value),
            };
            let printed = normalise(&outcome.stdout, &fixture);
            assert_eq!(printed, lines, "{}: {field}; {outcome}", case.name);
            assert_eq!(
                outcome.stderr.is_empty(),
                whole.stderr.is_empty(),
                "{outcome}"
            );
        }
    }
}

/// As `--get` prints a value that is no list.
fn line(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => {
            text.replace(|c: char| c.is_control() || c == '\u{202e}', "?") + "\n"
        }
        value => format!("{value}\n"),
    }
}

#[test]
fn get_knows_each_field_and_no_other() {
    let device = DEVICE_FIELDS.iter().map(|name| format!("device.{name}"));
    let device: Vec<String> = device.collect();
    let error = ["error.message", "error.hint"].map(str::to_owned);
    let names = |fields: &[&str], file: &[&str]| {
        let leaves = |name: &&str| !["device", "file", "error"].contains(name);
        let mut names: Vec<String> = fields
            .iter()
            .copied()
            .filter(leaves)
            .map(str::to_owned)
            .collect();
        names.extend(device.clone());
        names.extend(file.iter().map(|name| format!("file.{name}")));
        names.extend(error.clone());
        names
    };
    let home = Home::new();
    for (command, names) in [
        ("status", names(STATUS_FIELDS, &["path", "mode"])),
        ("whoami", names(WHOAMI_FIELDS, &[])),
    ] {
        let get = |field: &str| {
            let outcome = Sekuire::new()
                .home(&home)
                .args([command, "--get", field])
                .run();
            (outcome.code, outcome.stdout, outcome.stderr)
        };
        for odd in [
            ".",
            "nonsense",
            "device.",
            "device.nonsense",
            "error.",
            "state.x",
            "State",
        ] {
            let (code, stdout, stderr) = get(odd);
            assert_eq!((code, stdout.as_str()), (Some(2), ""), "{odd}: {stderr}");
            let hint = format!("choose one of: {}\n", names.join(", "));
            assert!(stderr.ends_with(&hint), "{odd}: {stderr}");
        }
        for name in names {
            assert_eq!(get(&name).0, Some(1), "{name}: logged out, and known");
        }
        let (_, device, _) = get("device");
        let device: Value = serde_json::from_str(&device).expect("an object as JSON");
        assert_eq!(sorted(keys(&device)), sorted(DEVICE_FIELDS.to_vec()));
    }
}

/// Before anything is sent.
#[test]
fn an_unknown_field_asks_nobody() {
    let fixture = Fixture::new();
    let whoami = fixture
        .bind(Sekuire::new().home(&fixture.home))
        .args(["whoami", "--get", "nonsense"]);
    whoami.run().exits(2).prints("");
    assert_eq!(fixture.backend.connections(), 0);
}

fn run(case: &Case, arguments: &[&str]) -> (Outcome, Fixture) {
    let fixture = Fixture::new();
    let command = Sekuire::new().home(&fixture.home).args(arguments);
    let outcome = (case.prepare)(&fixture, command).run();
    assert_eq!(outcome.code, Some(case.exit), "{}: {outcome}", case.name);
    for secret in [KEY, "abc123def456xyz", "uvw123def456rst", "eyJhbGciOi"] {
        outcome.hides(secret);
    }
    (outcome, fixture)
}

/// The case's name, the exit status and the line that was printed, without what varies.
fn report(case: &Case, arguments: &[&str]) -> (String, Fixture) {
    let (outcome, fixture) = run(case, arguments);
    let line = &outcome.stdout;
    let plain = line.trim_end_matches('\n').bytes().all(|byte| byte >= b' ');
    assert!(
        line.ends_with("}\n") && plain,
        "{}: one line; {outcome}",
        case.name
    );
    let text = format!("# {}: exit {}\n{line}", case.name, case.exit);
    (normalise(&text, &fixture), fixture)
}

fn assert_fields(case: &Case, line: &str, expected: &[&str]) {
    let name = case.name;
    let object = line.split_once('\n').expect("two lines").1;
    let report: Value = serde_json::from_str(object).expect("one JSON object");
    assert_eq!(sorted(keys(&report)), sorted(expected.to_vec()), "{name}");
    assert_eq!(
        sorted(keys(&report["device"])),
        sorted(DEVICE_FIELDS.to_vec()),
        "{name}"
    );
    assert_eq!(report["state"], case.state, "{name}");
    assert_eq!(report["authenticated"], case.exit == 0, "{name}");
    assert_eq!(
        report["error"].is_null(),
        has_no_error(case, &report),
        "{name}: {report}"
    );
    if let Value::Object(error) = &report["error"] {
        assert!(
            error.len() == 2 && error["message"].is_string() && error.contains_key("hint"),
            "{name}"
        );
    }
}

/// Being logged out is an answer to `status`, and an error to `whoami`.
fn has_no_error(case: &Case, report: &Value) -> bool {
    case.exit == 0 || case.exit == 1 && report.get("file").is_some()
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

fn sorted(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}

fn login(fixture: &Fixture) -> String {
    json!({
        "api_key": KEY,
        "device_fingerprint": FINGERPRINT,
        "org_id": "org_acme",
        "workspace_id": "ws_abc123",
        "backend_url": fixture.backend.url(),
    })
    .to_string()
}

fn secret(fixture: &Fixture, content: &str) -> PathBuf {
    let path = fixture.home.path().join("secret");
    fs::write(&path, content).expect("a secret file");
    path
}

fn normalise(text: &str, fixture: &Fixture) -> String {
    let home = fixture.home.path().to_str().expect("text");
    let text = text
        .replace(home, "<home>")
        .replace(&fixture.backend.url(), "<backend>")
        .replace(
            &format!(r#""name":"{}""#, device_name()),
            r#""name":"<name>""#,
        )
        .replace(
            &format!(r#""os":"{}""#, std::env::consts::OS),
            r#""os":"<os>""#,
        );
    match text.split_once(" attempts in ") {
        Some((before, after)) => {
            let (_, after) = after.split_once(" s)").expect("seconds");
            format!("{before} attempts in <n> s){after}")
        }
        None => text,
    }
}

fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).expect("a golden file is written");
    }
    let expected = fs::read_to_string(&path).expect("a golden file; UPDATE_GOLDEN=1 writes it");
    assert_eq!(
        text, expected,
        "{name} differs; UPDATE_GOLDEN=1 writes it anew"
    );
}
