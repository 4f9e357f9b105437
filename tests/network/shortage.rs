//! Too little of what a request needs: an error of this machine that says what is lacking, noticed
//! before anything is sent, so that no binding is wasted. Never a crash.

use std::cell::Cell;
use std::fs;

use nix::libc::{self, rlim_t};
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::geteuid;

use super::{Asks, BOTH, Fixture, KEY, OLD_AUTH, SLACK, assert_no_panic};
use crate::support::backend::TlsKind;
use crate::support::command::{Sekuire, binary};
use crate::support::needs;
use crate::support::other_user::{NO_ONE, OtherUser};
use crate::support::outcome::Outcome;

const MIB: rlim_t = 1024 * 1024;

/// Done, or exit status 3 that says so, with nothing sent; 127 is the loader of a dynamic build.
#[track_caller]
fn assert_done_or_not_begun(name: &str, what: &str, fixture: &Fixture, outcome: &Outcome) {
    assert_no_panic(name, outcome);
    assert!(outcome.elapsed < SLACK, "{name}: {outcome}");
    match outcome.code {
        Some(0) => return,
        Some(3) => {
            assert!(outcome.stderr.contains(what), "{name}: {outcome}");
            assert!(outcome.stderr.contains("\nhint: "), "{name}: {outcome}");
        }
        Some(127) => assert!(outcome.stderr.contains("shared"), "{name}: {outcome}"),
        _ => panic!("{name}: {outcome}"),
    }
    assert_eq!(fixture.backend.requests().len(), 0, "{name}: {outcome}");
    assert_eq!(fixture.home.read_auth(), OLD_AUTH, "{name}: {outcome}");
}

fn limited(call: Sekuire, resource: Resource, limit: rlim_t) -> Sekuire {
    call.before_exec(move || Ok(setrlimit(resource, limit, limit)?))
}

fn try_limits(resource: Resource, limits: &[rlim_t], what: &str) {
    for kind in BOTH {
        for asks in [Asks::Verify, Asks::Me] {
            let mut done = 0;
            let mut refused = 0;
            for &limit in limits {
                let fixture = Fixture::new(kind);
                let outcome = limited(fixture.ask(asks), resource, limit).run();
                let name = format!("{kind:?}, {asks:?}, {limit} of {resource:?}");
                assert_done_or_not_begun(&name, what, &fixture, &outcome);
                done += usize::from(outcome.code == Some(0));
                refused += usize::from(outcome.code == Some(3));
            }
            assert!(
                done > 0 && refused > 0,
                "{kind:?}, {asks:?}: {done} done, {refused} refused"
            );
        }
    }
}

#[test]
fn of_open_files() {
    let limits: Vec<rlim_t> = (4..16).collect();
    try_limits(Resource::RLIMIT_NOFILE, &limits, "open files");
}

/// Enough for a folder of CA certificates, and not for a file in it.
#[test]
fn of_open_files_while_certificates_are_read() {
    let fixture = Fixture::new(TlsKind::Valid);
    let ca_file = fixture.backend.ca_file();
    let folder = ca_file.parent().expect("its folder").display();
    for folders in [format!("{folder}"), format!("/dev/null:{folder}")] {
        let whoami = fixture.bare().env("SEKUIRE_API_KEY", KEY);
        let whoami = whoami
            .without("SSL_CERT_FILE")
            .env("SSL_CERT_DIR", &folders);
        let whoami = whoami.args(["whoami", "--backend", &fixture.backend.url()]);
        let outcome = limited(whoami, Resource::RLIMIT_NOFILE, 4).run();
        // The loader of a dynamic build needs them, too, and may find one taken.
        if outcome.code == Some(127) {
            continue;
        }
        outcome
            .exits(3)
            .complains(&format!(
                "SSL_CERT_DIR names {folders}, which can't be read: "
            ))
            .complains("this machine is out of open files (ulimit -n)\nhint: check the limits");
    }
}

#[test]
fn of_address_space() {
    // Below that, the loader of a dynamic build dies of it: not our doing.
    let least = if std::env::var_os("SEKUIRE_BIN").is_some() {
        4
    } else {
        16
    };
    let limits: Vec<rlim_t> = (least..48).step_by(2).map(|mib| mib * MIB).collect();
    try_limits(Resource::RLIMIT_AS, &limits, "memory or address space");
}

#[test]
fn of_processes() {
    for limit in 1..8 {
        let fixture = Fixture::new(TlsKind::None);
        // Limits on processes do not hold for root, and count all those of a user.
        let other = geteuid().is_root().then(|| OtherUser::new(NO_ONE));
        let sekuire = other.as_ref().map_or_else(Sekuire::new, OtherUser::sekuire);
        // By way of the environment: that user could read no file of this test's.
        let call = sekuire.env("SEKUIRE_API_KEY", KEY).args([
            "whoami",
            "--backend",
            &fixture.backend.url(),
        ]);
        let outcome = limited(call, Resource::RLIMIT_NPROC, limit).run();
        let name = format!("{limit} processes");
        assert_done_or_not_begun(&name, "processes or threads", &fixture, &outcome);
        assert!(limit > 1 || outcome.code == Some(3), "{name}: {outcome}");
    }
}

