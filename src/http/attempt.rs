//! One attempt: minreq in a thread, and between it and the server our own connection. The only user of
//! minreq.
//!
//! minreq 3.0.0 is given only URLs that `backend_url` rebuilt and header values of visible ASCII,
//! for it sends both verbatim; it follows no redirect; its `send()` reads without bound, so that its
//! lazy sibling is used; it takes a body cut short for a whole one, so that lengths are compared; its
//! limit on headers can be made to wrap, so that the relay limits all that comes.

use std::hint::black_box;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use minreq::{Method, ResponseLazy};
use rustls::CertificateError;

use super::connect::{self, Resolver};
use super::deadline::Deadline;
use super::failure::Failure;
use super::proxy::Proxy;
use super::relay::{self, RelayError};
use super::{Request, Response, STACK, USER_AGENT};
use crate::backend_url::BackendUrl;
use crate::json;
use crate::platform::{self, Handover, Waiting};
use crate::tls::Refusal;

/// The longest status line that is read, in bytes.
const MAX_STATUS_LINE: usize = 16 * 1024;

/// What minreq answers, with status 503, where there was no status line.
const NO_STATUS_LINE: &str = "Server did not provide a status line";

/// What an attempt needs at the most, in bytes: TLS, the trusted CAs, an answer as large as it may be.
const MEMORY: usize = 8 * 1024 * 1024;

/// How many more descriptors an attempt needs at the most: connections to two addresses at once, and
/// what the system's resolver opens.
const DESCRIPTORS: usize = 6;

/// How many interim answers are passed over.
const MAX_INTERIM: usize = 8;

/// Our reply to minreq's request for a tunnel.
const TUNNEL_REPLY: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";

/// Makes one attempt.
///
/// All that it needs is had before the first byte of the request leaves this machine: threads,
/// descriptors, memory, randomness, and what TLS trusts. minreq has what it needs when it asks for its
/// tunnel, and it is asked to do that first.
///
/// # Errors
/// There was no answer.
pub(super) fn make(
    base: &BackendUrl,
    proxy: Option<&Proxy>,
    request: &Request,
    resolver: &mut Resolver,
    deadline: &mut Deadline<'_>,
) -> Result<Response, Failure> {
    let local = |cause| Failure::local(&cause);
    let (waiting, handover) = reserve().map_err(local)?;
    let mut exchange = Exchange::start(base, request, handover).map_err(local)?;
    let Ok(client) = waiting.accept(deadline.left()) else {
        return exchange.conclude(base.host(), Ok(()), deadline);
    };
    client.set_nonblocking(true).map_err(local)?;
    let server = open(base, proxy, resolver, deadline)?;
    deadline
        .bound(&client)
        .write_all(TUNNEL_REPLY)
        .map_err(local)?;
    let relayed = relay::carry(&client, &server, base.scheme(), deadline);
    // minreq sees the end of its connection, and ends.
    drop(client);
    exchange.conclude(base.host(), relayed, deadline)
}

/// A connection for minreq, made sure that the rest can be had, too.
fn reserve() -> io::Result<(Waiting, Handover)> {
    let mut memory: Vec<u8> = Vec::new();
    memory
        .try_reserve_exact(MEMORY)
        .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    drop(black_box(memory));
    let pair = platform::local_connection()?;
    platform::spare_descriptors(DESCRIPTORS)?;
    Ok(pair)
}

/// Opens the way to the backend, or through a proxy to it.
fn open(
    base: &BackendUrl,
    proxy: Option<&Proxy>,
    resolver: &mut Resolver,
    deadline: &mut Deadline<'_>,
) -> Result<TcpStream, Failure> {
    let (host, port, peer) = match proxy {
        None => (base.host(), base.port(), base.host().to_owned()),
        Some(proxy) => (
            proxy.host.as_str(),
            proxy.port,
            format!("the proxy {}", proxy.host),
        ),
    };
    let addresses = resolver.resolve(host, port, &peer, deadline)?;
    let stream = connect::connect(&addresses, port, &peer, deadline)?;
    if let Some(proxy) = proxy {
        proxy.tunnel(&stream, base, deadline)?;
    }
    Ok(stream)
}

/// minreq at work in its thread.
struct Exchange(Receiver<Result<Answered, Unanswered>>);

/// How an exchange can end without an answer.
enum Unanswered {
    /// Before the head was complete.
    Head(minreq::Error),
    /// The connection ended without an answer, or with something that is not HTTP.
    NoStatusLine { empty: bool },
    /// Within the body.
    Body(String),
}

/// An answer, and whether the end of its connection was the end of its body.
struct Answered {
    response: Response,
    ended_by_close: bool,
    chunked: bool,
}

impl Exchange {
    fn start(base: &BackendUrl, request: &Request, handover: Handover) -> io::Result<Exchange> {
        let (sender, result) = channel();
        let url = format!("{base}{}", request.path);
        let request = request.clone();
        let run = move || {
            // Nobody listens any more once the deadline has passed.
            let _ = sender.send(perform(&url, &request, handover));
        };
        thread::Builder::new()
            .name("request".into())
            .stack_size(STACK)
            .spawn(run)?;
        Ok(Exchange(result))
    }

