//! Completion scripts for shells.

use std::fmt::Write;

use crate::cli::{COMMANDS, CommandSpec, Operand, OptionSpec};

/// The completion script of a shell out of `cli::SHELLS`.
pub fn completions(shell: &str) -> String {
    match shell {
        "zsh" => zsh(),
        "fish" => fish(),
        _ => bash(),
    }
}

/// Every way to call a command, with the command.
fn names() -> impl Iterator<Item = (&'static str, &'static CommandSpec)> {
    COMMANDS.iter().flat_map(|command| {
        std::iter::once(command.name)
            .chain(command.alias)
            .map(move |name| (name, command))
    })
}

/// The words that may stand behind `first`, with what they are for: the first words of commands
/// where `first` is empty, the second ones of two-word commands otherwise.
fn words(first: &str) -> Vec<(&'static str, &'static str)> {
    let mut found: Vec<(&str, &str)> = Vec::new();
    for (name, command) in names() {
        let (word, meaning) = match name.split_once(' ') {
            None => (name, command.summary),
            Some((group, word)) if group == first => (word, command.summary),
            Some((group, _)) => (group, "Commands of authentication"),
        };
        let wanted = first.is_empty()
            || name
                .split_once(' ')
                .is_some_and(|(group, _)| group == first);
        if wanted && found.iter().all(|(known, _)| *known != word) {
            found.push((word, meaning));
        }
    }
    found
}

fn operands(command: &CommandSpec) -> Vec<&'static str> {
    match command.operand {
        Operand::None => Vec::new(),
        Operand::OneOf(choices) => choices.to_vec(),
        Operand::Command => words("").into_iter().map(|(word, _)| word).collect(),
    }
}

fn flags(option: &OptionSpec) -> Vec<String> {
    let short = option.short.map(|short| format!("-{short}"));
    option
        .names
        .iter()
        .map(|name| format!("--{name}"))
        .chain(short)
        .collect()
}

fn flags_with_value() -> Vec<String> {
    let mut found: Vec<String> = COMMANDS
        .iter()
        .flat_map(|command| command.options)
        .filter(|option| option.value.is_some())
        .flat_map(flags)
        .collect();
    found.sort();
    found.dedup();
    found
}

fn joined(words: &[(&str, &str)]) -> String {
    words
        .iter()
        .map(|(word, _)| *word)
        .collect::<Vec<_>>()
        .join(" ")
}

fn bash() -> String {
    let mut script = String::from(
        "# bash completion for sekuire\n_sekuire() {\n    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n\
         \x20   local command= i\n    COMPREPLY=()\n    for ((i = 1; i < COMP_CWORD; i++)); do\n\
         \x20       case ${COMP_WORDS[i]} in\n            -* | =) break ;;\n            *) command+=${command:+ }${COMP_WORDS[i]} ;;\n        esac\n    done\n",
    );
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        script,
        "    case $previous in\n        = | {}) return ;;\n    esac\n    local words=",
        flags_with_value().join(" | ")
    );
    script.push_str("    case $command in\n");
    let _ = writeln!(
        script,
        "        '') words='{} --help --version' ;;",
        joined(&words(""))
    );
    let _ = writeln!(
        script,
        "        auth) words='{} --help' ;;",
        joined(&words("auth"))
    );
    for (name, command) in names() {
        let mut words = operands(command)
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>();
        words.extend(command.options.iter().flat_map(flags));
        words.push("--help".into());
        let _ = writeln!(script, "        '{name}') words='{}' ;;", words.join(" "));
    }
    script.push_str("    esac\n    # Not mapfile: macOS has bash 3.2.\n    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\ncomplete -F _sekuire sekuire\n");
    script
}

fn zsh() -> String {
    let quote = |text: &str| text.replace('\'', "'\\''").replace(':', "\\:");
    let list = |words: Vec<(&str, &str)>| {
        words
            .iter()
            .map(|(word, meaning)| format!("'{}:{}'", word, quote(meaning)))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut script = String::from(
        "#compdef sekuire\n_sekuire() {\n    local -a commands\n    local command= i\n\
         \x20   for ((i = 2; i < CURRENT; i++)); do\n        [[ $words[i] == -* ]] && break\n        command+=${command:+ }$words[i]\n    done\n    case $command in\n",
    );
    let _ = writeln!(script, "        '') commands=({})", list(words("")));
    script.push_str("            _describe -t commands command commands\n            _arguments '(- *)'{-h,--help}'[Show help]' '(- *)'{-V,--version}'[Show the version]' ;;\n");
    let _ = writeln!(
        script,
        "        auth) commands=({})\n            _describe -t commands command commands ;;",
        list(words("auth"))
    );
    for (name, command) in names() {
        let depth = name.split(' ').count();
        let _ = write!(
            script,
            "        '{name}'*) shift {depth} words; (( CURRENT -= {depth} ))\n            _arguments"
        );
        for option in command.options {
            let value = option
                .value
                .map(|value| format!(":{value}: "))
                .unwrap_or_default();
            let help = quote(option.help).replace('[', "\\[").replace(']', "\\]");
            for flag in flags(option) {
                let equals = if option.value.is_some() { "=" } else { "" };
                let _ = write!(
                    script,
                    " \\\n                '{flag}{equals}[{help}]{value}'"
                );
            }
        }
        let operands = operands(command);
        if !operands.is_empty() {
            let _ = write!(
                script,
                " \\\n                '1: :({})'",
                operands.join(" ")
            );
        }
        script.push_str(" \\\n                '(- *)'{-h,--help}'[Show help]' ;;\n");
    }
    script.push_str("    esac\n}\nif [ \"$funcstack[1]\" = _sekuire ]; then _sekuire \"$@\"; else compdef _sekuire sekuire; fi\n");
    script
}

fn fish() -> String {
    let quote = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    let mut script = String::from(
        "# fish completion for sekuire\nfunction __sekuire_at\n    set -l words\n    for word in (commandline -opc)[2..]\n\
         \x20       string match -q -- '-*' $word; and break\n        set -a words $word\n    end\n    test \"$words\" = \"$argv[1]\"\nend\n\
         complete -c sekuire -f\ncomplete -c sekuire -s h -l help -d 'Show help'\n\
         complete -c sekuire -n '__sekuire_at \"\"' -s V -l version -d 'Show the version'\n",
    );
    for first in ["", "auth"] {
        for (word, meaning) in words(first) {
            let _ = writeln!(
                script,
                "complete -c sekuire -n '__sekuire_at \"{first}\"' -a {word} -d '{}'",
                quote(meaning)
            );
        }
    }
    for (name, command) in names() {
        for word in operands(command) {
            let _ = writeln!(
                script,
                "complete -c sekuire -n '__sekuire_at \"{name}\"' -a {word}"
            );
        }
        for option in command.options {
            let value = if option.value.is_some() { " -x" } else { "" };
            for (index, long) in option.names.iter().enumerate() {
                let short = option
                    .short
                    .filter(|_| index == 0)
                    .map(|short| format!(" -s {short}"))
                    .unwrap_or_default();
                let _ = writeln!(
                    script,
                    "complete -c sekuire -n '__sekuire_at \"{name}\"'{short} -l {long}{value} -d '{}'",
                    quote(option.help)
                );
            }
        }
    }
    script
}
