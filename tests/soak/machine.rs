//! What this machine holds: memory, descriptors, sockets, processes, files.

use std::fs;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use crate::place::{Place, Strays};
use crate::server::Server;

/// How long a server may take to notice that its last clients are gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// As `proc_net_tcp(5)` has them; `TIME_WAIT` and `LISTEN` are nobody's fault.
const ESTABLISHED: u8 = 1;
const TIME_WAIT: u8 = 6;
const CLOSE_WAIT: u8 = 8;
const LISTEN: u8 = 10;

pub(crate) struct Snapshot {
    /// What all of the machine could still have; other programs change it, too, so it is not judged.
    available_kib: u64,
    pub(crate) backend_kib: u64,
    threads: u64,
    descriptors: usize,
    /// Those of the backend's port.
    sockets: Sockets,
    /// Children of ours but the backend, also those that a child left to us.
    processes: usize,
    files: Strays,
}

#[derive(Default)]
struct Sockets {
    established: usize,
    close_wait: usize,
    /// On whose side: who closes first waits (RFC 9293, 3.6).
    server_waits: usize,
    client_waits: usize,
    /// On the way between two of the others.
    between: usize,
}

impl Snapshot {
    pub(crate) fn take(server: &Server, places: &[Place]) -> Self {
        let status = read(&format!("/proc/{}/status", server.pid()));
        let descriptors = fs::read_dir(format!("/proc/{}/fd", server.pid()));
        let mut files = Strays::default();
        for strays in places.iter().map(Place::strays) {
            files.temporary.extend(strays.temporary);
            files.locks.extend(strays.locks);
            files.others.extend(strays.others);
        }
        Self {
            available_kib: field(&read("/proc/meminfo"), "MemAvailable:"),
            backend_kib: field(&status, "VmRSS:"),
            threads: field(&status, "Threads:"),
            descriptors: descriptors.expect("the backend runs").count(),
            sockets: Sockets::of(server.port),
            processes: children().filter(|pid| *pid != server.pid()).count(),
            files,
        }
    }

    /// When the backend has noticed that everybody is gone.
    pub(crate) fn settled(server: &Server, places: &[Place], start: &Snapshot) -> Self {
        let end = Instant::now() + PATIENCE;
        loop {
            let now = Self::take(server, places);
            if now.complaints(start).is_empty() || Instant::now() > end {
                return now;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Nothing may be left that was not there before.
    pub(crate) fn complaints(&self, start: &Snapshot) -> Vec<String> {
        let sockets = &self.sockets;
        let open = sockets.established + sockets.close_wait + sockets.between;
        let files = &self.files;
        [
            (
                self.descriptors == start.descriptors,
                "descriptors of the backend".to_owned(),
            ),
            (
                self.threads == start.threads,
                "threads of the backend".to_owned(),
            ),
            (open == 0, format!("{open} sockets")),
            (self.processes == 0, format!("{} processes", self.processes)),
            (files.count() == 0, format!("{files:?}")),
        ]
        .into_iter()
        .filter(|(holds, _)| !holds)
        .map(|(_, what)| format!("left at the end: {what}"))
        .collect()
    }
}

impl Sockets {
    fn of(port: u16) -> Self {
        let mut sockets = Self::default();
        for file in ["/proc/net/tcp", "/proc/net/tcp6"] {
            // Without IPv6 there is no second one.
            let table = fs::read_to_string(file).unwrap_or_default();
            for line in table.lines().skip(1) {
                sockets.count(line, port);
            }
        }
        sockets
    }

    fn count(&mut self, line: &str, port: u16) {
        let mut words = line.split_whitespace().skip(1);
        let [local, remote, state] = [(); 3].map(|()| words.next().unwrap_or_default());
        let is_ours = |address: &str| {
            let found = address.rsplit(':').next().unwrap_or_default();
            u16::from_str_radix(found, 16) == Ok(port)
        };
        if !is_ours(local) && !is_ours(remote) {
            return;
        }
        match u8::from_str_radix(state, 16).unwrap_or_default() {
            LISTEN => {}
            ESTABLISHED => self.established += 1,
            CLOSE_WAIT => self.close_wait += 1,
            TIME_WAIT if is_ours(local) => self.server_waits += 1,
            TIME_WAIT => self.client_waits += 1,
            _ => self.between += 1,
        }
    }
}

/// A line each.
pub(crate) fn compare(start: &Snapshot, warm: &Snapshot, end: &Snapshot) -> String {
    type Figure = fn(&Snapshot) -> String;
    let figures: [(&str, Figure); 12] = [
        ("memory available, MB (not judged)", |now| {
            (now.available_kib / 1024).to_string()
        }),
        ("the backend's memory, KiB", |now| {
            now.backend_kib.to_string()
        }),
        ("the backend's threads", |now| now.threads.to_string()),
        ("the backend's descriptors", |now| {
            now.descriptors.to_string()
        }),
        ("sockets in ESTABLISHED", |now| {
            now.sockets.established.to_string()
        }),
        ("sockets in CLOSE_WAIT", |now| {
            now.sockets.close_wait.to_string()
        }),
        ("sockets in TIME_WAIT, the backend's (not judged)", |now| {
            now.sockets.server_waits.to_string()
        }),
        ("sockets in TIME_WAIT, clients' (not judged)", |now| {
            now.sockets.client_waits.to_string()
        }),
        ("sockets in other states", |now| {
            now.sockets.between.to_string()
        }),
        ("processes", |now| now.processes.to_string()),
        ("files beside auth.json", |now| {
            (now.files.temporary.len() + now.files.locks.len()).to_string()
        }),
        ("other files in the homes and TMPDIR", |now| {
            now.files.others.len().to_string()
        }),
    ];
    let line = |(name, figure): (&str, Figure)| {
        let [start, warm, end] = [start, warm, end].map(figure);
        format!("{name:<50}{start:>9}{warm:>9}{end:>9}")
    };
    let head = format!("{:<50}{:>9}{:>9}{:>9}", "", "start", "warm", "end");
    let lines: Vec<String> = std::iter::once(head)
        .chain(figures.into_iter().map(line))
        .collect();
    lines.join("\n")
}

fn read(path: &str) -> String {
    fs::read_to_string(path).expect("proc(5)")
}

/// Its number.
fn field(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .expect("a number")
}

fn children() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").expect("proc(5)");
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid| parent(*pid) == Some(process::id()))
}

/// None where it has ended meanwhile.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let behind_name = stat.rsplit(") ").next()?;
    behind_name.split(' ').nth(1)?.parse().ok()
}
