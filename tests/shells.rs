//! The completions in the three real shells and the man page in its two formatters.

use std::collections::{BTreeMap, BTreeSet};
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
    ("sekuire help auth tok", &["token"]),
    ("sekuire --json stat", &["status"]),
    ("sekuire --backend https://a.example:9300 logi", &["login"]),
    ("sekuire --backend=https://a.example:9300 logi", &["login"]),
    ("sekuire --json status --ge", &["--get"]),
    ("sekuire auth --timeout 5 whoa", &["whoami"]),
];

/// What must bring nothing, and break nothing: values, and words that no command takes.
const NOTHING: &[&str] = &[
    "sekuire login --backend ",
    "sekuire login --backend=",
    "sekuire login --backend=htt",
    "sekuire login --backend=http://l",
    "sekuire login --timeout ",
    "sekuire completions bash z",
    "sekuire --backend ",
    "sekuire --backend logi",
    "sekuire status --get ",
    "sekuire login stat",
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
            [
                "login", "logout", "status", "whoami", "token", "exec", "--help"
            ]
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
        assert_eq!(
            all,
            ["exec", "login", "logout", "status", "token", "whoami"]
        );
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

/// As `help completions` says, before `compinit` and behind it, and at the prompt.
#[test]
fn zsh_completes_wherever_the_script_is_read() {
    let Some(zsh) = needs::tool("zsh") else {
        return;
    };
    let script = completions("zsh");
    let compinit = "autoload -Uz compinit; compinit -u -D";
    let evaluated = "eval \"$(cat $ZDOTDIR/script)\"";
    for settings in [
        format!("{evaluated}\n{compinit}"),
        format!("{compinit}\n{evaluated}"),
        format!("source $ZDOTDIR/script\n{compinit}"),
    ] {
        let folder = TempDir::with_prefix("sekuire-zsh-").expect("a folder");
        fs::write(folder.path().join("script"), &script).expect("the script");
        let registered = "show() { print -r -- ${_comps[sekuire]} > $ZDOTDIR/new; mv $ZDOTDIR/new $ZDOTDIR/line }";
        let settings = format!("{settings}\n{registered}\nPS1='READ''Y> '\n");
        fs::write(folder.path().join(".zshrc"), &settings).expect("zsh's settings");
        let mut terminal = Sekuire::at(Path::new(&zsh))
            .env("ZDOTDIR", folder.path())
            .env("HOME", folder.path())
            .env("TERM", "dumb")
            .args(["-i", "-o", "no_global_rcs"])
            .pty();
        terminal.wait_for("READY>");
        terminal.send(b"show\r");
        let line = await_file(&folder.path().join("line"));
        assert_eq!(
            line.as_deref(),
            Some("_sekuire\n"),
            "{settings}: {}",
            terminal.output()
        );
        terminal.send(b"exit\r");
        let outcome = terminal.finish();
        assert!(
            !outcome.terminal.contains("not found"),
            "{settings}: {outcome}"
        );
    }
}

/// What a shell offers behind what was typed.
type Offers = fn(&Path, &str) -> Vec<String>;

/// The scripts are kept by hand: each offers, behind each name of each command, what the man page has,
/// and nothing else.
#[test]
fn the_shells_offer_what_there_is_and_nothing_else() {
    let expected = table();
    assert!(expected.len() > 12, "{expected:?}");
    let shells: [(&str, Offers); 3] = [("bash", in_bash), ("zsh", in_zsh), ("fish", in_fish)];
    for (name, offers) in shells {
        let Some(shell) = needs::tool(name) else {
            continue;
        };
        for (command, words) in &expected {
            // fish offers options only behind a dash.
            let mut offered = offers(&shell, &format!("sekuire {command} "));
            offered.extend(offers(&shell, &format!("sekuire {command} -")));
            offered.retain(|word| !["-h", "-V"].contains(&word.as_str()));
            let offered: BTreeSet<String> = offered.into_iter().collect();
            assert_eq!(&offered, words, "{name}: {command}");
        }
    }
}

/// What may stand behind each command, and behind what only begins one, from the man page.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let page = Sekuire::new().arg("man").run().stdout.replace('\\', "");
    let (_, page) = page.split_once(".SH COMMANDS").expect("the commands");
    let (page, _) = page.split_once(".SH EXIT").expect("their end");
    let mut table: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let (mut names, mut flags) = (Vec::new(), Vec::new());
    // Twice over each command: what belongs to it, then under its names.
    for line in page.lines().chain([".SS \"sekuire \""]) {
        if let Some(heading) = line.strip_prefix(".SS \"sekuire ") {
            for name in names.drain(..) {
                table.entry(name).or_default().extend(flags.iter().cloned());
            }
            flags = vec!["--help".to_owned()];
            let words = heading.trim_end_matches('"').split(' ');
            let words: Vec<&str> = words
                .take_while(|word| word.starts_with(|c: char| c.is_lowercase()))
                .collect();
            names.push(words.join(" "));
        } else if let Some(alias) = line.strip_prefix("Also: fBsekuire ") {
            names.push(alias.trim_end_matches("fR.").to_owned());
        } else if let Some(options) = line.strip_prefix("fB-") {
            let (options, _) = options.split_once("fR").expect("the end of the names");
            flags.extend(format!("-{options}").split(", ").map(str::to_owned));
        }
    }
    let called: Vec<String> = table.keys().cloned().collect();
    let mut begin = |before: &str, word: &str| {
        let words = table.entry(before.to_owned()).or_default();
        words.extend([word.to_owned(), "--help".to_owned()]);
    };
    begin("", "--version");
    for name in called {
        let (first, second) = name.split_once(' ').unwrap_or((&name, ""));
        begin("", first);
        begin("help", first);
        if !second.is_empty() {
            begin(first, second);
            begin("help auth", second);
        }
    }
    for shell in ["bash", "zsh", "fish"] {
        begin("completions", shell);
    }
    table
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

/// With stand-ins for the two functions of zsh that show what they are given.
fn in_zsh(zsh: &Path, typed: &str) -> Vec<String> {
    let script = format!(
        "compdef() {{}}\n_describe() {{ print -rl -- \"${{(@P)4}}\" }}\n_arguments() {{ print -rl -- \"$@\" }}\n\
         {}\nwords=(\"$@\")\nCURRENT=$#\n_sekuire",
        completions("zsh")
    );
    let mut words: Vec<&str> = typed.split_whitespace().collect();
    if typed.ends_with(' ') {
        words.push("");
    }
    let run = Sekuire::at(zsh).args(["-f", "-c", &script, "zsh"]);
    let mut offered = Vec::new();
    for line in lines(&run.args(words).run()) {
        if let Some(operands) = line.strip_prefix("1: :(") {
            let operands = operands.trim_end_matches(')').split(' ');
            offered.extend(operands.map(str::to_owned));
        } else {
            // Behind what excludes it, in parentheses, and before what it means.
            let word = line
                .rsplit_once(')')
                .filter(|_| line.starts_with('('))
                .map_or(&*line, |(_, word)| word);
            let end = word.find([':', '=', '[']).expect("a meaning");
            offered.push(word.split_at(end).0.to_owned());
        }
    }
    offered
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
