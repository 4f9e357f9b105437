//! `sekuire login` from a pipe. At a terminal: `login_terminal`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::fixtures::{
    FINGERPRINT, MASKED, SECRET, auth_with, device_name, log_in, login_steps, login_steps_at,
    login_success, sekuire, with_backend,
};
use crate::support::backend::{ApiKey, Backend, Behaviour, Endpoint, KEY, ORG_ID, Response};
use crate::support::home::Home;

fn saved(home: &Home) -> Value {
    serde_json::from_str(&home.read_auth()).expect("auth.json is JSON")
}

#[test]
fn from_a_pipe_the_documented_text() {
    let backend = Backend::https();
    let home = Home::new();
    with_backend(&home, &backend)
        .arg("login")
        .stdin(format!("{KEY}\n").as_bytes())
        .run()
        .exits(0)
        .prints(&format!(
            "{}Enter your API Key: {MASKED}\n\n{}",
            login_steps(),
            login_success(&backend.url())
        ))
        .complains_not()
        .hides(SECRET);

    let requests = backend.requests();
    let seen: Vec<_> = requests
        .iter()
        .map(|r| (r.method.as_str(), r.target.as_str()))
        .collect();
    assert_eq!(
        seen,
        [("POST", "/api/v1/api-keys/verify"), ("GET", "/api/v1/me")]
    );
    let verify = requests.first().expect("a request");
    let os = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    assert_eq!(
        verify.json(),
        json!({"api_key": KEY, "device_fingerprint": FINGERPRINT, "device_name": device_name(), "device_os": os})
    );
    assert_eq!(verify.header("Content-Type"), Some("application/json"));
    assert_eq!(
        verify.header("User-Agent"),
        Some(concat!("sekuire/", env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(verify.header("Connection"), Some("close"));
    assert_eq!(backend.bound(KEY).as_deref(), Some(FINGERPRINT));
    assert_eq!(
        home.read_auth(),
        format!(
            "{{\n  \"api_key\": \"{KEY}\",\n  \"device_fingerprint\": \"{FINGERPRINT}\",\n  \
             \"org_id\": \"{ORG_ID}\",\n  \"workspace_id\": \"ws_abc123\",\n  \"backend_url\": \"{}\"\n}}\n",
            backend.url()
        )
    );
    let mode = |path| fs::metadata(path).expect("metadata").permissions().mode() & 0o7777;
    assert_eq!(mode(home.auth_json()), 0o600);
    assert_eq!(mode(home.sekuire_dir()), 0o700);
    assert_eq!(home.listing(), ["auth.json"]);
}

#[test]
fn api_key_stdin_prints_only_the_result() {
    let backend = Backend::http();
    let home = Home::new();
    with_backend(&home, &backend)
        .args(["login", "--api-key-stdin"])
        .stdin(KEY.as_bytes())
        .run()
        .exits(0)
        .prints(&login_success(&backend.url()))
        .complains_not();
}

#[test]
fn the_web_url_is_in_the_transcript_and_nothing_is_sent_there() {
    let backend = Backend::http();
    let web = Backend::http();
    for (option, variable, shown) in [
        (Some("https://web.example/"), None, "https://web.example"),
        (
            Some("http://web.example///"),
            Some("https://other.example"),
            "http://web.example",
        ),
        (
            Some("https://web.example/a/b/"),
            None,
            "https://web.example/a/b",
        ),
        (
            None,
            Some("https://other.example/"),
            "https://other.example",
        ),
        (None, Some(""), "https://sekuire.ai"),
        (Some(web.url().as_str()), None, web.url().as_str()),
    ] {
        let home = Home::new();
        let mut command = with_backend(&home, &backend)
            .arg("login")
            .stdin(KEY.as_bytes());
        if let Some(url) = option {
            command = command.args(["--web-url", url]);
        }
        if let Some(url) = variable {
            command = command.env("SEKUIRE_WEB_URL", url);
        }
        let outcome = command.run();
        outcome.exits(0);
        let start = login_steps_at(shown);
        assert!(
            outcome.stdout.starts_with(&start),
            "{option:?} {variable:?}; {outcome}"
        );
    }
    assert_eq!(web.connections(), 0);
}

#[test]
fn the_key_is_cleaned() {
    let backend = Backend::http();
    let inputs = [
        format!("{KEY}\n"),
        format!("{KEY}\r\n"),
        format!("  \t{KEY} \t \r\n"),
        format!("\x1b[200~{KEY}\x1b[201~\n"),
        format!(" \x1b[200~ {KEY}\r\x1b[201~ \n"),
        format!("{KEY}\nsecond line\n"),
        format!("\u{feff}{KEY}\n"),
        format!("\u{a0}{KEY}\u{a0}\r\n"),
        format!("\u{200b}\u{2060}{KEY}\u{200d}\u{3000}\n"),
        format!("\x1b[200~\u{feff} {KEY}\u{200b}\x1b[201~\u{2028}\n"),
        KEY.to_owned(),
    ];
    for input in inputs {
        let home = Home::new();
        let outcome = with_backend(&home, &backend)
            .args(["login", "--api-key-stdin"])
            .stdin(input.as_bytes())
            .run();
        assert_eq!(outcome.code, Some(0), "{input:?}; {outcome}");
        assert_eq!(saved(&home).get("api_key"), Some(&json!(KEY)), "{input:?}");
    }
}

#[test]
fn one_line_is_read_and_the_rest_left_for_others() {
    let backend = Backend::http();
    let home = Home::new();
    let input = home.path().join("input");
    fs::write(&input, format!("{KEY}\nfor the next reader\n")).expect("input");
    let mut file = fs::File::open(&input).expect("input");
    with_backend(&home, &backend)
        .args(["login", "--api-key-stdin"])
        .stdin_from(file.try_clone().expect("a descriptor"))
        .run()
        .exits(0);
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut file, &mut rest).expect("the rest");
    assert_eq!(rest, "for the next reader\n");
}

#[test]
fn bad_keys_are_refused_before_any_request() {
    let backend = Backend::http();
    let home = Home::new();
    home.write_auth(&auth_with("org_id", json!("before")).to_string());
    let before = home.read_auth();
    let live = |rest: &[u8]| [b"sk_live_", rest, b"\n"].concat();
    let cases: Vec<(Vec<u8>, i32, &str)> = vec![
        (
            b"".to_vec(),
            1,
            "standard input ended before there was an API key",
        ),
        (b"\n".to_vec(), 2, "is empty"),
        (b"  \t\r\n".to_vec(), 2, "is empty"),
        (b"\x1b[200~\x1b[201~\n".to_vec(), 2, "is empty"),
        (
            b"hunter2secret\n".to_vec(),
            2,
            "does not begin with sk_live_ or sk_test_",
        ),
        (
            b"SK_LIVE_hunter2secret\n".to_vec(),
            2,
            "begins with sk_live_ in capital letters",
        ),
        (
            b"sk_liv\xd0\xb5_hunter2secret\n".to_vec(),
            2,
            "a letter or digit outside ASCII (U+0435), at position 7",
        ),
        (
            b"export KEY=sk_live_hunter2secret\n".to_vec(),
            2,
            "has 11 other characters before sk_live_",
        ),
        (
            b"KEY=sk_live_hunter2secret\n".to_vec(),
            2,
            "has 4 other characters before sk_live_",
        ),
        (
            "\u{ef}\u{bb}\u{bf}sk_live_hunter2secret\n".into(),
            2,
            "has 3 other characters before sk_live_",
        ),
        (
            b"\"sk_live_hunter2secret\"\n".to_vec(),
            2,
            "is in quotation marks",
        ),
        (
            b"'sk_live_hunter2secret'\n".to_vec(),
            2,
            "is in quotation marks",
        ),
        (
            "\u{201c}sk_live_hunter2secret\u{201d}\n".into(),
            2,
            "is in quotation marks",
        ),
        (
            b"\"sk_live_hunter2secret\n".to_vec(),
            2,
            "begins with a quotation mark",
        ),
        (
            utf16("\u{feff}sk_live_hunter2secret\r\n", u16::to_le_bytes),
            2,
            "is in UTF-16",
        ),
        (
            utf16("\u{feff}sk_live_hunter2secret\r\n", u16::to_be_bytes),
            2,
            "is in UTF-16",
        ),
        (
            utf16("sk_live_hunter2secret\r\n", u16::to_le_bytes),
            2,
            "is in UTF-16",
        ),
        (
            utf16("sk_live_hunter2secret", u16::to_be_bytes),
            2,
            "is in UTF-16",
        ),
        (
            b"Sk_Test_hunter2secret\n".to_vec(),
            2,
            "begins with sk_test_ in capital letters",
        ),
        (
            b"sk_live_abc...xyz\n".to_vec(),
            2,
            "is a mask, as 'sekuire status' shows it",
        ),
        (b"sk_test_...\n".to_vec(), 2, "is a mask"),
        (b"abc...xyz\n".to_vec(), 2, "is a mask"),
        (
            b"skt_hunter2secret\n".to_vec(),
            2,
            "is an install token (skt_) and not an API key",
        ),
        (
            b"SKT_hunter2secret\n".to_vec(),
            2,
            "is an install token (skt_) and not an API key",
        ),
        (
            b"adm_hunter2secret\n".to_vec(),
            2,
            "is a session's secret (adm_) and not an API key",
        ),
        (
            live("hunter2\u{200b}secret".as_bytes()),
            2,
            "an invisible character outside ASCII (U+200B), at position 16",
        ),
        (
            live("hunter2\u{a0}secret".as_bytes()),
            2,
            "a space outside ASCII (U+00A0), at position 16",
        ),
        (
            live("hunter2\u{2013}secret".as_bytes()),
            2,
            "a dash outside ASCII (U+2013), at position 16",
        ),
        (
            live("hunter2\u{2019}secret".as_bytes()),
            2,
            "a quotation mark outside ASCII (U+2019), at position 16",
        ),
        (
            live("hunter2\u{1f600}secret".as_bytes()),
            2,
            "one outside ASCII (U+1F600), at position 16",
        ),
        (live(b""), 2, "ends after its prefix"),
        (live(b"hunter2 secret"), 2, "a space, at position 16"),
        (live(b"hunter2\tsecret"), 2, "a tab, at position 16"),
        (live(b"hunter2\rsecret"), 2, "a line end, at position 16"),
        (live(b"hunter2\0secret"), 2, "a zero byte, at position 16"),
        (
            live(b"hunter2\x1bsecret"),
            2,
            "an escape character, at position 16",
        ),
        (
            live(b"hunter2\x7fsecret"),
            2,
            "a control character, at position 16",
        ),
        (
            live("hunter2\u{e9}secret".as_bytes()),
            2,
            "a letter or digit outside ASCII (U+00E9), at position 16",
        ),
        (
            live(b"hunter2\xffsecret"),
            2,
            "a byte outside ASCII, at position 16, that is not UTF-8",
        ),
        (live(&[b'x'; 505]), 2, "longer than 512 characters"),
        (live(&[b'x'; 4096]), 2, "longer than 4 KiB"),
        (vec![b'x'; 100_000], 2, "longer than 4 KiB"),
    ];
    for (input, code, part) in &cases {
        for arguments in [&["login"][..], &["login", "--api-key-stdin"]] {
            let outcome = with_backend(&home, &backend)
                .args(arguments)
                .stdin(input)
                .run();
            assert_eq!(outcome.code, Some(*code), "{part}; {outcome}");
            assert!(outcome.stderr.contains(part), "lacks {part:?}; {outcome}");
            outcome.complains("\nhint: ").hides("hunter2").hides("xxxx");
            assert_eq!(home.read_auth(), before, "{part}");
            assert_eq!(home.listing(), ["auth.json"], "{part}");
        }
    }
    assert_eq!(backend.connections(), 0);
}

#[test]
fn a_line_of_four_kib_is_read_and_no_longer_one() {
    let backend = Backend::http();
    for (length, code) in [(4096, 0), (4097, 2)] {
        with_backend(&Home::new(), &backend)
            .args(["login", "--api-key-stdin"])
            .stdin(format!("{KEY:length$}\n").as_bytes())
            .run()
            .exits(code);
    }
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// The same words for a key from the environment, with the variable's name.
#[test]
fn a_bad_key_in_the_environment_is_named_by_its_variable() {
    let home = Home::new();
    let file = home.path().join("secret");
    for (key, part) in [
        (&b"\"sk_live_hunter2secret\""[..], "is in quotation marks"),
        (b"SK_LIVE_hunter2secret", "in capital letters"),
        (b"sk_live_abc...xyz", "is a mask"),
        (b"skt_hunter2secret", "is an install token (skt_)"),
        (b"adm_hunter2secret", "is a session's secret (adm_)"),
        (b"sk_live_hunter2\xffsecret", "at position 16"),
        (b"sk_live_hunter2 secret", "a space, at position 16"),
        (b"\xc2\xa0", "is empty"),
    ] {
        let refused = |variable: &str, value: &OsStr| {
            let outcome = sekuire(&home).env(variable, value).arg("status").run();
            outcome
                .exits(2)
                .prints("")
                .complains(&format!("error: the API key in {variable} "))
                .complains(part)
                .complains(&format!("\nhint: correct or unset {variable}"))
                .hides("hunter2");
        };
        refused("SEKUIRE_API_KEY", OsStr::from_bytes(key));
        fs::write(&file, key).expect("a secret");
        refused("SEKUIRE_API_KEY_FILE", file.as_os_str());
    }
    fs::write(
        &file,
        utf16("\u{feff}sk_live_hunter2secret\r\n", u16::to_le_bytes),
    )
    .expect("a secret");
    sekuire(&home)
        .env("SEKUIRE_API_KEY_FILE", &file)
        .arg("status")
        .run()
        .exits(2)
        .complains("the API key in SEKUIRE_API_KEY_FILE is in UTF-16, as PowerShell writes files");
    for clean in [
        format!("\u{feff}{KEY}\r\n"),
        format!("\u{a0}{KEY}\u{200b}\n\n"),
    ] {
        fs::write(&file, &clean).expect("a secret");
        for (variable, value) in [
            ("SEKUIRE_API_KEY", OsStr::new(&clean)),
            ("SEKUIRE_API_KEY_FILE", file.as_os_str()),
        ] {
            sekuire(&home)
                .env(variable, value)
                .args(["auth", "token"])
                .run()
                .exits(0)
                .prints(&format!("{KEY}\n"));
        }
    }
}

#[test]
fn the_shortest_and_the_longest_key_are_accepted() {
    let backend = Backend::http();
    let visible: String = ('!'..='~').cycle().take(504).collect();
    for key in ["sk_live_a".to_owned(), format!("sk_test_{visible}")] {
        backend.add_key(ApiKey::new(&key));
        let home = Home::new();
        let outcome = with_backend(&home, &backend)
            .args(["login", "--api-key-stdin"])
            .stdin(key.as_bytes())
            .run();
        outcome.exits(0);
        assert_eq!(saved(&home).get("api_key"), Some(&json!(key)));
        sekuire(&home)
            .args(["auth", "token"])
            .run()
            .exits(0)
            .prints(&format!("{key}\n"));
    }
}

/// `/me` knows it, too.
#[test]
fn the_organization_is_the_one_of_verify_or_else_of_me() {
    let organization = json!({"id": "org_of_me", "slug": "acme", "name": "Acme"});
    let me = json!({"organization": organization, "workspaces": [{"id": "ws_1"}]});
    for (verified, me, saved_id) in [
        (
            json!({"valid": true, "org_id": "org_of_verify"}),
            &me,
            json!("org_of_verify"),
        ),
        (json!({"valid": true}), &me, json!("org_of_me")),
        (
            json!({"valid": true, "org_id": null}),
            &me,
            json!("org_of_me"),
        ),
        (json!({"valid": true, "org_id": 7}), &me, json!("org_of_me")),
        (
            json!({"valid": true, "org_id": ""}),
            &me,
            json!("org_of_me"),
        ),
        (
            json!({"valid": true}),
            &json!({"organization": "Acme"}),
            Value::Null,
        ),
        (
            json!({"valid": true}),
            &json!({"organization": {"id": {}}}),
            Value::Null,
        ),
    ] {
        let backend = Backend::http();
        let respond = |answer: &Value| Behaviour::Respond(Response::json(200, answer));
        backend.on(Endpoint::Verify, respond(&verified));
        backend.on(Endpoint::Me, respond(me));
        let home = Home::new();
        log_in(&home, &backend);
        assert_eq!(saved(&home)["org_id"], saved_id, "{verified}, {me}");
    }
}

/// A file of more than 64 KiB is damage, and no variable holds a zero byte: a login must not make such a
/// file, whatever it was told.
#[test]
fn identifiers_that_nobody_gives_are_not_saved() {
    let backend = Backend::http();
    let long = "x".repeat(65_000);
    let respond = |answer: &Value| Behaviour::Respond(Response::json(200, answer));
    let verified = json!({"valid": true, "org_id": long});
    backend.on(Endpoint::Verify, respond(&verified));
    let workspaces = json!({"workspaces": [{"id": long}, {"id": "ws\0abc"}, {"id": "ws_1"}]});
    backend.on(Endpoint::Me, respond(&workspaces));
    let home = Home::new();
    log_in(&home, &backend);
    sekuire(&home).arg("status").run().exits(0);
    assert_eq!(saved(&home)["org_id"], Value::Null);
    assert_eq!(saved(&home)["workspace_id"], "ws_1");
    // The longest that is one.
    let longest = "w".repeat(512);
    let workspaces = json!({"workspaces": [{"id": "ws_1"}, {"id": longest}]});
    backend.on(Endpoint::Me, respond(&workspaces));
    with_backend(&home, &backend)
        .args(["login", "--api-key-stdin", "--workspace", &longest])
        .stdin(KEY.as_bytes())
        .run()
        .exits(0);
    assert_eq!(saved(&home)["workspace_id"], longest);
    let before = home.read_auth();
    let asked = backend.requests().len();
    let url = format!("{}/{long}", backend.url());
    let too_long = format!("{longest}w");
    for (option, value) in [
        ("--workspace", &too_long),
        ("--workspace", &long),
        ("--backend", &url),
    ] {
        with_backend(&home, &backend)
            .args(["login", "--api-key-stdin", option, value])
            .stdin(KEY.as_bytes())
            .run()
            .exits(2)
            .complains("longer than")
            .hides(value);
    }
    assert_eq!(backend.requests().len(), asked);
    assert_eq!(home.read_auth(), before);
}

/// Told apart: 1 for a key refused, 4 for a backend in trouble. auth.json stays either way.
#[test]
fn refused_is_one_and_trouble_is_four_and_neither_touches_the_file() {
    let backend = Backend::http();
    let home = Home::new();
    home.write_auth(&auth_with("org_id", json!("before")).to_string());
    let before = home.read_auth();
    let message = json!({"error": {"message": "because"}});
    let cases = [
        (
            Response::json(200, &json!({"valid": false, "error": "no such key"})),
            1,
            "refused the API key: no such key",
        ),
        (
            Response::json(200, &json!({"valid": false})),
            1,
            "refused the API key",
        ),
        (
            Response::json(401, &message),
            1,
            "refused the API key: because",
        ),
        (
            Response::json(403, &json!({"message": "forbidden"})),
            1,
            "refused the API key: forbidden",
        ),
        (
            Response::json(
                402,
                &json!({"error": "e", "message": "m", "code": "c", "required_plan": "Team", "upgrade_url": "https://sekuire.ai/up"}),
            ),
            4,
            "https://sekuire.ai/up",
        ),
        (Response::json(200, &json!({})), 4, "without \"valid\""),
        (
            Response::json(200, &json!({"valid": "true"})),
            4,
            "without \"valid\"",
        ),
        (Response::json(200, &json!([true])), 4, "sent an answer"),
        (
            Response::json(400, &json!({"error": "bad request"})),
            4,
            "bad request",
        ),
        (
            Response::new(500, "text/html", "<h1>oops</h1>"),
            4,
            "returned 500",
        ),
        (
            Response::new(302, "text/plain", "").header("Location", "https://evil.example/x"),
            4,
            "https://evil.example/x",
        ),
        (
            Response::json(418, &json!({"error": format!("key {KEY}")})),
            4,
            "returned 418",
        ),
    ];
    for (answer, code, part) in cases {
        backend.on(Endpoint::Verify, Behaviour::Respond(answer));
        let outcome = with_backend(&home, &backend)
            .args(["login", "--api-key-stdin"])
            .stdin(KEY.as_bytes())
            .run();
        assert_eq!(outcome.code, Some(code), "{part}; {outcome}");
        outcome
            .prints("")
            .complains("error: ")
            .complains(&backend.url())
            .complains(part)
            .complains("\nhint: ")
            .hides(SECRET);
        assert_eq!(home.read_auth(), before, "{part}");
        assert_eq!(home.listing(), ["auth.json"], "{part}");
    }
}

#[test]
fn any_success_status_is_an_answer() {
    let backend = Backend::http();
    for status in [201, 202, 299] {
        let home = Home::new();
        backend.on(
            Endpoint::Verify,
            Behaviour::Respond(Response::json(status, &json!({"valid": true, "org_id": 7}))),
        );
        with_backend(&home, &backend)
            .args(["login", "--api-key-stdin"])
            .stdin(KEY.as_bytes())
            .run()
            .exits(0);
        assert_eq!(saved(&home).get("org_id"), Some(&Value::Null), "{status}");
    }
}

#[test]
fn the_workspace_is_the_first_or_the_one_named() {
    let backend = Backend::http();
    let log_in_to = |home: &Home, workspace: &str| {
        with_backend(home, &backend)
            .args(["login", "--api-key-stdin", "--workspace", workspace])
            .stdin(KEY.as_bytes())
            .run()
    };
    let home = Home::new();
    log_in_to(&home, "ws_def456").exits(0).complains_not();
    assert_eq!(saved(&home).get("workspace_id"), Some(&json!("ws_def456")));
    let before = home.read_auth();
    let outcome = log_in_to(&home, "ws_other");
    outcome
        .exits(2)
        .prints("")
        .hides("ws_other")
        .complains("ws_abc123, ws_def456");
    assert_eq!(home.read_auth(), before);
    log_in(&home, &backend);
    assert_eq!(saved(&home).get("workspace_id"), Some(&json!("ws_abc123")));
}

#[test]
fn without_me_the_login_goes_on_with_a_warning() {
    let backend = Backend::http();
    let answers = [
        Response::json(401, &json!({"error": "no"})),
        Response::json(404, &json!({"error": "no"})),
        Response::new(200, "text/html", "<html>"),
    ];
    for answer in answers {
        let case = format!("{answer:?}");
        backend.on(Endpoint::Me, Behaviour::Respond(answer));
        for (arguments, workspace) in [
            (&[][..], Value::Null),
            (&["--workspace", "ws_mine"], json!("ws_mine")),
        ] {
            let home = Home::new();
            let outcome = with_backend(&home, &backend)
                .args(["login", "--api-key-stdin"])
                .args(arguments)
                .stdin(KEY.as_bytes())
                .run();
            assert_eq!(outcome.code, Some(0), "{case}; {outcome}");
            outcome
                .prints(&login_success(&backend.url()))
                .complains("warning: ");
            assert_eq!(saved(&home).get("workspace_id"), Some(&workspace), "{case}");
        }
    }
    backend.on(
        Endpoint::Me,
        Behaviour::Respond(Response::json(
            200,
            &json!({"workspaces": [null, {"id": 3}, {}]}),
        )),
    );
    let home = Home::new();
    log_in(&home, &backend);
    assert_eq!(saved(&home).get("workspace_id"), Some(&Value::Null));
}

/// A binding must not be wasted on a folder that can't be written to.
#[test]
fn a_place_that_can_not_be_written_is_found_out_before_the_first_request() {
    let backend = Backend::http();
    let home = Home::new();
    fs::write(home.sekuire_dir(), "a file where the folder should be").expect("a file");
    let outcome = with_backend(&home, &backend)
        .args(["login", "--api-key-stdin"])
        .stdin(KEY.as_bytes())
        .run();
    outcome
        .exits(3)
        .prints("")
        .complains(&home.sekuire_dir().display().to_string())
        .complains("\nhint: ");
    let home = Home::new();
    home.write_auth("{}");
    fs::set_permissions(home.sekuire_dir(), fs::Permissions::from_mode(0o777)).expect("chmod");
    let outcome = with_backend(&home, &backend)
        .args(["login", "--api-key-stdin"])
        .stdin(KEY.as_bytes())
        .run();
    outcome
        .exits(3)
        .prints("")
        .complains("hint: run: chmod go-w ");
    with_backend(&home, &backend)
        .env("SEKUIRE_CONFIG_DIR", "/proc/nowhere")
        .args(["login", "--api-key-stdin"])
        .stdin(KEY.as_bytes())
        .run()
        .exits(3)
        .complains("/proc/nowhere");
    assert_eq!(backend.connections(), 0);
}

#[test]
fn a_damaged_file_is_replaced() {
    let backend = Backend::http();
    for content in ["", "{", "{\"api_key\": 5}", "{\"token\": \"old login\"}"] {
        let home = Home::new();
        home.write_auth(content);
        log_in(&home, &backend);
        assert_eq!(
            saved(&home).get("api_key"),
            Some(&json!(KEY)),
            "{content:?}"
        );
    }
}

#[test]
fn with_a_key_in_the_environment_it_logs_in_and_warns() {
    let backend = Backend::http();
    let home = Home::new();
    with_backend(&home, &backend)
        .env("SEKUIRE_API_KEY", "sk_test_another0one")
        .args(["login", "--api-key-stdin"])
        .stdin(KEY.as_bytes())
        .run()
        .exits(0)
        .prints(&login_success(&backend.url()))
        .complains("warning: SEKUIRE_API_KEY is set and wins over the key")
        .hides("another0one");
    assert_eq!(saved(&home).get("api_key"), Some(&json!(KEY)));
}

/// The folder is the one that a person named, its missing parents included.
#[test]
fn the_folder_can_be_elsewhere() {
    let backend = Backend::http();
    let home = Home::new();
    let folder = home.path().join("a/b");
    with_backend(&home, &backend)
        .env("SEKUIRE_CONFIG_DIR", &folder)
        .args(["login", "--api-key-stdin"])
        .stdin(KEY.as_bytes())
        .run()
        .exits(0);
    assert!(folder.join("auth.json").is_file());
    assert!(!home.sekuire_dir().exists());
    let relative = with_backend(&home, &backend)
        .env("SEKUIRE_CONFIG_DIR", "a/b")
        .arg("status")
        .run();
    assert!(matches!(relative.code, Some(2 | 3)), "{relative}");
    relative.complains("SEKUIRE_CONFIG_DIR");
}
