//! Disks that are full or read-only, folders of somebody else, and a file that is a mount point. What
//! is mounted is mounted in a namespace of its own, which needs root.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use nix::sys::resource::{Resource, setrlimit};

use super::{OLD, STRAY, answer, holds, login, rows};
use crate::support::backend::{Backend, KEY};
use crate::support::command::TestCommand;
use crate::support::home::Home;
use crate::support::machine::Machine;
use crate::support::needs;
use crate::support::other_user::{NOBODY, OtherUser};

/// What root does to the user's home and its old auth.json, in mounts of its own; the answers of `login`, `status`
/// and `logout`; and what auth.json is after the login and after the logout.
const TABLE: &str = "
    rm $FILE; fill $DIR                                | 3 auth.json: no space left on device | 1 | 0 Not logged in | nothing | nothing
    cp -p $FILE kept; fill $DIR kept                   | 3 hint: set SEKUIRE_CONFIG_DIR       | 0 | 0 Logged out    | old     | nothing
    read_only $DIR                                     | 3 auth.json: read-only file system   | 0 | 3 by hand       | old     | old
    rm $FILE; read_only $DIR                           | 3 auth.json: read-only file system   | 1 | 0 Not logged in | nothing | nothing
    deny $DIR                                          | 0 Login successful!                  | 0 | 0 Logged out    | new     | emptied
    rm $FILE; deny $DIR                                | 3 sudo chown -R                      | 1 | 0 Not logged in | nothing | nothing
    chown 0 $FILE; chmod 644 $FILE; deny $DIR          | 3 sudo chown -R                      | 0 | 3 sudo chown -R | old     | old
    mount_file                                         | 0 Login successful!                  | 0 | 0 Logged out    | new     | emptied
    mount_file; umount -l /proc                        | 0 Login successful!                  | 0 | 0 Logged out    | new     | emptied
    mount_file; name=$(printf 'a\\377'); mkdir $name; mount --bind $name $name | 0 Login successful! | 0 | 0 Logged out | new | emptied
    chmod 644 $FILE; mount_file                        | 0 Login successful!                  | 0 | 0 Logged out    | new     | emptied
    read_only $DIR; mount_file                         | 0 Login successful!                  | 0 | 0 Logged out    | new     | emptied
    mount_file; mount -o remount,bind,ro $FILE         | 3 auth.json: read-only file system   | 0 | 3 by hand       | old     | old
    fill full $FILE; mount --bind full/auth.json $FILE | 0 Login successful!                  | 0 | 0 Logged out    | new     | emptied
";

