//! A server that nobody here wrote, in the foreground, in a folder of its own, on ports that nobody else is given.

use std::fs::{self, Permissions};
use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, geteuid, setgid, setgroups, setuid};
use tempfile::TempDir;

use crate::support::command::{Running, Sekuire};
use crate::support::other_user::NOBODY;
use crate::support::port::RefusingPort;

/// More than a busy machine takes to start one.
const START: Duration = Duration::from_secs(30);

/// The folder and the ports, which a configuration names as `@DIR@`, `@TLS13@`.
pub(crate) struct Place {
    folder: TempDir,
    ports: Vec<(&'static str, RefusingPort)>,
    texts: Vec<(&'static str, String)>,
}

impl Place {
    pub(crate) fn new(ports: &[&'static str]) -> Self {
        let folder = TempDir::with_prefix_in("sekuire-foreign-", "/tmp").expect("a folder");
        // Whoever runs this, the servers write there.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("chmod");
        let ports = ports.iter().map(|name| (*name, RefusingPort::new()));
        Self {
            ports: ports.collect(),
            texts: vec![("DIR", folder.path().display().to_string())],
            folder,
        }
    }

    /// One more text that configurations and URLs name.
    pub(crate) fn with(mut self, name: &'static str, text: &dyn ToString) -> Self {
        self.texts.push((name, text.to_string()));
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn port(&self, name: &str) -> u16 {
        let found = self.ports.iter().find(|(known, _)| *known == name);
        found.expect("a known port").1.address().port()
    }

    /// With every `@NAME@` replaced.
    pub(crate) fn fill(&self, template: &str) -> String {
        let ports = self.ports.iter();
        let ports = ports.map(|(name, port)| (*name, port.address().port().to_string()));
        let texts = self.texts.iter().map(|(name, text)| (*name, text.clone()));
        ports
            .chain(texts)
            .fold(template.to_owned(), |text, (name, value)| {
                text.replace(&format!("@{name}@"), &value)
            })
    }

    pub(crate) fn write(&self, name: &str, template: &str) -> PathBuf {
        let path = self.folder().join(name);
        fs::write(&path, self.fill(template)).expect("a file");
        path
    }
}

/// Killed when dropped, and with this process, whatever becomes of it.
pub(crate) struct Daemon {
    _running: Running,
}

impl Daemon {
    /// Starts it, with every `@NAME@` in its arguments replaced, and waits until it listens on `ports`.
    pub(crate) fn start(program: &Path, arguments: &str, place: &Place, ports: &[&str]) -> Self {
        Self::launch(Sekuire::at(program), arguments, place, ports)
    }

    /// The same where it has been said already on which machine.
    pub(crate) fn launch(program: Sekuire, arguments: &str, place: &Place, ports: &[&str]) -> Self {
        let mut running = program
            .env("HOME", place.folder())
            .directory(place.folder())
            .args(place.fill(arguments).split_whitespace())
            .before_exec(end_with_parent)
            .timeout(Duration::ZERO)
            .spawn();
        let started = Instant::now();
        for port in ports {
            let address = (Ipv4Addr::LOCALHOST, place.port(port));
            while TcpStream::connect(address).is_err() {
                assert!(
                    started.elapsed() < START,
                    "it does not listen on {port}: {}",
                    running.finish()
                );
                thread::sleep(Duration::from_millis(20));
            }
        }
        Self { _running: running }
    }
}

/// As nobody, where this is root, and killed when this process is (prctl(2)): a server that gave itself to another user
/// later would take leave of the second.
fn end_with_parent() -> io::Result<()> {
    if geteuid().is_root() {
        setgroups(&[])?;
        setgid(Gid::from_raw(NOBODY))?;
        setuid(Uid::from_raw(NOBODY))?;
    }
    Ok(prctl::set_pdeathsig(Signal::SIGKILL)?)
}
