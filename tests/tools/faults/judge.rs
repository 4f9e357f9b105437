//! What one fault has left behind, and whether that is allowed.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::libc;

use super::fault::{Fault, Kind};
use super::subject::{STRAY, Subject};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::outcome::Outcome;

/// One run, and what it started from.
pub(crate) struct Case<'a> {
    pub(crate) subject: Subject,
    pub(crate) fault: &'a Fault,
    pub(crate) home: &'a Home,
    /// auth.json.
    pub(crate) before: Option<String>,
    pub(crate) outcome: &'a Outcome,
    /// Whether the fault happened.
    pub(crate) hit: bool,
}

pub(crate) struct Verdict {
    pub(crate) call: String,
    pub(crate) hit: bool,
    pub(crate) killed: bool,
    pub(crate) code: Option<i32>,
    pub(crate) complaints: Vec<String>,
}

impl Case<'_> {
    pub(crate) fn judge(&self) -> Verdict {
        let (subject, fault, outcome) = (self.subject, self.fault, self.outcome);
        let now = fs::read_to_string(self.home.auth_json()).ok();
        let is_new = subject.is_new(self.before.as_deref(), now.as_deref());
        let is_old = now == self.before;
        let killed = fault.kind == Kind::Kill && outcome.signal == Some(libc::SIGKILL);
        let complaints = [
            (!is_old && !is_new).then(|| "auth.json is lost".to_owned()),
            exposed(self.home.path()),
            outcome
                .stderr
                .contains("panicked")
                .then(|| "it panics".to_owned()),
            (!killed && !self.fits(is_old, is_new)).then(|| "the exit status lies".to_owned()),
            self.stray(),
        ];
        let told = |what| format!("{}: {fault}: {what}: {outcome}", subject.name());
        Verdict {
            call: fault.call.clone(),
            hit: self.hit,
            killed,
            code: outcome.code,
            complaints: complaints.into_iter().flatten().map(told).collect(),
        }
    }

    /// Exit status and message.
    fn fits(&self, is_old: bool, is_new: bool) -> bool {
        let (fault, outcome) = (self.fault, self.outcome);
        let says_done = outcome.stdout.contains(self.subject.success());
        let says = |part: &str| outcome.stderr.contains(part);
        match outcome.code {
            Some(0) => is_new && says_done,
            _ if !self.hit || fault.kind == Kind::Kill => false,
            Some(code @ (3 | 4)) => {
                let is_done = [
                    "did not confirm",
                    "standard output",
                    "an earlier login left",
                ];
                let causes = fault.cause().filter(|_| code == 3);
                says("error: ")
                    && says("\nhint: ")
                    && !says_done
                    && (code == 4 || !fault.is_retriable())
                    && (is_old || is_done.into_iter().any(says))
                    && causes.is_none_or(|number| tells(number, &outcome.stderr))
            }
            // The loader of a program that is not static.
            Some(127) => is_old && says("error while loading shared libraries"),
            _ => false,
        }
    }

    /// A failure removes its own temporary files unless removing is what fails; a crash leaves them to the next logout.
    fn stray(&self) -> Option<String> {
        let mut left = temporaries(self.home);
        left.retain(|name| name != STRAY || self.outcome.code == Some(0));
        if left.is_empty() {
            return None;
        }
        if self.outcome.code.is_some() && !self.fault.removes() {
            return Some(format!("{left:?} is left behind"));
        }
        let logout = Sekuire::new().home(self.home).arg("logout").run();
        let left = temporaries(self.home);
        let cleared = logout.code == Some(0) && left.is_empty();
        (!cleared).then(|| format!("{left:?} outlives the next logout"))
    }
}

impl Verdict {
    pub(crate) fn broken(subject: Subject, fault: &Fault) -> Self {
        let what = "it hangs, or the check panicked: see above";
        Self {
            call: fault.call.clone(),
            hit: true,
            killed: false,
            code: None,
            complaints: vec![format!("{}: {fault}: {what}", subject.name())],
        }
    }
}

/// Whether the error's cause is told, in glibc's or musl's words; of a lack of permission, whose the file is.
fn tells(number: i32, stderr: &str) -> bool {
    let is_denial = number == libc::EACCES && stderr.contains("permission denied (");
    let cause = io::Error::from_raw_os_error(number).to_string();
    let words = cause.split(" (os error ").next().unwrap_or_default();
    let words = words.to_lowercase();
    let musl = match number {
        libc::EIO => "i/o error",
        libc::EDQUOT => "quota exceeded",
        _ => &words,
    };
    let stderr = stderr.to_lowercase();
    is_denial || stderr.contains(musl) || stderr.contains(&words)
}

fn temporaries(home: &Home) -> Vec<String> {
    let mut names = home.listing();
    names.retain(|name| name != "auth.json");
    names
}

/// A file below the folder that holds a key and that others can read. strace's trace is its own: it shows what the program
/// writes.
fn exposed(folder: &Path) -> Option<String> {
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        let metadata = entry.metadata().ok()?;
        if metadata.is_dir() {
            return exposed(&path);
        }
        let holds_key =
            fs::read(&path).is_ok_and(|bytes| bytes.windows(8).any(|part| part == b"sk_live_"));
        let open = metadata.permissions().mode() & 0o077 != 0;
        (open && holds_key && !path.ends_with("trace"))
            .then(|| format!("others can read {}", path.display()))
    })
}
