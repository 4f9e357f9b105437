//! What `--json` prints and `--get` looks up: values that never hold the key. The fields are the same in
//! every state.

use super::shared;
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::credential::Credential;
use crate::device::Device;
use crate::error::{Error, Kind};
use crate::redact::sanitize;
use crate::{json, terminal};

/// A value of JSON, or null.
pub(super) enum Value {
    Flag(Option<bool>),
    Text(Option<String>),
    List(Option<Vec<String>>),
    /// Null where all of its members are.
    Object(Vec<Member>),
}

/// A name and its value.
pub(super) type Member = (&'static str, Value);

impl Value {
    /// A text from anywhere, which is sanitized.
    pub(super) fn text(text: Option<impl AsRef<str>>) -> Value {
        Value::Text(text.map(|text| sanitize(text.as_ref())))
    }

    pub(super) fn json(&self) -> String {
        match self {
            Value::Flag(flag) => json::write(flag, String::new()),
            Value::Text(text) => json::write(text, String::new()),
            Value::List(texts) => json::write(texts, String::new()),
            Value::Object(members) => object(members),
        }
    }

    /// As a shell wants it: text as it is, a list one a line, an object as JSON, nothing for null.
    fn lines(&self) -> String {
        match (self, self.json()) {
            (_, json) if json == "null" => String::new(),
            (Value::Text(Some(text)), _) => format!("{text}\n"),
            (Value::List(Some(texts)), _) => texts.iter().flat_map(|text| [text, "\n"]).collect(),
            (_, json) => json + "\n",
        }
    }
}

fn object(members: &[Member]) -> String {
    let values: Vec<String> = members.iter().map(|(_, value)| value.json()).collect();
    if values.iter().all(|value| value == "null") {
        return "null".to_owned();
    }
    let members = members.iter().zip(values);
    let members = members.map(|((name, _), value)| format!("\"{name}\":{value}"));
    format!("{{{}}}", members.collect::<Vec<String>>().join(","))
}

/// The fields of a command among those that every report has.
pub(super) fn report(
    own: Vec<Member>,
    error: Option<&Error>,
    known: Option<&Credential>,
    device: &Device,
    base: Option<&BackendUrl>,
) -> Vec<Member> {
    let state = match error.map(Error::kind) {
        None if known.is_some() => "authenticated",
        None | Some(Kind::NotLoggedIn) => "not_logged_in",
        Some(Kind::Rejected) => "rejected",
        Some(Kind::Backend) => "unreachable",
        Some(_) => "error",
    };
    let bound = known.and_then(|known| known.bound_fingerprint.as_ref());
    let matches = bound.map(|bound| device.matches(bound));
    let device = vec![
        ("name", Value::text(Some(&device.name))),
        ("os", Value::text(Some(Device::os()))),
        ("fingerprint", Value::text(Some(&device.fingerprint))),
        ("fingerprint_source", Value::text(Some(device.source))),
        ("bound_fingerprint", Value::text(bound)),
        ("matches", Value::Flag(matches)),
    ];
    let error = vec![
        ("message", Value::text(error.map(Error::to_string))),
        ("hint", Value::text(error.and_then(Error::hint))),
    ];
    let mut report = vec![
        ("authenticated", Value::Flag(Some(state == "authenticated"))),
        ("state", Value::text(Some(state))),
    ];
    report.extend(own);
    report.extend([
        ("backend_url", Value::text(base.map(BackendUrl::to_string))),
        ("device", Value::Object(device)),
        ("error", Value::Object(error)),
    ]);
    report
}

/// What `--get` prints of the field at a path, such as `device.name`.
///
/// # Errors
/// There is no such field: exit status 2, with the names of those that exist.
pub(super) fn get(report: &[Member], path: &str) -> Result<String, Error> {
    find(report, path).map(Value::lines).ok_or_else(|| {
        let names: Vec<&str> = report.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        let hint = format!("choose one of: {names}; or a nested one, such as device.name");
        Error::usage("--get names no field of this report").with_hint(hint)
    })
}

fn find<'a>(members: &'a [Member], path: &str) -> Option<&'a Value> {
    let (name, inner) = path.split_once('.').unwrap_or((path, ""));
    let (_, value) = members.iter().find(|(known, _)| *known == name)?;
    match value {
        _ if name == path => Some(value),
        Value::Object(members) => find(members, inner),
        _ => None,
    }
}

/// Prints what `--json` or `--get` asks of the report, nothing with `--quiet`, else the text.
///
/// # Errors
/// Standard output can't be written, or there is no such field.
pub(super) fn print(
    options: &Options,
    report: impl Fn() -> Vec<Member>,
    text: &str,
) -> Result<u8, Error> {
    match &options.get {
        Some(path) => terminal::print(&get(&report(), path)?),
        None if options.json => terminal::print(&(object(&report()) + "\n")),
        None => shared::print(options, text),
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn values_are_written_as_json_and_for_a_shell() {
        let text = |text| Value::text(Some(text));
        let list = |texts: &[&str]| Value::List(Some(texts.iter().map(|&it| it.into()).collect()));
        let none = || Value::text(None::<&str>);
        let object = |a, b| Value::Object(vec![("a", a), ("b", b)]);
        for (value, json, lines) in [
            (text("a \"b\""), r#""a \"b\"""#, "a \"b\"\n"),
            (text("null"), r#""null""#, "null\n"),
            (Value::Flag(Some(true)), "true", "true\n"),
            (list(&["a", "b"]), r#"["a","b"]"#, "a\nb\n"),
            (list(&[]), "[]", ""),
            (Value::List(None), "null", ""),
            (
                object(none(), text("c")),
                r#"{"a":null,"b":"c"}"#,
                "{\"a\":null,\"b\":\"c\"}\n",
            ),
            (object(none(), none()), "null", ""),
        ] {
            assert_eq!((&*value.json(), &*value.lines()), (json, lines));
        }
    }
}
