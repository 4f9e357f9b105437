//! The commands, what each starts from, and what it leaves.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::support::backend::KEY;
use crate::support::home::Home;

/// The fingerprint of the device in whose name they run (SPEC, section 7: `runner-1`).
pub(crate) const FINGERPRINT: &str =
    "b225d7090cabd38227579da53951772b66c6d8db28cdad668ce79ee26f733b1d";

/// What a crash of an earlier login left behind.
pub(crate) const STRAY: &str = ".auth.json.0123456789abcdef.tmp";

const SAVING: &[&[&str]] = &[
    &["open", "openat"],
    &["write", "writev"],
    &["fsync", "fdatasync"],
    &["rename", "renameat", "renameat2"],
];
const REMOVING: &[&[&str]] = &[&["unlink", "unlinkat"], &["fsync", "fdatasync"]];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Over the file of an earlier one, with an old temporary file beside it.
    Login,
    /// Without a folder.
    FirstLogin,
    /// With a temporary file to remove, too.
    Logout,
    Whoami,
    Status,
    /// Writes auth.json in place, as the existing client does: the sweep proves itself on it.
    Naive,
}

impl Subject {
    pub(crate) const ALL: [Self; 6] = [
        Self::Login,
        Self::FirstLogin,
        Self::Logout,
        Self::Whoami,
        Self::Status,
        Self::Naive,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::FirstLogin => "first login",
            Self::Logout => "logout",
            Self::Whoami => "whoami",
            Self::Status => "status",
            Self::Naive => "naive writer",
        }
    }

    pub(crate) fn arguments(self, backend_url: &str) -> Vec<&str> {
        match self {
            Self::Login | Self::FirstLogin => {
                let login = ["login", "--api-key-stdin", "--timeout", "2", "--backend"];
                [&login[..], &[backend_url]].concat()
            }
            Self::Logout => vec!["logout"],
            Self::Whoami => vec!["whoami", "--timeout", "2"],
            Self::Status => vec!["status"],
            Self::Naive => vec!["-c", "exec cat >\"$HOME/.sekuire/auth.json\""],
        }
    }

    /// What standard output says when all went well.
    pub(crate) fn success(self) -> &'static str {
        match self {
            Self::Login | Self::FirstLogin => "Login successful!",
            Self::Logout => "Logged out successfully!",
            Self::Whoami => "Email: dev@example.com",
            Self::Status => "Authenticated with API Key",
            Self::Naive => "",
        }
    }

    /// Whether it changes auth.json, so that to be killed matters.
    pub(crate) fn writes(self) -> bool {
        !matches!(self, Self::Whoami | Self::Status)
    }

    pub(crate) fn families(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Login | Self::FirstLogin => SAVING,
            Self::Logout => REMOVING,
            Self::Whoami | Self::Status | Self::Naive => &[],
        }
    }

    /// auth.json before.
    pub(crate) fn before(self, backend_url: &str) -> Option<String> {
        let key = match self {
            Self::FirstLogin => return None,
            Self::Whoami | Self::Status => KEY,
            Self::Login | Self::Logout | Self::Naive => "sk_live_ofanearlierlogin",
        };
        let content = serde_json::json!({
            "api_key": key,
            "device_fingerprint": FINGERPRINT,
            "org_id": null,
            "workspace_id": "ws_abc123",
            "backend_url": backend_url,
        });
        Some(content.to_string())
    }

    pub(crate) fn lay_out(self, home: &Home, backend_url: &str) {
        let Some(before) = self.before(backend_url) else {
            return;
        };
        home.write_auth(&before);
        if matches!(self, Self::Login | Self::Logout) {
            let stray = home.sekuire_dir().join(STRAY);
            fs::copy(home.auth_json(), &stray).expect("a stray file, as private");
            let file = fs::File::open(&stray).expect("the stray file");
            let long_ago = SystemTime::now() - Duration::from_secs(2 * 60 * 60);
            file.set_modified(long_ago).expect("its time");
        }
    }

    /// Whether auth.json is what it is when all went well; None: there is no file.
    pub(crate) fn is_new(self, before: Option<&str>, now: Option<&str>) -> bool {
        match (self, now) {
            (Self::Login | Self::FirstLogin, Some(now)) => {
                serde_json::from_str::<serde_json::Value>(now)
                    .is_ok_and(|content| content["api_key"] == KEY)
            }
            // A file that can't be removed is emptied.
            (Self::Logout, now) => now.is_none() || now == Some("{}\n"),
            (Self::Whoami | Self::Status, now) => now == before,
            (Self::Naive, Some(now)) => now == format!("{KEY}\n"),
            (Self::Login | Self::FirstLogin | Self::Naive, None) => false,
        }
    }
}
