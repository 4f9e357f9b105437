//! What the backend keeps: keys, what they are bound to and whose they are, what came in, and how to misbehave.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::ServerConfig;
use serde_json::{Value, json};

use super::behaviour::{Behaviour, Endpoint};
use super::http::{Recorded, Response};

pub(crate) const KEY: &str = "sk_live_abc123def456xyz";
pub(crate) const ORG_ID: &str = "org_acme";
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
            user_id: "user_abc123".to_owned(),
            email: "dev@example.com".to_owned(),
            organization: "Acme Corp".to_owned(),
            workspaces: WORKSPACES.map(str::to_owned).to_vec(),
            bound: None,
            revoked: false,
        }
    }
}

#[derive(Default)]
pub(super) struct State {
    pub(super) keys: HashMap<String, ApiKey>,
    /// What goes before what stands: once each, for an endpoint or for all.
    pub(super) queue: Vec<(Option<Endpoint>, Behaviour)>,
    pub(super) standing: HashMap<Option<Endpoint>, Behaviour>,
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) requests: Vec<Recorded>,
    pub(super) connections: usize,
    /// Whether each was completed.
    pub(super) handshakes: Vec<bool>,
}

impl State {
    /// The first that fits a connection, or a request to this endpoint.
    pub(super) fn take(&mut self, endpoint: Option<Endpoint>, connection: bool) -> Behaviour {
        let fits = |behaviour: &Behaviour| behaviour.acts_on_connection() == connection;
        let is_next = |(to, behaviour): &(Option<Endpoint>, Behaviour)| {
            (to.is_none() || *to == endpoint) && fits(behaviour)
        };
        if let Some(at) = self.queue.iter().position(is_next) {
            return self.queue.remove(at).1;
        }
        let mut standing = [endpoint, None].into_iter();
        let standing = standing.find_map(|to| self.standing.get(&to).filter(|it| fits(it)));
        standing.cloned().unwrap_or(Behaviour::Normal)
    }

    pub(super) fn answer(&mut self, request: &Recorded) -> Response {
        match (request.method.as_str(), request.endpoint()) {
            ("POST", Some(Endpoint::Verify)) => self.verify(request),
            ("GET", Some(Endpoint::Me)) => self.me(request),
            _ => Response::new(404, "text/html", "<!doctype html><h1>Not Found</h1>\n"),
        }
    }

    /// Binds the key to the device that asks, also where it was bound to another one: "Using the
    /// same key on a different device requires re-verification" (the documentation's login page).
    fn verify(&mut self, request: &Recorded) -> Response {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let fields = ["api_key", "device_fingerprint", "device_name", "device_os"];
        let [Some(key), Some(fingerprint), Some(_), Some(_)] =
            fields.map(|name| body.get(name).and_then(Value::as_str))
        else {
            return Response::error(400, "Missing field");
        };
        let invalid = |error| Response::json(200, &json!({"valid": false, "error": error}));
        match self.keys.get_mut(key) {
            None => invalid("API key not found"),
            Some(known) if known.revoked => invalid("API key has been revoked"),
            Some(known) => {
                known.bound = Some(fingerprint.to_owned());
                Response::json(200, &json!({"valid": true, "org_id": known.org_id}))
            }
        }
    }

    fn me(&self, request: &Recorded) -> Response {
        let key = request.header("X-API-Key").unwrap_or_default();
        let Some(known) = self.keys.get(key).filter(|key| !key.revoked) else {
            return Response::error(401, "Invalid API key");
        };
        if known.bound.is_none() || known.bound.as_deref() != request.header("X-Device-Fingerprint")
        {
            return Response::error(401, "API key is not bound to this device");
        }
        let workspaces = known.workspaces.iter();
        let workspaces: Vec<Value> = workspaces.map(|id| json!({"id": id, "name": id})).collect();
        let body = json!({
            "id": known.user_id,
            "email": known.email,
            "organization": known.organization,
            "workspaces": workspaces,
        });
        Response::json(200, &body)
    }
}
