//! What auth.json must not be written by: in place, as the existing client does. The sweep proves
//! itself on it.

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Makes this program the naive writer.
pub(crate) const ARGUMENT: &str = "naive-writer";

/// Writes standard input to auth.json.
pub(crate) fn write() -> ExitCode {
    match save() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::from(3)
        }
    }
}

fn save() -> io::Result<()> {
    let home = env::var_os("HOME").ok_or(io::ErrorKind::NotFound)?;
    let mut content = Vec::new();
    io::stdin().read_to_end(&mut content)?;
    fs::write(PathBuf::from(home).join(".sekuire/auth.json"), content)
}
