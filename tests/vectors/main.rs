//! Wycheproof's vectors on the cryptography as a release links it, on the processor that this runs on. For each
//! algorithm that the program's TLS can choose, one line; the exit status is 1 where an answer was wrong.
//!
//!     vectors NAME [--with FEATURE,...] [--without FEATURE,...] [--break]
//!
//! NAME begins each line. `--with` and `--without` make it an error if the processor lacks or has one of these; on ARM,
//! where ring asks the kernel, `--without` hides it from ring. `--break` flips a bit of each answer: nothing may pass.

mod aead;
mod agreement;
mod key_derivation;
mod processor;
mod signatures;
mod tally;

use std::process::ExitCode;

use tally::Report;

struct Arguments {
    name: String,
    with: Vec<String>,
    without: Vec<String>,
    broken: bool,
}

fn main() -> ExitCode {
    let arguments = match read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => return complain(&message),
    };
    if let Err(message) = processor::hold_to(&arguments.with, &arguments.without) {
        return complain(&format!("{}: {message}", arguments.name));
    }
    println!("{}: {}", arguments.name, processor::features().join(" "));
    let mut report = Report::new(arguments.name, arguments.broken);
    agreement::test(&mut report);
    signatures::test(&mut report);
    aead::test(&mut report);
    key_derivation::test(&mut report);
    if report.all_right() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments {
        name: words.next().ok_or("NAME is missing")?,
        with: Vec::new(),
        without: Vec::new(),
        broken: false,
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--with" => arguments.with = list(words.next())?,
            "--without" => arguments.without = list(words.next())?,
            "--break" => arguments.broken = true,
            _ => return Err(format!("unknown argument {word}")),
        }
    }
    Ok(arguments)
}

fn list(word: Option<String>) -> Result<Vec<String>, String> {
    let word = word.ok_or("a list of features is missing")?;
    Ok(word.split(',').map(str::to_owned).collect())
}

fn complain(message: &str) -> ExitCode {
    eprintln!("vectors: {message}");
    ExitCode::from(2)
}
