//! What is done while things go wrong, and what may be left afterwards.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use super::naive;
use crate::support::backend::KEY;
use crate::support::command::binary;
use crate::support::home::Home;

/// The file of an earlier login.
const OLD: &str = "{\n  \"api_key\": \"sk_live_ofanearlierlogin\",\n  \"device_fingerprint\": null,\n  \"org_id\": null,\n  \"workspace_id\": null\n}\n";

/// What a crash of an earlier login left behind.
pub(crate) const STRAY: &str = ".auth.json.0123456789abcdef.tmp";

/// Standard input: the key of a login, and what the naive writer writes. A logout does not read it.
pub(crate) fn input() -> String {
    format!("{KEY}\n")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// Over the file of an earlier one, with an old temporary file beside it.
    Login,
    /// Without a folder.
    FirstLogin,
    /// With a temporary file to remove, too.
    Logout,
    /// The naive writer, over an old file.
    Naive,
}

impl Scenario {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Login => "login over an old file",
            Self::FirstLogin => "first login",
            Self::Logout => "logout",
            Self::Naive => "naive writer",
        }
    }

    pub(crate) fn lay_out(self, home: &Home) {
        if self == Self::FirstLogin {
            return;
        }
        home.write_auth(OLD);
        if self != Self::Naive {
            let stray = home.sekuire_dir().join(STRAY);
            fs::write(&stray, OLD).expect("a stray file");
            fs::set_permissions(&stray, fs::Permissions::from_mode(0o600)).expect("its mode");
            let file = fs::File::open(&stray).expect("the stray file");
            let long_ago = SystemTime::now() - Duration::from_secs(2 * 60 * 60);
            file.set_modified(long_ago).expect("its time");
        }
    }

    /// The content of auth.json before; none where there is no file.
    pub(crate) fn before(self) -> Option<&'static [u8]> {
        (self != Self::FirstLogin).then_some(OLD.as_bytes())
    }

    /// The program and its arguments.
    pub(crate) fn command(self, backend_url: &str) -> Vec<OsString> {
        let words: &[&str] = match self {
            Self::Login | Self::FirstLogin => {
                &["login", "--api-key-stdin", "--backend", backend_url]
            }
            Self::Logout => &["logout"],
            Self::Naive => &[naive::ARGUMENT],
        };
        let program = if self == Self::Naive {
            env::current_exe().expect("the path of this program")
        } else {
            binary()
        };
        [program.into_os_string()]
            .into_iter()
            .chain(words.iter().map(OsString::from))
            .collect()
    }

    /// What standard output says when all went well.
    pub(crate) fn success(self) -> &'static str {
        match self {
            Self::Login | Self::FirstLogin => "Login successful!",
            Self::Logout => "Logged out successfully!",
            Self::Naive => "",
        }
    }
}