/// The libraries' own variable for the size of a stack.
#[test]
fn of_stack_by_a_variable_does_not_count() {
    for size in ["1", "0", "99999999999999", "-1", "x"] {
        let fixture = Fixture::new(TlsKind::Valid);
        let outcome = fixture.login().env("RUST_MIN_STACK", size).run();
        outcome.exits(0).complains_not();
    }
}

/// The program under strace(1), which makes the n-th call of a name fail in each thread, for every n
/// until there are no more; `make torture` does so with every call.
fn sweep(asks: Asks, call: &str, error: &str, check: impl Fn(&str, &Fixture, &Outcome)) {
    for number in 1.. {
        let Some(strace) = needs::strace() else {
            return;
        };
        let fixture = Fixture::new(TlsKind::Valid);
        let trace = fixture.home.path().join("trace");
        let arguments: &[&str] = match asks {
            Asks::Verify => &["login", "--api-key-stdin", "--backend"],
            Asks::Me => &["whoami", "--backend-url"],
        };
        let strace = match asks {
            Asks::Verify => strace.stdin(KEY.as_bytes()),
            Asks::Me => strace.env("SEKUIRE_API_KEY", KEY),
        };
        let outcome = strace
            .home(&fixture.home)
            .ca(&fixture.backend.ca_file())
            .args(["-f", "-qq", "-e", &format!("trace={call}"), "-e"])
            .arg(format!("inject={call}:error={error}:when={number}"))
            .arg("-o")
            .arg(&trace)
            .arg(binary())
            .args(arguments)
            .arg(fixture.backend.url())
            .run();
        let trace = fs::read_to_string(&trace).expect("strace's trace");
        if !trace.contains("(INJECTED)") {
            assert!(number > 1, "no {call} was seen: {outcome}");
            return;
        }
        check(
            &format!("{error} at {call} no. {number}"),
            &fixture,
            &outcome,
        );
    }
}

#[test]
fn of_memory_while_something_is_waited_for() {
    let refused = Cell::new(0);
    sweep(Asks::Me, "?poll,?ppoll", "ENOMEM", |name, _, outcome| {
        assert_no_panic(name, outcome);
        if outcome.code == Some(3) {
            outcome.complains("this machine is out of memory");
            refused.set(refused.get() + 1);
        }
    });
    assert!(refused.get() > 0 || needs::strace().is_none());
}

/// The abort that Rust makes of it is no exit status that a script could know.
#[test]
fn of_memory_at_any_moment() {
    let refused = Cell::new(0);
    sweep(Asks::Me, "mmap", "ENOMEM", |name, fixture, outcome| {
        // Some C libraries die without a word before `main`.
        let is_start = outcome.signal == Some(libc::SIGSEGV) && outcome.stderr.is_empty();
        // One call that fails is no shortage that could be noticed before: std ends the process where it is an
        // allocation of its own. Nothing has been sent then.
        let is_of_std = outcome.signal == Some(libc::SIGABRT)
            && outcome.stderr.starts_with("memory allocation of ")
            && fixture.backend.requests().is_empty();
        if is_start || is_of_std || outcome.code == Some(127) {
            return;
        }
        assert_no_panic(name, outcome);
        match outcome.code {
            Some(0) => {}
            Some(3) => {
                outcome.complains("error: ").complains("\nhint: ");
                refused.set(refused.get() + 1);
            }
            _ => panic!("{name}: {outcome}"),
        }
    });
    assert!(refused.get() > 0 || needs::strace().is_none());
}

/// What is begun is finished: another attempt is made, and nobody is told that nothing was sent.
#[test]
fn in_the_middle_of_a_request() {
    for call in ["?poll,?ppoll", "recvfrom"] {
        sweep(Asks::Verify, call, "ENOMEM", |name, fixture, outcome| {
            assert_no_panic(name, outcome);
            let is_sent = !fixture.backend.requests().is_empty();
            let denies = outcome.stderr.contains("nothing was sent");
            assert!(
                !(is_sent && denies && outcome.code != Some(0)),
                "{name}: {outcome}"
            );
            // Each thread of an attempt meets it again, and so can every attempt.
            let code = outcome.code;
            assert!(code == Some(0) || code == Some(3), "{name}: {outcome}");
        });
    }
}

/// Our own end of a connection is not the backend's, nor its failing.
#[cfg(target_os = "linux")]
#[test]
fn within_this_process_is_not_blamed_on_the_backend() {
    for call in ["dup3", "socket"] {
        sweep(Asks::Me, call, "EMFILE", |name, _, outcome| {
            assert_no_panic(name, outcome);
            assert_eq!(outcome.code, Some(3), "{name}: {outcome}");
            outcome.complains("this machine is out of open files (ulimit -n)");
        });
    }
}
