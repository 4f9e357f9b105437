//! Transcripts in tests/golden/: each call is run, and what it prints is compared. `UPDATE_GOLDEN=1` rewrites them.

use std::env;
use std::fs;
use std::path::PathBuf;

use crate::fixtures::{logged_in_home, sekuire};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::needs;
use crate::support::outcome::Outcome;

/// What begins the line of a call.
const PROMPT: &str = "$ sekuire";

fn golden(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    folder.join(name)
}

/// The calls of a transcript with what each prints, after it is compared with what they print today.
#[track_caller]
fn transcript(name: &str) -> Vec<(String, Outcome)> {
    let path = golden(name);
    let golden = fs::read_to_string(&path).expect("a transcript");
    let home = logged_in_home();
    let before = home.read_auth();
    let mut calls = Vec::new();
    let mut now = String::new();
    for call in golden.lines().filter(|line| line.starts_with(PROMPT)) {
        let arguments = call
            .strip_prefix(PROMPT)
            .expect("a call")
            .split_whitespace();
        let arguments = arguments.map(|argument| argument.trim_matches('\''));
        let outcome = sekuire(&home).args(arguments).run();
        now.extend([call, "\n", &outcome.stdout, &outcome.stderr]);
        calls.push((call.to_owned(), outcome));
    }
    assert_eq!(home.read_auth(), before);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &now).expect("a transcript is written");
        return calls;
    }
    let mut lines = now.lines().zip(golden.lines());
    let other = lines.find(|(now, golden)| now != golden);
    assert!(
        now == golden,
        "{name}: {other:?}: `make golden` rewrites it if this is meant"
    );
    calls
}

#[test]
fn help_fits_a_terminal() {
    for (call, outcome) in transcript("help.txt") {
        outcome.exits(0).complains_not();
        for line in outcome.stdout.lines() {
            assert!(
                line.len() <= 80 && line.trim_end() == line,
                "{call}: {line:?}"
            );
        }
        // A screen has 24 lines, and the prompt needs two.
        let lines = if call.contains("environment") { 40 } else { 22 };
        assert!(outcome.stdout.lines().count() <= lines, "{call}: {outcome}");
    }
}

#[test]
fn wrong_calls_say_what_is_wrong_and_what_to_do() {
    for (call, outcome) in transcript("wrong-calls.txt") {
        outcome.exits(2).prints("");
        let lines: Vec<&str> = outcome.stderr.lines().collect();
        let [error, hint] = lines[..] else {
            panic!("{call}: {outcome}")
        };
        assert!(
            error.starts_with("error: ") && hint.starts_with("hint: "),
            "{call}"
        );
        assert!(error.len() <= 200 && hint.len() <= 200, "{call}: {outcome}");
    }
}

#[test]
fn man_page_is_clean_and_complete() {
    let page = Sekuire::new().arg("man").run().exits(0).stdout.clone();
    let mut plain = page.clone();
    for (roff, text) in [("\\-", "-"), ("\\(ti", "~"), ("\\fR", ""), ("\\fB", "")] {
        plain = plain.replace(roff, text);
    }
    let help = fs::read_to_string(golden("help.txt")).expect("a transcript");
    let items = help.lines().filter_map(|line| line.strip_prefix("  "));
    let items = items.filter(|line| !line.starts_with(' ') && line.contains("  "));
    for item in items.filter_map(|line| line.split("  ").next()) {
        assert!(plain.contains(item), "the man page lacks {item:?}");
    }
    for formatter in [
        &["mandoc", "-Tlint", "-Wstyle"][..],
        &["groff", "-ww", "-man", "-Tutf8"],
    ] {
        let Some(tool) = needs::tool(formatter[0]) else {
            continue;
        };
        let run = Sekuire::at(&tool)
            .args(&formatter[1..])
            .stdin(page.as_bytes());
        let outcome = run.run();
        outcome.exits(0).complains_not();
        assert!(
            formatter[0] == "groff" || outcome.stdout.is_empty(),
            "{outcome}"
        );
    }
}

/// The man page and the completions of `--get` name them.
#[test]
fn fields_are_those_of_the_reports() {
    // An error: then no object is null.
    let home = Home::new();
    home.write_auth("{");
    let page = Sekuire::new().arg("man").run().stdout;
    let completions = Sekuire::new().args(["completions", "bash"]).run().stdout;
    for command in ["status", "whoami"] {
        let report = sekuire(&home).args([command, "--json"]).run().stdout;
        let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
        let mut fields = Vec::new();
        for (name, value) in report.as_object().expect("an object") {
            fields.push(name.clone());
            let inner = value.as_object().into_iter().flatten();
            fields.extend(inner.map(|(inner, _)| format!("{name}.{inner}")));
        }
        fields.sort_unstable();
        let prefix = format!("{command} --get|");
        let rows = completions.lines();
        let rows = rows.filter_map(|line| line.strip_prefix(&prefix)?.strip_suffix('|'));
        let mut offered: Vec<&str> = rows.collect();
        offered.sort_unstable();
        assert_eq!(offered, fields, "{command}");
        for name in fields.iter().filter_map(|field| field.rsplit('.').next()) {
            assert!(
                page.contains(&format!("\\fB{name}\\fR")),
                "the man page lacks {name}"
            );
        }
    }
}
