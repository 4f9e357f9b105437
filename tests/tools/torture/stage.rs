//! Where the torture takes place: one backend, and for each step a home and a user of its own, for
//! limits on processes do not hold for root and count all those of a user.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use nix::libc;
use nix::unistd::{Gid, Uid, geteuid, setgid, setgroups, setuid};

use super::calls::STRACE;
use super::cgroup::Group;
use super::judge::{self, Case, End, Verdict};
use super::shortage::Shortage;
use super::subject::Subject;
use crate::support::backend::{Backend, TlsKind};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;
use crate::support::machine::Machine;
use crate::support::needs;
use crate::support::outcome::Outcome;

/// The backend's name, which has to be looked up, and which no other network has (RFC 6761).
const NAME: &str = "backend.test";

/// The first of the users, who are in no password database.
const FIRST_USER: u32 = 60_000;

/// As many users come in turn.
const USERS: u32 = 5_000;

pub(crate) struct Stage {
    backend: Backend,
    /// What every user may read: the program, the CA, the hosts file.
    folder: Home,
    machine: Option<Machine>,
    count: AtomicU32,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = Home::within(Path::new("/tmp"));
        open(folder.path());
        let hosts = folder.path().join("hosts");
        fs::write(&hosts, format!("127.0.0.1 localhost {NAME}\n")).expect("a hosts file");
        let machine = needs::machine().map(|machine| machine.mount(&hosts, "/etc/hosts"));
        let name = if machine.is_some() { NAME } else { "127.0.0.1" };
        let backend = Backend::builder().tls(TlsKind::Valid).name(name).start();
        fs::copy(backend.ca_file(), folder.path().join("ca.pem")).expect("the CA");
        let program = folder.path().join("sekuire");
        let copied = Command::new("cp").arg(binary()).arg(&program).status();
        assert!(copied.expect("cp").success(), "a copy of the program");
        open(&program);
        Self {
            backend,
            folder,
            machine,
            count: AtomicU32::new(0),
        }
    }

    /// One step after another, on every processor.
    pub(crate) fn try_all(&self, subject: Subject, steps: Vec<Shortage>) -> Vec<Verdict> {
        let queue = Mutex::new(steps.into_iter());
        let verdicts = Mutex::new(Vec::new());
        let workers = thread::available_parallelism().map_or(2, usize::from);
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    loop {
                        let Some(shortage) = queue.lock().expect("the queue").next() else {
                            return;
                        };
                        let verdict = self.try_one(subject, &shortage);
                        verdicts.lock().expect("the verdicts").push(verdict);
                    }
                });
            }
        });
        verdicts.into_inner().expect("the verdicts")
    }

    /// One that hangs or fails otherwise is a verdict like others, with its name.
    fn try_one(&self, subject: Subject, shortage: &Shortage) -> Verdict {
        let trial = AssertUnwindSafe(|| {
            let case = self.case(subject);
            let arguments = subject.arguments(&self.backend.url());
            let (outcome, hit) = self.run(&case, shortage, &arguments);
            // What a C library does before `main` is not our doing: some die there without a word.
            let crashed = outcome.signal == Some(libc::SIGSEGV);
            let begins = !crashed || {
                let (version, _) = self.run(&case, shortage, &["--version".to_owned()]);
                version.signal != outcome.signal
            };
            let end = if begins {
                judge::end(&outcome)
            } else {
                End::Loader
            };
            case.judge(
                shortage,
                &outcome,
                end,
                hit,
                self.backend.bound(&case.key).is_some(),
            )
        });
        catch_unwind(trial).unwrap_or_else(|_| Verdict::broken(subject, shortage))
    }

    /// All the system calls of a run in which nothing goes wrong.
    pub(crate) fn trace(&self, subject: Subject) -> String {
        let case = self.case(subject);
        let arguments = subject.arguments(&self.backend.url());
        let (outcome, trace) = self.under_strace(&case, &[], &arguments);
        outcome.exits(0);
        trace
    }

    /// Whether the shortage came about is told, too: threads do not always make the same calls.
    fn run(&self, case: &Case, shortage: &Shortage, arguments: &[String]) -> (Outcome, bool) {
        match shortage {
            Shortage::Call(fault) => {
                let (outcome, trace) = self.under_strace(case, &fault.options(), arguments);
                (outcome, trace.contains("(INJECTED)"))
            }
            limit => (self.limited(case, limit, arguments), true),
        }
    }

    fn case(&self, subject: Subject) -> Case {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let key = format!("sk_live_torture{number:06}xyz");
        self.backend.add_key(subject.key(&key));
        let home = Home::within(Path::new("/tmp"));
        let before = subject.before(&key, &self.backend.url());
        home.write_auth(&before);
        Case {
            subject,
            number,
            key,
            home,
            before,
        }
    }

    fn limited(&self, case: &Case, shortage: &Shortage, arguments: &[String]) -> Outcome {
        let group = match shortage {
            Shortage::Group(limit, value) => {
                Some(Group::new(*limit, *value).expect("a control group"))
            }
            _ => None,
        };
        let call = Sekuire::at(&self.program());
        let call = match &group {
            Some(group) => group.hold(call),
            None => call,
        };
        let call = self.on_machine(call);
        let call = shortage.limit(as_user(call, case));
        self.dressed(call, case).args(arguments).run()
    }

    fn under_strace(
        &self,
        case: &Case,
        options: &[String],
        arguments: &[String],
    ) -> (Outcome, String) {
        // Not --seccomp-bpf, which would be faster: with it strace 6.1 misses the first thread.
        let trace = case.home.path().join("trace");
        let call = self.on_machine(Sekuire::at(Path::new(STRACE)));
        let outcome = self
            .dressed(call, case)
            .args(["-f", "-qq", "-o"])
            .arg(&trace)
            .args(options)
            .arg("--")
            .arg(self.program())
            .args(arguments)
            .run();
        let trace = fs::read(trace).expect("strace's trace");
        (outcome, String::from_utf8_lossy(&trace).into_owned())
    }

    fn dressed(&self, call: Sekuire, case: &Case) -> Sekuire {
        call.home(&case.home)
            .ca(&self.folder.path().join("ca.pem"))
            .stdin(format!("{}\n", case.key).as_bytes())
    }

    fn on_machine(&self, call: Sekuire) -> Sekuire {
        match &self.machine {
            Some(machine) => call.on(machine.clone()),
            None => call,
        }
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("sekuire")
    }
}

fn open(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o755)).expect("chmod");
}

/// An ordinary user, where this is root.
fn as_user(call: Sekuire, case: &Case) -> Sekuire {
    if !geteuid().is_root() {
        return call;
    }
    let user = FIRST_USER + case.number % USERS;
    for path in [
        case.home.path().to_owned(),
        case.home.sekuire_dir(),
        case.home.auth_json(),
    ] {
        chown(path, Some(user), Some(user)).expect("chown");
    }
    call.before_exec(move || {
        setgroups(&[])?;
        setgid(Gid::from_raw(user))?;
        setuid(Uid::from_raw(user))?;
        Ok(())
    })
}
