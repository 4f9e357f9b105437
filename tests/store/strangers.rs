//! Files and folders that other users of the machine own or can change: what is refused, and what is
//! warned of.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use super::{OLD, login, rows};
use crate::support::backend::{Backend, KEY};
use crate::support::command::TestCommand;
use crate::support::home::Home;
use crate::support::needs;
use crate::support::other_user::{NO_ONE, NOBODY, OtherUser};

const OWN_FOLDER: &str = "set SEKUIRE_CONFIG_DIR to another folder of your own";

/// Root has to log in where images and mounts come with folders of others.
#[test]
fn a_folder_of_another_user_is_a_warning_unless_root_asks() {
    if !needs::root() {
        return;
    }
    let backend = Backend::http();
    let other = OtherUser::new(NOBODY);
    let folder = other.home.sekuire_dir();
    fs::create_dir(&folder).unwrap();
    chown(&folder, Some(NO_ONE), Some(NOBODY)).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o770)).unwrap();
    let outcome = other
        .sekuire()
        .args(["login", "--api-key-stdin", "--backend", &backend.url()])
        .stdin(KEY.as_bytes())
        .run();
    outcome.exits_with(0);
    let folder = folder.display();
    let expected = format!(
        "warning: the group can write to {folder} (mode 0770); {OWN_FOLDER}\n\
         warning: {folder} is owned by uid {NO_ONE}, who can replace auth.json\n"
    );
    assert_eq!(outcome.stderr, expected);
    other.own(&other.home.sekuire_dir());
    fs::set_permissions(other.home.sekuire_dir(), Permissions::from_mode(0o700)).unwrap();
    login(&other.home, &backend)
        .run()
        .exits_with(0)
        .stderr_is_empty();
}

