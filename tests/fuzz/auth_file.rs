//! The reader of auth.json: what it takes comes back the same when written, and its words about what
//! it refuses hold no key.

#![no_main]

#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../src/api_key.rs"]
mod api_key;
#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../src/auth_file.rs"]
mod auth_file;
#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../src/backend_url.rs"]
mod backend_url;
#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../src/error.rs"]
mod error;
#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../src/json.rs"]
mod json;
#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../src/unicode.rs"]
mod unicode;

use auth_file::Content;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Else the keys of all runs would pile up.
    api_key::forget();
    let login = match auth_file::parse(bytes) {
        Ok(Content::LoggedIn(login)) => login,
        Ok(Content::LoggedOut | Content::OldToken) => return,
        Err(cause) => {
            assert!(cause.len() < 200, "{cause}");
            return;
        }
    };
    let mask = login.api_key.mask();
    assert!(mask.contains("..."), "{mask}");
    let written = auth_file::format(&login);
    let Ok(Content::LoggedIn(again)) = auth_file::parse(&written) else {
        panic!("what was written is damaged");
    };
    assert_eq!(again.api_key.reveal(), login.api_key.reveal());
    assert_eq!(again.device_fingerprint, login.device_fingerprint);
    assert_eq!(again.org_id, login.org_id);
    assert_eq!(again.workspace_id, login.workspace_id);
    let base = |login: &auth_file::Login| login.backend_url.as_ref().map(ToString::to_string);
    assert_eq!(base(&again), base(&login));
});
