//! The whole response path under random changes, over loopback: `make fuzz`.

use std::env;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{Asks, BOTH, Behaviour, Fixture, OLD_AUTH, SLACK, assert_no_panic};
use crate::support::backend::TlsKind;

/// Answers to begin with.
const SEEDS: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 34\r\n\r\n{\"valid\":true,\"org_id\":\"org_acme\"}",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"id\r\n9;x=y\r\n\":\"user\"}\r\n0\r\nX: y\r\n\r\n",
    "HTTP/1.0 200 OK\n\n{\"email\":\"a@b\",\"organization\":{\"name\":\"\\ud83d\\ude00\"},\"workspaces\":[{\"id\":\"ws\"}]}",
    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 34\r\n\r\n{\"error\":{\"message\":\"not allowed\"}}",
    "HTTP/1.1 503 Unavailable\r\nRetry-After: 0\r\nContent-Length: 5\r\n\r\nlater",
    "HTTP/1.1 302 Found\r\nLocation: https://user:password@example.com/\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 402 Payment Required\r\n\r\n{\"required_plan\":\"Team\",\"upgrade_url\":\"https://example.com\"}",
];

/// What changes are made of, beside single bytes.
const WORDS: &[&str] = &[
    "\r\n",
    "\n",
    "\r\n\r\n",
    ":",
    " ",
    "0\r\n",
    "ffffffffffffffff",
    "-1",
    "99999999999999999999",
    "Content-Length: ",
    "Transfer-Encoding: chunked\r\n",
    "Location: ",
    "Retry-After: 9999999999\r\n",
    "HTTP/1.1 ",
    "200",
    "100",
    "204",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\u0000",
    "\\ud800",
    "null",
    "true",
    "1e999",
    "\u{1b}[2J",
    "\u{202e}",
];

/// Numbers that look random and are the same in every run (Marsaglia, "Xorshift RNGs", 2003).
struct Random(u64);

impl Random {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides.max(1)
    }

    fn answer(&mut self) -> Vec<u8> {
        let mut bytes = SEEDS[self.throw(SEEDS.len())].as_bytes().to_vec();
        for _ in 0..=self.throw(6) {
            self.change(&mut bytes);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.throw(bytes.len() + 1);
        match self.throw(7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..(at + self.throw(8)).min(bytes.len()))),
            2 if at < bytes.len() => bytes[at] = u8::try_from(self.throw(256)).unwrap(),
            3 => {
                let piece = bytes[at..(at + self.throw(40)).min(bytes.len())].to_vec();
                let again = self.throw(bytes.len() + 1);
                drop(bytes.splice(again..again, piece));
            }
            4 => {
                let flood = WORDS[self.throw(WORDS.len())].repeat(1 << self.throw(13));
                drop(bytes.splice(at..at, flood.into_bytes()));
            }
            _ => {
                let word = WORDS[self.throw(WORDS.len())];
                drop(bytes.splice(at..at, word.bytes()));
            }
        }
    }
}

/// One answer, whose end is a close, a reset or an endless wait.
fn try_one(fixture: &Fixture, random: &mut Random, asks: Asks) {
    let bytes = random.answer();
    let behaviour = match random.throw(8) {
        0 => Behaviour::RawThenReset(bytes.clone()),
        1 if bytes.len() < 300 => Behaviour::DripRaw(bytes.clone(), Duration::from_millis(1)),
        _ => Behaviour::Raw(bytes.clone()),
    };
    fixture.backend.behave(behaviour);
    fixture.home.write_auth(OLD_AUTH);
    let outcome = fixture.ask(asks).args(["--timeout", "2"]).run();
    let name = String::from_utf8_lossy(&bytes);
    assert_no_panic(&name, &outcome);
    assert!(
        outcome.elapsed < Duration::from_secs(6) + SLACK,
        "{name}: {outcome}"
    );
    match outcome.code {
        Some(0) => {}
        Some(1 | 4) => fixture.assert_clean_failure(&name, &outcome),
        _ => panic!("{name}: {outcome}"),
    }
    let harmful = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    let said = [outcome.stdout.as_str(), &outcome.stderr].concat();
    assert!(!said.contains(harmful), "{name}: {outcome}");
    assert!(said.len() < 2000, "{name}: {outcome}");
}

#[test]
#[ignore = "takes as long as it is told: make fuzz"]
fn response_path() {
    let seconds = env::var("FUZZ_SECONDS").map_or(60, |text| text.parse().expect("a number"));
    let end = Instant::now() + Duration::from_secs(seconds);
    let count = AtomicU64::new(0);
    let run = |kind: TlsKind, asks: Asks, seed: u64| {
        let fixture = Fixture::new(kind);
        let mut random = Random(seed);
        while Instant::now() < end {
            try_one(&fixture, &mut random, asks);
            count.fetch_add(1, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        for (index, kind) in BOTH.into_iter().enumerate() {
            for (row, asks) in [Asks::Verify, Asks::Me].into_iter().enumerate() {
                let seed = 0x5eed + u64::try_from(2 * index + row).unwrap();
                let run = &run;
                scope.spawn(move || run(kind, asks, seed));
            }
        }
    });
    eprintln!(
        "response path: {} answers in {seconds} s, no panic, none over its deadline",
        count.into_inner()
    );
}
