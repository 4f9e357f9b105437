//! The completions in the three real shells.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::command::Sekuire;
use crate::support::needs;
use crate::support::pty::Pty;

/// What is typed, and the word that it becomes.
const TYPED: &[(&str, &str)] = &[
    ("sekuire sta", "status"),
    ("sekuire auth whoa", "whoami"),
    ("sekuire auth tok", "token"),
    ("sekuire status --js", "--json"),
    ("sekuire login --api", "--api-key-stdin"),
    ("sekuire login --back", "--backend"),
    ("sekuire whoami --back", "--backend-url"),
    ("sekuire auth login --wor", "--workspace"),
    ("sekuire logout --qu", "--quiet"),
    ("sekuire whoami --timeout 5 --wa", "--wait"),
    ("sekuire completions b", "bash"),
    ("sekuire help comp", "completions"),
    ("sekuire help env", "environment"),
    ("sekuire help auth tok", "token"),
    ("sekuire --json stat", "status"),
    ("sekuire --backend https://a.example:9300 logi", "login"),
    ("sekuire --backend=https://a.example:9300 logi", "login"),
    ("sekuire --json status --ge", "--get"),
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
        let folder = folder("bash");
        // Ctrl-T writes down the line and clears it.
        let settings = "source ./script\n\
            note() { printf '%s\\n' \"$READLINE_LINE\" >new; mv new line; READLINE_LINE=; }\n\
            bind -x '\"\\C-t\": note'\nbind 'set bell-style none'\nPS1='READ''Y> '\n";
        fs::write(folder.path().join("settings"), settings).expect("bash's settings");
        let options = ["--noprofile", "--rcfile", "settings", "-i"];
        complete_at_terminal(&folder, &bash, &options);
    }
}

#[test]
fn zsh_completes() {
    if let Some(zsh) = needs::tool("zsh") {
        let folder = folder("zsh");
        // Where `make install` puts it: in a folder of $fpath, named for the command.
        fs::rename(folder.path().join("script"), folder.path().join("_sekuire")).expect("a script");
        let settings = "fpath=($ZDOTDIR $fpath)\nautoload -Uz compinit\ncompinit -u -D\n\
            bindkey '^I' complete-word\n\
            note() { print -r -- \"$BUFFER\" >new; mv new line; BUFFER=; }\n\
            zle -N note\nbindkey '^T' note\nunsetopt beep\nPS1='READ''Y> '\n";
        fs::write(folder.path().join(".zshrc"), settings).expect("zsh's settings");
        complete_at_terminal(&folder, &zsh, &["-i", "-o", "no_global_rcs"]);
    }
}

#[test]
fn fish_completes() {
    let Some(fish) = needs::tool("fish") else {
        return;
    };
    let folder = folder("fish");
    let complete = |typed: &str| -> Vec<String> {
        let run = Sekuire::at(&fish)
            .env("HOME", folder.path())
            .directory(folder.path());
        let script = format!("source ./script; complete -C '{typed}'");
        let outcome = run.args(["--no-config", "-c", &script]).run();
        outcome.exits(0).complains_not();
        // The meaning follows after a tab.
        let words = outcome
            .stdout
            .lines()
            .filter_map(|line| line.split('\t').next());
        words.map(str::to_owned).collect()
    };
    for (typed, word) in TYPED {
        assert_eq!(complete(typed)[..1], [*word], "{typed}");
    }
    for typed in NOTHING {
        assert!(complete(typed).is_empty(), "{typed}");
    }
}

/// Before `compinit`, after it, and by `source`.
#[test]
fn zsh_completes_wherever_the_script_is_read() {
    let Some(zsh) = needs::tool("zsh") else {
        return;
    };
    let compinit = "autoload -Uz compinit; compinit -u -D";
    let evaluated = "eval \"$(cat script)\"";
    for settings in [
        format!("{evaluated}\n{compinit}"),
        format!("{compinit}\n{evaluated}"),
        format!("source ./script\n{compinit}"),
    ] {
        let folder = folder("zsh");
        let settings = format!(
            "{settings}\nshow() {{ print -r -- ${{_comps[sekuire]}} >new; mv new line }}\nPS1='READ''Y> '\n"
        );
        fs::write(folder.path().join(".zshrc"), &settings).expect("zsh's settings");
        let mut terminal = start(&folder, &zsh, &["-i", "-o", "no_global_rcs"]);
        terminal.send(b"show\r");
        assert_eq!(written_line(&folder, &terminal), "_sekuire", "{settings}");
        terminal.send(b"exit\r");
        let outcome = terminal.finish();
        assert!(!outcome.terminal.contains("not found"), "{outcome}");
    }
}

/// With the script of this shell, and a file.
fn folder(shell: &str) -> TempDir {
    let folder = TempDir::with_prefix("sekuire-shell-").expect("a folder");
    let script = Sekuire::new().args(["completions", shell]).run();
    script.exits(0).complains_not();
    fs::write(folder.path().join("script"), &script.stdout).expect("the script");
    fs::write(folder.path().join("a-file"), "").expect("a file");
    folder
}

#[track_caller]
fn start(folder: &TempDir, shell: &Path, options: &[&str]) -> Pty {
    let terminal = Sekuire::at(shell)
        .env("ZDOTDIR", folder.path())
        .env("HOME", folder.path())
        .env("TERM", "dumb")
        .directory(folder.path())
        .args(options)
        .pty();
    terminal.wait_for("READY>");
    terminal
}

#[track_caller]
fn complete_at_terminal(folder: &TempDir, shell: &Path, options: &[&str]) {
    let mut terminal = start(folder, shell, options);
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
    terminal.finish();
}

/// The line that the shell wrote down.
#[track_caller]
fn written_line(folder: &TempDir, terminal: &Pty) -> String {
    let path: PathBuf = folder.path().join("line");
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
