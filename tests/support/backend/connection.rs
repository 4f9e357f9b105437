//! One connection, from accept to close, in good and in bad behaviour.

use std::io;
use std::net::TcpStream;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use super::behaviour::{After, Behaviour, Framing};
use super::http::{Recorded, chunk_of};
use super::state::State;
use super::wire::Wire;

/// Where an endless answer ends after all, should the client take it in.
const ENDLESS: usize = 64 * 1024 * 1024;

/// What comes after an answer.
type End = fn(Wire) -> io::Result<()>;

pub(super) fn serve(state: &Mutex<State>, socket: TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut wire = Wire::new(socket);
    let (behaviour, tls) = state.lock().unwrap().connect();
    match &behaviour {
        Behaviour::CloseOnAccept => return wire.close(),
        Behaviour::ResetOnAccept => return wire.reset(),
        Behaviour::Silent(After::Accept) => return wire.drain(),
        Behaviour::SpeakFirst(bytes) => {
            wire.send(bytes)?;
            return wire.drain();
        }
        _ => {}
    }
    if let Some(config) = tls {
        let done = wire.handshake(config);
        state.lock().unwrap().count_handshake(done.is_ok());
        done?;
    }
    if let Behaviour::Silent(After::Handshake) = behaviour {
        return wire.drain();
    }
    let request = Recorded::read(&mut wire)?;
    state.lock().unwrap().record(&request);
    answer(state, &request, wire)
}

fn answer(state: &Mutex<State>, request: &Recorded, mut wire: Wire) -> io::Result<()> {
    let behaviour = state.lock().unwrap().behaviour(request);
    let normal = || state.lock().unwrap().answer(request);
    let (bytes, end): (_, End) = match behaviour {
        Behaviour::Delay(length) => {
            thread::sleep(length);
            (normal().encode(), Wire::close)
        }
        Behaviour::Respond(response) => (response.encode(), Wire::close),
        Behaviour::Raw(bytes) => (bytes, Wire::close),
        Behaviour::RawThenReset(bytes) => (bytes, Wire::reset),
        Behaviour::RawThenEnd(bytes) => (bytes, Wire::end),
        Behaviour::RawThenSilence(bytes) => (bytes, Wire::drain),
        Behaviour::Drip(interval) => return drip(wire, &normal().encode(), interval),
        Behaviour::DripRaw(bytes, interval) => return drip(wire, &bytes, interval),
        Behaviour::EndlessStatusLine => return endless(wire, "HTTP/1.1 200 ", &[b'K'; 4096]),
        Behaviour::EndlessHead => {
            let line = format!("X-Filler: {}\r\n", "x".repeat(4000));
            return endless(wire, "HTTP/1.1 200 OK\r\n", line.as_bytes());
        }
        Behaviour::EndlessBody(Framing::UntilClose) => {
            return endless(wire, "HTTP/1.1 200 OK\r\n\r\n", &[b' '; 4096]);
        }
        Behaviour::EndlessBody(Framing::Chunked) => {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            return endless(wire, head, &chunk_of(&[b' '; 4096]));
        }
        Behaviour::Silent(After::Head) => {
            let head = normal().head() + "Content-Length: 99\r\n\r\n";
            (head.into_bytes(), Wire::drain)
        }
        Behaviour::Silent(_) => (Vec::new(), Wire::drain),
        Behaviour::CloseAfterRequest => (Vec::new(), Wire::close),
        Behaviour::ResetAfterRequest => (Vec::new(), Wire::reset),
        // The rest acts on connections.
        _ => (normal().encode(), Wire::close),
    };
    wire.send(&bytes)?;
    end(wire)
}

fn drip(mut wire: Wire, bytes: &[u8], interval: Duration) -> io::Result<()> {
    for byte in bytes.chunks(1) {
        wire.send(byte)?;
        thread::sleep(interval);
    }
    wire.close()
}

fn endless(mut wire: Wire, start: &str, piece: &[u8]) -> io::Result<()> {
    wire.send(start.as_bytes())?;
    (0..ENDLESS / piece.len()).try_for_each(|_| wire.send(piece))?;
    wire.close()
}
