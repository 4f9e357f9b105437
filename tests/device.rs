//! The device: fingerprints, the name, and a copied auth.json noticed (SPEC.md, section 7).

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::fixtures::{auth_with, has_tool, host_name, log_in, skipped, with_backend};
use crate::support::backend::{Backend, KEY};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;

const OF_RUNNER_1: &str = "b225d7090cabd38227579da53951772b66c6d8db28cdad668ce79ee26f733b1d";
const MACHINE_ID: &str = "0123456789abcdef0123456789abcdef";
const OF_MACHINE_ID: &str = "a47803fe139a14c7ba8f594300d0997a8606f1a5929a097225d032da807454bd";
const HOST_NAME: &str = "build-7.example.org";
const OF_HOST_NAME: &str = "cfa74540d04fdbb51fb97c0681e302622c6fde1696993719013478bbf72dcc85";

const WARNING: &str = "warning: the key is bound to another device";

fn device(home: &Home, id: Option<&str>) -> Value {
    let mut command = Sekuire::new().home(home).args(["status", "--json"]);
    if let Some(id) = id {
        command = command.env("SEKUIRE_DEVICE_ID", id);
    }
    let outcome = command.run();
    let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    report.get("device").expect("a device").clone()
}

fn member<'a>(device: &'a Value, name: &str) -> &'a str {
    device.get(name).and_then(Value::as_str).unwrap_or("none")
}

#[test]
fn the_device_id_is_fingerprinted() {
    let home = Home::new();
    let device = device(&home, Some("runner-1"));
    assert_eq!(member(&device, "fingerprint"), OF_RUNNER_1);
    assert_eq!(member(&device, "fingerprint_source"), "SEKUIRE_DEVICE_ID");
}

/// Its bytes count, whatever they are; empty means unset.
#[test]
fn any_device_id_gives_a_fingerprint_of_its_own() {
    let home = Home::new();
    let mut seen = vec![member(&device(&home, None), "fingerprint").to_owned()];
    assert_eq!(member(&device(&home, Some("")), "fingerprint"), seen[0]);
    for id in ["a", "A", " a", "ä", "\x1b[2J", &"x".repeat(5000)] {
        let device = device(&home, Some(id));
        let fingerprint = member(&device, "fingerprint").to_owned();
        assert_eq!(fingerprint.len(), 64, "{id:?}");
        assert!(!seen.contains(&fingerprint), "{id:?}");
        seen.push(fingerprint);
    }
}

#[test]
fn the_name_is_the_host_name_up_to_the_first_dot() {
    let device = device(&Home::new(), None);
    let whole = host_name();
    assert_eq!(Some(member(&device, "name")), whole.split('.').next());
    assert_eq!(member(&device, "os"), std::env::consts::OS);
}

