//! The existing client, `sekuire-cli` 0.2.11 of crates.io, in the same home: each reads what the other wrote.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Report, User};
use crate::support::backend::{Backend, KEY};
use crate::support::command::Sekuire;
use crate::support::needs;

pub(super) fn check(report: &mut Report) {
    let Some(program) = built() else {
        needs::skip("sekuire-cli is not built: make sekuire-cli builds it, in two minutes");
        return;
    };
    let backend = Backend::https();
    let url = backend.origin_localhost();
    // Of this machine, not of a test's identity.
    let user = || User::new(&url, &backend.ca_file(), ("SEKUIRE_DEVICE_ID", ""));
    report.check("sekuire-cli logs in, then we: the file is private", || {
        let user = user();
        login(&program, &user);
        let status = user.run(&["status"]);
        status.exits(0).complains("chmod 600");
        assert!(status.stdout.contains("Workspace: ws_abc123"), "{status}");
        user.run(&["whoami", "--backend", &url]).exits(0);
        user.login().exits(0);
        assert_eq!(mode(&user), 0o600);
        works(&program, &user);
    });
    report.check(
        "we log in, then sekuire-cli: the file stays private",
        || {
            let user = user();
            user.login().exits(0);
            works(&program, &user);
            login(&program, &user);
            assert_eq!(mode(&user), 0o600);
            user.run(&["status"]).exits(0).complains_not();
            user.run(&["whoami", "--backend", &url]).exits(0);
        },
    );
    report.check("each logs out of the other's login", || {
        let user = user();
        login(&program, &user);
        user.run(&["logout"]).exits(0);
        assert!(user.home.listing().is_empty(), "{:?}", user.home.listing());
        user.login().exits(0);
        let logout = user.dress(Sekuire::at(&program)).arg("logout");
        logout.run().exits(0);
        user.run(&["status"]).exits(1);
    });
}

/// Where `make sekuire-cli` leaves it.
fn built() -> Option<PathBuf> {
    let example = env::current_exe().ok()?;
    let program = example.ancestors().nth(3)?.join("foreign/bin/sekuire");
    program.is_file().then_some(program)
}

/// It asks a terminal only.
fn login(program: &Path, user: &User) {
    let login = user.dress(Sekuire::at(program));
    let mut terminal = login.args(["login", "--backend", &user.url]).pty();
    terminal.wait_for("Enter your API Key");
    terminal.send(format!("{KEY}\r").as_bytes());
    terminal.finish().exits(0);
}

/// It reads the file, and the backend takes what it says.
fn works(program: &Path, user: &User) {
    let existing = |arguments: &[&str]| user.dress(Sekuire::at(program)).args(arguments).run();
    let status = existing(&["auth", "status"]);
    assert!(status.stdout.contains("Workspace: ws_abc123"), "{status}");
    let whoami = existing(&["auth", "whoami", "--backend-url", &user.url]);
    assert!(whoami.stdout.contains("Email: dev@example.com"), "{whoami}");
}

fn mode(user: &User) -> u32 {
    let metadata = fs::metadata(user.home.auth_json()).expect("auth.json");
    metadata.permissions().mode() & 0o777
}
