//! Several processes at one auth.json.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{LOCK, OLD, OLD_KEY, STRAY, holds, lock, login, login_with};
use crate::support::backend::{ApiKey, Backend, KEY};
use crate::support::command::{Running, Sekuire, binary};
use crate::support::home::Home;
use crate::support::needs;

const OTHER_KEY: &str = "sk_test_another1key2of3the4same5user";

#[test]
fn many_logins_leave_one_whole_file_and_readers_never_see_another() {
    let backend = Backend::http();
    backend.add_key(ApiKey::new(OTHER_KEY));
    let home = Home::new();
    home.write_auth(OLD);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers = [(); 2].map(|()| scope.spawn(|| read_until(&done, &home, false)));
        let reading = Readers(&done);
        let mut logins: Vec<Running> = (0..16)
            .map(|number| {
                let key = [KEY, OTHER_KEY][number % 2];
                login_with(key, &home, &backend).spawn()
            })
            .collect();
        for login in &mut logins {
            login.finish().exits(0);
            Sekuire::new()
                .home(&home)
                .args(["auth", "token"])
                .run()
                .exits(0);
        }
        drop(reading);
        for reader in readers {
            assert!(reader.join().unwrap() > 100, "the reader hardly read");
        }
    });
    assert_eq!(home.listing(), ["auth.json"]);
    let content = fs::read(home.auth_json()).unwrap();
    assert!(holds(&content, KEY) || holds(&content, OTHER_KEY));
}

/// Between a look for the folder, or for one above it, and its making.
#[test]
fn a_folder_that_another_has_just_made_is_taken() {
    let backend = Backend::http();
    for (folder, made) in [(".sekuire", ".sekuire"), ("named/folder", "named")] {
        let Some(strace) = needs::strace() else {
            return;
        };
        let home = Home::new();
        let folder = home.path().join(folder);
        let mut login = strace
            .home(&home)
            .env("SEKUIRE_CONFIG_DIR", &folder)
            .args([
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                "trace=?mkdir,?mkdirat",
            ])
            .args(["-e", "inject=?mkdir,?mkdirat:delay_enter=1000000"])
            .arg(binary())
            .args(["login", "--api-key-stdin", "--backend", &backend.url()])
            .stdin(KEY.as_bytes())
            .spawn();
        thread::sleep(Duration::from_millis(500));
        // On a slow machine the login may have been first.
        let _ = DirBuilder::new().mode(0o700).create(home.path().join(made));
        login.finish().exits(0);
        assert!(folder.join("auth.json").is_file(), "{made}");
    }
}

#[test]
fn first_logins_at_once_share_the_folder_that_one_of_them_makes() {
    let backend = Backend::http();
    for _ in 0..3 {
        let home = Home::new();
        let mut logins: Vec<Running> = (0..8).map(|_| login(&home, &backend).spawn()).collect();
        for login in &mut logins {
            login.finish().exits(0);
        }
        assert_eq!(home.listing(), ["auth.json"]);
    }
}

#[test]
fn logins_against_logouts_leave_a_whole_file_or_none() {
    let backend = Backend::http();
    let home = Home::new();
    home.write_auth(OLD);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| read_until(&done, &home, true));
        let reading = Readers(&done);
        let mut runs: Vec<Running> = (0..16)
            .map(|number| match number % 2 {
                0 => login(&home, &backend).spawn(),
                _ => Sekuire::new().home(&home).arg("logout").spawn(),
            })
            .collect();
        for run in &mut runs {
            run.finish().exits(0);
        }
        drop(reading);
        assert!(reader.join().unwrap() > 100, "the reader hardly read");
    });
    let listing = home.listing();
    assert!(
        listing.is_empty() || listing == ["auth.json"],
        "{listing:?}"
    );
}

/// Ends the readers when dropped, also by a test that fails.
struct Readers<'a>(&'a AtomicBool);

impl Drop for Readers<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Reads as fast as it can, and fails at the first torn or, unless it `may_miss`, missing file.
fn read_until(done: &AtomicBool, home: &Home, may_miss: bool) -> usize {
    let mut reads = 0;
    while !done.load(Ordering::SeqCst) {
        match fs::read(home.auth_json()) {
            Ok(content) => assert!(
                [KEY, OTHER_KEY, OLD_KEY]
                    .iter()
                    .any(|key| holds(&content, key)),
                "torn: {}",
                String::from_utf8_lossy(&content)
            ),
            Err(error) => assert!(
                may_miss && error.kind() == io::ErrorKind::NotFound,
                "auth.json can't be read: {error}"
            ),
        }
        reads += 1;
    }
    reads
}

/// This test plays the other login: it holds the lock, and the temporary file is its own.
#[test]
fn a_sweep_waits_for_whom_the_temporary_file_belongs_to() {
    let backend = Backend::http();
    for command in ["login", "logout"] {
        let home = Home::new();
        home.write_auth(OLD);
        fs::write(home.sekuire_dir().join(STRAY), OLD).unwrap();
        let held = lock(&home);
        let mut run = match command {
            "login" => login(&home, &backend).spawn(),
            _ => Sekuire::new().home(&home).arg("logout").spawn(),
        };
        thread::sleep(Duration::from_millis(400));
        assert_eq!(
            home.listing(),
            [STRAY, LOCK, "auth.json"],
            "{command} did not wait"
        );
        assert_eq!(home.read_auth(), OLD, "{command} did not wait");
        drop(held);
        run.finish().exits(0);
        assert!(
            !home.sekuire_dir().join(STRAY).exists(),
            "{command} did not sweep"
        );
    }
}

/// Not even a process of the same user that hangs keeps a key on the machine.
#[test]
fn a_lock_that_nobody_lets_go_of_stops_a_login_before_any_request_and_no_logout() {
    let backend = Backend::http();
    let (home, other) = (Home::new(), Home::new());
    for home in [&home, &other] {
        home.write_auth(OLD);
    }
    fs::write(other.sekuire_dir().join(STRAY), OLD).unwrap();
    let _held = [lock(&home), lock(&other)];
    let mut login = login(&home, &backend).spawn();
    let mut logout = Sekuire::new().home(&other).arg("logout").spawn();
    // Readers do not care.
    Sekuire::new().home(&home).arg("status").run().exits(0);
    let (login, logout) = (login.finish(), logout.finish());
    login
        .exits(3)
        .complains("hint: see whether another sekuire hangs");
    logout
        .exits(0)
        .complains("warning: ")
        .complains("one that still runs may save a key again");
    assert!(
        logout.stdout.contains("Logged out successfully!"),
        "{logout}"
    );
    for outcome in [login, logout] {
        outcome.complains("has been locked by another login or logout for 10 s");
        assert!(outcome.elapsed >= Duration::from_secs(10), "{outcome}");
        outcome.takes_at_most(Duration::from_secs(15));
    }
    assert!(backend.requests().is_empty());
    assert_eq!(home.read_auth(), OLD);
    assert_eq!(other.listing(), [LOCK]);
}

/// What a crash leaves is nobody's lock, also where an umask has closed it to its owner.
#[test]
fn the_lock_of_a_crash_is_taken_over_and_goes() {
    let backend = Backend::http();
    for mode in [0o600, 0o400, 0o000] {
        let home = Home::new();
        home.write_auth(OLD);
        let path = home.sekuire_dir().join(LOCK);
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let outcome = login(&home, &backend).run();
        outcome.exits(0).complains_not();
        outcome.takes_at_most(Duration::from_secs(5));
        assert_eq!(home.listing(), ["auth.json"], "{mode:o}");
    }
}
