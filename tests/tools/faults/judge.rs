//! What one fault has left behind, and whether that is allowed.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::libc;

use super::fault::{Fault, Kind};
use super::scenario::{STRAY, Scenario};
use super::strace;
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::outcome::Outcome;

/// What auth.json is afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Old,
    New,
    Lost,
}

pub(crate) struct Verdict {
    pub(crate) fault: Fault,
    /// Whether the fault came about: threads do not always make the same calls.
    pub(crate) hit: bool,
    pub(crate) state: State,
    pub(crate) complaints: Vec<String>,
}

/// What all the cases of a sweep share.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) backend_url: String,
    /// The content of auth.json when nothing goes wrong; none where no file is left.
    pub(crate) after: Option<Vec<u8>>,
}

impl World {
    pub(crate) fn try_fault(&self, fault: &Fault) -> Verdict {
        let home = Home::new();
        self.scenario.lay_out(&home);
        let (outcome, injected) = strace::inject(self.scenario, &self.backend_url, &home, fault);
        let hit = injected || fault.kind == Kind::Kill && outcome.signal.is_some();
        let state = self.state(&home);
        let mut complaints: Vec<String> = self
            .misfit(fault, hit, &outcome, state)
            .into_iter()
            .collect();
        complaints.extend(exposed(home.path()));
        complaints.extend(self.stray(fault, &home, &outcome));
        Verdict {
            fault: fault.clone(),
            hit,
            state,
            complaints,
        }
    }

    fn state(&self, home: &Home) -> State {
        let content = fs::read(home.auth_json()).ok();
        if content == self.after {
            return State::New;
        }
        if content.as_deref() == self.scenario.before() {
            return State::Old;
        }
        // A file that can't be removed is emptied.
        if self.scenario == Scenario::Logout && content.as_deref() == Some(b"{}\n") {
            return State::New;
        }
        State::Lost
    }

    /// Exit status and message.
    fn misfit(&self, fault: &Fault, hit: bool, outcome: &Outcome, state: State) -> Option<String> {
        let fits = match (fault.kind, outcome.code) {
            _ if !hit => outcome.code == Some(0) && state == State::New,
            (Kind::Kill, code) => code.is_none(),
            (Kind::Error(..), Some(0)) => {
                state == State::New && outcome.stdout.contains(self.scenario.success())
            }
            (Kind::Error(_, number), Some(3)) if !fault.is_retriable() => {
                let done = [
                    "did not confirm",
                    "standard output",
                    "an earlier login left",
                ]
                .iter()
                .any(|part| outcome.stderr.contains(part));
                let verb = match self.scenario {
                    Scenario::Logout => !outcome.stderr.contains("can't save"),
                    _ => !outcome.stderr.contains("can't remove"),
                };
                outcome.stderr.contains("error: ")
                    && outcome.stderr.contains("hint: ")
                    && tells(number, &outcome.stderr)
                    && (state == State::Old || done)
                    && verb
            }
            // The loader of a program that is not static.
            (Kind::Error(..), Some(127)) => {
                state == State::Old
                    && outcome
                        .stderr
                        .contains("error while loading shared libraries")
            }
            _ => false,
        };
        (!fits).then(|| format!("{state:?} does not fit the outcome: {outcome}"))
    }

    /// A failure removes its own temporary files unless removing is what fails; a crash leaves them
    /// to the next logout.
    fn stray(&self, fault: &Fault, home: &Home, outcome: &Outcome) -> Option<String> {
        let own = temporaries(home)
            .into_iter()
            .filter(|name| name != STRAY || outcome.code == Some(0))
            .collect::<Vec<_>>();
        if outcome.code.is_some() && !fault.removes() && !own.is_empty() {
            return Some(format!("{own:?} is left behind: {outcome}"));
        }
        if own.is_empty() || self.scenario == Scenario::Naive {
            return None;
        }
        Sekuire::new().home(home).arg("logout").run().exits(0);
        let left = temporaries(home);
        (!left.is_empty()).then(|| format!("{left:?} outlives the next logout"))
    }
}

/// Whether the error's cause is told; of a lack of permission, whose the file is.
fn tells(number: i32, stderr: &str) -> bool {
    let is_denial = number == libc::EACCES && stderr.contains("permission denied (");
    let cause = io::Error::from_raw_os_error(number).to_string();
    let words = cause.split(" (os error ").next().unwrap_or_default();
    let stderr = stderr.to_lowercase();
    // musl's words.
    let is_io = number == libc::EIO && stderr.contains("i/o error");
    is_denial || is_io || stderr.contains(&words.to_lowercase())
}

fn temporaries(home: &Home) -> Vec<String> {
    let mut names = home.listing();
    names.retain(|name| name != "auth.json");
    names
}

/// A file below the folder that holds a key and that others can read.
fn exposed(folder: &Path) -> Option<String> {
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        let metadata = entry.metadata().ok()?;
        if metadata.is_dir() {
            return exposed(&path);
        }
        let holds_key =
            fs::read(&path).is_ok_and(|bytes| bytes.windows(8).any(|window| window == b"sk_live_"));
        let open = metadata.permissions().mode() & 0o077 != 0;
        // strace's own trace shows what the program writes.
        let ours = !path.ends_with("trace");
        (ours && open && holds_key).then(|| format!("others can read {}", path.display()))
    })
}
