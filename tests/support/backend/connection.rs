//! One connection, from accept to close, in good and in bad behaviour.

use std::io;
use std::net::TcpStream;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::behaviour::{After, Behaviour, Framing};
use super::http::{Recorded, Response, chunk_of};
use super::state::State;
use super::wire::Wire;

/// Where an endless answer ends after all, should the client take it in.
const ENDLESS: usize = 64 * 1024 * 1024;

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
    match behaviour {
        Behaviour::Delay(length) => {
            thread::sleep(length);
            wire.send(&normal().encode())?;
        }
        Behaviour::Chunked(size) => wire.send(&normal().encode_chunked(size))?,
        Behaviour::Drip(interval) => drip(&mut wire, &normal().encode(), interval)?,
        Behaviour::Respond(response) => wire.send(&response.encode())?,
        Behaviour::Raw(bytes) => wire.send(&bytes)?,
        Behaviour::RawThenReset(bytes) => {
            wire.send(&bytes)?;
            return wire.reset();
        }
        Behaviour::RawThenEnd(bytes) => {
            wire.send(&bytes)?;
            return wire.end();
        }
        Behaviour::RawThenSilence(bytes) => {
            wire.send(&bytes)?;
            return wire.drain();
        }
        Behaviour::DripRaw(bytes, interval) => drip(&mut wire, &bytes, interval)?,
        Behaviour::EndlessStatusLine => endless(&mut wire, "HTTP/1.1 200 ", &[b'K'; 4096])?,
        Behaviour::EndlessHead => {
            let line = format!("X-Filler: {}\r\n", "x".repeat(4000));
            endless(&mut wire, "HTTP/1.1 200 OK\r\n", line.as_bytes())?;
        }
        Behaviour::EndlessBody(framing) => endless_body(&mut wire, framing)?,
        Behaviour::Silent(After::Head) => {
            let answer = normal();
            wire.send((answer.head() + "Content-Length: 99\r\n\r\n").as_bytes())?;
            return wire.drain();
        }
        Behaviour::Silent(_) => return wire.drain(),
        Behaviour::CloseAfterRequest => {}
        Behaviour::ResetAfterRequest => return wire.reset(),
        // The rest acts on connections.
        _ => wire.send(&normal().encode())?,
    }
    wire.close()
}

fn drip(wire: &mut Wire, bytes: &[u8], interval: Duration) -> io::Result<()> {
    for byte in bytes.chunks(1) {
        wire.send(byte)?;
        thread::sleep(interval);
    }
    Ok(())
}

fn endless_body(wire: &mut Wire, framing: Framing) -> io::Result<()> {
    let head = Response::json(200, &json!({})).head();
    let filler = [b' '; 4096];
    match framing {
        Framing::Chunked => {
            let head = head + "Transfer-Encoding: chunked\r\n\r\n";
            endless(wire, &head, &chunk_of(&filler))
        }
        Framing::UntilClose => endless(wire, &(head + "\r\n"), &filler),
    }
}

fn endless(wire: &mut Wire, start: &str, piece: &[u8]) -> io::Result<()> {
    wire.send(start.as_bytes())?;
    (0..ENDLESS / piece.len()).try_for_each(|_| wire.send(piece))
}
