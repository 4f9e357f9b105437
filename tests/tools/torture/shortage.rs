//! What there is too little of, step by step.

use std::env;
use std::fmt;

use nix::libc::rlim_t;
use nix::sys::resource::{self, setrlimit};

use super::calls::{self, Fault};
use super::cgroup::{self, Limit};
use super::stage::Stage;
use super::subject::Subject;
use crate::support::command::Sekuire;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Processes,
    AddressSpace,
    Descriptors,
    Memory,
    Tasks,
    Calls,
}

/// One step.
#[derive(Clone, Debug)]
pub(crate) enum Shortage {
    /// A limit of the process (setrlimit(2)).
    Process(Resource, u64),
    /// A limit of its control group (cgroups(7)).
    Group(Limit, u64),
    /// One system call that fails.
    Call(Fault),
}

impl Resource {
    pub(crate) const ALL: [Self; 6] = [
        Self::Processes,
        Self::AddressSpace,
        Self::Descriptors,
        Self::Memory,
        Self::Tasks,
        Self::Calls,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::AddressSpace => "address space",
            Self::Descriptors => "descriptors",
            Self::Memory => "cgroup memory",
            Self::Tasks => "cgroup pids",
            Self::Calls => "system calls",
        }
    }

    /// # Errors
    /// What is lacking on this machine.
    pub(crate) fn is_to_be_had(self) -> Result<(), String> {
        match self {
            Self::Memory => cgroup::try_one(Limit::Memory),
            Self::Tasks => cgroup::try_one(Limit::Tasks),
            Self::Calls => calls::require(),
            Self::Processes | Self::AddressSpace | Self::Descriptors => Ok(()),
        }
    }

    pub(crate) fn steps(self, stage: &Stage, subject: Subject) -> Vec<Shortage> {
        let of_process = |limit| Shortage::Process(self, limit);
        match self {
            Self::Processes => (1..=8).map(of_process).collect(),
            Self::AddressSpace => {
                // Below that the loader of a program that is not static dies of it: not our doing.
                let is_static = env::var_os("SEKUIRE_BIN").is_some();
                let first = if is_static { 8 } else { 32 };
                let halves = (first..=64).map(|half| of_process(half * MIB / 2));
                halves.collect()
            }
            Self::Descriptors => (3..=12).map(of_process).collect(),
            Self::Memory => (2..=64)
                .map(|step| Shortage::Group(Limit::Memory, step * 128 * KIB))
                .collect(),
            Self::Tasks => (1..=5)
                .map(|limit| Shortage::Group(Limit::Tasks, limit))
                .collect(),
            Self::Calls => calls::all_of(stage, subject)
                .into_iter()
                .map(Shortage::Call)
                .collect(),
        }
    }
}

impl Shortage {
    /// `call`, which is set up otherwise, with this limit.
    pub(crate) fn limit(&self, call: Sekuire) -> Sekuire {
        let &Self::Process(resource, limit) = self else {
            return call;
        };
        let resource = match resource {
            Resource::Processes => resource::Resource::RLIMIT_NPROC,
            Resource::AddressSpace => resource::Resource::RLIMIT_AS,
            Resource::Descriptors => resource::Resource::RLIMIT_NOFILE,
            other => panic!("{other:?} is no limit of a process"),
        };
        let limit: rlim_t = limit;
        call.before_exec(move || Ok(setrlimit(resource, limit, limit)?))
    }

    /// What a message calls it, where it is a limit.
    pub(crate) fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Process(Resource::Descriptors, _) => "open files",
            Self::Process(Resource::AddressSpace, _) | Self::Group(Limit::Memory, _) => {
                "memory or address space"
            }
            Self::Process(..) | Self::Group(..) => "processes or threads",
            Self::Call(_) => return None,
        })
    }

    /// Whether the kernel ends the process where there is too little.
    pub(crate) fn kills(&self) -> bool {
        matches!(self, Self::Group(Limit::Memory, _))
    }

    /// Whether it holds from the beginning to the end: then it is to be noticed before anything is
    /// sent. A single call may also fail afterwards.
    pub(crate) fn lasts(&self) -> bool {
        !matches!(self, Self::Call(_))
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(Resource::AddressSpace, limit) => {
                write!(to, "address space of {} KiB", limit / KIB)
            }
            Self::Process(resource, limit) => write!(to, "{limit} {}", resource.name()),
            Self::Group(Limit::Memory, limit) => write!(to, "cgroup of {} KiB", limit / KIB),
            Self::Group(Limit::Tasks, limit) => write!(to, "cgroup of {limit} tasks"),
            Self::Call(fault) => fault.fmt(to),
        }
    }
}
