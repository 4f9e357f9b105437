//! The device: fingerprints, the name, and a copied auth.json noticed (SPEC.md, section 7).

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::fixtures::{FINGERPRINT, auth_with, log_in, with_backend};
use crate::support::backend::{Backend, KEY};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::machine::Machine;
use crate::support::needs;

const MACHINE_ID: &str = "0123456789abcdef0123456789abcdef";
const OF_MACHINE_ID: &str = "a47803fe139a14c7ba8f594300d0997a8606f1a5929a097225d032da807454bd";
const HOST_NAME: &str = "build-7.example.org";

const WARNING: &str = "warning: this login belongs to another device; \
                       if you logged in with SEKUIRE_DEVICE_ID, set it, else run: sekuire login";

/// What `status --json` says of the device without a `SEKUIRE_DEVICE_ID`.
fn device_on(machine: Machine, home: &Home) -> Value {
    let command = Sekuire::new().home(home).args(["status", "--json"]);
    let outcome = command.without("SEKUIRE_DEVICE_ID").on(machine).run();
    let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    report.get("device").expect("a device").clone()
}

fn member<'a>(device: &'a Value, name: &str) -> &'a str {
    device.get(name).and_then(Value::as_str).unwrap_or("none")
}

/// The machine id itself is confidential (machine-id(5)).
#[test]
fn the_machine_id_never_leaves_the_machine() {
    let backend = Backend::http();
    let home = Home::new();
    let Some(machine) = machine(&home, Some(MACHINE_ID), None) else {
        return;
    };
    for arguments in [
        &["login", "--api-key-stdin"][..],
        &["whoami"],
        &["status", "--json"],
    ] {
        with_backend(&home, &backend)
            .without("SEKUIRE_DEVICE_ID")
            .on(machine.clone())
            .args(arguments)
            .stdin(KEY.as_bytes())
            .run()
            .exits(0)
            .hides(MACHINE_ID);
    }
    assert_eq!(backend.bound(KEY).as_deref(), Some(OF_MACHINE_ID));
    assert!(!home.read_auth().contains(MACHINE_ID));
    for request in backend.requests() {
        assert!(!format!("{:?}", request.headers).contains(MACHINE_ID));
        assert!(!String::from_utf8_lossy(&request.body).contains(MACHINE_ID));
    }
}

#[test]
fn a_copied_file_is_noticed() {
    let backend = Backend::http();
    let first = Home::new();
    log_in(&first, &backend);
    let second = Home::new();
    second.write_auth(&first.read_auth());
    let there = |arguments: &[&str]| {
        with_backend(&second, &backend)
            .env("SEKUIRE_DEVICE_ID", "laptop-2")
            .args(arguments)
    };
    let status = there(&["status"]).run();
    // It shows the file's fingerprint, not this device's.
    status
        .exits(0)
        .complains(&format!("{WARNING} --backend {}\n", backend.url()));
    assert!(
        status.stdout.contains("Device Fingerprint: b225d709...\n"),
        "{status}"
    );
    there(&["status", "--quiet"])
        .run()
        .exits(0)
        .prints("")
        .complains_not();
    there(&["whoami"]).run().exits(1).prints("");
    let report = there(&["status", "--json"]).run();
    let report: Value = serde_json::from_str(&report.stdout).expect("JSON");
    assert_eq!(report.pointer("/device/matches"), Some(&json!(false)));
    assert_eq!(
        report.pointer("/device/bound_fingerprint"),
        Some(&json!(FINGERPRINT))
    );
    there(&["login", "--api-key-stdin"])
        .stdin(KEY.as_bytes())
        .run()
        .exits(0);
    there(&["status"]).run().exits(0).complains_not();
    there(&["whoami"]).run().exits(0).complains_not();
    with_backend(&first, &backend).arg("whoami").run().exits(1);
}

