//! Reports in JSON, doctor's among them: whatever the texts in it, one line that serde_json reads back as what was put
//! in, and that a terminal shows as text; `--get` finds the same there.

#![no_main]

#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../src"]
mod program {
    pub mod api_key;
    pub mod error;
    pub mod json;
    pub mod redact;
    pub mod unicode;
    pub mod commands {
        mod field;
        pub mod report {
            mod text;
            pub use text::{Text, line};
        }
        pub mod doctor {
            pub mod check;

            use super::super::error::Error;
            use check::{Check, Report};

            /// A check of each kind, and what must be read back of it.
            pub fn report(texts: &[String], flags: u8) -> Report {
                let text = |at: usize| texts.get(at).map_or("", String::as_str);
                let error = Error::machine(text(2));
                let error = match flags & 1 {
                    0 => error,
                    _ => error.with_hint(text(3)),
                };
                let checks = vec![
                    Check::ok("key", text(0)).from(text(1)),
                    Check::failed("trust", &error),
                    Check::ok("clock", text(4)).warning(text(5)),
                    Check::ok("proxy", text(6)).warnings(&texts[texts.len().min(7)..]),
                ];
                Report {
                    ok: flags & 2 == 0,
                    checks,
                }
            }

            /// The lines of each check in words, and whether it has a hint.
            pub fn describe(report: &Report) -> Vec<(String, bool)> {
                let told = report.checks.iter();
                told.map(|check| (check::describe(check), check.hint.is_some()))
                    .collect()
            }
        }

        /// What `--get` finds; none where there is no such field.
        pub fn get(field: &str, report: &impl nanoserde::SerJson) -> Option<String> {
            field::check(field, report).ok()?;
            Some(field::lines(field, report))
        }
    }
}

use nanoserde::SerJson;
use program::commands::doctor::{describe, report};
use program::commands::report::{Text, line};
use program::commands::{self, get};
use program::redact::{self, sanitize};
use program::{api_key, error, json, unicode};
use serde_json::{Value, json};

/// Every kind of member that the other reports have.
#[derive(SerJson)]
#[nserde(serialize_none_as_null)]
struct Other {
    flag: bool,
    text: Text,
    missing: Option<Text>,
    present: Option<Text>,
    list: Option<Vec<Text>>,
    inner: Inner,
}

#[derive(SerJson)]
#[nserde(serialize_none_as_null)]
struct Inner {
    text: Text,
    flag: Option<bool>,
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    api_key::forget();
    let flags = bytes.first().copied().unwrap_or_default();
    let texts: Vec<String> = bytes
        .split(|byte| *byte == 0xff)
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .collect();
    let _key = api_key::ApiKey::from_file_text("sk_live_abc123def456xyz");
    of_doctor(&texts, flags);
    of_another(&texts, flags);
});

fn of_doctor(texts: &[String], flags: u8) {
    let report = report(texts, flags);
    let shown = |at: usize| json!(sanitize(texts.get(at).map_or("", String::as_str)));
    let further = texts.get(7..).unwrap_or_default();
    let hints = (!further.is_empty()).then(|| sanitize(&further.join("; ")));
    let expected = json!({"ok": flags & 2 == 0, "checks": [
        {"name": "key", "result": "ok", "found": shown(0), "source": shown(1), "hint": null},
        {"name": "trust", "result": "failed", "found": shown(2), "source": null,
         "hint": if flags & 1 == 1 { shown(3) } else { Value::Null }},
        {"name": "clock", "result": "warning", "found": shown(4), "source": null, "hint": shown(5)},
        {"name": "proxy", "result": if hints.is_some() { "warning" } else { "ok" }, "found": shown(6), "source": null,
         "hint": hints},
    ]});
    assert_eq!(read(&line(&report)), expected);
    for (told, has_hint) in describe(&report) {
        let lines = 1 + usize::from(has_hint);
        assert_eq!(told.matches('\n').count(), lines, "{told:?}");
        let odd = |c: char| c != '\n' && unicode::is_unprintable(c);
        assert!(told.ends_with('\n') && !told.contains(odd), "{told:?}");
    }
}

fn of_another(texts: &[String], flags: u8) {
    let text = |at: usize| texts.get(at).map_or("", String::as_str);
    let report = Other {
        flag: flags & 4 == 4,
        text: Text::new(text(0)),
        missing: None,
        present: Some(Text::new(text(1))),
        list: (flags & 8 == 8).then(|| texts.iter().map(Text::new).collect()),
        inner: Inner {
            text: Text::new(text(2)),
            flag: (flags & 16 == 16).then_some(flags & 32 == 32),
        },
    };
    let value = read(&line(&report));
    let list: Vec<String> = texts.iter().map(|text| sanitize(text)).collect();
    assert_eq!(
        value,
        json!({
            "flag": report.flag, "text": sanitize(text(0)), "missing": null, "present": sanitize(text(1)),
            "list": report.list.is_some().then_some(list), "inner": {"text": sanitize(text(2)), "flag": report.inner.flag},
        })
    );
    for name in [
        "flag",
        "text",
        "missing",
        "present",
        "list",
        "inner.text",
        "inner.flag",
        text(3),
    ] {
        let wanted = value.pointer(&format!("/{}", name.replace('.', "/")));
        if let Some(lines) = get(name, &report) {
            match wanted.expect("a field") {
                object @ Value::Object(_) => assert_eq!(&read(&lines), object),
                value => assert_eq!(lines, expected_lines(value), "{name}"),
            }
        }
    }
}

/// One line of JSON in which every character is seen.
fn read(line: &str) -> Value {
    let json = line.strip_suffix('\n').expect("a line");
    assert!(!json.contains(unicode::is_unprintable), "{json:?}");
    serde_json::from_str(json).expect("JSON")
}

fn expected_lines(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => sanitize(text) + "\n",
        Value::Array(values) => values.iter().map(expected_lines).collect(),
        other => format!("{other}\n"),
    }
}
