//! Networks where curl gets through: without a loopback interface that works, with IPv6 alone, with
//! addresses that are dead.

use std::path::PathBuf;
use std::time::Duration;

use crate::support::command::binary;
use crate::support::home::Home;
use crate::support::needs;
use crate::support::outcome::Outcome;

const V4: &str = "10.9.0.2:8443";
const V6: &str = "[fd00:9::2]:8443";

/// What the addresses of the backend's name are, in the lines of /etc/hosts.
const ALIVE: &str = "10.9.0.2 backend.example\n";
const ALIVE_V6: &str = "fd00:9::2 backend.example\n";
const DEAD_FIRST: &str = "10.9.0.77 backend.example\n10.9.0.2 backend.example\n";
const THREE_DEAD: &str = "fd00:9::77 backend.example\n10.9.0.76 backend.example\n\
    10.9.0.77 backend.example\n10.9.0.2 backend.example\n";

/// The development backend as a program, which `cargo test` builds beside the tests.
fn backend() -> PathBuf {
    let tests = std::env::current_exe().expect("the path of this program");
    let target = tests.ancestors().nth(2).expect("a target directory");
    target.join("examples/tools")
}

/// None: said to be skipped.
fn run(loopback: &str, address: &str, hosts: &str, options: &[&str]) -> Option<Outcome> {
    for name in ["nsenter", "ip"] {
        needs::tool(name)?;
    }
    let backend = backend();
    if !backend.exists() {
        needs::skip("needs the example backend: cargo build --example tools");
        return None;
    }
    let home = Home::new();
    let namespaces: &[&str] = if nix::unistd::geteuid().is_root() {
        &["--net", "--mount"]
    } else {
        &["--user", "--map-root-user", "--net", "--mount"]
    };
    let outcome = needs::unshare(namespaces)?
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .args(["sh", "-c", include_str!("unusual_networks.sh"), "sh"])
        .arg(binary())
        .arg(backend)
        .arg(home.path())
        .args([loopback, address, hosts])
        .args(options)
        .run();
    if outcome.code == Some(77) {
        needs::skip(&format!("loopback {loopback}: {}", outcome.stderr));
        return None;
    }
    Some(outcome)
}

#[test]
fn loopback_is_not_needed() {
    for loopback in ["down", "dropped", "rejected", "without-address"] {
        let Some(outcome) = run(loopback, V4, ALIVE, &[]) else {
            continue;
        };
        outcome.exits_with(0).stderr_is_empty();
        assert!(outcome.stdout.contains("Login successful!"), "{outcome}");
        assert!(outcome.stdout.contains("dev@example.com"), "{outcome}");
        outcome.ends_within(Duration::from_secs(6));
    }
}

/// Whoever is gone is blamed, not loopback.
#[test]
fn unreachable_host_is_named() {
    let gone = "10.9.0.77 backend.example\n";
    if let Some(outcome) = run("down", V4, gone, &["--timeout", "1"]) {
        outcome.exits_with(4).stderr_contains(
            "https://backend.example:8443: timed out while connecting (3 attempts",
        );
    }
}

#[test]
fn ipv6_alone_is_enough() {
    if let Some(outcome) = run("down", V6, ALIVE_V6, &[]) {
        outcome.exits_with(0).stderr_is_empty();
    }
}

/// RFC 8305: each dead address costs a quarter of a second, not the attempt.
#[test]
fn a_dead_address_does_not_use_up_the_attempt() {
    for (hosts, timeout) in [(DEAD_FIRST, "1"), (THREE_DEAD, "3")] {
        if let Some(outcome) = run("down", V4, hosts, &["--timeout", timeout]) {
            outcome.exits_with(0).stderr_is_empty();
            outcome.ends_within(Duration::from_secs(8));
        }
    }
}
