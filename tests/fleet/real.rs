//! Real processes, real connections, the real clock.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

use super::support::backend::{ApiKey, Backend, Recorded, RetryAfter};
use super::support::command::{Running, Sekuire, binary};
use super::support::home::Home;
use super::{expect, ratio, say};

const CLIENTS: usize = 300;

/// Requests per second, of both endpoints together.
const RATE: usize = 20;

/// `verify` and `me`.
const REQUESTS_OF_A_LOGIN: usize = 2;

struct Member {
    key: String,
    home: Home,
    running: Running,
}

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    if !binary().is_file() {
        return Err(format!("{} is missing: cargo build makes it", binary().display()).into());
    }
    let ideal = ratio(CLIENTS * REQUESTS_OF_A_LOGIN, RATE);
    say(&format!(
        "{CLIENTS} clients run `sekuire login --api-key-stdin --wait 120` at once. The backend answers {RATE} requests\n\
         a second (a token bucket with one second's burst, over both endpoints), the others with 429 and\n\
         Retry-After: 1. A login needs {REQUESTS_OF_A_LOGIN} answers, verify and me: ideally all are in after {ideal:.0} s."
    ))?;
    let backend = Backend::http();
    backend.rate_limit(u32::try_from(RATE)?, RetryAfter::Seconds(1));
    let started = Instant::now();
    let mut fleet: Vec<Member> = (0..CLIENTS).map(|number| start(&backend, number)).collect();
    say(&format!(
        "all {CLIENTS} are started after {:.1} s",
        started.elapsed().as_secs_f64()
    ))?;
    let got_in = fleet
        .iter_mut()
        .map(Member::got_in)
        .filter(|got| *got)
        .count();
    let requests = backend.requests();
    let last = requests.iter().map(|request| request.at).max();
    let took = last.map_or(0.0, |last| last.duration_since(started).as_secs_f64());
    let (most, average) = count(&requests);
    say(&format!(
        "{got_in} of {CLIENTS} got in, the last after {took:.1} s: {:.2} times the ideal; {} requests, per client\n\
         {:.2} on average and {most} at most, {average:.2} on average for each answer needed\n{}\n",
        took / ideal,
        requests.len(),
        ratio(requests.len(), CLIENTS),
        curve(&requests, started),
    ))?;
    expect(got_in == CLIENTS, "everyone gets in")?;
    expect(took <= 2.0 * ideal, "in at most twice the ideal time")?;
    expect(
        average <= 3.0,
        "with at most three requests each on average",
    )
}

fn start(backend: &Backend, number: usize) -> Member {
    let key = format!("sk_live_fleet{number:08}");
    backend.add_key(ApiKey::new(&key));
    let home = Home::new();
    let running = Sekuire::new()
        .home(&home)
        .env("SEKUIRE_BACKEND_URL", backend.url())
        .env("SEKUIRE_DEVICE_ID", format!("runner-{number}"))
        .args(["login", "--api-key-stdin", "--wait", "120"])
        .stdin(format!("{key}\n").as_bytes())
        .timeout(Duration::from_secs(150))
        .spawn();
    Member { key, home, running }
}

impl Member {
    /// Both answers came, and were saved.
    fn got_in(&mut self) -> bool {
        let outcome = self.running.finish();
        outcome.code == Some(0)
            && outcome.stderr.is_empty()
            && self.home.read_auth().contains(&self.key)
    }
}

/// The most requests of one client, and the average for each answer that a client needed.
fn count(requests: &[Recorded]) -> (usize, f64) {
    let mut by_client = BTreeMap::<String, usize>::new();
    for request in requests {
        let key = match request.header("X-API-Key") {
            Some(key) => key.to_owned(),
            None => request.json()["api_key"].to_string().replace('"', ""),
        };
        *by_client.entry(key).or_default() += 1;
    }
    let most = by_client.values().copied().max().unwrap_or_default();
    let needed = by_client.len() * REQUESTS_OF_A_LOGIN;
    (most, ratio(requests.len(), needed))
}

fn curve(requests: &[Recorded], started: Instant) -> String {
    let mut by_second = Vec::new();
    for request in requests {
        let second = request.at.duration_since(started).as_secs();
        super::simulation::count_in(&mut by_second, usize::try_from(second).unwrap_or_default());
    }
    super::simulation::draw(&by_second, RATE, 3)
}
