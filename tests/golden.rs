//! Help, man page and completions, each compared with a file in tests/golden/, and what holds for all
//! of them. `UPDATE_GOLDEN=1` rewrites the files.

use std::env;
use std::fs;
use std::path::PathBuf;

use crate::support::command::Sekuire;

const COMMANDS: &[&str] = &[
    "login",
    "logout",
    "status",
    "auth whoami",
    "auth token",
    "auth exec",
    "doctor",
    "completions",
    "man",
    "help",
];

fn text(arguments: &[&str]) -> String {
    let outcome = Sekuire::new().args(arguments).run();
    outcome.exits(0).complains_not();
    outcome.stdout
}

fn help_of(command: &str) -> String {
    let words: Vec<&str> = std::iter::once("help").chain(command.split(' ')).collect();
    text(&words)
}

/// Each file's name and what belongs in it. The version is left out: it changes with every release.
fn texts() -> Vec<(String, String)> {
    let mut texts = vec![("help.txt".to_owned(), text(&["help"]))];
    for command in COMMANDS {
        texts.push((
            format!("help-{}.txt", command.replace(' ', "-")),
            help_of(command),
        ));
    }
    let version = concat!("sekuire ", env!("CARGO_PKG_VERSION"));
    texts.push((
        "sekuire.1".to_owned(),
        text(&["man"]).replace(version, "sekuire X.Y.Z"),
    ));
    texts
}

#[test]
fn golden_files() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let texts = texts();
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(&folder).expect("tests/golden");
        for (name, text) in &texts {
            fs::write(folder.join(name), text).expect("a golden file is written");
        }
    }
    for (name, text) in &texts {
        let golden = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert_eq!(
            text, &golden,
            "tests/golden/{name}: `make golden` rewrites it if this is meant"
        );
    }
    let mut expected: Vec<&str> = texts.iter().map(|(name, _)| name.as_str()).collect();
    expected.sort_unstable();
    let mut found: Vec<String> = fs::read_dir(&folder)
        .expect("tests/golden")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        // Those are compared in json_reports.rs.
        .filter(|name: &String| !name.ends_with(".json.txt"))
        .collect();
    found.sort();
    assert_eq!(
        found, expected,
        "a golden file that nothing is compared with"
    );
}

#[test]
fn every_line_of_help_fits_a_terminal() {
    for (name, text) in texts().iter().filter(|(name, _)| name.starts_with("help")) {
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{name}");
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line:?}");
            assert_eq!(line.trim_end(), line, "{name}: white space at the end");
            assert!(line.is_ascii(), "{name}: {line:?}");
        }
    }
}

/// The terms of a section: what stands first in its lines.
fn terms<'a>(help: &'a str, section: &str) -> Vec<&'a str> {
    let heading = format!("{section}:");
    help.lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .map(|line| line.split("  ").next().unwrap_or_default())
        .collect()
}

#[test]
fn the_overview_has_every_command_and_each_has_help() {
    let overview = text(&["help"]);
    let listed: Vec<String> = terms(&overview, "Commands")
        .iter()
        .map(|term| {
            term.split([' '])
                .filter(|word| word.chars().all(|c| c.is_ascii_lowercase()))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert_eq!(listed, COMMANDS);
    for command in COMMANDS {
        assert!(
            help_of(command).contains(&format!("\nUsage: sekuire {command}")),
            "{command}"
        );
    }
    for status in ["0", "1", "2", "3", "4", "126, 127", "128+N"] {
        assert!(
            terms(&overview, "Exit status").contains(&status),
            "{status}"
        );
    }
}

/// Each option of the help is known to the parser: repeated, it is refused as a repetition.
#[test]
fn every_option_of_the_help_is_accepted() {
    let mut count = 0;
    for command in COMMANDS {
        for term in terms(&help_of(command), "Options") {
            let (names, value) = names_and_value(term);
            for name in names {
                if ["-h", "--help"].contains(&name) {
                    continue;
                }
                let mut once: Vec<&str> = vec![name];
                once.extend(value.map(|_| "5"));
                let outcome = Sekuire::new()
                    .args(command.split(' '))
                    .args(&once)
                    .args(&once)
                    .run();
                assert_eq!(outcome.code, Some(2), "{command} {name}; {outcome}");
                outcome.complains("is given more than once");
                count += 1;
            }
        }
    }
    assert!(count >= 12, "{count} options");
}

fn names_and_value(term: &str) -> (Vec<&str>, Option<&str>) {
    let words: Vec<&str> = term
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .collect();
    let (names, values) = words.into_iter().partition(|word| word.starts_with('-'));
    let values: Vec<&str> = values;
    (names, values.first().copied())
}

/// SPEC.md, section 1.
#[test]
fn each_command_has_the_options_that_it_should() {
    for (command, options) in [
        (
            "login",
            &[
                "web-url",
                "backend",
                "api-key-stdin",
                "workspace",
                "timeout",
                "wait",
            ][..],
        ),
        ("logout", &[]),
        ("status", &["json", "get", "quiet"]),
        (
            "auth whoami",
            &["backend-url", "json", "get", "quiet", "timeout", "wait"],
        ),
        ("auth token", &[]),
    ] {
        let help = help_of(command);
        let named: Vec<&str> = terms(&help, "Options")
            .into_iter()
            .filter_map(|term| term.split_once("--"))
            .map(|(_, name)| name.split(' ').next().unwrap_or_default())
            .filter(|name| *name != "help")
            .collect();
        assert_eq!(named, options, "{command}");
    }
}

#[test]
fn man_page_and_completions_name_every_command_and_option() {
    let man = text(&["man"]).replace("\\-", "-");
    let shells = ["bash", "zsh", "fish"].map(|shell| (shell, text(&["completions", shell])));
    for ((shell, script), mark) in shells.iter().zip([
        "complete -F _sekuire",
        "#compdef sekuire\n",
        "complete -c sekuire",
    ]) {
        assert!(script.contains(mark), "{shell}: {script}");
    }
    for command in COMMANDS {
        assert!(
            man.contains(&format!("sekuire {command}")),
            "man lacks {command}"
        );
        for word in command.split(' ') {
            for (shell, script) in &shells {
                assert!(script.contains(word), "{shell} lacks {word}");
            }
        }
        for term in terms(&help_of(command), "Options") {
            for name in names_and_value(term)
                .0
                .iter()
                .filter(|name| name.starts_with("--"))
            {
                let bare = name.trim_start_matches('-');
                assert!(man.contains(name) || bare == "help", "man lacks {name}");
                for (shell, script) in &shells {
                    assert!(script.contains(bare), "{shell} lacks {name}");
                }
            }
        }
    }
    for variable in terms(&text(&["help"]), "Environment") {
        assert!(man.contains(variable), "man lacks {variable}");
    }
}
