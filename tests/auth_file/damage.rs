//! Damage: kinds of it, and every truncation and every flipped bit of a valid file.

use std::fs;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::fixtures::{SECRET, auth, auth_with, sekuire};
use crate::support::backend::KEY;
use crate::support::command::Sekuire;
use crate::support::home::Home;

#[test]
fn damage_is_exit_status_three_with_path_and_remedy() {
    let home = Home::new();
    let deep = |depth: usize| format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("one byte", b"x".to_vec()),
        ("white space", b" \n".to_vec()),
        ("cut off", auth().to_string().as_bytes()[..60].to_vec()),
        ("an array", b"[]".to_vec()),
        ("a string", b"\"sk_live_abc123def456xyz\"".to_vec()),
        ("null", b"null".to_vec()),
        ("trailing junk", b"{} x".to_vec()),
        ("two objects", b"{}{}".to_vec()),
        ("a comment", b"{} // x".to_vec()),
        ("a trailing comma", b"{\"a\":1,}".to_vec()),
        ("mismatched brackets", b"{\"a\":[1}}".to_vec()),
        (
            "single quotes",
            b"{'api_key':'sk_live_abc123def456xyz'}".to_vec(),
        ),
        ("not UTF-8", b"{\"a\":\"\xff\"}".to_vec()),
        (
            "a lone surrogate",
            b"{\"api_key\":\"sk_live_\\ud800abc123def\"}".to_vec(),
        ),
        ("a zero byte", b"{\"a\":\"\0\"}".to_vec()),
        ("zero bytes", vec![0; 100]),
        (
            "duplicate keys",
            format!("{{\"api_key\":\"{KEY}\",\"api_key\":\"{KEY}\"}}").into_bytes(),
        ),
        (
            "duplicate keys by escape",
            format!("{{\"api_key\":\"{KEY}\",\"api\\u005fkey\":null}}").into_bytes(),
        ),
        ("duplicate unknown keys", b"{\"a\":1,\"a\":2}".to_vec()),
        ("too deep", deep(32).into_bytes()),
        ("far too deep", deep(30_000).into_bytes()),
        (
            "too large",
            auth_with("x", json!("y".repeat(65_536)))
                .to_string()
                .into_bytes(),
        ),
        (
            "api_key a number",
            auth_with("api_key", json!(5)).to_string().into_bytes(),
        ),
        (
            "api_key an object",
            auth_with("api_key", json!({})).to_string().into_bytes(),
        ),
        (
            "api_key false",
            auth_with("api_key", json!(false)).to_string().into_bytes(),
        ),
        (
            "org_id a number",
            auth_with("org_id", json!(5)).to_string().into_bytes(),
        ),
        (
            "workspace_id a list",
            auth_with("workspace_id", json!([]))
                .to_string()
                .into_bytes(),
        ),
        (
            "fingerprint a number",
            auth_with("device_fingerprint", json!(1))
                .to_string()
                .into_bytes(),
        ),
        (
            "a space in the key",
            auth_with("api_key", json!("sk_live_abc 123def456xyz"))
                .to_string()
                .into_bytes(),
        ),
        (
            "a line end in the key",
            auth_with("api_key", json!("sk_live_abc\r\nX: 123def456xyz"))
                .to_string()
                .into_bytes(),
        ),
        (
            "a key outside ASCII",
            auth_with("api_key", json!("sk_live_äbc123def456xyz"))
                .to_string()
                .into_bytes(),
        ),
        (
            "a key of 513",
            auth_with("api_key", json!("x".repeat(513)))
                .to_string()
                .into_bytes(),
        ),
        (
            "backend_url no URL",
            auth_with("backend_url", json!("nowhere"))
                .to_string()
                .into_bytes(),
        ),
        (
            "backend_url with user info",
            auth_with("backend_url", json!("https://u:p@h.example"))
                .to_string()
                .into_bytes(),
        ),
        (
            "backend_url a number",
            auth_with("backend_url", json!(443))
                .to_string()
                .into_bytes(),
        ),
    ];
    for (name, content) in &cases {
        home.write_auth("");
        fs::write(home.auth_json(), content).expect("auth.json");
        for arguments in [&["status"][..], &["auth", "token"], &["whoami"]] {
            let outcome = sekuire(&home).args(arguments).run();
            assert_eq!(outcome.code, Some(3), "{name}, {arguments:?}; {outcome}");
            outcome.prints("").hides(SECRET);
            let path = home.auth_json().display().to_string();
            for part in ["error: ", &path, "damaged", "\nhint: run: sekuire login\n"] {
                assert!(
                    outcome.stderr.contains(part),
                    "{name} lacks {part:?}; {outcome}"
                );
            }
        }
        assert_eq!(
            &fs::read(home.auth_json()).expect("auth.json"),
            content,
            "{name}"
        );
    }
}

#[test]
fn an_empty_file_has_its_own_message() {
    let home = Home::new();
    home.write_auth("");
    let outcome = sekuire(&home).arg("status").run();
    outcome
        .exits(3)
        .prints("")
        .complains(&format!("{} is empty", home.auth_json().display()));
}

/// With everything that a file can have.
const WHOLE: &str = "{\n  \"api_key\": \"sk_live_abc123def456xyz\",\n  \"device_fingerprint\": \"a47803fe\",\n  \"org_id\": \"org_\\u00e9\",\n  \"workspace_id\": null,\n  \"backend_url\": \"https://a.example:8443/b\"\n}\n";

#[test]
fn every_damage_is_told_in_time_and_changes_nothing() {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let whole = WHOLE.as_bytes();
    for length in 0..=whole.len() {
        files.push((format!("cut to {length} bytes"), whole[..length].to_vec()));
    }
    for bit in 0..8 * whole.len() {
        let mut flipped = whole.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        files.push((
            format!("bit {} of byte {} flipped", bit % 8, bit / 8),
            flipped,
        ));
    }
    let count = files.len();
    let queue = Mutex::new(files.into_iter());
    let codes = Mutex::new([0; 4]);
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let home = Home::new();
                home.write_auth("");
                loop {
                    let Some((name, content)) = queue.lock().unwrap().next() else {
                        return;
                    };
                    let code = read_damaged(&home, &name, &content);
                    codes.lock().unwrap()[code] += 1;
                }
            });
        }
    });
    let [well, out, usage, damaged] = codes.into_inner().unwrap();
    assert_eq!(usage, 0, "damage is no usage error");
    assert_eq!(well + out + damaged, count);
    assert!(
        well > 0 && damaged > count / 4,
        "{well} well, {out} out, {damaged} damaged"
    );
}

/// The exit status of `status`.
fn read_damaged(home: &Home, name: &str, content: &[u8]) -> usize {
    fs::write(home.auth_json(), content).unwrap();
    let outcome = Sekuire::new()
        .home(home)
        .arg("status")
        .timeout(Duration::from_secs(10))
        .run();
    let code = outcome.code.and_then(|code| usize::try_from(code).ok());
    let Some(code @ (0 | 1 | 3)) = code else {
        panic!("{name}: {outcome}");
    };
    assert_eq!(
        code == 3,
        outcome.stderr.contains("error: "),
        "{name}: {outcome}"
    );
    assert!(!outcome.stderr.contains("panicked"), "{name}: {outcome}");
    assert_eq!(
        fs::read(home.auth_json()).unwrap(),
        content,
        "{name}: the file was changed"
    );
    assert_eq!(home.listing(), ["auth.json"], "{name}");
    code
}
