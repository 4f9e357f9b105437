//! The JSON check against serde_json: both take the same for JSON and read the same from it.

#![no_main]

#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../src/json.rs"]
mod json;

use json::Object;
use serde::de::IgnoredAny;
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let ours = Object::parse(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert!(ours.is_err());
        return;
    };
    // It checks the syntax alone: no limit of depth, no surrogates, no ranges.
    let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    match ours {
        Ok(object) => {
            assert!(is_json, "not JSON");
            compare(&object, text);
        }
        Err("is not JSON") => assert!(!is_json, "JSON after all"),
        Err(_) => {}
    }
});

fn compare(object: &Object, text: &str) {
    // It refuses lone surrogates and numbers beyond its range, which nobody reads here.
    let Ok(Value::Object(members)) = serde_json::from_str(text) else {
        return;
    };
    for (key, value) in &members {
        assert_eq!(object.text(key).as_deref(), value.as_str(), "{key:?}");
        assert_eq!(object.flag(key), value.as_bool(), "{key:?}");
        assert_eq!(object.object(key).is_some(), value.is_object(), "{key:?}");
        let objects = value.as_array().map_or(0, |array| {
            array.iter().filter(|one| one.is_object()).count()
        });
        assert_eq!(
            object.objects(key).map_or(0, |objects| objects.len()),
            objects,
            "{key:?}"
        );
        assert_eq!(object.has(key), !value.is_null(), "{key:?}");
    }
}