    /// What came of it, when the connection has ended.
    fn conclude(
        &mut self,
        host: &str,
        relayed: Result<(), RelayError>,
        deadline: &mut Deadline<'_>,
    ) -> Result<Response, Failure> {
        let waiting_for = |host| Failure::timed_out(format!("waiting for {host} to answer"));
        match relayed {
            Err(RelayError::Wait(cause)) if cause.kind() == io::ErrorKind::TimedOut => {
                return Err(waiting_for(host));
            }
            Err(RelayError::Wait(cause)) => return Err(Failure::local(&cause)),
            _ => {}
        }
        let outcome = deadline.wait(|slice| match self.0.recv_timeout(slice) {
            Ok(outcome) => Some(outcome),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                Some(Err(Unanswered::Body("was lost in this program".into())))
            }
        });
        judge(
            host,
            outcome.ok_or_else(|| waiting_for(host))?,
            relayed.err(),
        )
    }
}

fn perform(url: &str, request: &Request, handover: Handover) -> Result<Answered, Unanswered> {
    let method = if request.body.is_some() {
        Method::Post
    } else {
        Method::Get
    };
    let proxy = minreq::Proxy::new(handover.proxy()).map_err(Unanswered::Head)?;
    let mut call = bounded(minreq::Request::new(method, url))
        .with_proxy(proxy)
        .with_header("User-Agent", USER_AGENT)
        .with_header("Accept", "application/json")
        .with_header("Connection", "close");
    for (name, value) in &request.headers {
        call = call.with_header(*name, value.as_str());
    }
    if let Some(body) = &request.body {
        call = call
            .with_header("Content-Type", "application/json")
            .with_body(body.as_bytes());
    }
    let mut answer = handover.give(|| call.send_lazy());
    for _ in 0..MAX_INTERIM {
        match answer {
            Ok(interim) if (100..200).contains(&interim.status_code) => {
                answer = behind_interim(interim);
            }
            _ => break,
        }
    }
    read(answer.map_err(Unanswered::Head)?)
}

fn bounded(request: minreq::Request) -> minreq::Request {
    request
        .with_follow_redirects(false)
        .with_max_headers_size(None)
        .with_max_status_line_length(MAX_STATUS_LINE)
}

/// The answer behind an interim one (RFC 9110, 15.2). minreq takes that one for the last, and what
/// follows for its body: so minreq reads that body as what it is.
fn behind_interim(interim: ResponseLazy) -> Result<ResponseLazy, minreq::Error> {
    let mut rest = Vec::new();
    // The relay bounds it.
    let _ = { interim }.read_to_end(&mut rest)?;
    let handover = platform::replay(&rest)?;
    let request = bounded(minreq::get("http://127.0.0.1"));
    handover.give(|| request.send_lazy())
}

fn read(mut answer: ResponseLazy) -> Result<Answered, Unanswered> {
    let mut body = Vec::new();
    let result = (&mut answer)
        .take(json::MAX_LEN as u64 + 1)
        .read_to_end(&mut body);
    if answer.status_code == 503 && answer.reason_phrase == NO_STATUS_LINE {
        let empty = answer.headers.is_empty() && body.is_empty();
        return Err(Unanswered::NoStatusLine { empty });
    }
    result.map_err(|cause| Unanswered::Body(format!("broke off within its answer ({cause})")))?;
    let header = |name: &str| {
        answer
            .headers
            .iter()
            .rfind(|(key, _)| key.trim() == name)
            .map(|(_, value)| value.trim())
    };
    let chunked =
        header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    let length = header("content-length")
        .filter(|_| !chunked)
        .and_then(|value| value.parse::<usize>().ok());
    let too_long = body.len() > json::MAX_LEN;
    if let Some(length) = length.filter(|length| body.len() < *length && !too_long) {
        return Err(Unanswered::Body(format!(
            "sent {} bytes of an answer of {length}",
            body.len()
        )));
    }
    body.truncate(json::MAX_LEN);
    Ok(Answered {
        ended_by_close: !chunked && length.is_none(),
        chunked,
        response: Response {
            status: answer.status_code,
            body,
            too_long,
            retry_after: header("retry-after").and_then(retry_after),
            location: header("location").map(str::to_owned),
            attempts: String::new(),
        },
    })
}