/// The machine id itself is confidential (machine-id(5)).
#[test]
fn the_machine_id_never_leaves_the_machine() {
    let Ok(id) = fs::read_to_string("/etc/machine-id") else {
        skipped(
            "the_machine_id_never_leaves_the_machine",
            "there is no /etc/machine-id",
        );
        return;
    };
    let id = id.trim();
    let backend = Backend::http();
    let home = Home::new();
    let login = Sekuire::new()
        .home(&home)
        .args(["login", "--api-key-stdin", "--backend", &backend.url()])
        .stdin(KEY.as_bytes())
        .run();
    login.exits(0).hides(id);
    Sekuire::new()
        .home(&home)
        .arg("whoami")
        .run()
        .exits(0)
        .hides(id);
    Sekuire::new()
        .home(&home)
        .args(["status", "--json"])
        .run()
        .exits(0)
        .hides(id);
    assert!(!home.read_auth().contains(id));
    for request in backend.requests() {
        assert!(!format!("{:?}", request.headers).contains(id));
        assert!(!String::from_utf8_lossy(&request.body).contains(id));
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
        .complains(WARNING)
        .complains("sekuire login");
    assert!(
        status.stdout.contains("Device Fingerprint: b225d709...\n"),
        "{status}"
    );
    there(&["status", "--quiet"])
        .run()
        .exits(0)
        .prints("")
        .complains_not();
    there(&["whoami"])
        .run()
        .exits(1)
        .prints("")
        .complains(WARNING);
    let report = there(&["status", "--json"]).run();
    let report: Value = serde_json::from_str(&report.stdout).expect("JSON");
    assert_eq!(report.pointer("/device/matches"), Some(&json!(false)));
    assert_eq!(
        report.pointer("/device/bound_fingerprint"),
        Some(&json!(OF_RUNNER_1))
    );
    there(&["login", "--api-key-stdin"])
        .stdin(KEY.as_bytes())
        .run()
        .exits(0);
    there(&["status"]).run().exits(0).complains_not();
    there(&["whoami"]).run().exits(0).complains_not();
    with_backend(&first, &backend).arg("whoami").run().exits(1);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A key that the existing client bound carries the host name's fingerprint, and keeps it.
#[test]
fn the_existing_clients_fingerprint_is_kept_until_logout() {
    let backend = Backend::http();
    let home = Home::new();
    let formula = format!(
        "{}|{}|{}",
        host_name(),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    let by_host = hex(&Sha256::digest(formula.as_bytes()));
    home.write_auth(&auth_with("device_fingerprint", json!(by_host)).to_string());
    let here = |arguments: &[&str]| {
        Sekuire::new()
            .home(&home)
            .env("SEKUIRE_BACKEND_URL", backend.url())
            .args(arguments)
    };
    here(&["status"]).run().exits(0).complains_not();
    here(&["login", "--api-key-stdin"])
        .stdin(KEY.as_bytes())
        .run()
        .exits(0);
    assert_eq!(backend.bound(KEY).as_deref(), Some(by_host.as_str()));
    let device = device(&home, None);
    assert_eq!(member(&device, "fingerprint"), by_host);
    assert_eq!(member(&device, "fingerprint_source"), "hostname");
    here(&["whoami"]).run().exits(0).complains_not();
    here(&["logout"]).run().exits(0);
    here(&["login", "--api-key-stdin"])
        .stdin(KEY.as_bytes())
        .run()
        .exits(0);
    if Path::new("/etc/machine-id").exists() {
        assert_ne!(backend.bound(KEY).as_deref(), Some(by_host.as_str()));
    }
}

/// Runs a script in which the program is `$1`, on a machine of this name with this machine id (none:
/// an empty file), in namespaces of its own: unshare(1).
fn on_machine(
    test: &str,
    home: &Home,
    machine_id: &str,
    dbus_id: &str,
    script: &str,
) -> Option<Output> {
    if !nix::unistd::geteuid().is_root() {
        skipped(test, "needs root for unshare(1)");
        return None;
    }
    if !has_tool(test, "unshare") {
        return None;
    }
    let [etc, dbus] = [("etc-id", machine_id), ("dbus-id", dbus_id)].map(|(name, id)| {
        let path = home.path().join(name);
        fs::write(&path, id).expect("a machine id");
        path
    });
    // A tmpfs over /var/lib, for the folder below it need not exist. 77: this can't be had here.
    let prelude = format!(
        "hostname() {{ printf '%s' \"$1\" > /proc/sys/kernel/hostname; }}; hostname {HOST_NAME}; \
         cp \"$3\" \"$3.d\"; [ -e /etc/machine-id ] || exit 77; mount --bind \"$2\" /etc/machine-id || exit 77; \
         mount -t tmpfs none /var/lib || exit 77; mkdir -p /var/lib/dbus; cp \"$3.d\" /var/lib/dbus/machine-id; "
    );
    let output = Command::new("unshare")
        .args(["--uts", "--mount", "sh", "-c", &(prelude + script), "sh"])
        .arg(binary())
        .args([&etc, &dbus])
        .env("HOME", home.path())
        .env_remove("SEKUIRE_DEVICE_ID")
        .output()
        .expect("unshare");
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) || stderr.contains("unshare failed") {
        skipped(
            test,
            stderr
                .lines()
                .next()
                .unwrap_or("there is no /etc/machine-id to mount over"),
        );
        return None;
    }
    Some(output)
}

#[test]
fn machine_ids_that_count_and_those_that_do_not() {
    let cases: &[(&str, &str, &str, &str)] = &[
        (MACHINE_ID, "", OF_MACHINE_ID, "machine-id"),
        (
            "0123456789abcdef0123456789abcdef\n",
            "",
            OF_MACHINE_ID,
            "machine-id",
        ),
        (
            "0123456789ABCDEF0123456789ABCDEF\n",
            "",
            OF_MACHINE_ID,
            "machine-id",
        ),
        (
            "",
            "0123456789abcdef0123456789abcdef\n",
            OF_MACHINE_ID,
            "machine-id",
        ),
        ("uninitialized\n", MACHINE_ID, OF_MACHINE_ID, "machine-id"),
        ("", "", OF_HOST_NAME, "hostname"),
        ("uninitialized\n", "", OF_HOST_NAME, "hostname"),
        (
            "00000000000000000000000000000000\n",
            "",
            OF_HOST_NAME,
            "hostname",
        ),
        (
            "0123456789abcdef0123456789abcdeg\n",
            "",
            OF_HOST_NAME,
            "hostname",
        ),
        (
            "0123456789abcdef0123456789abcde\n",
            "",
            OF_HOST_NAME,
            "hostname",
        ),
        (
            "0123456789abcdef0123456789abcdef0\n",
            "",
            OF_HOST_NAME,
            "hostname",
        ),
        ("\u{0}\u{1b}[2J", "", OF_HOST_NAME, "hostname"),
    ];
    for (etc, dbus, fingerprint, source) in cases {
        let home = Home::new();
        let Some(output) = on_machine(
            "machine_ids_that_count_and_those_that_do_not",
            &home,
            etc,
            dbus,
            "\"$1\" status --json",
        ) else {
            return;
        };
        let stdout = String::from_utf8_lossy(&output.stdout);
        let report: Value = serde_json::from_str(&stdout)
            .unwrap_or_else(|error| panic!("{etc:?}: {error}: {output:?}"));
        let device = report.get("device").expect("a device");
        if *source == "machine-id" || std::env::consts::ARCH == "x86_64" {
            assert_eq!(
                member(device, "fingerprint"),
                *fingerprint,
                "{etc:?} {dbus:?}"
            );
        }
        assert_eq!(
            member(device, "fingerprint_source"),
            *source,
            "{etc:?} {dbus:?}"
        );
        assert_eq!(member(device, "name"), "build-7", "{etc:?}");
    }
}

#[test]
fn login_warns_that_a_fingerprint_follows_the_host_name() {
    let test = "login_warns_that_a_fingerprint_follows_the_host_name";
    let backend = Backend::http();
    let home = Home::new();
    // Loopback is still there: the network's namespace is shared.
    let script = format!(
        "echo {KEY} | \"$1\" login --api-key-stdin --backend {}",
        backend.url()
    );
    let Some(output) = on_machine(test, &home, "", "", &script) else {
        return;
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(
        stderr.contains("follows the host name") && stderr.contains("SEKUIRE_DEVICE_ID"),
        "{stderr}"
    );
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("\nDevice: build-7\n"),
        "{output:?}"
    );
    if std::env::consts::ARCH == "x86_64" {
        assert_eq!(backend.bound(KEY).as_deref(), Some(OF_HOST_NAME));
    }
    let Some(output) = on_machine(test, &home, MACHINE_ID, "", "\"$1\" status") else {
        return;
    };
    assert!(
        output.stderr.is_empty(),
        "kept on a machine that has an id by now: {output:?}"
    );
}
