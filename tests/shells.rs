//! The completions in the three real shells.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::command::TestCommand;
use crate::support::needs;
use crate::support::pty::Pty;

/// What is typed, and the word that it becomes.
const TYPED: &[(&str, &str)] = &[
    ("sekuire sta", "status"),
    ("sekuire auth tok", "token"),
    ("sekuire login --api", "--api-key-stdin"),
    ("sekuire login --back", "--backend"),
    ("sekuire whoami --back", "--backend-url"),
    ("sekuire auth login --wor", "--workspace"),
    ("sekuire whoami --timeout 5 --wa", "--wait"),
    ("sekuire completions b", "bash"),
    ("sekuire help env", "environment"),
    ("sekuire help auth tok", "token"),
    ("sekuire --json stat", "status"),
    ("sekuire --backend https://a.example:9300 logi", "login"),
    ("sekuire --backend=https://a.example:9300 logi", "login"),
    ("sekuire auth --timeout 5 whoa", "whoami"),
    (
        "sekuire status --get device.fingerprint_",
        "device.fingerprint_source",
    ),
    ("sekuire auth status --get=work", "--get=workspace_id"),
    ("sekuire whoami --get workspa", "workspaces"),
    ("sekuire auth exec -", "--"),
    ("sekuire auth exec -- basena", "basename"),
    ("sekuire auth exec -- cat a-fi", "a-file"),
    ("sekuire auth exec -- basename --json a-fi", "a-file"),
];

/// What brings nothing: values, words that no command takes, and another command's options behind `--`.
const NOTHING: &[&str] = &[
    "sekuire login --backend ",
    "sekuire login --backend=",
    "sekuire login --backend=htt",
    "sekuire login --backend=http://l",
    "sekuire login --timeout ",
    "sekuire completions bash z",
    "sekuire --backend logi",
    "sekuire login stat",
    "sekuire login --get auth",
    "sekuire auth exec -- cat stat",
];

#[test]
fn bash_completes() {
    if let Some(bash) = needs::tool("bash") {
        // Ctrl-T writes down the line and clears it.
        let settings = "source ./_sekuire\n\
            note() { printf '%s\\n' \"$READLINE_LINE\" >new; mv new line; READLINE_LINE=; }\n\
            bind -x '\"\\C-t\": note'\nbind 'set bell-style none'\nPS1='READ''Y> '\n";
        let options = ["--noprofile", "--rcfile", "settings", "-i"];
        complete_at_terminal(&bash, &folder("bash", settings), &options);
    }
}

/// In a folder of $fpath, where `make install` puts it, and before `compinit`, after it, and by `source`.
#[test]
fn zsh_completes_wherever_the_script_is_read() {
    let Some(zsh) = needs::tool("zsh") else {
        return;
    };
    let compinit = "autoload -Uz compinit; compinit -u -D";
    let evaluated = "eval \"$(cat _sekuire)\"";
    for read in [
        format!("fpath=($ZDOTDIR $fpath)\n{compinit}"),
        format!("{evaluated}\n{compinit}"),
        format!("{compinit}\n{evaluated}"),
        format!("source ./_sekuire\n{compinit}"),
    ] {
        let settings = read
            + "\nbindkey '^I' complete-word\n\
            note() { print -r -- \"$BUFFER\" >new; mv new line; BUFFER=; }\n\
            zle -N note\nbindkey '^T' note\nunsetopt beep\nPS1='READ''Y> '\n";
        let options = ["-i", "-o", "no_global_rcs"];
        complete_at_terminal(&zsh, &folder("zsh", &settings), &options);
    }
}

#[test]
fn fish_completes() {
    let Some(fish) = needs::tool("fish") else {
        return;
    };
    let folder = folder("fish", "");
    let complete = |typed: &str| -> Option<String> {
        let run = TestCommand::at(&fish)
            .env("HOME", folder.path())
            .directory(folder.path());
        let script = format!("source ./_sekuire; complete -C '{typed}'");
        let outcome = run.args(["--no-config", "-c", &script]).run();
        outcome.exits_with(0).stderr_is_empty();
        // The meaning follows after a tab.
        Some(
            outcome
                .stdout
                .lines()
                .next()?
                .split('\t')
                .next()?
                .to_owned(),
        )
    };
    for (typed, word) in TYPED {
        assert_eq!(complete(typed).as_deref(), Some(*word), "{typed}");
    }
    for typed in NOTHING {
        assert_eq!(complete(typed), None, "{typed}");
    }
}

/// With the script of this shell, its settings, and a file.
fn folder(shell: &str, settings: &str) -> TempDir {
    let folder = TempDir::with_prefix("sekuire-shell-").expect("a folder");
    let script = TestCommand::new().args(["completions", shell]).run();
    script.exits_with(0).stderr_is_empty();
    for (name, text) in [
        ("_sekuire", script.stdout.as_str()),
        ("a-file", ""),
        ("settings", settings),
        (".zshrc", settings),
    ] {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

#[track_caller]
fn complete_at_terminal(shell: &Path, folder: &TempDir, options: &[&str]) {
    let mut terminal = TestCommand::at(shell)
        .env("ZDOTDIR", folder.path())
        .env("HOME", folder.path())
        .env("TERM", "dumb")
        .directory(folder.path())
        .args(options)
        .pty();
    terminal.wait_for("READY>");
    let complete = |typed: &str| {
        terminal.send(format!("{typed}\t\x14").as_bytes());
        let line = written_line(folder, &terminal);
        line.trim_end_matches([' ', '=']).to_owned()
    };
    for (typed, word) in TYPED {
        let (before, _) = typed.rsplit_once(' ').expect("two words");
        assert_eq!(complete(typed), format!("{before} {word}"), "{typed}");
    }
    for typed in NOTHING {
        assert_eq!(
            complete(typed),
            typed.trim_end_matches([' ', '=']),
            "{typed}"
        );
    }
    terminal.send(b"exit\r");
    let outcome = terminal.finish();
    assert!(!outcome.terminal.contains("not found"), "{outcome}");
}

/// The line that the shell wrote down.
#[track_caller]
fn written_line(folder: &TempDir, terminal: &Pty) -> String {
    let path = folder.path().join("line");
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) {
        if let Ok(text) = fs::read_to_string(&path) {
            fs::remove_file(&path).expect("the line is taken");
            return text.trim_end_matches('\n').to_owned();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("no line; {}", terminal.output());
}