/// The header `Retry-After`: seconds or a date (RFC 9110, 10.2.3).
fn retry_after(value: &str) -> Option<Duration> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only too many digits can fail: then it is beyond every limit, too.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// What minreq made of it, and what the relay saw, taken together.
fn judge(
    host: &str,
    outcome: Result<Answered, Unanswered>,
    relayed: Option<RelayError>,
) -> Result<Response, Failure> {
    let host = host.to_owned();
    let lost = |host, how| Err(Failure::Lost { host, how });
    let no_answer = |host, how| Err(Failure::NoAnswer { host, how });
    let without_end = || "sent an answer without end".to_owned();
    match (outcome, relayed) {
        (_, Some(RelayError::NotHttp)) => Err(Failure::NotHttp { host }),
        (_, Some(RelayError::NotTls)) => Err(Failure::NotTls { host }),
        (_, Some(RelayError::NoHead(how))) => lost(host, how),
        (Ok(answered), Some(RelayError::Broken(how))) if answered.ended_by_close => {
            no_answer(host, how)
        }
        // minreq takes the end of the connection, here the relay's, for the end of head or trailers.
        (Ok(answered), Some(RelayError::TooLong))
            if !answered.response.too_long && (answered.ended_by_close || answered.chunked) =>
        {
            no_answer(host, without_end())
        }
        // So it does where TLS ended in order within the head. A success without a body is none to us.
        (Ok(answered), None) if answered.is_cut_in_head() => {
            lost(host, "closed the connection".into())
        }
        (Ok(answered), _) if answered.response.status < 200 => no_answer(
            host,
            format!(
                "sent no answer but an interim one (status {})",
                answered.response.status
            ),
        ),
        (Ok(answered), _) => Ok(answered.response),
        (Err(_), Some(RelayError::TooLong)) => no_answer(host, without_end()),
        (Err(Unanswered::Head(minreq::Error::IoError(cause))), relayed) => {
            match (tls_error(&cause), relayed) {
                (Some(error), _) => Err(Failure::Tls(refused(&host, error))),
                (None, Some(RelayError::Broken(how))) => lost(host, how),
                (None, _) => lost(host, format!("broke the connection ({cause})")),
            }
        }
        (Err(Unanswered::Head(minreq::Error::RustlsCreateConnection(error))), _) => {
            Err(Failure::Tls(refused(&host, &error)))
        }
        (Err(Unanswered::Head(error)), _) => {
            no_answer(host, format!("sent an answer that is not HTTP ({error})"))
        }
        (Err(Unanswered::NoStatusLine { empty: true }), _) => {
            lost(host, "closed the connection".into())
        }
        (Err(Unanswered::NoStatusLine { empty: false }), _) => Err(Failure::NotHttp { host }),
        (Err(Unanswered::Body(how)), _) => no_answer(host, how),
    }
}

impl Answered {
    fn is_cut_in_head(&self) -> bool {
        self.ended_by_close
            && self.response.body.is_empty()
            && matches!(self.response.status, 0..=99 | 200..=299)
    }
}

fn tls_error(cause: &io::Error) -> Option<&rustls::Error> {
    cause.get_ref()?.downcast_ref()
}

fn refused(host: &str, error: &rustls::Error) -> Refusal {
    let rustls::Error::InvalidCertificate(error) = error else {
        return refusal(
            format!("no TLS connection with {host}: {error}"),
            "check the host and port of the URL; if they are right, ask whoever runs the backend",
        );
    };
    let clock =
        "check this machine's clock, then ask whoever runs the backend for a new certificate";
    match error {
        // A bad signature: a CA of the same name, but with another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => refusal(
            format!("the certificate of {host} is by a CA that is not trusted here"),
            "if the backend has a CA of its own, name its file in SSL_CERT_FILE; if not, somebody may be listening in",
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            refusal(
                format!("the certificate that {host} shows is not for that name"),
                "check the host of the URL; if it is right, somebody may be listening in",
            )
        }
        CertificateError::Expired => {
            refusal(format!("the certificate of {host} has expired"), clock)
        }
        CertificateError::ExpiredContext { time, not_after } => refusal(
            format!(
                "the certificate of {host} expired on {}; this machine's clock says {}",
                date(not_after.as_secs()),
                date(time.as_secs())
            ),
            clock,
        ),
        CertificateError::NotValidYet => {
            not_valid_yet(format!("the certificate of {host} is not yet valid"))
        }
        CertificateError::NotValidYetContext { time, not_before } => not_valid_yet(format!(
            "the certificate of {host} is not valid before {}; this machine's clock says {}",
            date(not_before.as_secs()),
            date(time.as_secs())
        )),
        error => refusal(
            format!("the certificate of {host} is not acceptable: {error}"),
            "ask whoever runs the backend",
        ),
    }
}

fn not_valid_yet(cause: String) -> Refusal {
    Refusal {
        clock: true,
        ..refusal(
            cause,
            "set this machine's clock; --wait SECS waits until it is set",
        )
    }
}

/// A time in words, from seconds since 1970.
fn date(seconds: u64) -> String {
    // The first second of the year 10000, from which on the crate panics.
    const LIMIT: u64 = 253_402_300_800;
    if seconds >= LIMIT {
        return format!("second {seconds} after 1970");
    }
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

fn refusal(cause: impl Into<String>, hint: impl Into<String>) -> Refusal {
    Refusal {
        cause: cause.into(),
        hint: hint.into(),
        clock: false,
    }
}
