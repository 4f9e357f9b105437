//! The figures of the runs.

use std::fmt;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::command::Command;
use crate::judge::Run;

/// So many complaints are shown.
const SHOWN: usize = 20;

/// Among so many kills some must have hit the saving.
const ENOUGH: usize = 500;

const SIGNALS: [Signal; 3] = [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGINT];

#[derive(Default)]
pub(crate) struct Tally {
    rows: [Row; 3],
    complaints: Vec<String>,
}

/// Of one command.
#[derive(Default)]
struct Row {
    runs: usize,
    killed: [usize; 3],
    too_late: usize,
    /// Of those killed.
    new: usize,
    /// Names that a kill left, and that the next login or logout removed.
    temporary: usize,
    locks: usize,
    swept: usize,
    /// Of those left alone, and when they ended.
    took: Vec<(Instant, Duration)>,
    wrong: usize,
}

impl Tally {
    pub(crate) fn count(&mut self, run: &Run) {
        let row = &mut self.rows[run.command.index()];
        row.runs += 1;
        let (before, after) = (&run.before.1, &run.after.1);
        if run.was_killed() {
            for (count, signal) in row.killed.iter_mut().zip(SIGNALS) {
                *count += usize::from(run.signal == Some(signal));
            }
            row.new += usize::from(run.is_new() && run.after.0 != run.before.0);
        } else if run.signal.is_some() {
            row.too_late += 1;
        } else {
            row.took.push((Instant::now(), run.outcome.elapsed));
        }
        // In a shared home they may be those of a run under way.
        if !run.shared {
            let [temporary, locks] = [
                (before.temporary.len(), after.temporary.len()),
                (before.locks.len(), after.locks.len()),
            ];
            row.temporary += temporary.1.saturating_sub(temporary.0);
            row.locks += locks.1.saturating_sub(locks.0);
            row.swept += temporary.0.saturating_sub(temporary.1) + locks.0.saturating_sub(locks.1);
        }
        if let Err(complaint) = run.check() {
            row.wrong += 1;
            self.complain(complaint);
        }
    }
}

impl Tally {
    pub(crate) fn complain(&mut self, complaint: String) {
        self.complaints.push(complaint);
    }

    pub(crate) fn with(mut self, other: Self) -> Self {
        for (row, other) in self.rows.iter_mut().zip(other.rows) {
            row.add(other);
        }
        self.complaints.extend(other.complaints);
        self
    }

    /// In one line.
    pub(crate) fn sum(&self) -> String {
        format!(
            "{} runs, {} killed, {} strays left by kills, {} wrong",
            self.total(|row| row.runs),
            self.total(Row::killed),
            self.total(Row::left),
            self.total(|row| row.wrong)
        )
    }

    fn total(&self, field: fn(&Row) -> usize) -> usize {
        self.rows.iter().map(field).sum()
    }

    pub(crate) fn complaints(&self) -> Vec<String> {
        let (left, swept) = (self.total(Row::left), self.total(|row| row.swept));
        let mut complaints: Vec<String> = self.complaints.iter().take(SHOWN).cloned().collect();
        if self.complaints.len() > SHOWN {
            complaints.push(format!("and {} more", self.complaints.len() - SHOWN));
        }
        if self.total(Row::killed) >= ENOUGH && (left == 0 || self.total(|row| row.new) == 0) {
            complaints
                .push("no kill came while auth.json was changed: this soak is blind".to_owned());
        }
        if swept > left {
            complaints.push("more was swept than was left: the count is wrong".to_owned());
        }
        complaints
    }
}

impl Row {
    fn killed(&self) -> usize {
        self.killed.iter().sum()
    }

    fn left(&self) -> usize {
        self.temporary + self.locks
    }

    fn add(&mut self, other: Self) {
        self.runs += other.runs;
        for (count, other) in self.killed.iter_mut().zip(other.killed) {
            *count += other;
        }
        self.too_late += other.too_late;
        self.new += other.new;
        self.temporary += other.temporary;
        self.locks += other.locks;
        self.swept += other.swept;
        self.took.extend(other.took);
        self.wrong += other.wrong;
    }

    /// The middle of the first and of the last tenth, in milliseconds.
    fn medians(&self) -> [f64; 2] {
        let mut took = self.took.clone();
        took.sort();
        let tenth = took.len().div_ceil(10);
        let last = took.len() - tenth;
        [median(&took[..tenth]), median(&took[last..])]
    }
}

fn median(took: &[(Instant, Duration)]) -> f64 {
    let mut took: Vec<Duration> = took.iter().map(|(_, took)| *took).collect();
    took.sort();
    let middle = took.get(took.len() / 2).copied().unwrap_or_default();
    middle.as_secs_f64() * 1000.0
}

impl fmt::Display for Tally {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            to,
            "command    runs  killed by KILL   TERM    INT  too late  new  temporary  locks  swept  ms, first and last tenth  wrong"
        )?;
        for (name, row) in Command::NAMES.iter().zip(&self.rows) {
            let [kill, term, int] = row.killed;
            let [first, last] = row.medians();
            writeln!(
                to,
                "{name:<9}{:>6}{kill:>16}{term:>7}{int:>7}{:>10}{:>5}{:>11}{:>7}{:>7}{first:>18.1}{last:>8.1}{:>7}",
                row.runs, row.too_late, row.new, row.temporary, row.locks, row.swept, row.wrong
            )?;
        }
        write!(
            to,
            "new: killed when auth.json was changed already. temporary, locks: names that kills left in the homes\n\
             of one worker; swept: names there that a login or logout removed."
        )
    }
}
