//! Servers that say nothing, too little, or something else, at each stage. The waiting line: `terminal_output`.

use std::time::Duration;

use super::{Asks, BOTH, Behaviour, raw, try_all};
use crate::support::backend::{After, End, TlsKind};

#[test]
fn silence_at_every_stage_ends_in_time() {
    let answer = "waiting for the answer";
    for (kind, asks) in BOTH.into_iter().zip([Asks::Verify, Asks::Me]) {
        let is_clear = kind == TlsKind::None;
        let first = if is_clear { answer } else { "negotiating TLS" };
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n".to_vec();
        let slow = b"HTTP/1.1 200 ".repeat(50);
        let cases = [
            (Behaviour::Silent(After::Accept), first),
            (Behaviour::Silent(After::Handshake), answer),
            (Behaviour::Silent(After::Request), answer),
            (Behaviour::Raw(head, End::Silence), answer),
            (Behaviour::Drip(slow, Duration::from_millis(90)), answer),
            (Behaviour::Delay(Duration::from_secs(2)), answer),
        ];
        let case = |(behaviour, doing)| {
            let says = format!(": timed out while {doing} (3 attempts in ");
            (behaviour, 4, says)
        };
        try_all(cases.map(case).into(), asks, kind, 1);
    }
}

#[test]
fn what_ends_or_speaks_another_protocol_is_no_answer() {
    for kind in BOTH {
        let is_clear = kind == TlsKind::None;
        let protocol = if is_clear { "HTTP" } else { "TLS" };
        let not_spoken = &*format!("it does not speak {protocol} on this port\n");
        let (closed, lost) = ("connection closed (3 attempts", "(3 attempts");
        let reset = "connection reset by peer (3 attempts";
        let body = b"HTTP/1.1 200 OK\r\n\r\n{".to_vec();
        let ssh = b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec();
        let cases = [
            (Behaviour::CloseOnAccept, closed),
            (Behaviour::ResetOnAccept, lost),
            (Behaviour::CloseAfterRequest, closed),
            (Behaviour::Raw(Vec::new(), End::Reset), reset),
            (Behaviour::Raw(body, End::Reset), "error: "),
            (Behaviour::SpeakFirst(ssh.clone()), not_spoken),
            (Behaviour::SpeakFirst(vec![0; 4096]), not_spoken),
            (raw(ssh), "it does not speak HTTP on this port\n"),
        ];
        let cases = cases.map(|(behaviour, says)| (behaviour, 4, says.to_owned()));
        // Nobody waits for the time limit: a slow machine must not reach it.
        try_all(cases.into(), Asks::Verify, kind, 20);
    }
}
