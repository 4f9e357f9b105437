//! Programs that nobody here wrote: where they are, and which version.

use std::env;
use std::path::{Path, PathBuf};

use super::report;
use crate::support::command::Sekuire;
use crate::support::outcome::Outcome;

/// First the system's own, which everybody can run; an ordinary user has not all of these on the PATH.
const SYSTEM: &str = "/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin";

/// Its path; None: said to be skipped.
pub(crate) fn find(name: &str, package: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(SYSTEM)
        .chain(env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        report::skip(name, &format!("is not installed (Debian: {package})"));
    }
    found
}

/// The first line, of what it says to this argument, that has a number in it; its beginning, for curl names all its
/// libraries.
pub(crate) fn version(program: &Path, argument: &str) -> String {
    let outcome = Sekuire::at(program).arg(argument).run();
    let Outcome { stdout, stderr, .. } = &outcome;
    let mut lines = stdout.lines().chain(stderr.lines());
    let line = lines.find(|line| line.contains(|character: char| character.is_ascii_digit()));
    line.unwrap_or("of an unknown version")
        .chars()
        .take(60)
        .collect()
}
