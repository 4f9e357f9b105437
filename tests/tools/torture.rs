//! `make torture`: what becomes of each command when this machine is short of something, by limits that
//! it cannot pass, and when any one of its system calls fails (daniel.haxx.se: fail the n-th call that
//! can fail, for every n).
//!
//! It must be done, or end with the documented exit status 3 or 4 and say why; auth.json is old or
//! new, whole and private; nothing of ours is left beside it; and under a limit no key is bound that is
//! then not saved.

mod calls;
mod cgroup;
mod judge;
mod shortage;
mod stage;
mod subject;
mod table;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use shortage::Resource;
use stage::Stage;
use subject::Subject;
use table::{HEAD, Row};

pub(crate) fn run() -> ExitCode {
    let started = Instant::now();
    let stage = Stage::new();
    say(HEAD);
    let mut complaints = Vec::new();
    for resource in Resource::ALL {
        if let Err(why) = resource.is_to_be_had() {
            say(&format!("skipped: {}: {why}", resource.name()));
            continue;
        }
        for subject in Subject::ALL {
            let steps = resource.steps(&stage, subject);
            let verdicts = stage.try_all(subject, steps);
            say(&Row::of(subject, resource, &verdicts).to_string());
            complaints.extend(verdicts.into_iter().flat_map(|verdict| verdict.complaints));
        }
    }
    say(&format!("{} s", started.elapsed().as_secs()));
    if complaints.is_empty() {
        return ExitCode::SUCCESS;
    }
    say(&complaints.join("\n"));
    ExitCode::FAILURE
}

/// Nobody is left to tell should standard output be closed.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
