//! Real processes, real connections, the real clock.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

use super::{expect, ratio, say};
use crate::support::backend::{ApiKey, Backend, Recorded, RetryAfter};
use crate::support::command::{Running, Sekuire, binary};
use crate::support::home::Home;

/// Clients that start at once, and what is asked of them.
struct Fleet {
    clients: usize,
    /// Requests per second, of both endpoints together.
    rate: usize,
    command: Command,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Command {
    Login,
    Whoami,
}

const FLEETS: [Fleet; 2] = [
    Fleet {
        clients: 300,
        rate: 20,
        command: Command::Login,
    },
    // As small as a CI run's: it must not wait for the jitter of large ones.
    Fleet {
        clients: 150,
        rate: 25,
        command: Command::Whoami,
    },
];

/// How many times the ideal time a fleet may take.
const LIMIT: f64 = 1.4;

/// The identity that the runners of the second fleet share, and its fingerprint (SPEC, section 7).
const DEVICE_ID: &str = "runner-1";
const FINGERPRINT: &str = "b225d7090cabd38227579da53951772b66c6d8db28cdad668ce79ee26f733b1d";

struct Member {
    key: String,
    home: Home,
    command: Command,
    running: Running,
}

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    if !binary().is_file() {
        return Err(format!("{} is missing: cargo build makes it", binary().display()).into());
    }
    FLEETS.iter().try_for_each(Fleet::run)
}

impl Command {
    fn words(self) -> &'static [&'static str] {
        match self {
            Command::Login => &["login", "--api-key-stdin", "--wait", "120"],
            Command::Whoami => &["whoami", "--wait", "120"],
        }
    }

    /// Answers that it needs: verify and me, or me alone.
    fn answers(self) -> usize {
        match self {
            Command::Login => 2,
            Command::Whoami => 1,
        }
    }
}

impl Fleet {
    fn run(&self) -> Result<(), Box<dyn Error>> {
        let (clients, rate, answers) = (self.clients, self.rate, self.command.answers());
        let ideal = ratio(clients * answers, rate);
        say(&format!(
            "{clients} clients run `sekuire {}` at once. The backend answers {rate} requests a second\n\
             (a token bucket with one second's burst, over both endpoints), the others with 429 and Retry-After: 1.\n\
             Each needs {answers}: ideally all are in after {ideal:.0} s.",
            self.command.words().join(" ")
        ))?;
        let backend = Backend::http();
        backend.rate_limit(u32::try_from(rate)?, RetryAfter::Seconds(1));
        let started = Instant::now();
        let mut members: Vec<Member> = (0..clients)
            .map(|number| self.start(&backend, number))
            .collect();
        say(&format!(
            "all {clients} are started after {:.1} s",
            started.elapsed().as_secs_f64()
        ))?;
        let got_in = members
            .iter_mut()
            .map(Member::got_in)
            .filter(|got| *got)
            .count();
        let requests = backend.requests();
        let last = requests.iter().map(|request| request.at).max();
        let took = last.map_or(0.0, |last| last.duration_since(started).as_secs_f64());
        let average = ratio(requests.len(), clients * answers);
        say(&format!(
            "{got_in} of {clients} got in, the last after {took:.1} s: {:.2} times the ideal; {} requests, per client\n\
             {:.2} on average and {} at most, {average:.2} on average for each answer needed\n{}\n",
            took / ideal,
            requests.len(),
            ratio(requests.len(), clients),
            most_of_one_client(&requests),
            self.curve(&requests, started),
        ))?;
        expect(got_in == clients, "everyone gets in")?;
        expect(took <= LIMIT * ideal, "in at most 1.4 times the ideal time")?;
        expect(
            average <= 3.5,
            "with at most three and a half requests for each answer",
        )
    }

    fn start(&self, backend: &Backend, number: usize) -> Member {
        let key = format!("sk_live_fleet{number:08}");
        let home = Home::new();
        let command = Sekuire::new()
            .home(&home)
            .env("SEKUIRE_BACKEND_URL", backend.url())
            .args(self.command.words().iter().copied())
            .timeout(Duration::from_secs(150));
        let mut known = ApiKey::new(&key);
        let command = match self.command {
            Command::Login => command
                .env("SEKUIRE_DEVICE_ID", format!("runner-{number}"))
                .stdin(format!("{key}\n").as_bytes()),
            Command::Whoami => {
                known.bound = Some(FINGERPRINT.to_owned());
                command
                    .env("SEKUIRE_DEVICE_ID", DEVICE_ID)
                    .env("SEKUIRE_API_KEY", &key)
            }
        };
        backend.add_key(known);
        Member {
            key,
            home,
            command: self.command,
            running: command.spawn(),
        }
    }

    fn curve(&self, requests: &[Recorded], started: Instant) -> String {
        let mut by_second = Vec::new();
        for request in requests {
            let second = request.at.duration_since(started).as_secs();
            super::simulation::count_in(
                &mut by_second,
                usize::try_from(second).unwrap_or_default(),
            );
        }
        super::simulation::draw(&by_second, self.rate, 3)
    }
}

impl Member {
    /// Every answer came; a login's were saved.
    fn got_in(&mut self) -> bool {
        let outcome = self.running.finish();
        outcome.code == Some(0)
            && outcome
                .stderr
                .lines()
                .all(|line| line.starts_with("note: "))
            && (self.command == Command::Whoami || self.home.read_auth().contains(&self.key))
    }
}

fn most_of_one_client(requests: &[Recorded]) -> usize {
    let mut by_client = BTreeMap::<String, usize>::new();
    for request in requests {
        let key = match request.header("X-API-Key") {
            Some(key) => key.to_owned(),
            None => request.json()["api_key"].to_string().replace('"', ""),
        };
        *by_client.entry(key).or_default() += 1;
    }
    by_client.values().copied().max().unwrap_or_default()
}
