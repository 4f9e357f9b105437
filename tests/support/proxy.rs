//! A proxy on loopback that takes every CONNECT, whatever its target, to one backend, or misbehaves
//! as told.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::libc;
use nix::sys::socket::{setsockopt, sockopt};

/// Between the pieces of a reply: long enough for them to arrive one by one.
const PAUSE: Duration = Duration::from_millis(30);

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

/// Stops accepting when dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    behaviour: ProxyBehaviour,
    backend: SocketAddr,
    heads: Mutex<Vec<String>>,
    done: AtomicBool,
}

impl Proxy {
    pub(crate) fn start(behaviour: ProxyBehaviour, backend: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port on loopback");
        let shared = Arc::new(Shared {
            behaviour,
            backend,
            heads: Mutex::default(),
            done: AtomicBool::new(false),
        });
        Self {
            address: listener.local_addr().expect("its address"),
            shared: Arc::clone(&shared),
            accepting: Some(thread::spawn(move || accept(&listener, &shared))),
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The heads of the CONNECT requests that came.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.shared.heads.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.done.store(true, Ordering::SeqCst);
        // The accept loop waits for a connection: this is the last one.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.accepting.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.done.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        // Ends with its client, which no test lets outlive itself.
        thread::spawn(move || drop(serve(stream, &shared)));
    }
}

fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    let behaviour = &shared.behaviour;
    if behaviour.then == Then::ResetOnAccept {
        return reset(&client);
    }
    client.set_nodelay(true)?;
    let head = read_head(&mut client)?;
    let authorized = behaviour
        .wanted
        .is_none_or(|wanted| head.contains(&format!("\r\nProxy-Authorization: {wanted}\r\n")));
    shared.heads.lock().unwrap().push(head);
    if !authorized {
        client.write_all(
            b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\n\r\n",
        )?;
        return client.shutdown(Shutdown::Write);
    }
    for (index, piece) in behaviour.reply.iter().enumerate() {
        if index > 0 {
            thread::sleep(PAUSE);
        }
        client.write_all(piece)?;
    }
    match behaviour.then {
        Then::Tunnel => {
            tunnel(&client, &TcpStream::connect(shared.backend)?);
            Ok(())
        }
        Then::Close => client.shutdown(Shutdown::Write),
        Then::Reset | Then::ResetOnAccept => reset(&client),
        Then::Silence => io::copy(&mut client, &mut io::sink()).map(drop),
    }
}

fn read_head(client: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn tunnel(client: &TcpStream, backend: &TcpStream) {
    thread::scope(|threads| {
        threads.spawn(|| carry(client, backend));
        carry(backend, client);
    });
}

fn carry(mut from: &TcpStream, mut to: &TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// The socket's close will be a reset (`SO_LINGER` 0, socket(7)).
fn reset(client: &TcpStream) -> io::Result<()> {
    let at_once = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    Ok(setsockopt(client, sockopt::Linger, &at_once)?)
}
