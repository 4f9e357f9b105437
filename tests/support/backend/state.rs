//! Keys, what they are bound to and whose they are, and the two endpoints over them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::faults::Endpoint;
use super::http::{Request, Response};

pub(crate) const KEY: &str = "sk_live_abc123def456xyz";
pub(crate) const ORG_ID: &str = "org_acme";
pub(crate) const USER_ID: &str = "user_abc123";
pub(crate) const USER_EMAIL: &str = "dev@example.com";
pub(crate) const ORGANIZATION: &str = "Acme Corp";
pub(crate) const WORKSPACES: [&str; 2] = ["ws_abc123", "ws_def456"];

#[derive(Clone, Debug)]
pub(crate) struct ApiKey {
    pub(crate) key: String,
    pub(crate) org_id: String,
    pub(crate) user_id: String,
    pub(crate) email: String,
    /// Its name.
    pub(crate) organization: String,
    pub(crate) workspaces: Vec<String>,
    /// The fingerprint.
    pub(crate) bound: Option<String>,
    pub(crate) revoked: bool,
}

impl ApiKey {
    /// One more of the same user and organization, bound to nothing yet.
    pub(crate) fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            org_id: ORG_ID.to_owned(),
            user_id: USER_ID.to_owned(),
            email: USER_EMAIL.to_owned(),
            organization: ORGANIZATION.to_owned(),
            workspaces: WORKSPACES.map(str::to_owned).to_vec(),
            bound: None,
            revoked: false,
        }
    }
}

pub(super) struct State {
    keys: BTreeMap<String, ApiKey>,
}

impl State {
    /// With `KEY`.
    pub(super) fn new() -> Self {
        let mut state = Self {
            keys: BTreeMap::new(),
        };
        state.add(ApiKey::new(KEY));
        state
    }

    pub(super) fn add(&mut self, key: ApiKey) {
        self.keys.insert(key.key.clone(), key);
    }

    pub(super) fn revoke(&mut self, key: &str) {
        self.keys.get_mut(key).expect("a known key").revoked = true;
    }

    pub(super) fn bound(&self, key: &str) -> Option<String> {
        self.keys.get(key).expect("a known key").bound.clone()
    }

    pub(super) fn answer(&mut self, request: &Request) -> Response {
        match (Endpoint::of(request), request.method.as_str()) {
            (Some(Endpoint::Verify), "POST") => self.verify(request),
            (Some(Endpoint::Me), "GET" | "HEAD") => self.me(request),
            (Some(Endpoint::Verify), _) => not_allowed("POST"),
            (Some(Endpoint::Me), _) => not_allowed("GET, HEAD"),
            (None, _) => Response::new(404, "text/html", "<!doctype html><h1>Not Found</h1>\n"),
        }
    }

    /// Binds the key to the device that asks, also where it was bound to another one: "Using the
    /// same key on a different device requires re-verification" (the documentation's login page).
    fn verify(&mut self, request: &Request) -> Response {
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return error(400, "Malformed JSON");
        };
        let field = |name: &str| body.get(name).and_then(Value::as_str);
        let (Some(key), Some(fingerprint), Some(_), Some(_)) = (
            field("api_key"),
            field("device_fingerprint"),
            field("device_name"),
            field("device_os"),
        ) else {
            return error(400, "Missing field");
        };
        match self.keys.get_mut(key) {
            None => invalid("API key not found"),
            Some(known) if known.revoked => invalid("API key has been revoked"),
            Some(known) => {
                known.bound = Some(fingerprint.to_owned());
                Response::json(200, &json!({"valid": true, "org_id": known.org_id}))
            }
        }
    }

    fn me(&self, request: &Request) -> Response {
        let known = request
            .header("X-API-Key")
            .and_then(|key| self.keys.get(key));
        let Some(known) = known.filter(|key| !key.revoked) else {
            return error(401, "Invalid API key");
        };
        if known.bound.is_none() || known.bound.as_deref() != request.header("X-Device-Fingerprint")
        {
            return error(401, "API key is not bound to this device");
        }
        let workspaces: Vec<Value> = known
            .workspaces
            .iter()
            .map(|id| json!({"id": id, "name": id}))
            .collect();
        let body = json!({
            "id": known.user_id,
            "email": known.email,
            "organization": known.organization,
            "workspaces": workspaces,
        });
        Response::json(200, &body)
    }
}

fn invalid(error: &str) -> Response {
    Response::json(200, &json!({"valid": false, "error": error}))
}

/// RFC 9110, 15.5.6: what is, is said.
fn not_allowed(methods: &str) -> Response {
    error(405, "Method not allowed").header("Allow", methods)
}

pub(super) fn error(status: u16, message: &str) -> Response {
    Response::json(status, &json!({"error": {"message": message}}))
}
