//! What the transport must bear: minreq's own variables, the largest request, whatever follows an answer, the
//! smallest pieces, and a preloaded library. (Buffers that are too small: `src/platform/unix/handover.rs`.)

use std::io::Read;
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use super::{BOTH, Behaviour, Fixture, SLACK, framed};
use crate::fixtures::FINGERPRINT;
use crate::support::backend::{ApiKey, End, KEY, TlsKind};
use crate::support::command::binary;
use crate::support::needs;
use crate::support::port::RefusingPort;

#[test]
fn variables_of_the_libraries_do_not_count() {
    let refusing = RefusingPort::new();
    let proxy = format!("http://{}", refusing.address());
    for kind in BOTH {
        for number in ["0", "5", "18446744073709551615"] {
            let fixture = Fixture::new(kind);
            let mut call = fixture.login();
            for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
                call = call.env(name, &proxy);
            }
            let call = call.env("MINREQ_TIMEOUT", number);
            let outcome = call.env("RUST_MIN_STACK", number).run();
            outcome.exits_with(0).stderr_is_empty();
        }
    }
}

/// Every character of the key takes two bytes in JSON, every one of the name six.
#[test]
fn the_largest_request_goes_out_whole() {
    let key = format!("sk_live_{}", "\\".repeat(504));
    let fixture = Fixture::new(TlsKind::Valid);
    fixture.backend.add_key(ApiKey::new(&key));
    let Some(machine) = needs::machine() else {
        return;
    };
    let name = "\u{1}".repeat(64);
    let login = fixture.login().stdin(key.as_bytes());
    login.on(machine.host_name(&name)).run().exits_with(0);
    let requests = fixture.backend.requests();
    let body = requests[0].json();
    assert_eq!(body["api_key"], *key);
    assert_eq!(body["device_fingerprint"], FINGERPRINT);
    assert_eq!(requests[1].header("X-API-Key"), Some(&*key));
}

/// What ends an answer is found in the answer, not in the end of the connection: servers ignore `Connection:
/// close`, and many end TLS without `close_notify` (RFC 9112, 9.8). Which answers are whole: `src/http/codec.rs`.
#[test]
fn whole_answers_count_whatever_follows() {
    let interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".to_vec();
    let whole = [interim, framed("200 OK", br#"{"valid":true}"#)].concat();
    for kind in BOTH {
        for behaviour in [
            Behaviour::Raw(whole.clone(), End::Silence),
            Behaviour::Raw(whole.clone(), End::Cut),
            Behaviour::Drip(whole.clone(), Duration::from_millis(1)),
        ] {
            let fixture = Fixture::new(kind);
            fixture.backend.behave(behaviour);
            let outcome = fixture.login().args(["--timeout", "60"]).run();
            outcome.exits_with(0).stderr_is_empty().ends_within(SLACK);
        }
    }
}

/// Only the end of the connection ends it: under TLS that must be said.
#[test]
fn an_answer_without_a_length_needs_the_end_of_tls() {
    let answer = b"HTTP/1.0 200 OK\r\n\r\n{\"valid\":true}";
    for (kind, end, code, words) in [
        (TlsKind::None, End::Cut, 0, ""),
        (TlsKind::Valid, End::Close, 0, ""),
        (TlsKind::Valid, End::Cut, 4, "its answer: connection closed"),
        (TlsKind::None, End::Reset, 4, "connection reset"),
    ] {
        let fixture = Fixture::new(kind);
        fixture.backend.behave(Behaviour::Raw(answer.to_vec(), end));
        let outcome = fixture.login().run();
        outcome.exits_with(code).stderr_contains(words);
    }
}

/// Connects within socket(2), where the program's next connection is about to be made.
const MEDDLER: &str = r#"
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
int socket(int domain, int type, int protocol) {
    struct sockaddr_in own = {AF_INET, htons(atoi(getenv("MEDDLER"))), {htonl(INADDR_LOOPBACK)}};
    int meddling = syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connect(meddling, (struct sockaddr *)&own, sizeof own);
    return syscall(SYS_socket, domain, type, protocol);
}
"#;

#[test]
fn a_preloaded_library_gets_no_connection_and_no_byte_of_ours() {
    let Some(cc) = needs::tool("cc") else { return };
    let fixture = Fixture::new(TlsKind::Valid);
    let library = fixture.home.path().join("meddler.so");
    let source = fixture.home.path().join("meddler.c");
    std::fs::write(&source, MEDDLER).unwrap();
    let mut command = Command::new(cc);
    let command = command.args(["-shared", "-fPIC", "-o"]);
    let built = command.args([&library, &source]).output().unwrap();
    assert!(built.status.success(), "{built:?}");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let (sender, strays) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut bytes = Vec::new();
            let _ = stream.unwrap().read_to_end(&mut bytes);
            let _ = sender.send(bytes);
        }
    });
    let whoami = fixture.whoami().env("LD_PRELOAD", &library);
    whoami
        .env("MEDDLER", port)
        .run()
        .exits_with(0)
        .stderr_is_empty();
    assert_eq!(fixture.backend.connections(), 1);
    assert_eq!(fixture.backend.requests()[0].header("X-API-Key"), Some(KEY));
    let mut connections = 0;
    while let Ok(bytes) = strays.recv_timeout(Duration::from_millis(500)) {
        assert!(bytes.is_empty(), "{}", String::from_utf8_lossy(&bytes));
        connections += 1;
    }
    if connections == 0 {
        needs::skip("no library is loaded before a static program");
    }
}

/// Else every library in the process would call ours.
#[test]
fn connect_is_not_exported() {
    let Some(nm) = needs::tool("nm") else { return };
    let symbols = Command::new(nm).arg("-D").arg(binary()).output().unwrap();
    let symbols = String::from_utf8(symbols.stdout).unwrap();
    let exported = |line: &&str| line.ends_with(" connect") || line.contains(" connect@");
    assert_eq!(symbols.lines().find(exported), None);
}
