//! 100,000 clients on a simulated clock, with the program's own retry code.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

use super::random::Random;
use super::retry::Retry;
use super::{expect, ratio, say};

const CLIENTS: usize = 100_000;
const WAIT: Duration = Duration::from_secs(300);

/// Between an answer and the client's next request.
const ROUND_TRIP: Duration = Duration::from_millis(1);

struct Client {
    /// When its present request was first sent, and what became of that since.
    began: Duration,
    retry: Retry,
    answers: usize,
    requests: usize,
}

/// As the development backend's: one second's burst.
struct Bucket {
    rate: f64,
    tokens: f64,
    filled: Duration,
}

struct Result {
    got_in: usize,
    last: Duration,
    requests: usize,
    most: usize,
    by_second: Vec<usize>,
}

pub(crate) fn run() -> std::result::Result<(), Box<dyn Error>> {
    say(&format!(
        "{CLIENTS} simulated clients start within half a second, each with `login --wait {}`, the same limit\n\
         over both endpoints; a bar is the requests of so many seconds, as a multiple of the rate:",
        WAIT.as_secs()
    ))?;
    for rate in [10_000, 5_000, 2_000] {
        for retry_after in [None, Some(1), Some(5)] {
            let result = simulate(rate, retry_after.map(Duration::from_secs));
            report(rate, retry_after, &result)?;
            let name = format!("{rate}/s, Retry-After {retry_after:?}");
            expect(
                result.got_in == CLIENTS,
                &format!("{name}: everyone gets in"),
            )?;
            let ideal = ratio(CLIENTS * 2, rate);
            expect(
                result.last.as_secs_f64() <= 2.0 * ideal,
                &format!("{name}: in at most twice the ideal time"),
            )?;
            expect(
                is_flat(&result.by_second),
                &format!("{name}: after its first seconds the load only shrinks or stays"),
            )?;
        }
    }
    Ok(())
}

fn simulate(rate: usize, retry_after: Option<Duration>) -> Result {
    let mut random = Random::new(1);
    let mut bucket = Bucket::new(rate);
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| Client::new()).collect();
    let mut agenda: BinaryHeap<Reverse<(Duration, usize)>> = (0..CLIENTS)
        .map(|number| Reverse((Duration::from_millis(500).mul_f64(random.roll()), number)))
        .collect();
    for Reverse((at, number)) in &agenda {
        clients[*number].began = *at;
    }
    let mut result = Result {
        got_in: 0,
        last: Duration::ZERO,
        requests: 0,
        most: 0,
        by_second: Vec::new(),
    };
    while let Some(Reverse((now, number))) = agenda.pop() {
        let client = &mut clients[number];
        result.count(now, client);
        let next = if bucket.admits(now) {
            client.is_answered(now)
        } else {
            let elapsed = now.saturating_sub(client.began);
            let pause = client.retry.pause(elapsed, retry_after, random.roll());
            pause.map(|pause| now + pause)
        };
        match next {
            Some(next) => agenda.push(Reverse((next, number))),
            None if client.answers == 2 => {
                result.got_in += 1;
                result.last = now;
            }
            None => {}
        }
    }
    result
}

impl Client {
    fn new() -> Self {
        Self {
            began: Duration::ZERO,
            retry: Retry::new(WAIT),
            answers: 0,
            requests: 0,
        }
    }

    /// When it sends the second of its two requests, which has a budget of its own.
    fn is_answered(&mut self, now: Duration) -> Option<Duration> {
        self.answers += 1;
        self.began = now + ROUND_TRIP;
        self.retry = Retry::new(WAIT);
        (self.answers < 2).then_some(self.began)
    }
}

impl Bucket {
    #[allow(clippy::cast_precision_loss, reason = "a few thousand")]
    fn new(rate: usize) -> Self {
        let rate = rate as f64;
        Self {
            rate,
            tokens: rate,
            filled: Duration::ZERO,
        }
    }

    fn admits(&mut self, now: Duration) -> bool {
        let gained = now.saturating_sub(self.filled).as_secs_f64() * self.rate;
        self.tokens = (self.tokens + gained).min(self.rate);
        self.filled = now;
        let admits = self.tokens >= 1.0;
        if admits {
            self.tokens -= 1.0;
        }
        admits
    }
}

impl Result {
    fn count(&mut self, now: Duration, client: &mut Client) {
        client.requests += 1;
        self.requests += 1;
        self.most = self.most.max(client.requests);
        count_in(
            &mut self.by_second,
            usize::try_from(now.as_secs()).unwrap_or_default(),
        );
    }
}

pub(crate) fn count_in(by_second: &mut Vec<usize>, second: usize) {
    if by_second.len() <= second {
        by_second.resize(second + 1, 0);
    }
    by_second[second] += 1;
}

fn report(rate: usize, retry_after: Option<u64>, result: &Result) -> std::io::Result<()> {
    let told = retry_after.map_or("no Retry-After".into(), |seconds| {
        format!("Retry-After: {seconds}")
    });
    let ideal = ratio(CLIENTS * 2, rate);
    let took = result.last.as_secs_f64();
    say(&format!(
        "\n{rate}/s, {told}: {} in after {took:.1} s, {:.2} times the ideal {ideal:.0} s; {} requests, \
         {:.2} on average\nfor each answer needed, {} at most per client\n{}",
        result.got_in,
        took / ideal,
        result.requests,
        ratio(result.requests, CLIENTS * 2),
        result.most,
        draw(&result.by_second, rate, result.by_second.len().div_ceil(10)),
    ))
}

/// A line for every `step` seconds with the requests of one second on average.
pub(crate) fn draw(by_second: &[usize], rate: usize, step: usize) -> String {
    let mut text = String::new();
    for (index, seconds) in by_second.chunks(step.max(1)).enumerate() {
        let average = ratio(seconds.iter().sum(), seconds.len());
        let times = average / ratio(rate, 1);
        // One sign is half the rate; what would leave the screen is cut.
        let length = (0..60)
            .take_while(|sign| f64::from(*sign) < times * 2.0)
            .count();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:>4} s {average:>8.0}/s {times:>5.1}x {}",
            index * step.max(1),
            "#".repeat(length)
        );
    }
    text.truncate(text.trim_end().len());
    text
}

/// From the third second on, no second brings more than twice what the ten seconds before it brought
/// on average: nobody comes back together.
fn is_flat(by_second: &[usize]) -> bool {
    by_second.windows(11).skip(2).all(|window| {
        let (last, before) = window.split_last().expect("eleven");
        *last * before.len() <= 2 * before.iter().sum::<usize>()
    })
}
