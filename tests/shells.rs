//! The completions in the three real shells and the man page in its two formatters.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::command::Sekuire;
use crate::support::needs;
use crate::support::outcome::Outcome;

/// What is typed, and all that may come of it.
const TYPED: &[(&str, &[&str])] = &[
    ("sekuire sta", &["status"]),
    ("sekuire auth whoa", &["whoami"]),
    ("sekuire auth tok", &["token"]),
    ("sekuire status --js", &["--json"]),
    ("sekuire login --api", &["--api-key-stdin"]),
    ("sekuire auth login --wor", &["--workspace"]),
    ("sekuire whoami --timeout 5 --wa", &["--wait"]),
    ("sekuire completions b", &["bash"]),
    ("sekuire help comp", &["completions"]),
];

/// What must bring nothing, and break nothing: values, and words that no command takes.
const NOTHING: &[&str] = &[
    "sekuire login --backend ",
    "sekuire login --backend=",
    "sekuire login --backend=htt",
    "sekuire login --backend=http://l",
    "sekuire login --timeout ",
    "sekuire completions bash z",
];

#[test]
fn bash_completes() {
    if let Some(bash) = needs::tool("bash") {
        for (typed, words) in TYPED {
            assert_eq!(in_bash(&bash, typed), *words, "{typed}");
        }
        for typed in NOTHING {
            assert!(in_bash(&bash, typed).is_empty(), "{typed}");
        }
        let all = in_bash(&bash, "sekuire auth ");
        assert_eq!(
            all,
            ["login", "logout", "status", "whoami", "token", "--help"]
        );
    }
}

#[test]
fn fish_completes() {
    if let Some(fish) = needs::tool("fish") {
        for (typed, words) in TYPED {
            assert_eq!(in_fish(&fish, typed), *words, "{typed}");
        }
        for typed in NOTHING {
            assert!(in_fish(&fish, typed).is_empty(), "{typed}");
        }
        let all = in_fish(&fish, "sekuire auth ");
        assert_eq!(all, ["login", "logout", "status", "token", "whoami"]);
    }
}

#[test]
fn zsh_completes() {
    let Some(zsh) = needs::tool("zsh") else {
        return;
    };
    let folder = zsh_folder();
    let mut terminal = Sekuire::at(&zsh)
        .env("ZDOTDIR", folder.path())
        .env("HOME", folder.path())
        .env("TERM", "dumb")
        .args(["-i", "-o", "no_global_rcs"])
        .pty();
    terminal.wait_for("READY>");
    let line = folder.path().join("line");
    let complete = |typed: &str| {
        // Ctrl-X writes the line down and clears it (the folder's .zshrc).
        terminal.send(format!("{typed}\t\x18").as_bytes());
        let line = await_file(&line);
        line.unwrap_or_else(|| panic!("{typed}: no line; {}", terminal.output()))
    };
    for (typed, words) in TYPED {
        let before = typed.rsplit_once(' ').expect("two words").0;
        let line = complete(typed);
        assert_eq!(
            line.trim_end().trim_end_matches('='),
            format!("{before} {}", words[0]),
            "{typed}"
        );
    }
    for typed in NOTHING {
        assert_eq!(complete(typed).trim_end(), typed.trim_end(), "{typed}");
    }
    terminal.send(b"exit\r");
    terminal.finish();
}

/// Where `make install` puts it for zsh: in a folder of $fpath, named for the command.
fn zsh_folder() -> TempDir {
    let folder = TempDir::with_prefix("sekuire-zsh-").expect("a folder");
    fs::write(folder.path().join("_sekuire"), completions("zsh")).expect("the script");
    let settings = "fpath=($ZDOTDIR $fpath)\nautoload -Uz compinit\ncompinit -u -D\n\
        bindkey '^I' complete-word\n\
        note() { print -r -- \"$BUFFER\" > $ZDOTDIR/new; mv $ZDOTDIR/new $ZDOTDIR/line; BUFFER=; }\n\
        zle -N note\nbindkey '^X' note\nunsetopt beep\nPS1='READ''Y> '\n";
    fs::write(folder.path().join(".zshrc"), settings).expect("zsh's settings");
    folder
}

fn await_file(path: &Path) -> Option<String> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) {
        if let Ok(text) = fs::read_to_string(path) {
            fs::remove_file(path).expect("the line is taken");
            return Some(text);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

/// As readline calls the function: it splits words at `=` and `:` too (`COMP_WORDBREAKS`).
fn in_bash(bash: &Path, typed: &str) -> Vec<String> {
    let split = typed.replace('=', " = ").replace(':', " : ");
    let mut words: Vec<&str> = split.split_whitespace().collect();
    if typed.ends_with(' ') {
        words.push("");
    }
    let script = format!(
        "set -u\n{}\nCOMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1))\n_sekuire sekuire \"${{COMP_WORDS[COMP_CWORD]}}\" x\n\
         (( ${{#COMPREPLY[@]}} == 0 )) || printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        completions("bash")
    );
    let run = Sekuire::at(bash).args(["-c", &script, "bash"]);
    lines(&run.args(words).run())
}

fn in_fish(fish: &Path, typed: &str) -> Vec<String> {
    let home = TempDir::with_prefix("sekuire-fish-").expect("a home");
    let script = format!("{}\ncomplete -C '{typed}'", completions("fish"));
    let run = Sekuire::at(fish).env("HOME", home.path());
    let mut words = lines(&run.args(["--no-config", "-c", &script]).run());
    // The meaning follows after a tab.
    for word in &mut words {
        word.truncate(word.find('\t').unwrap_or(word.len()));
    }
    words
}

#[track_caller]
fn lines(outcome: &Outcome) -> Vec<String> {
    outcome.exits(0).complains_not();
    outcome.stdout.lines().map(str::to_owned).collect()
}

fn completions(shell: &str) -> String {
    let outcome = Sekuire::new().args(["completions", shell]).run();
    outcome.exits(0).complains_not();
    outcome.stdout
}

#[test]
fn the_man_page_is_clean() {
    let page = Sekuire::new().arg("man").run().exits(0).stdout.clone();
    let checks: [(&str, &[&str]); 2] = [
        ("mandoc", &["-Tlint", "-Wstyle"]),
        ("groff", &["-ww", "-man", "-Tutf8"]),
    ];
    for (name, arguments) in checks {
        let Some(formatter) = needs::tool(name) else {
            continue;
        };
        let run = Sekuire::at(&formatter).args(arguments);
        let outcome = run.stdin(page.as_bytes()).run();
        outcome.exits(0).complains_not();
        if name == "mandoc" {
            outcome.prints("");
        }
    }
}
