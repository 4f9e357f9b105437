//! One connection, from accept to close, in good and in bad behaviour.

use std::io::{self, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use super::Shared;
use super::faults::{After, Behaviour, Endpoint, Framing};
use super::http::{Request, Response, Unreadable, chunk_of};
use super::limit::Limiter;
use super::state;
use super::wire::Wire;

/// Where an endless answer ends after all, should the client take it in.
const ENDLESS: usize = 64 * 1024 * 1024;

/// What comes after an answer.
enum Then {
    NextRequest,
    Close,
    Reset,
    End,
    Drain,
}

pub(super) fn serve(shared: &Shared, socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut clear = Wire::Clear(socket);
    let behaviour = shared.plan.lock().unwrap().for_connection();
    match behaviour {
        Behaviour::CloseOnAccept => return clear.close(),
        Behaviour::ResetOnAccept => return clear.reset(),
        Behaviour::Silent(After::Accept) => return clear.drain(),
        Behaviour::SpeakFirst(bytes) => {
            clear.write_all(&bytes)?;
            return clear.drain();
        }
        _ => {}
    }
    let wire = handshake(shared, socket)?;
    if matches!(behaviour, Behaviour::Silent(After::Handshake)) {
        return wire.drain();
    }
    converse(shared, wire)
}

fn handshake<'a>(shared: &Shared, socket: &'a TcpStream) -> io::Result<Wire<'a>> {
    let config = shared.tls.lock().unwrap().clone();
    let Some(config) = config else {
        return Ok(Wire::Clear(socket));
    };
    let wire = Wire::tls(socket, config);
    shared.record.handshake(wire.is_ok());
    wire
}

fn converse(shared: &Shared, wire: Wire) -> io::Result<()> {
    let mut reader = BufReader::new(wire);
    loop {
        let request = match receive(&mut reader) {
            Ok(Some(request)) => request,
            Ok(None) => return reader.into_inner().close(),
            Err(Unreadable::Refused(status, why)) => {
                let answer = state::error(status, why).header("Connection", "close");
                send(reader.get_mut(), &answer.encode())?;
                return reader.into_inner().close();
            }
            Err(Unreadable::Lost(error)) => return Err(error),
        };
        shared.record.request(&request);
        match answer(shared, &request, reader.get_mut())? {
            Then::NextRequest if !request.wants_close() => {}
            Then::NextRequest | Then::Close => return reader.into_inner().close(),
            Then::Reset => return reader.into_inner().reset(),
            Then::End => return reader.into_inner().end(),
            Then::Drain => return reader.into_inner().drain(),
        }
    }
}

fn receive(reader: &mut BufReader<Wire>) -> Result<Option<Request>, Unreadable> {
    let Some(mut request) = Request::read_head(reader)? else {
        return Ok(None);
    };
    if request.expects_continue()? {
        send(reader.get_mut(), b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    request.read_body(reader)?;
    Ok(Some(request))
}

fn answer(shared: &Shared, request: &Request, to: &mut Wire) -> io::Result<Then> {
    let behaviour = shared
        .plan
        .lock()
        .unwrap()
        .for_request(Endpoint::of(request));
    let normal = || normal_answer(shared, request);
    match behaviour {
        Behaviour::Delay(length) => {
            if !shared.sockets.sleep(length) {
                return Ok(Then::Close);
            }
            send(to, &normal().encode())?;
        }
        Behaviour::Chunked(size) => send(to, &normal().encode_chunked(size))?,
        Behaviour::Drip(interval) => return drip(shared, to, &normal().encode(), interval),
        Behaviour::Respond(response) => send(to, &response.encode())?,
        Behaviour::Raw(bytes) => {
            send(to, &bytes)?;
            return Ok(Then::Close);
        }
        Behaviour::RawThenReset(bytes) => {
            send(to, &bytes)?;
            return Ok(Then::Reset);
        }
        Behaviour::RawThenEnd(bytes) => {
            send(to, &bytes)?;
            return Ok(Then::End);
        }
        Behaviour::RawThenSilence(bytes) => {
            send(to, &bytes)?;
            return Ok(Then::Drain);
        }
        Behaviour::DripRaw(bytes, interval) => return drip(shared, to, &bytes, interval),
        Behaviour::EndlessStatusLine => return endless(to, "HTTP/1.1 200 ", &[b'K'; 4096]),
        Behaviour::EndlessHead => {
            let line = format!("X-Filler: {}\r\n", "x".repeat(4000));
            return endless(to, "HTTP/1.1 200 OK\r\n", line.as_bytes());
        }
        Behaviour::EndlessBody(framing) => return endless_body(to, framing),
        Behaviour::Silent(After::Head) => {
            let bytes = normal().encode();
            let body = bytes
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
                .expect("a head")
                + 4;
            send(to, &bytes[..body])?;
            return Ok(Then::Drain);
        }
        Behaviour::Silent(_) => return Ok(Then::Drain),
        Behaviour::CloseAfterRequest => return Ok(Then::Close),
        Behaviour::ResetAfterRequest => return Ok(Then::Reset),
        // The rest acts on connections and is none of ours.
        _ => send(to, &normal().encode())?,
    }
    Ok(Then::NextRequest)
}

fn normal_answer(shared: &Shared, request: &Request) -> Response {
    let refusal = shared
        .limiter
        .lock()
        .unwrap()
        .as_mut()
        .and_then(Limiter::refuse);
    let answer = refusal.unwrap_or_else(|| shared.state.lock().unwrap().answer(request));
    let connection = if request.wants_close() {
        "close"
    } else {
        "keep-alive"
    };
    let answer = answer.header("Connection", connection);
    if request.method == "HEAD" {
        answer.without_body()
    } else {
        answer
    }
}

fn send(to: &mut Wire, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}

fn drip(shared: &Shared, to: &mut Wire, bytes: &[u8], interval: Duration) -> io::Result<Then> {
    for byte in bytes.chunks(1) {
        send(to, byte)?;
        if !shared.sockets.sleep(interval) {
            break;
        }
    }
    Ok(Then::Close)
}

fn endless_body(to: &mut Wire, framing: Framing) -> io::Result<Then> {
    let head = Response::json(200, &json!({})).head();
    let filler = [b' '; 4096];
    match framing {
        Framing::Chunked => {
            let head = head + "Transfer-Encoding: chunked\r\n\r\n";
            endless(to, &head, &chunk_of(&filler))
        }
        Framing::UntilClose => endless(to, &(head + "\r\n"), &filler),
    }
}

fn endless(to: &mut Wire, start: &str, piece: &[u8]) -> io::Result<Then> {
    to.write_all(start.as_bytes())?;
    for _ in 0..ENDLESS / piece.len() {
        to.write_all(piece)?;
    }
    to.flush()?;
    Ok(Then::Close)
}
