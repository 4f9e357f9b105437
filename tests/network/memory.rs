//! How much memory an answer without end can take, measured on the process itself.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl::set_thp_disable;

use super::{Asks, BOTH, Behaviour, Fixture};
use crate::support::backend::{Framing, TlsKind};
use crate::support::command::full_pipe;

/// The most that a release build may hold, in KiB.
const MOST: u64 = 13 * 1024;

/// The most that an answer without end may add to what a good one needs, in KiB.
const MOST_MORE: u64 = 10 * 1024;

/// The peak (`VmHWM`, `proc(5)`) of a run against `behaviour`, in KiB. wait4(2) would count
/// what this test holds itself. The process is caught alive at its end: its standard error is a full
/// pipe, so that it waits in its last write.
fn peak(kind: TlsKind, asks: Asks, behaviour: Behaviour) -> u64 {
    let fixture = Fixture::new(kind);
    fixture.backend.behave(behaviour);
    let (mut reader, writer) = full_pipe();
    // A huge page would be counted where a part of it is used.
    let call = fixture.ask(asks).before_exec(|| Ok(set_thp_disable(true)?));
    let mut running = call.stderr_to(writer).spawn();
    let status = format!("/proc/{}/status", running.pid());
    let call = format!("/proc/{}/syscall", running.pid());
    let started = Instant::now();
    let mut peak = 0;
    // Until it writes to descriptor 2, or where that can't be seen, which takes root, long enough.
    while started.elapsed() < Duration::from_secs(4) {
        peak = high_water_mark(&status).unwrap_or(peak);
        if fs::read_to_string(&call).is_ok_and(|call| is_write_to_stderr(&call)) {
            break;
        }
        thread::sleep(Duration::from_millis(5));
    }
    peak = high_water_mark(&status).expect("the process waits at its end");
    let draining = thread::spawn(move || drop(std::io::copy(&mut reader, &mut std::io::sink())));
    running.finish().exits(4);
    draining.join().expect("the pipe ends");
    peak
}

fn is_write_to_stderr(call: &str) -> bool {
    let number = if cfg!(target_arch = "aarch64") {
        "64 0x2 "
    } else {
        "1 0x2 "
    };
    call.starts_with(number)
}

fn high_water_mark(status: &str) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn small() -> Behaviour {
    Behaviour::Raw(b"HTTP/1.1 500 X\r\n\r\n".to_vec())
}

fn flood(start: &str, line: &str) -> Behaviour {
    let mut bytes = start.as_bytes().to_vec();
    while bytes.len() < 4 * 1024 * 1024 {
        bytes.extend_from_slice(line.as_bytes());
    }
    Behaviour::Raw(bytes)
}

#[test]
fn is_bounded() {
    thread::scope(|scope| {
        for kind in BOTH {
            scope.spawn(move || try_floods(kind));
        }
    });
}

fn try_floods(kind: TlsKind) {
    // A build for release has no debug assertions, and SEKUIRE_BIN names one.
    let release = !cfg!(debug_assertions) || std::env::var_os("SEKUIRE_BIN").is_some();
    // One byte less than 16 KiB: what made minreq's limit, once 16 KiB, wrap below zero.
    let limit_line = format!("HTTP/1.1 200 OK\na:{}\n", "x".repeat(16_384 - 3));
    // The same where the head's one header and its line end have been taken off.
    let limit_trailer = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na:{}\n",
        "x".repeat(16_384 - 28 - 3)
    );
    let base = peak(kind, Asks::Verify, small());
    eprintln!("peak, {kind:?}, a small answer: {base} KiB");
    let cases = [
        (
            "body until close",
            Behaviour::EndlessBody(Framing::UntilClose),
        ),
        ("body in chunks", Behaviour::EndlessBody(Framing::Chunked)),
        ("status line", Behaviour::EndlessStatusLine),
        ("head", Behaviour::EndlessHead),
        ("short headers", flood("HTTP/1.1 200 OK\r\n", ":\n")),
        ("short headers behind the limit", flood(&limit_line, ":\n")),
        ("trailers behind the limit", flood(&limit_trailer, ":\n")),
        (
            "trailers",
            flood(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
                ":\n",
            ),
        ),
        (
            "trailers behind a body",
            flood(
                &format!(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf000\r\n{}\r\n0\r\n",
                    " ".repeat(0xf000)
                ),
                ":\n",
            ),
        ),
        ("error text", flood("HTTP/1.1 500 X\r\n\r\n", "words ")),
        (
            "many members",
            Behaviour::Raw(super::framed("200 OK", many_members().as_bytes())),
        ),
    ];
    let try_one = |name: &str, behaviour| {
        let peak = peak(kind, Asks::Verify, behaviour);
        eprintln!("peak, {kind:?}, {name}: {peak} KiB");
        assert!(
            peak <= base + MOST_MORE,
            "{name}: {base} KiB, then {peak} KiB"
        );
        assert!(!release || peak <= MOST, "{name}: {peak} KiB");
    };
    // At once, for each may have to be waited for.
    thread::scope(|scope| {
        for (name, behaviour) in cases {
            scope.spawn(move || try_one(name, behaviour));
        }
    });
}

/// All that a binding needs is written before it is asked for, so that a control group that has less ends
/// the program there: 2.5 MiB, of which whoami uses some, too.
#[test]
fn is_had_before_a_binding() {
    let measure = |_| [Asks::Verify, Asks::Me].map(|asks| peak(TlsKind::None, asks, small()));
    // Linux counts for each processor, and adds that up now and then.
    let peaks: Vec<[u64; 2]> = (0..3).map(measure).collect();
    let is_more = |[login, whoami]: &[u64; 2]| *login >= whoami + 1792;
    assert!(
        peaks.iter().any(is_more),
        "KiB of login and whoami: {peaks:?}"
    );
}

/// As many values as 64 KiB hold.
fn many_members() -> String {
    format!("{{\"x\":[{}0]}}", "0,".repeat(32_000))
}
