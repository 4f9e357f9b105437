//! Too little of what a request needs: an error of this machine that says what is lacking, noticed
//! before anything is sent, so that no binding is wasted. Never a crash.

use nix::libc::rlim_t;
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::geteuid;

use super::{Asks, BOTH, Fixture, KEY, OLD_AUTH, SLACK, assert_no_panic};
use crate::support::backend::TlsKind;
use crate::support::command::Sekuire;
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
