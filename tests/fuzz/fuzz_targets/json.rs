//! The JSON check against serde_json: both take the same for JSON and read the same from it.

#![no_main]

#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../../src/json.rs"]
mod json;

use json::Object;
use serde::de::IgnoredAny;
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let ours = Object::parse(bytes);
    // It checks the syntax alone: no limit of depth, no surrogates, no ranges.
    let is_json =
        serde_json::from_slice::<IgnoredAny>(bytes).is_ok() && std::str::from_utf8(bytes).is_ok();
    let syntax = ["is not JSON", "is not UTF-8 text"];
    match ours {
        Ok(_) => assert!(is_json, "not JSON"),
        Err(why) => assert!(!is_json || !syntax.contains(&why), "JSON after all: {why}"),
    }
    // It refuses lone surrogates and numbers beyond its range, which nobody reads here.
    let (Ok(ours), Ok(Value::Object(theirs))) = (ours, serde_json::from_slice(bytes)) else {
        return;
    };
    for (key, value) in &theirs {
        let elements = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let objects = elements.iter().filter(|one| one.is_object()).count();
        assert_eq!(ours.text(key).as_deref(), value.as_str(), "{key:?}");
        assert_eq!(ours.flag(key), value.as_bool(), "{key:?}");
        assert_eq!(ours.object(key).is_some(), value.is_object(), "{key:?}");
        assert_eq!(
            ours.objects(key).map_or(0, |all| all.len()),
            objects,
            "{key:?}"
        );
        assert_eq!(ours.has(key), !value.is_null(), "{key:?}");
    }
});
