//! `--get FIELD`: one field of a report alone, for scripts where there is no JSON reader. The report
//! that `--json` prints is looked into, so that there is no second list of fields.

use nanoserde::SerJson;

use super::report;
use crate::error::Error;
use crate::json::{self, Object};
use crate::redact::sanitize;

/// Refuses a field that is none. `failed` is the report of a failure: there no object is null.
///
/// # Errors
/// The field is unknown; the fields that there are.
pub(super) fn check(field: &str, failed: &impl SerJson) -> Result<(), Error> {
    let failed = report::line(failed);
    let mut names = Vec::new();
    for (name, value) in members(&failed) {
        let inner = members(value);
        names.extend(inner.iter().map(|(inner, _)| format!("{name}.{inner}")));
        // An object may be asked for, too.
        if inner.is_empty() || name == field {
            names.push(name);
        }
    }
    if names.iter().any(|name| name == field) {
        return Ok(());
    }
    Err(Error::usage("--get names no field of this report")
        .with_hint(format!("choose one of: {}", names.join(", "))))
}

/// The field's lines: text as it is, a list one a line, nothing for null, else its JSON.
pub(super) fn lines(field: &str, report: &impl SerJson) -> String {
    let report = report::line(report);
    let mut value = report.as_str();
    for name in field.split('.') {
        let found = members(value).into_iter().find(|(known, _)| known == name);
        value = found.map_or("null", |(_, value)| value);
    }
    let values = json::elements(value).unwrap_or_else(|| vec![value]);
    let present = values.into_iter().filter(|value| *value != "null");
    let texts = present.map(|value| json::text(value).unwrap_or_else(|| value.to_owned()));
    texts.map(|text| sanitize(&text) + "\n").collect()
}

/// The members of a JSON object; none where it is another value.
fn members(value: &str) -> Vec<(String, &str)> {
    Object::of_our_own(value).map_or_else(|_| Vec::new(), Object::into_members)
}
