//! What one step has left behind, and whether that is allowed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use nix::libc;

use super::shortage::Shortage;
use super::subject::Subject;
use crate::support::home::Home;
use crate::support::outcome::Outcome;

/// One run and what it starts from.
pub(crate) struct Case {
    pub(crate) subject: Subject,
    pub(crate) number: u32,
    pub(crate) key: String,
    pub(crate) home: Home,
    /// auth.json.
    pub(crate) before: String,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Status(i32),
    Signal,
    /// It did not begin: the loader, or the C library's own start, gave up.
    Loader,
    /// It did not, or the check itself failed.
    Broken,
}

pub(crate) struct Verdict {
    pub(crate) end: End,
    /// The backend has bound a key that was then not saved.
    pub(crate) in_vain: bool,
    /// auth.json is neither old nor new.
    pub(crate) lost: bool,
    /// Each with the name of the step.
    pub(crate) complaints: Vec<String>,
}

impl Case {
    pub(crate) fn judge(
        &self,
        shortage: &Shortage,
        outcome: &Outcome,
        end: End,
        hit: bool,
        is_bound: bool,
    ) -> Verdict {
        let now = fs::read_to_string(self.home.auth_json()).ok();
        let is_new = self.subject.is_new(&self.before, &self.key, now.as_deref());
        let is_old = now.as_deref() == Some(self.before.as_str());
        let in_vain = self.subject == Subject::Login && is_bound && !is_new;
        let mut complaints = Vec::new();
        let mut must = |holds: bool, what: &str| {
            if !holds {
                let subject = self.subject.name();
                complaints.push(format!("{subject}: {shortage}: {what}: {outcome}"));
            }
        };
        must(is_old || is_new, "auth.json is lost");
        must(self.is_private(), "others can read auth.json");
        // Whom the kernel kills for a cgroup's memory can't say or finish anything: it is counted, not forbidden.
        let is_killed = outcome.signal == Some(libc::SIGKILL) && shortage.kills();
        // Nor is one call that fails in the middle of a request foreseen.
        must(
            !in_vain || is_killed || !shortage.lasts(),
            "a key is bound in vain",
        );
        must(!outcome.stderr.contains("panicked"), "it panics");
        match end {
            End::Status(0) => {
                must(is_new, "it says that all is done");
                let says_so = outcome.stdout.contains(self.subject.success());
                must(says_so, "it does not say that all is done");
            }
            End::Status(3 | 4) => {
                must(hit, "it failed without a reason");
                let says_why =
                    outcome.stderr.contains("error: ") && outcome.stderr.contains("\nhint: ");
                must(says_why, "it does not say why");
                let says_what = shortage
                    .name()
                    .is_none_or(|name| outcome.stderr.contains(name));
                must(says_what, "it does not say of what there is too little");
                must(
                    !outcome.stdout.contains(self.subject.success()),
                    "it says that all is done",
                );
            }
            End::Signal => {
                let killed = outcome.signal == Some(libc::SIGKILL) && shortage.kills();
                must(killed || is_of_std(shortage, outcome), "a signal");
            }
            End::Loader => must(hit, "the loader failed"),
            End::Status(_) | End::Broken => must(false, "an exit status that means something else"),
        }
        let removes = matches!(shortage, Shortage::Call(fault) if fault.removes());
        let strays = self.strays();
        must(
            strays.is_empty() || end == End::Signal || removes,
            &format!("{strays:?} is left behind"),
        );
        Verdict {
            end,
            in_vain,
            lost: !is_old && !is_new,
            complaints,
        }
    }

    fn is_private(&self) -> bool {
        let metadata = fs::metadata(self.home.auth_json());
        metadata.is_ok_and(|found| found.permissions().mode() & 0o777 == 0o600)
            || !self.home.auth_json().exists()
    }

    fn strays(&self) -> Vec<String> {
        let mut names = self.home.listing();
        names.retain(|name| name != "auth.json");
        names
    }
}

pub(crate) fn end(outcome: &Outcome) -> End {
    match outcome.code {
        None => End::Signal,
        // Of these commands none has this exit status.
        Some(127) => End::Loader,
        Some(code) => End::Status(code),
    }
}

/// std takes a thread's handle from the C library's heap, not from ours, and aborts where there is
/// none.
fn is_of_std(shortage: &Shortage, outcome: &Outcome) -> bool {
    !shortage.lasts()
        && outcome.signal == Some(libc::SIGABRT)
        && outcome.stderr.starts_with("memory allocation of ")
}

impl Verdict {
    pub(crate) fn broken(subject: Subject, shortage: &Shortage) -> Self {
        Self {
            end: End::Broken,
            in_vain: false,
            lost: false,
            complaints: vec![format!(
                "{}: {shortage}: it hangs, or the check panicked: see above",
                subject.name()
            )],
        }
    }
}
