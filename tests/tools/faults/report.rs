//! The figures of one sweep.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use super::fault::Kind;
use super::judge::{State, Verdict};
use super::scenario::Scenario;

/// A save makes one call of each of these families. Every fault of theirs must come about, or the
/// sweep has missed the saving.
const SAVING: &[&[&str]] = &[
    &["open", "openat"],
    &["write", "writev"],
    &["fsync", "fdatasync"],
    &["rename", "renameat", "renameat2"],
];

/// Of these, when a file is removed.
const REMOVING: &[&[&str]] = &[&["unlink", "unlinkat"], &["fsync", "fdatasync"]];

pub(crate) struct Report {
    scenario: Scenario,
    counts: BTreeMap<String, usize>,
    verdicts: Vec<Verdict>,
    elapsed: Duration,
}

/// Outcomes of the faults that came about: old, new, lost.
#[derive(Default)]
struct Tally([usize; 3]);

impl Tally {
    fn of<'a>(verdicts: impl Iterator<Item = &'a Verdict>) -> Self {
        let mut tally = Self::default();
        for verdict in verdicts {
            tally.0[verdict.state as usize] += 1;
        }
        tally
    }
}

impl Report {
    pub(crate) fn new(
        scenario: Scenario,
        counts: BTreeMap<String, usize>,
        verdicts: Vec<Verdict>,
        elapsed: Duration,
    ) -> Self {
        Self {
            scenario,
            counts,
            verdicts,
            elapsed,
        }
    }

    pub(crate) fn lost(&self) -> usize {
        self.tally(|_| true).0[State::Lost as usize]
    }

    pub(crate) fn print(&self) {
        // Nobody is left to tell should standard output be closed.
        let _ = self.write_to(&mut io::stdout().lock());
    }

    fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "{} ({} cases in {} s)\n{:<18}{:>7}{:>7}  {:>20}  {:>20}",
            self.scenario.name(),
            self.verdicts.len(),
            self.elapsed.as_secs(),
            "call",
            "points",
            "missed",
            "killed: old/new/lost",
            "error: old/new/lost"
        )?;
        for (call, points) in &self.counts {
            let missed = self.of_call(call).filter(|verdict| !verdict.hit).count();
            let killed = self.tally(|v| v.fault.call == *call && v.fault.kind == Kind::Kill);
            let failed = self.tally(|v| v.fault.call == *call && v.fault.kind != Kind::Kill);
            writeln!(
                out,
                "{call:<18}{points:>7}{missed:>7}  {}  {}",
                show(&killed),
                show(&failed)
            )?;
        }
        let killed = self.tally(|v| v.fault.kind == Kind::Kill);
        let failed = self.tally(|v| v.fault.kind != Kind::Kill);
        writeln!(
            out,
            "{:<18}{:>7}{:>7}  {}  {}\n",
            "all",
            self.counts.values().sum::<usize>(),
            self.verdicts.iter().filter(|verdict| !verdict.hit).count(),
            show(&killed),
            show(&failed)
        )
    }

    /// Everything that must not be.
    pub(crate) fn failures(&self) -> Vec<String> {
        let name = self.scenario.name();
        let lost = self
            .verdicts
            .iter()
            .filter(|verdict| verdict.state == State::Lost)
            .map(|verdict| format!("{name}: {}: auth.json is lost", verdict.fault));
        let complaints = self.verdicts.iter().flat_map(|verdict| {
            verdict
                .complaints
                .iter()
                .map(move |complaint| format!("{name}: {}: {complaint}", verdict.fault))
        });
        let families = match self.scenario {
            Scenario::Logout => REMOVING,
            Scenario::Login | Scenario::FirstLogin | Scenario::Naive => SAVING,
        };
        let unseen = families
            .iter()
            .filter(|family| !self.hit_all(family))
            .map(|family| format!("{name}: not every fault of {family:?} came about"));
        lost.chain(complaints).chain(unseen).collect()
    }

    fn hit_all(&self, family: &[&str]) -> bool {
        let of_family = |verdict: &&Verdict| family.contains(&verdict.fault.call.as_str());
        let mut verdicts = self.verdicts.iter().filter(of_family).peekable();
        verdicts.peek().is_some() && verdicts.all(|verdict| verdict.hit)
    }

    fn of_call(&self, call: &str) -> impl Iterator<Item = &Verdict> {
        self.verdicts
            .iter()
            .filter(move |verdict| verdict.fault.call == call)
    }

    fn tally(&self, choose: impl Fn(&Verdict) -> bool) -> Tally {
        Tally::of(
            self.verdicts
                .iter()
                .filter(|verdict| verdict.hit && choose(verdict)),
        )
    }
}

fn show(tally: &Tally) -> String {
    let [old, new, lost] = tally.0;
    format!("{old:>8} {new:>5} {lost:>5}")
}