#[test]
fn chmod_is_advised_only_of_own_folders() {
    if !needs::root() {
        return;
    }
    let backend = Backend::http();
    // The owner of the folder, and its mode.
    for (owner, mode, is_ours) in [
        (0, 0o777, true),
        (0, 0o770, true),
        (0, 0o1777, false),
        (0, 0o1770, false),
        (NOBODY, 0o777, false),
        (NOBODY, 0o770, false),
    ] {
        let home = Home::new();
        home.write_auth(OLD);
        fs::set_permissions(home.auth_json(), Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(home.sekuire_dir(), Permissions::from_mode(mode)).unwrap();
        chown(home.sekuire_dir(), Some(owner), Some(owner)).unwrap();
        let folder = home.sekuire_dir();
        let folder = folder.display();
        let refused = mode & 0o002 != 0;
        let advice = match (refused, is_ours) {
            (true, true) => format!("hint: run: chmod go-w {folder}\n"),
            (true, false) => format!("hint: {OWN_FOLDER}\n"),
            (false, true) => format!("{folder} (mode {mode:04o}); run: chmod go-w {folder}\n"),
            (false, false) => format!("{folder} (mode {mode:04o}); {OWN_FOLDER}\n"),
        };
        let status = TestCommand::new().home(&home).arg("status").run();
        let outcome = login(&home, &backend).run();
        assert_eq!(outcome.code, Some(if refused { 3 } else { 0 }), "{outcome}");
        outcome.stderr_contains(&advice);
        // In another's folder the file can be exchanged for a link before the advice is followed.
        let file = home.auth_json();
        let open = format!("{} is open to other users (mode 0644)", file.display());
        let advised = format!("{open}; run: chmod 600 {}\n", file.display());
        status.stderr_contains(&if owner == 0 { advised } else { open + "\n" });
    }
}

/// The owner and mode of the folder, the owner of the file, a command, and why it fails.
const DENIED: &str = "
    nobody | 700 | root   | status | read FILE: permission denied (owner root, mode 0600
    root   | 700 | root   | status | read FILE: permission denied (FOLDER: owner root, mode 0700
    root   | 755 | root   | logout | remove FILE: permission denied (owner root, mode 0600
    nobody | 700 | no one | status | read FILE: permission denied (owner uid 54321, mode 0600
    no one | 755 | no one | login  | save FILE: permission denied (owner uid 54321, mode 0600
";

/// Root's login in a user's home leaves what the user can't read: the one case in which chown helps.
#[test]
fn denied_user_learns_owner_and_mode() {
    if !needs::root() {
        return;
    }
    let other = OtherUser::new(NOBODY);
    let (folder, file) = (other.home.sekuire_dir(), other.home.auth_json());
    let (folder_path, file_path) = (folder.display().to_string(), file.display().to_string());
    let uid = |name: &str| match name {
        "root" => 0,
        "nobody" => NOBODY,
        _ => NO_ONE,
    };
    for row in rows(DENIED) {
        let [owner, mode, file_owner, command, reason] = row[..] else {
            panic!("{row:?}");
        };
        other.write_auth(OLD);
        chown(&file, Some(uid(file_owner)), None).unwrap();
        chown(&folder, Some(uid(owner)), None).unwrap();
        let mode = u32::from_str_radix(mode, 8).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
        let reason = reason
            .replace("FILE", &file_path)
            .replace("FOLDER", &folder_path);
        let hint = match file_owner {
            "root" => format!("run: sudo chown -R \"$USER\" {folder_path}"),
            _ => OWN_FOLDER.to_owned(),
        };
        let expected = format!("error: can't {reason}; you are uid 65534)\nhint: {hint}\n");
        let outcome = other.sekuire().arg(command).run();
        assert_eq!(outcome.exits_with(3).stderr, expected);
    }
    // A folder that somebody named is not left over from a login in a home.
    chown(&folder, Some(0), Some(0)).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
    let named = other.sekuire().env("SEKUIRE_CONFIG_DIR", &folder);
    named
        .arg("status")
        .run()
        .exits_with(3)
        .stderr_contains(OWN_FOLDER);
    // Behind a link it is the target that is denied.
    other.write_auth(OLD);
    let closed = other.home.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    fs::rename(&file, closed.join("target")).unwrap();
    symlink("../closed/target", &file).unwrap();
    let reason = format!(
        "({}: owner root, mode 0700",
        folder.join("../closed").display()
    );
    let outcome = other.sekuire().arg("status").run();
    outcome.exits_with(3).stderr_contains(&reason);
    // Nor is what is root's in another's home.
    chown(other.home.path(), Some(NO_ONE), None).unwrap();
    fs::set_permissions(other.home.path(), Permissions::from_mode(0o755)).unwrap();
    let outcome = other.sekuire().arg("status").run();
    outcome.exits_with(3).stderr_contains(OWN_FOLDER);
}

/// A stranger's key would send what is done with it to a stranger's account. Of what else is wrong with
/// the file `status` and `doctor` warn alone.
#[test]
fn every_command_warns_of_a_planted_file_and_of_nothing_else() {
    if !needs::root() {
        return;
    }
    let commands = [
        &["auth", "token"][..],
        &["auth", "exec", "--", "true"],
        &["whoami", "--timeout", "1"],
        &["status"],
    ];
    let warnings = |sekuire: TestCommand, command: &[&str]| {
        let proxy = sekuire.env("HTTPS_PROXY", "http://127.0.0.1:1");
        let outcome = proxy.args(command).run();
        let lines = outcome.stderr.lines().map(str::to_owned);
        lines
            .filter(|line| line.starts_with("warning: "))
            .collect::<Vec<_>>()
    };
    let home = Home::new();
    home.write_auth(OLD);
    chown(home.auth_json(), Some(NOBODY), Some(NOBODY)).unwrap();
    let planted = format!(
        "warning: {} is owned by uid 65534, who can read or replace the key",
        home.auth_json().display()
    );
    for command in commands {
        let found = warnings(TestCommand::new().home(&home), command);
        assert_eq!(found, [&*planted], "{command:?}");
    }
    // Root's file that another user may read, such as a mounted secret.
    let other = OtherUser::new(NOBODY);
    other.write_auth(OLD);
    chown(other.home.auth_json(), Some(0), Some(0)).unwrap();
    fs::set_permissions(other.home.auth_json(), Permissions::from_mode(0o644)).unwrap();
    let open = format!(
        "warning: {} is open to other users (mode 0644)",
        other.home.auth_json().display()
    );
    for command in commands {
        let found = warnings(other.sekuire(), command);
        let expected: &[&str] = if command == ["status"] { &[&open] } else { &[] };
        assert_eq!(found, expected, "{command:?}");
    }
}
