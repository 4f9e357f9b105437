//! `make faults`: each command with every system call failing, and login and logout killed at every one. Whatever
//! happens, auth.json is old or new, whole and private, and the exit status says which. Needs strace and namespaces.

mod fault;
mod judge;
mod subject;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use fault::Fault;
use judge::{Verdict, judge};
use subject::Subject;

use crate::support::backend::{Backend, KEY, TlsKind};
use crate::support::command::{TestCommand, binary};
use crate::support::home::Home;
use crate::support::machine::Machine;
use crate::support::needs;
use crate::support::outcome::Outcome;

pub(crate) fn run() {
    let folder = Home::new();
    let hosts = folder.path().join("hosts");
    fs::write(&hosts, "127.0.0.1 localhost backend.test\n").expect("a file");
    let machine = needs::machine().expect("needs namespaces");
    let backend = Backend::builder().tls(TlsKind::Valid);
    let stage = Stage {
        backend: backend.name("backend.test").start(),
        strace: needs::tool("strace").expect("needs strace"),
        machine: machine.mount(&hosts, "/etc/hosts"),
    };
    let naive = stage.sweep(&subject::NAIVE).concat();
    let sees = naive.contains("auth.json is lost");
    assert!(sees, "the naive writer loses nothing: this sweep is blind");
    let complaints = subject::ALL.iter().flat_map(|subject| stage.sweep(subject));
    let complaints: Vec<String> = complaints.collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Where the commands run: one backend, behind a name that is looked up, and strace(1).
struct Stage {
    backend: Backend,
    strace: PathBuf,
    machine: Machine,
}

impl Stage {
    /// Every fault, on every processor. Gives what is wrong.
    fn sweep(&self, subject: &Subject) -> Vec<String> {
        let started = Instant::now();
        let queue = Mutex::new(self.faults(subject).into_iter());
        let work = || {
            let faults = std::iter::from_fn(|| queue.lock().expect("the queue").next());
            faults.map(|one| self.try_fault(subject, &one)).collect()
        };
        let workers = thread::available_parallelism().map_or(2, usize::from);
        let verdicts: Vec<Verdict> = thread::scope(|scope| {
            let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let verdicts = workers.into_iter().map(|one| one.join().expect("it ends"));
            verdicts.flat_map(|all: Vec<Verdict>| all).collect()
        });
        let mut ends = BTreeMap::<&str, usize>::new();
        for verdict in &verdicts {
            *ends.entry(&verdict.end).or_default() += 1;
        }
        let (cases, seconds) = (verdicts.len(), started.elapsed().as_secs());
        println!("{}: {cases} cases in {seconds} s: {ends:?}", subject.name);
        let complaints = verdicts.iter().filter_map(|one| one.complaint.clone());
        let mut complaints: Vec<String> = complaints.collect();
        // Calls of each kind were seen, and every fault of theirs happened: else the sweep is blind.
        for stem in subject.writes {
            let calls = || verdicts.iter().filter(|one| one.call.starts_with(stem));
            if calls().count() == 0 || calls().any(|one| one.end == "missed") {
                let name = subject.name;
                complaints.push(format!("{name}: not every fault of {stem} happened"));
            }
        }
        complaints
    }

    /// Runs it once with nothing going wrong, and gives all that could.
    fn faults(&self, subject: &Subject) -> Vec<Fault> {
        let home = Home::new();
        subject.lay_out(&home, &self.backend.url());
        let (outcome, trace) = self.run(subject, &home, None);
        outcome.expect("it ends").exits_with(0);
        let mut faults = fault::all_of(&trace, !subject.writes.is_empty());
        // The rest of a first login is as in one over an old file.
        faults.retain(|fault| subject.key_before.is_some() || fault.changes_files());
        faults
    }

    fn try_fault(&self, subject: &Subject, fault: &Fault) -> Verdict {
        let home = Home::new();
        let before = subject.lay_out(&home, &self.backend.url());
        let (outcome, trace) = self.run(subject, &home, Some(fault));
        match outcome {
            Ok(outcome) => {
                let hit = outcome.signal.is_some() || trace.contains("(INJECTED)");
                judge(subject, fault, &home, before.as_deref(), &outcome, hit)
            }
            Err(said) => Verdict {
                call: fault.call.clone(),
                end: "hangs".to_owned(),
                complaint: Some(format!("{}: {fault}: {said}", subject.name)),
            },
        }
    }

    /// And what strace wrote. Not with --seccomp-bpf, which would be faster: with it strace 6.1 misses the first thread.
    fn run(
        &self,
        subject: &Subject,
        home: &Home,
        fault: Option<&Fault>,
    ) -> (Result<Outcome, String>, String) {
        let program = match subject.command[0] {
            "sekuire" => binary(),
            shell => Path::new("/bin").join(shell),
        };
        let trace = home.path().join("trace");
        let outcome = TestCommand::at(&self.strace)
            .on(self.machine.clone())
            .home(home)
            .ca(&self.backend.ca_file())
            .env("SEKUIRE_BACKEND_URL", self.backend.url())
            .args(["-f", "-qq", "-o"])
            .arg(&trace)
            .args(fault.map(|fault| format!("--trace={}", fault.call)))
            .args(fault.map(|fault| format!("--inject={fault}")))
            .arg("--")
            .arg(program)
            .args(&subject.command[1..])
            .stdin(format!("{KEY}\n").as_bytes())
            .spawn()
            .outcome();
        let trace = fs::read(trace).expect("strace's trace");
        (outcome, String::from_utf8_lossy(&trace).into_owned())
    }
}
