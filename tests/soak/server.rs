//! The development backend in a process of its own, so that what it holds is its alone.

use std::env;
use std::error::Error;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::sys::signal::Signal;

use crate::support::home::Home;

const PATIENCE: Duration = Duration::from_secs(10);

/// Ends when dropped, or with this process.
pub(crate) struct Server {
    child: Child,
    folder: Home,
    pub(crate) url: String,
    pub(crate) port: u16,
}

impl Server {
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let program = env::current_exe()?.with_file_name("backend");
        if !program.is_file() {
            return Err(format!("{} is missing: make soak builds it", program.display()).into());
        }
        let folder = Home::new();
        let mut command = Command::new(program);
        command
            .arg(folder.path())
            .args(["127.0.0.1:0", "127.0.0.1"])
            .stdin(Stdio::null());
        end_with_us(&mut command);
        let child = command.spawn()?;
        let mut server = Self {
            child,
            folder,
            url: String::new(),
            port: 0,
        };
        server.url = server.wait_for_url()?;
        let port = server.url.rsplit(':').next().unwrap_or_default();
        server.port = port.parse()?;
        Ok(server)
    }

    fn wait_for_url(&self) -> Result<String, Box<dyn Error>> {
        let end = Instant::now() + PATIENCE;
        loop {
            match fs::read_to_string(self.folder.path().join("url")) {
                Ok(url) => return Ok(url),
                Err(error) if Instant::now() > end => {
                    return Err(format!("the backend does not start: {error}").into());
                }
                Err(_) => thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The CA to trust.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// However this ends: nothing is left running.
#[allow(unsafe_code, reason = "pre_exec is unsafe")]
fn end_with_us(command: &mut Command) {
    // SAFETY: prctl(2) is a plain system call; nothing is allocated.
    unsafe { command.pre_exec(|| Ok(prctl::set_pdeathsig(Signal::SIGKILL)?)) };
}
