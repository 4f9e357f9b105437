//! The three commands, and how each is run.

use std::time::Duration;

use crate::place::Place;
use crate::server::Server;
use crate::support::backend::{KEY, WORKSPACES};
use crate::support::command::Sekuire;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// With this of `WORKSPACES`, so that an old login and a new one differ.
    Login(usize),
    Whoami,
    Logout,
}

impl Command {
    pub(crate) const NAMES: [&str; 3] = ["login", "whoami", "logout"];

    /// Its place in `NAMES`.
    pub(crate) fn index(self) -> usize {
        match self {
            Command::Login(_) => 0,
            Command::Whoami => 1,
            Command::Logout => 2,
        }
    }

    pub(crate) fn call(self, place: &Place, server: &Server) -> Sekuire {
        let call = sekuire(place, server);
        match self {
            Command::Login(workspace) => call
                .args(["login", "--api-key-stdin", "--backend", &server.url])
                .args(["--workspace", WORKSPACES[workspace]])
                .stdin(format!("{KEY}\n").as_bytes()),
            Command::Whoami => call.arg("whoami"),
            Command::Logout => call.arg("logout"),
        }
    }
}

pub(crate) fn sekuire(place: &Place, server: &Server) -> Sekuire {
    Sekuire::new()
        .home(&place.home)
        .ca(&server.ca_file())
        .env("TMPDIR", place.temporary_folder())
        .timeout(Duration::from_secs(60))
}
