//! Too little of what a request needs: an error of this machine that says what is lacking, noticed before
//! anything is sent. Never a crash.

use std::fs;

use nix::libc::rlim_t;
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::geteuid;

use super::{Asks, BOTH, Behaviour, Fixture, KEY, OLD_AUTH, assert_no_panic, in_parallel};
use crate::support::backend::TlsKind;
use crate::support::command::{TestCommand, binary};
use crate::support::needs;
use crate::support::other_user::{NO_ONE, OtherUser};
use crate::support::outcome::Outcome;

fn limited(call: TestCommand, resource: Resource, limit: rlim_t) -> TestCommand {
    call.before_exec(move || Ok(setrlimit(resource, limit, limit)?))
}

/// Whether it was done; else exit status 3 says so, with nothing sent. 127 is the loader of a dynamic build.
#[track_caller]
fn is_done(name: &str, what: &str, fixture: &Fixture, outcome: &Outcome) -> bool {
    assert_no_panic(name, outcome);
    match outcome.code {
        Some(0) => return true,
        Some(3) => drop(
            outcome
                .stderr_contains(what)
                .stderr_contains("\nhint: check the limits"),
        ),
        Some(127) => drop(outcome.stderr_contains("shared")),
        _ => panic!("{name}: {outcome}"),
    }
    assert_eq!(fixture.backend.requests().len(), 0, "{name}: {outcome}");
    assert_eq!(fixture.home.read_auth(), OLD_AUTH, "{name}: {outcome}");
    false
}

#[test]
fn too_few_descriptors_are_named() {
    for (kind, asks) in BOTH.into_iter().zip([Asks::Verify, Asks::Me]) {
        let mut done = Vec::new();
        for limit in 4..16 {
            let fixture = Fixture::new(kind);
            let outcome = limited(fixture.ask(asks), Resource::RLIMIT_NOFILE, limit).run();
            let name = format!("{limit} open files, {kind:?}, {asks:?}");
            done.push(is_done(&name, "open files (ulimit -n)", &fixture, &outcome));
        }
        assert!(done.contains(&true) && done.contains(&false), "{done:?}");
    }
}

/// A name that is looked up takes a thread.
#[test]
fn too_few_processes_are_named() {
    let fixture = Fixture::new(TlsKind::None);
    // Limits on processes do not hold for root, and count all those of a user.
    let other = geteuid().is_root().then(|| OtherUser::new(NO_ONE));
    let sekuire = other
        .as_ref()
        .map_or_else(TestCommand::new, OtherUser::sekuire);
    let url = "https://no-such-host.invalid";
    let call = sekuire
        .env("SEKUIRE_API_KEY", KEY)
        .args(["whoami", "--backend", url]);
    let outcome = limited(call, Resource::RLIMIT_NPROC, 1).run();
    outcome.stderr_contains(&format!(
        "error: can't ask {url}: this machine is out of processes or threads"
    ));
    assert!(!is_done("1 process", "threads", &fixture, &outcome));
}

/// What comes without end, and what is said of it: it is not kept.
const ENDLESS: [(&str, &str, &str); 5] = [
    ("HTTP/1.1 200 ", "K", "sent an answer without end"),
    (
        "HTTP/1.1 200 OK\r\n",
        "X: y\r\n",
        "sent an answer without end",
    ),
    ("HTTP/1.1 200 OK\r\n\r\n", " ", "more than 64 KiB"),
    (CHUNKED, "4\r\n    \r\n", "more than 64 KiB"),
    (TRAILERS, "X: y\r\n", "more than 64 KiB"),
];

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const TRAILERS: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n";

#[test]
fn an_endless_answer_takes_little_memory() {
    in_parallel(ENDLESS.to_vec(), |(start, piece, says)| {
        let fixture = Fixture::new(TlsKind::Valid);
        fixture.backend.behave(Behaviour::Endless(start, piece));
        let outcome = limited(fixture.whoami(), Resource::RLIMIT_DATA, 16 << 20).run();
        outcome.exits_with(4).stderr_contains(says);
        fixture.assert_clean_failure(start, &outcome);
    });
}

/// The program under strace(1), which makes the n-th call of a name fail, for every n until there are no more
/// (`make faults` does so with every call): our own end of a conversation is not the backend's failing.
#[test]
fn failing_system_call_is_an_error_of_this_machine() {
    let calls = [
        "socket EMFILE",
        "socketpair EMFILE",
        "dup2 EMFILE",
        "recvfrom ENOMEM",
    ];
    in_parallel(calls.to_vec(), |case| {
        let (call, error) = case.split_once(' ').expect("two words");
        for number in 1.. {
            let Some(strace) = needs::strace() else {
                return;
            };
            let fixture = Fixture::new(TlsKind::Valid);
            let trace = fixture.home.path().join("trace");
            let inject = format!("inject=?{call}:error={error}:when={number}");
            let strace = strace.home(&fixture.home).ca(&fixture.backend.ca_file());
            let strace = strace
                .env("SEKUIRE_API_KEY", KEY)
                .args(["-f", "-qq", "-e", &inject, "-o"]);
            let whoami = strace
                .arg(&trace)
                .arg(binary())
                .args(["whoami", "--backend-url"]);
            let outcome = whoami.arg(fixture.backend.url()).run();
            let name = format!("{case} no. {number}");
            assert_no_panic(&name, &outcome);
            let trace = fs::read_to_string(trace).expect("strace's trace");
            if !trace.contains("(INJECTED)") {
                // Of dup2(2) there is none on some processors, where it is dup3(2).
                assert!(number > 1 || call == "dup2", "no {call}: {outcome}");
                return;
            }
            // What minreq makes of the answer to a request that is being encoded does not matter.
            if call != "recvfrom" || outcome.code != Some(0) {
                outcome
                    .exits_with(3)
                    .stderr_contains("this machine is out of ");
            }
        }
    });
}
