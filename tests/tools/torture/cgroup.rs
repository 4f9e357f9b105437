//! A control group with a limit (cgroups(7)), version 2 or 1: root makes them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::command::Sekuire;

const ROOT: &str = "/sys/fs/cgroup";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// In bytes.
    Memory,
    Tasks,
}

/// Removed when dropped.
pub(crate) struct Group(PathBuf);

/// Whether there is such a thing here.
///
/// # Errors
/// Why not.
pub(crate) fn try_one(limit: Limit) -> Result<(), String> {
    match Group::new(limit, 1024 * 1024) {
        Ok(_) => Ok(()),
        Err(cause) => Err(format!("no control group can be made in {ROOT}: {cause}")),
    }
}

impl Group {
    pub(crate) fn new(limit: Limit, value: u64) -> io::Result<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sekuire-torture-{}-{number}", process::id());
        let is_second = Path::new(ROOT).join("cgroup.controllers").exists();
        let (folder, file) = match (is_second, limit) {
            (true, Limit::Memory) => (ROOT.into(), "memory.max"),
            (true, Limit::Tasks) => (ROOT.into(), "pids.max"),
            (false, Limit::Memory) => (format!("{ROOT}/memory"), "memory.limit_in_bytes"),
            (false, Limit::Tasks) => (format!("{ROOT}/pids"), "pids.max"),
        };
        if is_second {
            fs::write(
                Path::new(&folder).join("cgroup.subtree_control"),
                "+memory +pids",
            )?;
        }
        let path = Path::new(&folder).join(name);
        fs::create_dir(&path)?;
        let group = Self(path);
        fs::write(group.0.join(file), value.to_string())?;
        Ok(group)
    }

    /// `call` in this group.
    pub(crate) fn hold(&self, call: Sekuire) -> Sekuire {
        let file = self.0.join("cgroup.procs");
        call.before_exec(move || fs::write(&file, "0"))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // What has ended leaves its group a moment later.
        for _ in 0..100 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}
