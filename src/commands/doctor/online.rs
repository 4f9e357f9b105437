//! What stands between this machine and the backend, step by step.

use std::time::{Duration, Instant, SystemTime};

use super::check::{Check, Tell};
use super::layers::Patient;
use crate::api;
use crate::cli::Options;
use crate::clock;
use crate::commands::shared;
use crate::error::Error;
use crate::http::{Client, Limits};
use crate::terminal::WaitingLine;

/// By how much two clocks may differ without a word: certificates and tokens allow for it.
const USUAL_DIFFERENCE: Duration = Duration::from_secs(60);

/// Goes the way to the backend. The first step that fails ends it; the key is sent only in the last.
///
/// # Errors
/// As `tell`.
pub(super) fn examine(options: &Options, patient: Patient, tell: Tell<'_>) -> Result<(), Error> {
    let Some(base) = patient.backend.filter(|_| patient.can_ask) else {
        return Ok(());
    };
    let limits = Limits {
        timeout: options.timeout,
        wait: None,
        for_doctor: true,
    };
    let waiting = WaitingLine::new(options.json, false);
    let client = Client::new(base, patient.trust, limits, waiting);
    let mut client = match client {
        Ok(client) => client,
        Err(error) => return tell(Check::failed("request", &error)),
    };
    let mut told = Ok(());
    let arrived = client.probe(&mut |name, took, found| {
        let check = match found {
            Ok(found) => Check::ok(name, format!("{found} ({})", milliseconds(took))),
            Err(error) => Check::failed(name, &error),
        };
        if told.is_ok() {
            told = tell(check);
        }
    });
    told?;
    if !arrived {
        return Ok(());
    }
    let began = Instant::now();
    match api::clock(&mut client) {
        Ok(date) => tell(backend_clock(date, began.elapsed()))?,
        Err(error) => return tell(Check::failed("backend clock", &error)),
    }
    let Some(credential) = &patient.credential else {
        return Ok(());
    };
    let began = Instant::now();
    let answer = api::me(&mut client, &credential.api_key, &patient.device);
    let took = milliseconds(began.elapsed());
    tell(match answer {
        Ok(me) => {
            let who = me
                .email
                .or(me.id)
                .unwrap_or_else(|| "a user without a name".into());
            Check::ok("account", format!("the key is accepted, of {who} ({took})"))
        }
        Err(error) => {
            let base = client.base();
            let error = shared::hint_at_login(error, credential, &patient.device, base);
            Check::failed("account", &error)
        }
    })
}

fn backend_clock(date: Option<SystemTime>, took: Duration) -> Check {
    let name = "backend clock";
    let took_words = milliseconds(took);
    let Some(date) = date else {
        return Check::ok(name, format!("its answer has no date ({took_words})"));
    };
    let now = SystemTime::now();
    let (difference, direction) = match now.duration_since(date) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    if difference <= USUAL_DIFFERENCE + took {
        return Check::ok(name, format!("the same as here ({took_words})"));
    }
    let since = date
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let found = format!(
        "{}; this machine's is {} s {direction} it ({took_words})",
        clock::date(since.as_secs()),
        difference.as_secs()
    );
    Check::ok(name, found)
        .warning("set this machine's clock, or ask whoever runs the backend about theirs")
}

fn milliseconds(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::{Duration, SystemTime, backend_clock};

    #[test]
    fn clocks_may_differ_by_a_minute_and_the_time_that_the_answer_took() {
        for (behind, took, result) in [(50, 0, "ok"), (63, 5, "ok"), (70, 5, "warning")] {
            let date = SystemTime::now() - Duration::from_secs(behind);
            let check = backend_clock(Some(date), Duration::from_secs(took));
            assert_eq!(check.result, result, "{behind} s, {took} s");
        }
    }
}
