//! A proxy on loopback that takes every CONNECT, whatever its target, to one backend, or misbehaves
//! as told.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

use super::port::Server;

/// Between the pieces of a reply: long enough for them to arrive one by one.
const PAUSE: Duration = Duration::from_millis(30);

const UNAUTHORIZED: &[u8] = b"HTTP/1.1 407 Proxy Authentication Required\r\n\
    Proxy-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\n\r\n";

/// What a proxy answers to a CONNECT.
#[derive(Clone, Debug)]
pub(crate) struct ProxyBehaviour {
    /// The value of `Proxy-Authorization` without which it answers 407.
    pub(crate) wanted: Option<&'static str>,
    /// The reply, with a pause between its pieces.
    pub(crate) reply: Vec<Vec<u8>>,
    pub(crate) then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Tunnel,
    Close,
    Reset,
    /// Nothing more, until the client closes.
    Silence,
    /// Without having read the request, let alone replied.
    ResetOnAccept,
}

impl ProxyBehaviour {
    pub(crate) fn good() -> Self {
        Self::saying(b"HTTP/1.1 200 Connection established\r\n\r\n", Then::Tunnel)
    }

    pub(crate) fn saying(reply: &[u8], then: Then) -> Self {
        Self {
            wanted: None,
            reply: vec![reply.to_vec()],
            then,
        }
    }
}

pub(crate) struct Proxy {
    heads: Arc<Mutex<Vec<String>>>,
    server: Server,
}

impl Proxy {
    pub(crate) fn start(behaviour: ProxyBehaviour, backend: SocketAddr) -> Self {
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&heads);
        let server = Server::start((Ipv4Addr::LOCALHOST, 0).into(), move |client| {
            let _ = serve(client, &behaviour, backend, &seen);
        });
        Self { heads, server }
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The heads of the CONNECT requests that came.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn serve(
    mut client: TcpStream,
    behaviour: &ProxyBehaviour,
    backend: SocketAddr,
    heads: &Mutex<Vec<String>>,
) -> io::Result<()> {
    // The close is a reset (`SO_LINGER` 0, socket(7)).
    let reset = |client| SockRef::from(client).set_linger(Some(Duration::ZERO));
    if behaviour.then == Then::ResetOnAccept {
        return reset(&client);
    }
    client.set_nodelay(true)?;
    let head = read_head(&mut client)?;
    let authorized = behaviour
        .wanted
        .is_none_or(|wanted| head.contains(&format!("\r\nProxy-Authorization: {wanted}\r\n")));
    heads.lock().unwrap().push(head);
    if !authorized {
        client.write_all(UNAUTHORIZED)?;
        return client.shutdown(Shutdown::Write);
    }
    for (index, piece) in behaviour.reply.iter().enumerate() {
        if index > 0 {
            thread::sleep(PAUSE);
        }
        client.write_all(piece)?;
    }
    match behaviour.then {
        Then::Tunnel => tunnel(&client, &TcpStream::connect(backend)?),
        Then::Close => client.shutdown(Shutdown::Write)?,
        Then::Reset | Then::ResetOnAccept => reset(&client)?,
        Then::Silence => drop(io::copy(&mut client, &mut io::sink())),
    }
    Ok(())
}

fn read_head(client: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn tunnel(client: &TcpStream, backend: &TcpStream) {
    let carry = |mut from: &TcpStream, mut to: &TcpStream| {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    };
    thread::scope(|threads| {
        threads.spawn(|| carry(client, backend));
        carry(backend, client);
    });
}
