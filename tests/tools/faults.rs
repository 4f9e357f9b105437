//! `make faults`: each command with every system call failing, and login and logout killed at every one. Whatever
//! happens, auth.json is old or new, whole and private, and the exit status says which. Needs strace.

mod fault;
mod judge;
mod stage;
mod subject;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use fault::Fault;
use judge::Verdict;
use stage::Stage;
use subject::Subject;

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let stage = Stage::new()?;
    let mut failures = Vec::new();
    writeln!(
        io::stdout(),
        "command            cases missed  done     1     3     4 killed other wrong seconds"
    )?;
    for subject in Subject::ALL {
        let started = Instant::now();
        let verdicts = try_all(&stage, subject);
        let seconds = started.elapsed().as_secs();
        writeln!(io::stdout(), "{}{seconds:>8}", row(subject, &verdicts))?;
        if subject == Subject::Naive {
            if verdicts.iter().all(|verdict| verdict.complaints.is_empty()) {
                failures.push("the naive writer loses nothing: this sweep is blind".into());
            }
            continue;
        }
        failures.extend(missed(subject, &verdicts));
        failures.extend(verdicts.into_iter().flat_map(|verdict| verdict.complaints));
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\nfaults: ").into())
    }
}

/// One after another, on every processor.
fn try_all(stage: &Stage, subject: Subject) -> Vec<Verdict> {
    let queue = Mutex::new(stage.faults(subject).into_iter());
    let verdicts = Mutex::new(Vec::new());
    let work = || {
        loop {
            let Some(fault) = queue.lock().expect("the queue").next() else {
                return;
            };
            let verdict = try_one(stage, subject, &fault);
            verdicts.lock().expect("the verdicts").push(verdict);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    verdicts.into_inner().expect("the verdicts")
}

/// A case that hangs is a verdict like others.
fn try_one(stage: &Stage, subject: Subject, fault: &Fault) -> Verdict {
    let trial = AssertUnwindSafe(|| stage.try_fault(subject, fault));
    catch_unwind(trial).unwrap_or_else(|_| Verdict::broken(subject, fault))
}

/// A command makes a call of each of these families. Every fault of theirs must happen: else the sweep has not seen what
/// the command does.
fn missed(subject: Subject, verdicts: &[Verdict]) -> Vec<String> {
    let mut happened: BTreeMap<&str, bool> = BTreeMap::new();
    for verdict in verdicts {
        *happened.entry(&verdict.call).or_insert(true) &= verdict.hit;
    }
    let all_of = |family: &&&[&str]| {
        let mut known = family.iter().filter_map(|call| happened.get(call));
        known.clone().next().is_some() && known.all(|happened| *happened)
    };
    let families = subject.families().iter();
    families
        .filter(|family| !all_of(family))
        .map(|family| format!("{}: not every fault of {family:?} happened", subject.name()))
        .collect()
}

fn row(subject: Subject, verdicts: &[Verdict]) -> String {
    let count = |choose: &dyn Fn(&Verdict) -> bool| verdicts.iter().filter(|v| choose(v)).count();
    let ended = |code| count(&|verdict| verdict.hit && verdict.code == Some(code));
    let missed = count(&|verdict| !verdict.hit);
    let [done, one, three, four] = [0, 1, 3, 4].map(ended);
    let killed = count(&|verdict| verdict.hit && verdict.killed);
    let other = verdicts.len() - missed - done - one - three - four - killed;
    format!(
        "{:<18}{:>6}{missed:>7}{done:>6}{one:>6}{three:>6}{four:>6}{killed:>7}{other:>6}{:>6}",
        subject.name(),
        verdicts.len(),
        count(&|verdict| !verdict.complaints.is_empty()),
    )
}
