//! A machine of the test's own: the program meets the host name and the files that the test brings,
//! in namespaces (namespaces(7)). An ordinary user has them where the system allows user namespaces.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::unistd::{Gid, Uid};
#[cfg(target_os = "linux")]
use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
    unistd::sethostname,
};

#[derive(Clone, Default)]
pub(crate) struct Machine {
    mounts: Vec<(CString, CString)>,
    host_name: Option<String>,
    /// Of the user namespace, what its files in /proc/self take; empty: root needs none.
    maps: Vec<(&'static str, String)>,
}

impl Machine {
    /// As yet the same as this one, for the same user.
    pub(super) fn new() -> Self {
        Self::mapped(Uid::effective().as_raw(), Gid::effective().as_raw())
    }

    /// The user is root there, and may trace what is not dumpable (ptrace(2)).
    pub(super) fn as_root() -> Self {
        Self::mapped(0, 0)
    }

    fn mapped(user: u32, group: u32) -> Self {
        let (own_user, own_group) = (Uid::effective(), Gid::effective());
        let mut machine = Self::default();
        if !own_user.is_root() {
            machine.maps = vec![
                // user_namespaces(7): without setgroups, gid_map can be written.
                ("/proc/self/setgroups", "deny".to_owned()),
                ("/proc/self/uid_map", format!("{user} {own_user} 1")),
                ("/proc/self/gid_map", format!("{group} {own_group} 1")),
            ];
        }
        machine
    }

    /// With this file or folder in the place of another.
    pub(crate) fn mount(mut self, source: &Path, target: impl AsRef<Path>) -> Self {
        let [source, target] = [source, target.as_ref()]
            .map(|path| CString::new(path.as_os_str().as_bytes()).expect("a path"));
        self.mounts.push((source, target));
        self
    }

    pub(crate) fn host_name(mut self, name: &str) -> Self {
        self.host_name = Some(name.to_owned());
        self
    }

    /// Makes it this process's machine, between fork and exec: nothing is allocated.
    #[cfg(target_os = "linux")]
    pub(super) fn enter(&self) -> io::Result<()> {
        const NOTHING: Option<&str> = None;
        let mut own = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS;
        own.set(CloneFlags::CLONE_NEWUSER, !self.maps.is_empty());
        unshare(own)?;
        for (file, map) in &self.maps {
            std::fs::write(file, map)?;
        }
        // What is mounted here is mounted nowhere else.
        let private = MsFlags::MS_PRIVATE | MsFlags::MS_REC;
        mount(NOTHING, "/", NOTHING, private, NOTHING)?;
        for (source, target) in &self.mounts {
            let (source, target) = (source.as_c_str(), target.as_c_str());
            mount(Some(source), target, NOTHING, MsFlags::MS_BIND, NOTHING)?;
        }
        if let Some(name) = &self.host_name {
            sethostname(name)?;
        }
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn enter(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
