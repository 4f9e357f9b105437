//! What one fault has left behind, and whether that is allowed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::fault::Fault;
use super::subject::{STRAY, Subject};
use crate::support::command::TestCommand;
use crate::support::home::Home;
use crate::support::outcome::Outcome;

pub(crate) struct Verdict {
    pub(crate) call: String,
    /// `missed` where the fault did not happen: threads do not always make the same calls.
    pub(crate) end: String,
    pub(crate) complaint: Option<String>,
}

/// Of a run with auth.json as it was before, which strace says was `hit` by the fault.
pub(crate) fn judge(
    subject: &Subject,
    fault: &Fault,
    home: &Home,
    before: Option<&str>,
    outcome: &Outcome,
    hit: bool,
) -> Verdict {
    let end = match outcome.code {
        _ if !hit => "missed".to_owned(),
        Some(code) => format!("exit {code}"),
        None => "killed".to_owned(),
    };
    let now = fs::read_to_string(home.auth_json()).ok();
    let is_old = now.as_deref() == before;
    let is_new = subject.is_new(before, now.as_deref());
    let is_killed = hit && fault.error.is_none();
    let stderr = outcome.stderr.to_lowercase();
    let says_any = |parts: &[&str]| parts.iter().any(|part| stderr.contains(part));
    let says_success = outcome.stdout.contains(subject.success);
    let done = [
        "did not confirm",
        "standard output",
        "an earlier login left",
    ];
    let fits = match outcome.code {
        Some(0) => is_new && says_success,
        Some(code @ (3 | 4)) => {
            let is_failure = hit && stderr.contains("error: ") && stderr.contains("\nhint: ");
            let says_cause = code == 4 || !fault.is_retriable() && says_any(fault.words());
            is_failure && says_cause && !says_success && (is_old || says_any(&done))
        }
        // The loader of a program that is not static.
        Some(127) => is_old && stderr.contains("loading shared libraries"),
        Some(_) => false,
        None => is_killed,
    };
    let wrong = if !is_old && !is_new {
        Some("auth.json is lost")
    } else if exposed(home.path()) {
        Some("others can read a file with a key")
    } else if stderr.contains("panicked") {
        Some("it panics")
    } else if !fits {
        Some("the exit status lies")
    } else if !cleans_up(subject, home, fault, outcome) {
        Some("temporary files are left behind")
    } else {
        None
    };
    Verdict {
        call: fault.call.clone(),
        end,
        complaint: wrong.map(|wrong| format!("{}: {fault}: {wrong}: {outcome}", subject.name)),
    }
}

/// A failure removes its own temporary files unless removing is what fails; a crash leaves them to the next logout,
/// which removes them or fails.
fn cleans_up(subject: &Subject, home: &Home, fault: &Fault, outcome: &Outcome) -> bool {
    let temporaries = || {
        let mut names = home.listing();
        names.retain(|name| name != "auth.json");
        names
    };
    let mut left = temporaries();
    let is_logged_out = subject.name == "logout" && outcome.code == Some(0);
    left.retain(|name| name != STRAY || is_logged_out);
    if left.is_empty() || outcome.code.is_some() && !fault.call.starts_with("unlink") {
        return left.is_empty();
    }
    let logout = TestCommand::new().home(home).arg("logout").run();
    logout.code == Some(0) && temporaries().is_empty()
}

/// Whether a file below the folder holds a key and others can read it. strace's trace is its own: it shows what the program
/// writes.
fn exposed(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let path = entry.path();
        let mode = entry
            .metadata()
            .map_or(0, |metadata| metadata.permissions().mode());
        let holds_key = |bytes: Vec<u8>| bytes.windows(8).any(|part| part == b"sk_live_");
        if path.is_dir() {
            return exposed(&path);
        }
        mode & 0o077 != 0 && !path.ends_with("trace") && fs::read(&path).is_ok_and(holds_key)
    })
}
