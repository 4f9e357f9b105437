//! Transcripts in tests/golden/: each call is run, and what it prints is compared. `UPDATE_GOLDEN=1` rewrites them.

use std::env;
use std::fs;
use std::path::Path;

use crate::fixtures::{logged_in_home, sekuire};
use crate::support::command::TestCommand;
use crate::support::home::Home;
use crate::support::needs;
use crate::support::outcome::Outcome;

/// What begins the line of a call.
const PROMPT: &str = "$ sekuire";

/// The calls of a transcript with what each prints, after it is compared with what they print today.
#[track_caller]
fn transcript(name: &str) -> Vec<(String, Outcome)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    let golden = fs::read_to_string(&path).expect("a transcript");
    let home = logged_in_home();
    let before = home.read_auth();
    let run = |call: &str| {
        let arguments = call.strip_prefix(PROMPT)?.split_whitespace();
        let arguments = arguments.map(|argument| argument.trim_matches('\''));
        Some((call.to_owned(), sekuire(&home).args(arguments).run()))
    };
    let calls: Vec<_> = golden.lines().filter_map(run).collect();
    assert_eq!(home.read_auth(), before);
    let printed = |(call, outcome): &(String, Outcome)| {
        [call, "\n", &outcome.stdout, &outcome.stderr].concat()
    };
    let now: String = calls.iter().map(printed).collect();
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &now).expect("a transcript is written");
    } else {
        let other = now
            .lines()
            .zip(golden.lines())
            .find(|(now, golden)| now != golden);
        assert!(
            now == golden,
            "{name}: {other:?}: `make golden` rewrites it if this is meant"
        );
    }
    calls
}

#[test]
fn help_fits_a_terminal() {
    for (call, outcome) in transcript("help.txt") {
        outcome.exits_with(0).stderr_is_empty();
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
        outcome.exits_with(2).stdout_is("");
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
    let page = TestCommand::new()
        .arg("man")
        .run()
        .exits_with(0)
        .stdout
        .clone();
    let marks = [("\\-", "-"), ("\\(ti", "~"), ("\\fR", ""), ("\\fB", "")];
    let plain = marks
        .iter()
        .fold(page.clone(), |page, (roff, text)| page.replace(roff, text));
    let items = include_str!("golden/help.txt").lines();
    let items = items.filter_map(|line| line.strip_prefix("  ")?.split_once("  "));
    for (term, _) in items.filter(|(term, _)| !term.is_empty()) {
        let mark = if term.starts_with('-') { ".TP\n" } else { "" };
        let is_there = plain.contains(&format!("{mark}{term}"));
        assert!(is_there, "the man page lacks {term:?}");
    }
    for formatter in [
        &["mandoc", "-Tlint", "-Wstyle"][..],
        &["groff", "-ww", "-man", "-Tascii", "-z"],
    ] {
        if let Some(tool) = needs::tool(formatter[0]) {
            let run = TestCommand::at(&tool).args(&formatter[1..]);
            run.stdin(page.as_bytes())
                .run()
                .exits_with(0)
                .stdout_is("")
                .stderr_is_empty();
        }
    }
}

/// The man page and the completions of `--get` name them.
#[test]
fn fields_are_those_of_the_reports() {
    // An error: then no object is null.
    let home = Home::new();
    home.write_auth("{");
    let page = TestCommand::new().arg("man").run().stdout;
    let completions = TestCommand::new()
        .args(["completions", "bash"])
        .run()
        .stdout;
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
