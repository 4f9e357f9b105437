//! Names, by a name server of the test's own: each family is asked for itself, and what comes is used. Of a machine
//! that has no other name server.

use Answer::{Empty, Good, NxDomain, ServFail, Silence};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{Fixture, KEY};
use crate::fixtures::FINGERPRINT;
use crate::support::backend::{ApiKey, Backend, TlsKind};
use crate::support::command::TestCommand;
use crate::support::needs;

/// Of the development backend's certificate.
const NAME: &str = "backend.example";

/// What a name server answers for a family (RFC 1035, 4.1.1: RCODE).
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Good,
    ServFail = 2,
    NxDomain = 3,
    Silence,
    Empty,
}

/// Ended when dropped.
struct NameServer {
    address: Ipv4Addr,
    is_over: Arc<AtomicBool>,
}

impl NameServer {
    /// On port 53 of loopback's address of this number: a resolver asks nowhere else.
    fn start(number: u8, a: Answer, aaaa: Answer) -> io::Result<Self> {
        let address = Ipv4Addr::new(127, 0, 53, number);
        let socket = UdpSocket::bind((address, 53))?;
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        thread::spawn(move || {
            let mut query = [0; 512];
            while !ends.load(Ordering::Relaxed) {
                if let Ok((length, client)) = socket.recv_from(&mut query)
                    && let Some(reply) = reply(&query[..length], a, aaaa)
                {
                    let _ = socket.send_to(&reply, client);
                }
            }
        });
        Ok(Self { address, is_over })
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// The header's flags and counts, the question again, and an address where there is one; none: silence.
fn reply(query: &[u8], a: Answer, aaaa: Answer) -> Option<Vec<u8>> {
    let end = 12 + query[12..].iter().position(|byte| *byte == 0)? + 5;
    let kind = query[end - 3];
    let (answer, address) = match kind {
        1 => (a, Ipv4Addr::LOCALHOST.octets().to_vec()),
        _ => (aaaa, Ipv6Addr::LOCALHOST.octets().to_vec()),
    };
    let (code, count) = match answer {
        Silence => return None,
        Good => (0, 1),
        Empty => (0, 0),
        refusal => (refusal as u8, 0),
    };
    let mut reply = [
        &query[..2],
        &[0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0],
        &query[12..end],
    ]
    .concat();
    if count == 1 {
        let length = u8::try_from(address.len()).unwrap();
        reply.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, length]);
        reply.extend(address);
    }
    Some(reply)
}

/// `whoami` where names are looked up there alone; None: said to be skipped.
fn whoami(server: &NameServer, backend: &Backend, name: &str) -> Option<TestCommand> {
    let place = tempfile::tempdir().unwrap().keep();
    let file = |name: &str, content: String| {
        fs::write(place.join(name), content).unwrap();
        place.join(name)
    };
    let servers = file("resolv.conf", format!("nameserver {}\n", server.address));
    let hosts = file("hosts", "127.0.0.1 localhost\n".into());
    let order = file("nsswitch.conf", "hosts: files dns\n".into());
    let mut machine = needs::machine()?;
    machine = machine.mount(&servers, "/etc/resolv.conf");
    machine = machine.mount(&hosts, "/etc/hosts");
    if fs::exists("/etc/nsswitch.conf").unwrap() {
        machine = machine.mount(&order, "/etc/nsswitch.conf");
    }
    let url = format!("https://{name}:{}", backend.address().port());
    let call = TestCommand::new()
        .ca(&backend.ca_file())
        .env("SEKUIRE_API_KEY", KEY);
    Some(call.args(["whoami", "--backend", &url]).on(machine))
}

fn backend(ip: IpAddr) -> Backend {
    let backend = Backend::builder()
        .tls(TlsKind::Valid)
        .listen(SocketAddr::new(ip, 0))
        .start();
    let mut key = ApiKey::new(KEY);
    key.bound = Some(FINGERPRINT.to_owned());
    backend.add_key(key);
    backend
}

/// One family is good, the other is answered in each way: the backend is reached within a second.
#[test]
fn one_good_family_is_enough() {
    let (v4, v6) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
    let other = [Good, ServFail, NxDomain, Silence, Empty].into_iter();
    let cases = other.flat_map(|other| [(Good, other, v4), (other, Good, v6)]);
    for (number, (a, aaaa, ip)) in (1..).zip(cases) {
        let server = match NameServer::start(number, a, aaaa) {
            Ok(server) => server,
            Err(cause) => return needs::skip(&format!("needs port 53: {cause}")),
        };
        let backend = backend(ip);
        let Some(call) = whoami(&server, &backend, NAME) else {
            return;
        };
        let outcome = call.run();
        outcome.exits_with(0).stderr_is_empty();
        // A resolver that gives up on the other family first takes five seconds and more.
        outcome.ends_within(Duration::from_secs(3));
    }
}

/// The dot is for the resolver alone: not for the certificate.
#[test]
fn a_name_may_end_in_a_dot() {
    let Ok(server) = NameServer::start(99, Good, Empty) else {
        return needs::skip("needs port 53");
    };
    let backend = backend(Ipv4Addr::LOCALHOST.into());
    let Some(call) = whoami(&server, &backend, "backend.example.") else {
        return;
    };
    call.run().exits_with(0).stderr_is_empty();
    let host = format!("{NAME}:{}", backend.address().port());
    assert_eq!(backend.requests()[0].header("Host"), Some(&*host));
}

#[test]
fn failing_name_server_is_tried_again_and_named() {
    for (number, answer) in [(200, NxDomain), (201, ServFail)] {
        let Ok(server) = NameServer::start(number, answer, answer) else {
            return needs::skip("needs port 53");
        };
        let backend = backend(Ipv4Addr::LOCALHOST.into());
        let Some(call) = whoami(&server, &backend, NAME) else {
            return;
        };
        let outcome = call.run();
        outcome.exits_with(4).stderr_contains("(3 attempts in ");
        outcome
            .stderr_contains("\nhint: check the name, the name servers and /etc/hosts, or run: ");
    }
}

/// Loopback, so in clear; and no name.
#[test]
fn an_address_of_ipv6_in_brackets_is_one() {
    let backend = Backend::builder()
        .listen((Ipv6Addr::LOCALHOST, 0).into())
        .start();
    let fixture = Fixture::new(TlsKind::None);
    let url = format!("http://[::1]:{}", backend.address().port());
    fixture
        .ask_at(super::Asks::Verify, &url)
        .run()
        .exits_with(0);
    let host = format!("[::1]:{}", backend.address().port());
    assert_eq!(backend.requests()[0].header("Host"), Some(&*host));
}
