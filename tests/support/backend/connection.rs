//! One connection, from accept to close, in good and in bad behaviour.

use std::io;
use std::net::TcpStream;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use super::behaviour::{After, Behaviour, End};
use super::http::Recorded;
use super::state::State;
use super::wire::Wire;

/// Where an endless answer ends after all, should the client take it in.
const ENDLESS: usize = 64 * 1024 * 1024;

pub(super) fn serve(state: &Mutex<State>, socket: TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut wire = Wire::new(socket);
    state.lock().unwrap().connections += 1;
    let behaviour = state.lock().unwrap().take(None, true);
    match &behaviour {
        Behaviour::CloseOnAccept => return wire.end(End::Close),
        Behaviour::ResetOnAccept => return wire.end(End::Reset),
        Behaviour::Silent(After::Accept) => return wire.end(End::Silence),
        Behaviour::SpeakFirst(bytes) => {
            wire.send(bytes)?;
            return wire.end(End::Silence);
        }
        _ => {}
    }
    let config = state.lock().unwrap().tls.clone();
    if let Some(config) = config {
        let done = wire.handshake(config);
        state.lock().unwrap().handshakes.push(done.is_ok());
        done?;
    }
    if let Behaviour::Silent(After::Handshake) = behaviour {
        return wire.end(End::Silence);
    }
    let request = Recorded::read(&mut wire)?;
    state.lock().unwrap().requests.push(request.clone());
    let behaviour = state.lock().unwrap().take(request.endpoint(), false);
    let normal = || state.lock().unwrap().answer(&request).encode();
    let (bytes, end) = match behaviour {
        Behaviour::Respond(response) => (response.encode(), End::Close),
        Behaviour::Raw(bytes, end) => (bytes, end),
        Behaviour::Silent(_) => (Vec::new(), End::Silence),
        Behaviour::CloseAfterRequest => (Vec::new(), End::Close),
        Behaviour::Delay(length) => {
            thread::sleep(length);
            (normal(), End::Close)
        }
        Behaviour::Drip(bytes, interval) => return drip(wire, &bytes, interval),
        Behaviour::Endless(start, piece) => {
            wire.send(start.as_bytes())?;
            let pieces = piece.repeat(4096 / piece.len());
            (0..ENDLESS / pieces.len()).try_for_each(|_| wire.send(pieces.as_bytes()))?;
            return wire.end(End::Close);
        }
        // The rest acts on connections.
        _ => (normal(), End::Close),
    };
    wire.send(&bytes)?;
    wire.end(end)
}

fn drip(mut wire: Wire, bytes: &[u8], interval: Duration) -> io::Result<()> {
    for byte in bytes.chunks(1) {
        wire.send(byte)?;
        thread::sleep(interval);
    }
    wire.end(End::Close)
}
