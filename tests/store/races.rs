//! Several processes at one auth.json.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use super::{
    OLD, OLD_KEY, PATIENCE, STRAY, holds, login, login_under, login_with, strace, wait_until,
};
use crate::support::backend::{ApiKey, Backend, KEY};
use crate::support::command::{Running, TestCommand};
use crate::support::home::Home;

const OTHER_KEY: &str = "sk_test_another1key2of3the4same5user";

#[test]
fn many_logins_leave_one_whole_file_and_readers_never_miss_it() {
    let backend = Backend::http();
    backend.add_key(ApiKey::new(OTHER_KEY));
    let home = Home::new();
    home.write_auth(OLD);
    race(&home, false, |number| {
        login_with([KEY, OTHER_KEY][number % 2], &home, &backend)
    });
    assert_eq!(home.listing(), ["auth.json"]);
}

#[test]
fn logins_against_logouts_leave_a_whole_file_or_none() {
    let backend = Backend::http();
    let home = Home::new();
    home.write_auth(OLD);
    race(&home, true, |number| match number % 2 {
        0 => login(&home, &backend),
        _ => TestCommand::new().home(&home).arg("logout"),
    });
    let listing = home.listing();
    assert!(
        listing.is_empty() || listing == ["auth.json"],
        "{listing:?}"
    );
}

/// Runs sixteen commands at once while a reader looks at auth.json, which it `may_miss`.
fn race(home: &Home, may_miss: bool, command: impl Fn(usize) -> TestCommand) {
    let done = AtomicBool::new(false);
    let reads = thread::scope(|scope| {
        let reader = scope.spawn(|| read_until(&done, home, may_miss));
        let mut runs: Vec<Running> = (0..16).map(|number| command(number).spawn()).collect();
        let outcomes: Vec<_> = runs.iter_mut().map(Running::outcome).collect();
        done.store(true, Ordering::SeqCst);
        for outcome in outcomes {
            outcome.expect("it ends").exits_with(0);
        }
        reader.join().unwrap()
    });
    assert!(reads > 100, "the reader hardly read");
}

#[test]
fn first_logins_at_once_share_the_folder_that_one_of_them_makes() {
    let backend = Backend::http();
    for folder in [".sekuire", "named/folder", "named/again"] {
        let home = Home::new();
        let folder = home.path().join(folder);
        let log_in = || login(&home, &backend).env("SEKUIRE_CONFIG_DIR", &folder);
        let mut logins: Vec<Running> = (0..8).map(|_| log_in().spawn()).collect();
        for login in &mut logins {
            login.finish().exits_with(0);
        }
        assert!(folder.join("auth.json").is_file());
    }
}

/// Reads as fast as it can, and fails at the first torn or, unless it `may_miss`, missing file.
fn read_until(done: &AtomicBool, home: &Home, may_miss: bool) -> usize {
    let mut reads = 0;
    while !done.load(Ordering::SeqCst) {
        match fs::read(home.auth_json()) {
            Ok(content) => {
                let is_whole = [KEY, OTHER_KEY, OLD_KEY]
                    .iter()
                    .any(|key| holds(&content, key));
                assert!(is_whole, "torn: {}", String::from_utf8_lossy(&content));
            }
            Err(error) => {
                let is_missing = error.kind() == io::ErrorKind::NotFound;
                assert!(may_miss && is_missing, "auth.json can't be read: {error}");
            }
        }
        reads += 1;
    }
    reads
}

/// strace holds the login back where its file is to be removed, after the trial, or renamed, and a
/// logout sweeps the file meanwhile.
#[test]
fn a_login_whose_temporary_file_is_swept_saves_once_more() {
    let backend = Backend::http();
    for (call, requests) in [
        ("?unlink,?unlinkat", 0),
        ("?rename,?renameat,?renameat2", 2),
    ] {
        let home = Home::new();
        home.write_auth(OLD);
        let injection = format!("inject={call}:delay_enter=3000000:when=1");
        let Some(login) = login_under(&injection, &home, &backend) else {
            return;
        };
        let before = backend.requests().len();
        let mut login = login.spawn();
        assert!(backend.wait_for_requests(before + requests, PATIENCE));
        wait_until(|| home.listing().len() == 2);
        TestCommand::new()
            .home(&home)
            .arg("logout")
            .run()
            .exits_with(0);
        assert_eq!(home.listing(), [""; 0], "{call}");
        login.finish().exits_with(0);
        assert_eq!(home.listing(), ["auth.json"], "{call}");
        assert!(holds(home.read_auth().as_bytes(), KEY), "{call}");
    }
}

/// A younger one may be that of a login under way.
#[test]
fn a_login_sweeps_temporary_files_that_are_older_than_an_hour_and_a_logout_all() {
    let backend = Backend::http();
    let home = Home::new();
    home.write_auth(OLD);
    let other_stray = STRAY.replace('0', "f");
    let not_ours = ".auth.json.notours.tmp";
    for (name, minutes) in [(STRAY, 59), (&other_stray, 61), (not_ours, 61)] {
        let stray = File::create(home.sekuire_dir().join(name)).unwrap();
        let age = Duration::from_secs(minutes * 60);
        stray.set_modified(SystemTime::now() - age).unwrap();
    }
    login(&home, &backend).run().exits_with(0);
    assert_eq!(home.listing(), [STRAY, not_ours, "auth.json"]);
    // Also where nobody is logged in.
    fs::remove_file(home.auth_json()).unwrap();
    TestCommand::new()
        .home(&home)
        .arg("logout")
        .run()
        .exits_with(0);
    assert_eq!(home.listing(), [not_ours]);
}

#[test]
fn a_stray_file_that_cannot_go_keeps_no_other() {
    let home = Home::new();
    home.write_auth(OLD);
    for digit in ["1", "e", "f"] {
        let stray = home.sekuire_dir().join(STRAY.replace('0', digit));
        fs::write(stray, OLD).unwrap();
    }
    let injection = "inject=?unlink,?unlinkat:error=EPERM:when=1";
    let Some(strace) = strace(&home, Path::new("/dev/null"), &["-e", injection]) else {
        return;
    };
    let outcome = strace.arg("logout").run();
    outcome.exits_with(3).stderr_contains("remove it by hand");
    assert_eq!(home.listing().len(), 1, "{:?}", home.listing());
    assert!(!home.auth_json().exists());
}
