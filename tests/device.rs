//! The device: fingerprints, the name, and a copied auth.json noticed (SPEC.md, section 7).

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::fixtures::{auth_with, log_in, with_backend};
use crate::support::backend::{Backend, KEY};
use crate::support::command::TestCommand;
use crate::support::home::Home;
use crate::support::machine::Machine;
use crate::support::needs;
use crate::support::outcome::Outcome;

const MACHINE_ID: &str = "0123456789abcdef0123456789abcdef";
const OF_MACHINE_ID: &str = "a47803fe139a14c7ba8f594300d0997a8606f1a5929a097225d032da807454bd";
const HOST_NAME: &str = "build-7.example.org";

/// The existing client's formula.
fn of_host_name() -> String {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let digest = Sha256::digest(format!("{HOST_NAME}|{os}|{arch}"));
    let hex = |hex: String, byte| format!("{hex}{byte:02x}");
    digest.iter().fold(String::new(), hex)
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

/// A command there, without a `SEKUIRE_DEVICE_ID`; the key is at standard input.
fn on(machine: &Machine, home: &Home, backend: &Backend, arguments: &[&str]) -> Outcome {
    let run = with_backend(home, backend).without("SEKUIRE_DEVICE_ID");
    let run = run.on(machine.clone()).args(arguments);
    run.stdin(KEY.as_bytes()).run()
}

/// Name, fingerprint and its source, as `status --json` gives them.
fn device_on(machine: &Machine, home: &Home) -> [String; 3] {
    let command = TestCommand::new().home(home).args(["status", "--json"]);
    let command = command.without("SEKUIRE_DEVICE_ID").on(machine.clone());
    let report: Value = serde_json::from_str(&command.run().stdout).expect("JSON");
    let member = |name: &str| report["device"][name].as_str().expect("text").to_owned();
    ["name", "fingerprint", "fingerprint_source"].map(member)
}

/// The machine id itself is confidential (machine-id(5)).
#[test]
fn machine_id_never_leaves_the_machine() {
    let (home, backend) = (Home::new(), Backend::http());
    let Some(machine) = machine(&home, Some(MACHINE_ID), None) else {
        return;
    };
    let login = ["login", "--api-key-stdin"];
    for arguments in [&login[..], &["whoami"], &["status", "--json"]] {
        let outcome = on(&machine, &home, &backend, arguments);
        outcome.exits_with(0).never_shows(MACHINE_ID);
    }
    assert_eq!(backend.bound(KEY).as_deref(), Some(OF_MACHINE_ID));
    assert!(!home.read_auth().contains(MACHINE_ID));
    for request in backend.requests() {
        assert!(!format!("{:?}", request.headers).contains(MACHINE_ID));
        assert!(!String::from_utf8_lossy(&request.body).contains(MACHINE_ID));
    }
}

#[test]
fn copied_file_is_noticed_until_the_next_login() {
    let [first, second] = [Home::new(), Home::new()];
    let backend = Backend::http();
    log_in(&first, &backend);
    second.write_auth(&first.read_auth());
    let there = |arguments: &[&str]| {
        let run = with_backend(&second, &backend).env("SEKUIRE_DEVICE_ID", "laptop-2");
        run.args(arguments).stdin(KEY.as_bytes()).run()
    };
    let status = there(&["status"]);
    status
        .exits_with(0)
        .stderr_contains("warning: this login belongs to another device; ");
    // It shows the file's fingerprint, not this device's.
    let line = "Device Fingerprint: b225d709...\n";
    assert!(status.stdout.contains(line), "{status}");
    let quiet = there(&["status", "--quiet"]);
    quiet.exits_with(0).stdout_is("").stderr_is_empty();
    there(&["whoami"]).exits_with(1).stdout_is("");
    there(&["login", "--api-key-stdin"]).exits_with(0);
    there(&["status"]).exits_with(0).stderr_is_empty();
    there(&["whoami"]).exits_with(0).stderr_is_empty();
    with_backend(&first, &backend)
        .arg("whoami")
        .run()
        .exits_with(1);
}

/// A key that the existing client bound carries the host name's fingerprint, and keeps it.
#[test]
fn fingerprint_of_the_existing_client_is_kept_until_logout() {
    let (home, backend) = (Home::new(), Backend::http());
    let Some(machine) = machine(&home, Some(MACHINE_ID), None) else {
        return;
    };
    let by_host = of_host_name();
    let there = |arguments: &[&str]| on(&machine, &home, &backend, arguments);
    let login = ["login", "--api-key-stdin"];
    home.write_auth(&auth_with("device_fingerprint", json!(by_host)).to_string());
    there(&["status"]).exits_with(0).stderr_is_empty();
    there(&login).exits_with(0);
    assert_eq!(backend.bound(KEY).as_deref(), Some(&*by_host));
    let kept = ["build-7", &by_host, "hostname"];
    assert_eq!(device_on(&machine, &home), kept);
    // Also where the key is a variable's.
    let status = TestCommand::new().home(&home).env("SEKUIRE_API_KEY", KEY);
    let status = status.args(["status", "--get", "device.fingerprint"]);
    let status = status.without("SEKUIRE_DEVICE_ID").on(machine.clone());
    status
        .run()
        .exits_with(0)
        .stdout_is(&format!("{by_host}\n"));
    there(&["whoami"]).exits_with(0).stderr_is_empty();
    there(&["logout"]).exits_with(0);
    there(&login).exits_with(0);
    assert_eq!(backend.bound(KEY).as_deref(), Some(OF_MACHINE_ID));
    // Another device's is nothing to keep.
    home.write_auth(&auth_with("device_fingerprint", json!("0".repeat(64))).to_string());
    let own = ["build-7", OF_MACHINE_ID, "machine-id"];
    assert_eq!(device_on(&machine, &home), own);
}

#[test]
fn malformed_machine_ids_do_not_count() {
    let line = &format!("{MACHINE_ID}\n");
    let upper = &line.to_uppercase();
    let bad_digit = &line.replace('f', "g");
    let zeros = &"0".repeat(32);
    let by_host = of_host_name();
    let by_id = ["build-7", OF_MACHINE_ID, "machine-id"];
    let by_host = ["build-7", &by_host, "hostname"];
    // /etc/machine-id, and D-Bus's.
    for (etc, dbus, expected) in [
        (Some(&**line), None, by_id),
        (Some(upper), None, by_id),
        (None, Some(&**line), by_id),
        (Some(""), Some(MACHINE_ID), by_id),
        (Some("uninitialized\n"), Some(MACHINE_ID), by_id),
        (None, None, by_host),
        (Some("uninitialized\n"), None, by_host),
        (Some(zeros), None, by_host),
        (Some(bad_digit), None, by_host),
        (Some("0123456789abcdef0123456789abcde\n"), None, by_host),
        (Some("0123456789abcdef0123456789abcdef0\n"), None, by_host),
    ] {
        let home = Home::new();
        let Some(machine) = machine(&home, etc, dbus) else {
            return;
        };
        assert_eq!(device_on(&machine, &home), expected, "{etc:?} {dbus:?}");
    }
}

#[test]
fn fingerprint_that_follows_the_host_name_is_a_warning() {
    let (home, backend) = (Home::new(), Backend::http());
    let Some(nameless) = machine(&home, None, None) else {
        return;
    };
    let login = on(&nameless, &home, &backend, &["login", "--api-key-stdin"]);
    login.exits_with(0).stderr_contains("follows the host name");
    login.stderr_contains("SEKUIRE_DEVICE_ID");
    assert!(login.stdout.contains("\nDevice: build-7\n"), "{login}");
    assert_eq!(backend.bound(KEY), Some(of_host_name()));
    let doctor = on(&nameless, &home, &backend, &["doctor"]);
    for part in ["warning  device: build-7", "follows the host name"] {
        assert!(doctor.stdout.contains(part), "{doctor}");
    }
    // Kept on a machine that has an id by now.
    let named = machine(&home, Some(MACHINE_ID), None).expect("a machine, as before");
    let status = on(&named, &home, &backend, &["status"]);
    status.exits_with(0).stderr_is_empty();
}
