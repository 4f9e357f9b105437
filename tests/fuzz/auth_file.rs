//! The reader of auth.json: what it takes comes back the same when written, and its words about what
//! it refuses hold no key.

#![no_main]

#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../src"]
mod program {
    pub mod api_key;
    pub mod auth_file;
    pub mod backend_url;
    pub mod credential;
    pub mod error;
    pub mod json;
    pub mod unicode;
}

use program::auth_file;
use program::credential::Credential;
use program::{api_key, backend_url, credential, error, json, unicode};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Else the keys of all runs would pile up.
    api_key::secrets_in_use().clear();
    let login = match auth_file::parse(bytes) {
        Ok(content) => content.credential,
        Err(cause) => {
            assert!(cause.len() < 200, "{cause}");
            return;
        }
    };
    let Some(login) = login else { return };
    let mask = login.api_key.to_string();
    assert!(mask.contains("..."), "{mask}");
    let written = auth_file::format(&login);
    let again = auth_file::parse(&written).expect("what was written");
    let again = again.credential.expect("a key");
    assert_eq!(again.api_key.reveal(), login.api_key.reveal());
    assert_eq!(again.bound_fingerprint, login.bound_fingerprint);
    assert_eq!(again.org_id, login.org_id);
    assert_eq!(again.workspace_id, login.workspace_id);
    let base = |login: &Credential| login.backend_url.as_ref().map(ToString::to_string);
    assert_eq!(base(&again), base(&login));
    assert_eq!(auth_file::format(&again), written, "written again");
});