const FUNCTIONS: &str = "set -e; DIR=.sekuire FILE=.sekuire/auth.json
    fill() {
        mkdir -p $1
        if [ \"$2\" ]; then cp -p \"$2\" whole; fi
        mount -t tmpfs -o size=16k,mode=700,uid=$USER none $1
        if [ \"$2\" ]; then cp -p whole $1/auth.json; fi
        head -c 1M /dev/zero > $1/filler 2> filled || true
    }
    deny() { chown 0 $1; chmod 755 $1; }
    read_only() { mount --bind $1 $1; mount -o remount,bind,ro $1; }
    mount_file() { cp -p $FILE mounted; mount --bind mounted $FILE; }
    try() {
        name=$1; shift
        setpriv --reuid=$USER --regid=$USER --clear-groups \"$PROGRAM\" \"$@\" > $name.said 2>&1 < key
        echo $? > $name.code
        cat $FILE > $name.left 2> lost
        ls -A $DIR | grep -v filler > $name.names
        stat -c %a $FILE > $name.mode 2> lost
    }
    cd \"$HOME\"";

#[test]
fn full_or_read_only_disk_keeps_the_old_file_or_takes_the_new() {
    if !needs::root() {
        return;
    }
    let Some(machine) = needs::machine() else {
        return;
    };
    for row in rows(TABLE) {
        check(&row, &machine);
    }
}

fn check(row: &[&str], machine: &Machine) {
    let [setup, on_login, status, logout, after_login, after_logout] = *row else {
        panic!("{row:?}");
    };
    let backend = Backend::http();
    let other = OtherUser::new(NOBODY);
    other.write_auth(OLD);
    let home = other.home.path();
    let script = format!(
        "{FUNCTIONS}; {setup}; set +e
        try doctor doctor
        try login login --api-key-stdin --backend \"$BACKEND\"
        try status status
        try logout logout; true"
    );
    fs::write(home.join("key"), KEY).unwrap();
    TestCommand::at(Path::new("/bin/sh"))
        .on(machine.clone())
        .home(&other.home)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("USER", NOBODY.to_string())
        .env("PROGRAM", other.program())
        .env("BACKEND", backend.url())
        .args(["-c", &script])
        .run()
        .exits_with(0);
    for (command, expected, left) in [
        ("login", on_login, after_login),
        ("logout", logout, after_logout),
    ] {
        let (code, words) = answer(expected);
        let read = |what: &str| read(home, &format!("{command}.{what}"));
        let said = format!("{setup}: {command}: {}", read("said"));
        assert_eq!(read("code").trim(), code.to_string(), "{said}");
        assert!(said.contains(words), "{words:?}: {said}");
        assert_eq!(what_is(&read("left")), left, "{said}");
        assert!(["", "auth.json\n"].contains(&&*read("names")), "{said}");
        assert!(left != "new" || read("mode") == "600\n", "{said}");
    }
    let fails = on_login.starts_with('3');
    // That a disk is full shows only when it is written to.
    let foreseen = fails && !setup.contains("; fill $DIR");
    let doctor = read(home, "doctor.said");
    assert_eq!(doctor.contains("can't save"), foreseen, "{setup}: {doctor}");
    let (_, words) = answer(on_login);
    assert!(!foreseen || doctor.contains(words), "{setup}: {doctor}");
    assert_eq!(read(home, "status.code").trim(), status, "{setup}: status");
    assert_eq!(backend.requests().is_empty(), fails, "{setup}: the backend");
}

fn what_is(content: &str) -> &'static str {
    match content {
        "" => "nothing",
        "{}\n" => "emptied",
        OLD => "old",
        new if holds(new.as_bytes(), KEY) => "new",
        _ => "damaged",
    }
}

fn read(home: &Path, name: &str) -> String {
    fs::read_to_string(home.join(name)).unwrap_or_default()
}

#[test]
fn a_stray_file_that_cannot_go_does_not_keep_the_key_in_auth_json() {
    if !needs::root() {
        return;
    }
    let other = OtherUser::new(NOBODY);
    other.write_auth(OLD);
    let folder = other.home.sekuire_dir();
    fs::write(folder.join(STRAY), OLD).unwrap();
    chown(&folder, Some(0), Some(0)).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    let outcome = other.sekuire().arg("logout").run();
    outcome
        .exits_with(3)
        .stderr_contains("can't remove what an earlier login left in ")
        .stderr_contains("permission denied");
    assert_eq!(other.home.read_auth(), "{}\n");
}

/// As a service that has `CAP_DAC_OVERRIDE` (capabilities(7)), which access(2) does not count.
#[test]
fn who_may_write_in_spite_of_the_mode_replaces_the_file() {
    if !needs::root() {
        return;
    }
    let backend = Backend::http();
    let other = OtherUser::new(NOBODY);
    other.write_auth(OLD);
    chown(other.home.sekuire_dir(), Some(0), Some(0)).unwrap();
    let number = || fs::metadata(other.home.auth_json()).unwrap().ino();
    let before = number();
    let (user, right) = (NOBODY.to_string(), "+dac_override");
    let setpriv = TestCommand::at(Path::new("/usr/bin/setpriv"))
        .home(&other.home)
        .args(["--clear-groups", "--reuid", &user, "--regid", &user])
        .args(["--inh-caps", right, "--ambient-caps", right])
        .arg(other.program());
    let login = setpriv.args(["login", "--api-key-stdin", "--backend", &backend.url()]);
    login.stdin(KEY.as_bytes()).run().exits_with(0);
    assert_ne!(number(), before);
}

/// `ulimit -f 0`: without more ado SIGXFSZ would end the process.
#[test]
fn a_limit_on_file_sizes_is_found_out_before_any_request() {
    for old in [None, Some(OLD)] {
        let backend = Backend::http();
        let home = Home::new();
        if let Some(old) = old {
            home.write_auth(old);
        }
        let outcome = login(&home, &backend)
            .before_exec(|| Ok(setrlimit(Resource::RLIMIT_FSIZE, 0, 0)?))
            .run();
        outcome
            .exits_with(3)
            .stderr_contains("auth.json: file too large\nhint: check the limits of this process");
        assert!(backend.requests().is_empty());
        assert_eq!(fs::read_to_string(home.auth_json()).ok().as_deref(), old);
        assert_eq!(home.listing().len(), old.iter().len());
    }
}
