//! One child: how it ends, what it used, and that it never outlives its test.

use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::sys::time::{TimeVal, TimeValLike};
use nix::unistd::Pid;

pub(super) struct Process {
    pid: Pid,
    ended: Receiver<Duration>,
    end: Option<End>,
}

#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) status: ExitStatus,
    pub(super) elapsed: Duration,
    pub(super) processor_time: Duration,
    pub(super) max_rss_kib: i64,
}

impl Process {
    pub(super) fn watch(child: &Child, started: Instant) -> Self {
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
        let (sender, ended) = mpsc::channel();
        thread::spawn(move || {
            await_end(pid);
            // Nobody listens any more where the Process was dropped first.
            let _ = sender.send(started.elapsed());
        });
        Self {
            pid,
            ended,
            end: None,
        }
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// Only this reaps, so that until then the id can belong to no other process.
    pub(super) fn wait(&mut self, limit: Duration) -> Option<End> {
        if self.end.is_none() {
            let elapsed = self.ended.recv_timeout(limit).ok()?;
            let (status, processor_time, max_rss_kib) = reap(self.pid);
            self.end = Some(End {
                status,
                elapsed,
                processor_time,
                max_rss_kib,
            });
        }
        self.end
    }

    #[track_caller]
    pub(super) fn signal(&self, signal: Signal) {
        assert!(
            self.end.is_none(),
            "{signal} comes too late: the process has ended"
        );
        kill(self.pid, signal).expect("a signal is sent");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.end.is_none() {
            let _ = kill(self.pid, Signal::SIGKILL);
            self.wait(Duration::from_secs(5));
        }
    }
}

/// What a running process has used of the processors (Linux; `proc_pid_stat(5)`, in hundredths of a second).
pub(crate) fn processor_time(pid: Pid) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a running process");
    let behind_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = behind_name.split(' ').skip(11).take(2);
    let ticks = ticks.map(|number| number.parse::<u64>().expect("a number"));
    Duration::from_millis(10 * ticks.sum::<u64>())
}

/// Whether a running process comes to rest within ten seconds: it neither runs nor wakes up (Linux;
/// `proc_pid_status(5)`).
pub(crate) fn comes_to_rest(pid: Pid) -> bool {
    let activity = || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
        let switches = status.lines().filter(|line| line.contains("ctxt_switches"));
        (
            switches.map(str::to_owned).collect::<Vec<String>>(),
            processor_time(pid),
        )
    };
    let mut before = activity();
    (0..50).any(|_| {
        thread::sleep(Duration::from_millis(200));
        let now = activity();
        let rests = now == before;
        before = now;
        rests
    })
}

/// Waits without reaping.
#[allow(unsafe_code, reason = "nix has waitid only on Linux")]
fn await_end(pid: Pid) {
    let mut information = MaybeUninit::<libc::siginfo_t>::uninit();
    let options = libc::WEXITED | libc::WNOWAIT;
    let id = libc::id_t::try_from(pid.as_raw()).expect("a process id");
    // SAFETY: waitid(2) only writes a siginfo_t to the place given, which outlives the call.
    while unsafe { libc::waitid(libc::P_PID, id, information.as_mut_ptr(), options) } == -1
        && Errno::last() == Errno::EINTR
    {}
}

/// How it ended, what it used of the processors and the most memory it held, in KiB. Linux counts in what the process held before
/// its exec (`exec_mmap` in fs/exec.c), so this is never less than the test's own size.
#[allow(unsafe_code, reason = "neither std nor nix has wait4")]
fn reap(pid: Pid) -> (ExitStatus, Duration, i64) {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: wait4(2) only writes an int and a rusage to the places given, which outlive the call.
    let reaped = unsafe { libc::wait4(pid.as_raw(), &raw mut status, 0, usage.as_mut_ptr()) };
    assert_eq!(reaped, pid.as_raw(), "the child is reaped");
    // SAFETY: zeroed and then filled; a rusage is numbers only.
    let usage = unsafe { usage.assume_init() };
    let unit = if cfg!(target_os = "macos") { 1024 } else { 1 };
    let time = TimeVal::from(usage.ru_utime) + TimeVal::from(usage.ru_stime);
    let time = u64::try_from(time.num_microseconds()).expect("a time");
    (
        ExitStatus::from_raw(status),
        Duration::from_micros(time),
        usage.ru_maxrss / unit,
    )
}
