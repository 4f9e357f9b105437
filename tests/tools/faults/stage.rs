//! Where the commands run: one backend, behind a name that is looked up, and strace(1).

use std::fs;
use std::path::{Path, PathBuf};

use nix::libc;

use super::fault::{self, Fault, Kind};
use super::judge::{Case, Verdict};
use super::subject::{FINGERPRINT, Subject};
use crate::support::backend::{ApiKey, Backend, KEY, TlsKind};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;
use crate::support::machine::Machine;
use crate::support::needs;
use crate::support::outcome::Outcome;

/// No other network has this name (RFC 6761).
const NAME: &str = "backend.test";

pub(crate) struct Stage {
    backend: Backend,
    strace: PathBuf,
    machine: Option<Machine>,
    /// Keeps the hosts file.
    _folder: Home,
}

impl Stage {
    /// # Errors
    /// There is no strace.
    pub(crate) fn new() -> Result<Self, String> {
        let strace = needs::tool("strace").ok_or("needs strace")?;
        let folder = Home::new();
        let hosts = folder.path().join("hosts");
        fs::write(&hosts, format!("127.0.0.1 localhost {NAME}\n")).expect("a hosts file");
        let machine = needs::machine().map(|machine| machine.mount(&hosts, "/etc/hosts"));
        let name = if machine.is_some() { NAME } else { "127.0.0.1" };
        let backend = Backend::builder().tls(TlsKind::Valid).name(name).start();
        let bound = Some(FINGERPRINT.to_owned());
        backend.add_key(ApiKey {
            bound,
            ..ApiKey::new(KEY)
        });
        Ok(Self {
            backend,
            strace,
            machine,
            _folder: folder,
        })
    }

    /// Runs it once with nothing going wrong, and gives all that could.
    pub(crate) fn faults(&self, subject: Subject) -> Vec<Fault> {
        let home = self.home(subject);
        let (outcome, trace) = self.run(subject, &home, &[]);
        outcome.exits(0);
        let mut faults = fault::all_of(&trace, subject.writes());
        // The rest is as in a login over an old file.
        faults.retain(|fault| subject != Subject::FirstLogin || fault.changes_files());
        faults
    }

    pub(crate) fn try_fault(&self, subject: Subject, fault: &Fault) -> Verdict {
        let home = self.home(subject);
        let (outcome, trace) = self.run(subject, &home, &fault.options());
        let killed = fault.kind == Kind::Kill && outcome.signal == Some(libc::SIGKILL);
        let case = Case {
            subject,
            fault,
            home: &home,
            before: subject.before(&self.backend.url()),
            outcome: &outcome,
            // Threads do not always make the same calls.
            hit: killed || trace.contains("(INJECTED)"),
        };
        case.judge()
    }

    fn home(&self, subject: Subject) -> Home {
        let home = Home::new();
        subject.lay_out(&home, &self.backend.url());
        home
    }

    /// Not with --seccomp-bpf, which would be faster: with it strace 6.1 misses the first thread.
    fn run(&self, subject: Subject, home: &Home, options: &[String]) -> (Outcome, String) {
        let strace = Sekuire::at(&self.strace);
        let strace = match &self.machine {
            Some(machine) => strace.on(machine.clone()),
            None => strace,
        };
        let program = match subject {
            Subject::Naive => Path::new("/bin/sh").to_owned(),
            _ => binary(),
        };
        let trace = home.path().join("trace");
        let outcome = strace
            .home(home)
            .ca(&self.backend.ca_file())
            .args(["-f", "-qq", "-o"])
            .arg(&trace)
            .args(options)
            .arg("--")
            .arg(program)
            .args(subject.arguments(&self.backend.url()))
            .stdin(format!("{KEY}\n").as_bytes())
            .run();
        let trace = fs::read(trace).expect("strace's trace");
        (outcome, String::from_utf8_lossy(&trace).into_owned())
    }
}