/// The existing client's formula.
fn of_host_name() -> String {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let digest = Sha256::digest(format!("{HOST_NAME}|{os}|{arch}"));
    digest
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// A key that the existing client bound carries the host name's fingerprint, and keeps it.
#[test]
fn the_existing_clients_fingerprint_is_kept_until_logout() {
    let backend = Backend::http();
    let home = Home::new();
    let Some(machine) = machine(&home, Some(MACHINE_ID), None) else {
        return;
    };
    let by_host = of_host_name();
    let there = |arguments: &[&str]| {
        let run = with_backend(&home, &backend).without("SEKUIRE_DEVICE_ID");
        let run = run.on(machine.clone()).args(arguments);
        run.stdin(KEY.as_bytes()).run()
    };
    home.write_auth(&auth_with("device_fingerprint", json!(by_host)).to_string());
    there(&["status"]).exits(0).complains_not();
    there(&["login", "--api-key-stdin"]).exits(0);
    assert_eq!(backend.bound(KEY).as_deref(), Some(by_host.as_str()));
    let device = device_on(machine.clone(), &home);
    assert_eq!(member(&device, "fingerprint"), by_host);
    assert_eq!(member(&device, "fingerprint_source"), "hostname");
    there(&["whoami"]).exits(0).complains_not();
    there(&["logout"]).exits(0);
    there(&["login", "--api-key-stdin"]).exits(0);
    assert_eq!(backend.bound(KEY).as_deref(), Some(OF_MACHINE_ID));
    // Another device's is nothing to keep.
    home.write_auth(&auth_with("device_fingerprint", json!("0".repeat(64))).to_string());
    let device = device_on(machine, &home);
    assert_eq!(member(&device, "fingerprint"), OF_MACHINE_ID);
}

/// A machine of this name and these machine ids; what lies in /etc beside is none of its business.
fn machine(home: &Home, machine_id: Option<&str>, dbus_id: Option<&str>) -> Option<Machine> {
    let mut machine = needs::machine()?.host_name(HOST_NAME);
    // The folder of D-Bus need not exist.
    let dbus = Path::new("/var/lib/dbus");
    let (dbus, below) = if dbus.is_dir() {
        (dbus, "")
    } else {
        (Path::new("/var/lib"), "dbus")
    };
    for (target, below, id) in [(Path::new("/etc"), "", machine_id), (dbus, below, dbus_id)] {
        let source = home.path().join(target.file_name().expect("a name"));
        fs::create_dir_all(source.join(below)).expect("a folder");
        let file = source.join(below).join("machine-id");
        match id {
            Some(id) => fs::write(file, id).expect("a machine id"),
            None => drop(fs::remove_file(file)),
        }
        machine = machine.mount(&source, target);
    }
    Some(machine)
}

#[test]
fn machine_ids_that_count_and_those_that_do_not() {
    let line = &format!("{MACHINE_ID}\n");
    let upper = &line.to_uppercase();
    let bad_digit = &line.replace('f', "g");
    let zeros = &"0".repeat(32);
    // /etc/machine-id, D-Bus's, and whether one of them counts.
    for (etc, dbus, counts) in [
        (Some(&**line), None, true),
        (Some(upper), None, true),
        (None, Some(&**line), true),
        (Some(""), Some(MACHINE_ID), true),
        (Some("uninitialized\n"), Some(MACHINE_ID), true),
        (None, None, false),
        (Some("uninitialized\n"), None, false),
        (Some(zeros), None, false),
        (Some(bad_digit), None, false),
        (Some("0123456789abcdef0123456789abcde\n"), None, false),
        (Some("0123456789abcdef0123456789abcdef0\n"), None, false),
    ] {
        let home = Home::new();
        let Some(machine) = machine(&home, etc, dbus) else {
            return;
        };
        let device = device_on(machine, &home);
        let (fingerprint, source) = if counts {
            (OF_MACHINE_ID.to_owned(), "machine-id")
        } else {
            (of_host_name(), "hostname")
        };
        assert_eq!(
            member(&device, "fingerprint"),
            fingerprint,
            "{etc:?} {dbus:?}"
        );
        assert_eq!(
            member(&device, "fingerprint_source"),
            source,
            "{etc:?} {dbus:?}"
        );
        assert_eq!(member(&device, "name"), "build-7", "{etc:?}");
    }
}

#[test]
fn login_warns_that_a_fingerprint_follows_the_host_name() {
    let backend = Backend::http();
    let home = Home::new();
    let there = |machine: Machine, arguments: &[&str]| {
        let run = with_backend(&home, &backend).without("SEKUIRE_DEVICE_ID");
        run.on(machine).args(arguments).stdin(KEY.as_bytes()).run()
    };
    let Some(nameless) = machine(&home, None, None) else {
        return;
    };
    let login = there(nameless.clone(), &["login", "--api-key-stdin"]);
    login
        .exits(0)
        .complains("follows the host name")
        .complains("SEKUIRE_DEVICE_ID");
    assert!(login.stdout.contains("\nDevice: build-7\n"), "{login}");
    assert_eq!(backend.bound(KEY), Some(of_host_name()));
    let doctor = there(nameless, &["doctor"]);
    assert!(
        doctor.stdout.contains("warning  device: build-7"),
        "{doctor}"
    );
    assert!(doctor.stdout.contains("follows the host name"), "{doctor}");
    // Kept on a machine that has an id by now.
    let named = machine(&home, Some(MACHINE_ID), None).expect("a machine, as before");
    there(named, &["status"]).exits(0).complains_not();
}
