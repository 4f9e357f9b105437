//! Leaves nothing behind, however the demo ends.

use std::error::Error;
use std::fs;
use std::panic;
use std::path::Path;
use std::process;
use std::thread;

use nix::sys::signal::{SigSet, Signal};
use tempfile::TempDir;

/// Runs it with a folder of its own for all temporary files. Destructors run neither after a signal
/// nor after a panic where panics abort (as in Cargo.toml), so both remove that folder themselves.
pub(crate) fn clean(
    play: impl FnOnce() -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let folder = TempDir::with_prefix("sekuire-demo-")?;
    tempfile::env::override_temp_dir(folder.path()).map_err(|_| "the folder is set already")?;
    remove_on_signal(folder.path())?;
    remove_on_panic(folder.path());
    play()
}

fn remove_on_signal(folder: &Path) -> Result<(), Box<dyn Error>> {
    let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
    // Threads started later inherit this; the programs run do not (std clears it for them).
    signals.thread_block()?;
    let folder = folder.to_owned();
    thread::spawn(move || {
        let signal = signals.wait();
        let _ = fs::remove_dir_all(&folder);
        end(128 + signal.map_or(0, |signal| signal as i32));
    });
    Ok(())
}

fn remove_on_panic(folder: &Path) {
    let folder = folder.to_owned();
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |information| {
        report(information);
        let _ = fs::remove_dir_all(&folder);
        end(1);
    }));
}

#[allow(
    clippy::exit,
    reason = "from a thread or a hook there is no other way to end"
)]
fn end(status: i32) -> ! {
    process::exit(status)
}
