//! The figures.

use std::fmt;

use super::judge::{End, Verdict};
use super::shortage::Resource;
use super::subject::Subject;

pub(crate) const HEAD: &str = "command  resource       steps   done      1      2      3      4  other  signal  loader  in vain  lost  wrong";

/// One command under one shortage.
pub(crate) struct Row<'a> {
    subject: Subject,
    resource: Resource,
    verdicts: &'a [Verdict],
}

impl<'a> Row<'a> {
    pub(crate) fn of(subject: Subject, resource: Resource, verdicts: &'a [Verdict]) -> Self {
        Self {
            subject,
            resource,
            verdicts,
        }
    }

    fn count(&self, choose: impl Fn(&Verdict) -> bool) -> usize {
        self.verdicts
            .iter()
            .filter(|verdict| choose(verdict))
            .count()
    }
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = |end| self.count(|verdict| verdict.end == end);
        let [done, one, two, three, four] = [0, 1, 2, 3, 4].map(|code| ended(End::Status(code)));
        let (signal, loader) = (ended(End::Signal), ended(End::Loader));
        let steps = self.verdicts.len();
        let other = steps
            - [done, one, two, three, four, signal, loader]
                .iter()
                .sum::<usize>();
        write!(
            to,
            "{:<9}{:<14}{steps:>6}{done:>7}{one:>7}{two:>7}{three:>7}{four:>7}{other:>7}{signal:>8}{loader:>8}{:>9}{:>6}{:>7}",
            self.subject.name(),
            self.resource.name(),
            self.count(|verdict| verdict.in_vain),
            self.count(|verdict| verdict.lost),
            self.count(|verdict| !verdict.complaints.is_empty()),
        )
    }
}
