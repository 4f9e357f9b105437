//! The commands under torture, and what each starts from and leaves.

use serde_json::json;

use crate::support::backend::ApiKey;

/// The fingerprint of the device in whose name they run (SPEC, section 7: `runner-1`).
const FINGERPRINT: &str = "b225d7090cabd38227579da53951772b66c6d8db28cdad668ce79ee26f733b1d";

/// The key of an earlier login.
const OLD_KEY: &str = "sk_live_ofanearlierlogin";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Login,
    Logout,
    Whoami,
    Status,
}

impl Subject {
    pub(crate) const ALL: [Self; 4] = [Self::Login, Self::Logout, Self::Whoami, Self::Status];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Whoami => "whoami",
            Self::Status => "status",
        }
    }

    pub(crate) fn arguments(self, backend_url: &str) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Login => &[
                "login",
                "--api-key-stdin",
                "--timeout",
                "5",
                "--backend",
                backend_url,
            ],
            Self::Logout => &["logout"],
            Self::Whoami => &["whoami", "--timeout", "5"],
            Self::Status => &["status"],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// The key as the backend knows it before: a login binds it.
    pub(crate) fn key(self, key: &str) -> ApiKey {
        ApiKey {
            bound: (self != Self::Login).then(|| FINGERPRINT.to_owned()),
            ..ApiKey::new(key)
        }
    }

    /// auth.json before: for a login, that of an earlier one.
    pub(crate) fn before(self, key: &str, backend_url: &str) -> String {
        let key = if self == Self::Login { OLD_KEY } else { key };
        let content = json!({
            "api_key": key,
            "device_fingerprint": FINGERPRINT,
            "org_id": null,
            "workspace_id": "ws_abc123",
            "backend_url": backend_url,
        });
        content.to_string()
    }

    /// Whether auth.json is what it shall be when all went well; none: there is no file.
    pub(crate) fn is_new(self, before: &str, key: &str, now: Option<&str>) -> bool {
        match (self, now) {
            (Self::Login, Some(now)) => serde_json::from_str::<serde_json::Value>(now)
                .is_ok_and(|content| content.get("api_key").is_some_and(|own| own == key)),
            // A file that can't be removed is emptied.
            (Self::Logout, now) => now.is_none() || now == Some("{}\n"),
            (Self::Whoami | Self::Status, now) => now == Some(before),
            (Self::Login, None) => false,
        }
    }

    /// What standard output says when all went well.
    pub(crate) fn success(self) -> &'static str {
        match self {
            Self::Login => "Login successful!",
            Self::Logout => "Logged out successfully!",
            Self::Whoami => "Email: dev@example.com",
            Self::Status => "Authenticated with API Key",
        }
    }
}
