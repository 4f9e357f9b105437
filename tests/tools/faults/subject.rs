//! The commands, what each starts from, and what it leaves.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::support::backend::KEY;
use crate::support::home::Home;

/// What a crash of an earlier login left behind.
pub(crate) const STRAY: &str = ".auth.json.0123456789abcdef.tmp";

const OLD_KEY: &str = "sk_live_ofanearlierlogin";

pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) command: &'static [&'static str],
    /// The key in auth.json before; None: there is no folder.
    pub(crate) key_before: Option<&'static str>,
    /// Whether `STRAY` lies beside it.
    pub(crate) stray: bool,
    /// What standard output says when all went well.
    pub(crate) success: &'static str,
    /// The key in auth.json then; None: there is no file.
    key_after: Option<&'static str>,
    /// Calls that change auth.json, by the beginnings of their names (processors differ): the sweep must see each.
    pub(crate) writes: &'static [&'static str],
}

const LOGIN: Subject = Subject {
    name: "login",
    command: &["sekuire", "login", "--api-key-stdin", "--timeout", "2"],
    key_before: Some(OLD_KEY),
    stray: true,
    success: "Login successful!",
    key_after: Some(KEY),
    writes: &["open", "write", "fsync", "rename"],
};

const STATUS: Subject = Subject {
    name: "status",
    command: &["sekuire", "status"],
    key_before: Some(KEY),
    stray: false,
    success: "Authenticated with API Key",
    key_after: Some(KEY),
    writes: &[],
};

/// Writes auth.json in place, as the existing client does: the sweep proves itself on it.
pub(crate) const NAIVE: Subject = Subject {
    name: "naive writer",
    command: &[
        "sh",
        "-c",
        "echo '{\"api_key\": \"sk_live_abc123def456xyz\"}' >\"$HOME/.sekuire/auth.json\"",
    ],
    stray: false,
    success: "",
    ..LOGIN
};

/// A login comes first: it binds the key, to `SEKUIRE_DEVICE_ID`.
pub(crate) const ALL: [Subject; 5] = [
    LOGIN,
    Subject {
        name: "first login",
        key_before: None,
        stray: false,
        ..LOGIN
    },
    Subject {
        name: "logout",
        command: &["sekuire", "logout"],
        success: "Logged out successfully!",
        key_after: None,
        writes: &["unlink", "fsync"],
        ..LOGIN
    },
    Subject {
        name: "whoami",
        command: &["sekuire", "whoami", "--timeout", "2"],
        success: "Email: dev@example.com",
        ..STATUS
    },
    STATUS,
];

impl Subject {
    /// Gives auth.json.
    pub(crate) fn lay_out(&self, home: &Home, backend_url: &str) -> Option<String> {
        let content = serde_json::json!({
            "api_key": self.key_before?,
            "backend_url": backend_url,
        });
        home.write_auth(&content.to_string());
        if self.stray {
            let stray = home.sekuire_dir().join(STRAY);
            fs::copy(home.auth_json(), &stray).expect("a stray file, as private");
            let long_ago = SystemTime::now() - Duration::from_secs(2 * 60 * 60);
            let file = fs::File::open(&stray).expect("the stray file");
            file.set_modified(long_ago).expect("its time");
        }
        Some(content.to_string())
    }

    /// Whether auth.json is what it is when all went well.
    pub(crate) fn is_new(&self, before: Option<&str>, now: Option<&str>) -> bool {
        match (self.key_after, now) {
            _ if self.writes.is_empty() => now == before,
            // A file that can't be removed is emptied.
            (None, now) => now.is_none_or(|now| now == "{}\n"),
            (Some(_), None) => false,
            (Some(key), Some(now)) => serde_json::from_str::<serde_json::Value>(now)
                .is_ok_and(|content| content["api_key"] == key),
        }
    }
}
