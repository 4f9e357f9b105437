//! What a run may leave, and what it must say.

use nix::sys::signal::Signal;

use crate::command::{Command, sekuire};
use crate::place::{Held, Place, Strays};
use crate::server::Server;
use crate::support::backend::{KEY, USER_EMAIL, WORKSPACES};
use crate::support::outcome::Outcome;

/// One run between two looks at its home.
pub(crate) struct Run<'a> {
    pub(crate) command: Command,
    pub(crate) before: (Held, Strays),
    pub(crate) after: (Held, Strays),
    /// What was sent; it may have come too late.
    pub(crate) signal: Option<Signal>,
    pub(crate) outcome: &'a Outcome,
    /// Whether others change the same home.
    pub(crate) shared: bool,
}

impl Run<'_> {
    pub(crate) fn was_killed(&self) -> bool {
        self.outcome.signal.is_some()
    }

    pub(crate) fn is_new(&self) -> bool {
        match self.command {
            Command::Login(workspace) => self.after.0 == Held::Login(workspace),
            Command::Whoami => false,
            Command::Logout => self.after.0 == Held::Nothing,
        }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        let Outcome { stdout, stderr, .. } = self.outcome;
        self.must(
            !stdout.contains(KEY) && !stderr.contains(KEY),
            "the key is shown",
        )?;
        self.must(
            !matches!(self.after.0, Held::Broken(_)),
            "auth.json is lost",
        )?;
        self.must(
            self.after.1.others.is_empty(),
            "a file that is none of ours",
        )?;
        if self.was_killed() {
            let sent = self.signal.map(|signal| signal as i32);
            self.must(self.outcome.signal == sent, "it ends by another signal")?;
            return self.must(
                self.shared || self.is_old() || self.is_new(),
                "auth.json is neither old nor new",
            );
        }
        match self.command {
            Command::Login(_) => self.logged_in(),
            Command::Whoami => self.said_who(),
            Command::Logout => self.logged_out(),
        }
    }

    fn is_old(&self) -> bool {
        self.after.0 == self.before.0
    }

    fn logged_in(&self) -> Result<(), String> {
        self.exits(0)?;
        self.must(self.outcome.stderr.is_empty(), "it complains")?;
        self.must(
            self.outcome.stdout.contains("Login successful!"),
            "it does not say so",
        )?;
        self.must(self.shared || self.is_new(), "it is not logged in")?;
        self.swept()
    }

    fn said_who(&self) -> Result<(), String> {
        let is_in = self.outcome.stdout.contains(USER_EMAIL);
        let is_out = self.outcome.stderr.contains("Not logged in");
        self.exits(i32::from(!is_in))?;
        self.must(is_in != is_out, "it says neither, or both")?;
        let was_in = self.before.0 != Held::Nothing;
        self.must(self.shared || is_in == was_in, "it is wrong")?;
        self.must(
            self.shared || self.after == self.before,
            "it changes something",
        )
    }

    fn logged_out(&self) -> Result<(), String> {
        self.exits(0)?;
        let done = self.outcome.stdout.contains("Logged out successfully!");
        let was_in = self.before.0 != Held::Nothing;
        self.must(self.shared || done == was_in, "it says otherwise")?;
        self.must(self.shared || self.is_new(), "it is not logged out")?;
        self.swept()
    }

    /// What kills before it have left is gone.
    fn swept(&self) -> Result<(), String> {
        self.must(self.shared || self.after.1.count() == 0, "strays are left")
    }

    fn exits(&self, code: i32) -> Result<(), String> {
        self.must(
            self.outcome.code == Some(code),
            &format!("not exit status {code}"),
        )
    }

    fn must(&self, holds: bool, what: &str) -> Result<(), String> {
        if holds {
            return Ok(());
        }
        let Self {
            command,
            before,
            after,
            signal,
            outcome,
            ..
        } = self;
        Err(
            format!("{command:?}, {signal:?}: {what}: from {before:?} to {after:?}: {outcome}")
                .replace(KEY, "KEY"),
        )
    }
}

/// When all is quiet: a login, a look at it and a logout, as a person would want them.
pub(crate) fn last_visit(place: &Place, server: &Server) -> Result<(), String> {
    let look = || (place.held(&server.url), place.strays());
    let visit = |command: Command| {
        let before = look();
        let outcome = command.call(place, server).spawn().outcome()?;
        let run = Run {
            command,
            before,
            after: look(),
            signal: None,
            outcome: &outcome,
            shared: false,
        };
        run.check()
    };
    visit(Command::Login(1))?;
    let status = sekuire(place, server).arg("status").spawn().outcome()?;
    let is_right = status.code == Some(0)
        && status.stderr.is_empty()
        && status
            .stdout
            .contains(&format!("Workspace: {}\n", WORKSPACES[1]));
    if !is_right {
        return Err(format!("status: {status}"));
    }
    visit(Command::Whoami)?;
    visit(Command::Logout)
}
