//! The program as another user, who has a home of their own. Needs root.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};

use super::command::{TestCommand, binary};
use super::home::Home;
use super::machine::Machine;

/// Debian's `nobody`, whose home in the password database does not exist.
pub(crate) const NOBODY: u32 = 65534;

/// In no password database.
pub(crate) const NO_ONE: u32 = 54321;

pub(crate) struct OtherUser {
    pub(crate) home: Home,
    uid: u32,
    program: PathBuf,
    machine: Option<Machine>,
}

impl OtherUser {
    /// The program is copied: another user may not reach where it was built, or not be let run it there.
    pub(crate) fn new(uid: u32) -> Self {
        // Not where TMPDIR says: other users may not come there.
        let home = Home::within(Path::new("/tmp"));
        let program = home.path().join("sekuire");
        // By another process: a descriptor of ours, open for writing, would be inherited by what another
        // test starts just then, and nobody could run the program meanwhile (execve(2), ETXTBSY).
        let mut install = Command::new("install");
        let copied = install.args(["-m", "755"]).arg(binary()).arg(&program);
        let copied = copied.status().expect("install(1)").success();
        assert!(copied, "a copy of the program");
        chown(home.path(), Some(uid), Some(uid)).expect("chown");
        Self {
            home,
            uid,
            program,
            machine: None,
        }
    }

    pub(crate) fn on(mut self, machine: Machine) -> Self {
        self.machine = Some(machine);
        self
    }

    pub(crate) fn own(&self, path: &Path) {
        chown(path, Some(self.uid), Some(self.uid)).expect("chown");
    }

    pub(crate) fn write_auth(&self, content: &str) {
        self.home.write_auth(content);
        self.own(&self.home.sekuire_dir());
        self.own(&self.home.auth_json());
    }

    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    pub(crate) fn sekuire(&self) -> TestCommand {
        self.peer(&self.program)
    }

    /// Another program, as the same user.
    pub(crate) fn peer(&self, program: impl AsRef<Path>) -> TestCommand {
        let uid = self.uid;
        let command = TestCommand::at(program.as_ref()).home(&self.home);
        // Only root may enter it.
        let command = match self.machine.clone() {
            Some(machine) => command.on(machine),
            None => command,
        };
        command.before_exec(move || {
            setgroups(&[])?;
            setgid(Gid::from_raw(uid))?;
            setuid(Uid::from_raw(uid))?;
            Ok(())
        })
    }
}
