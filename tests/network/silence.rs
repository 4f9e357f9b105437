//! Servers that say nothing, too little, or something else, at each stage. The waiting line: `terminal_output`.

use std::time::Duration;

use super::{Asks, BOTH, Behaviour, raw, try_all};
use crate::support::backend::{After, TlsKind};

#[test]
fn silence_at_every_stage_ends_in_time() {
    let drip = Duration::from_millis(90);
    for (kind, asks) in BOTH.into_iter().zip([Asks::Verify, Asks::Me]) {
        let first = match kind {
            TlsKind::None => "waiting for the answer",
            _ => "shaking hands",
        };
        let answer = "waiting for the answer";
        let endless = b"HTTP/1.1 200 ".repeat(50);
        let cases = [
            (Behaviour::Silent(After::Accept), first),
            (Behaviour::Silent(After::Handshake), answer),
            (Behaviour::Silent(After::Request), answer),
            (Behaviour::Silent(After::Head), answer),
            (Behaviour::Drip(drip), answer),
            (Behaviour::DripRaw(endless, drip), answer),
            (Behaviour::Delay(Duration::from_secs(2)), answer),
        ];
        let case = |(behaviour, doing)| {
            let says = format!(": timed out while {doing} (3 attempts in ");
            (behaviour, 4, says)
        };
        try_all("silence", cases.map(case).into(), asks, kind, 1);
    }
}

#[test]
fn what_ends_or_speaks_another_protocol_is_no_answer() {
    for kind in BOTH {
        let not_spoken = match kind {
            TlsKind::None => "it does not speak HTTP on this port\n",
            _ => "it does not speak TLS on this port\n",
        };
        let (closed, lost) = ("connection closed (3 attempts", "(3 attempts");
        let reset = "connection reset by peer (3 attempts";
        let body = b"HTTP/1.1 200 OK\r\n\r\n{".to_vec();
        let ssh = b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec();
        let cases = [
            (Behaviour::CloseOnAccept, closed),
            (Behaviour::ResetOnAccept, lost),
            (Behaviour::CloseAfterRequest, closed),
            (Behaviour::ResetAfterRequest, reset),
            (Behaviour::RawThenReset(body), "error: "),
            (Behaviour::SpeakFirst(ssh.clone()), not_spoken),
            (Behaviour::SpeakFirst(vec![0; 4096]), not_spoken),
            (raw(ssh), "it does not speak HTTP on this port\n"),
        ];
        let cases = cases.map(|(behaviour, says)| (behaviour, 4, says.to_owned()));
        // Nobody waits for the time limit: a slow machine must not reach it.
        try_all("ended", cases.into(), Asks::Verify, kind, 20);
    }
}
