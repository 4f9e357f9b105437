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
use std::thread;
use std::time::{Duration, SystemTime};

use minreq::{Method, ResponseLazy};
use rustls::{CertificateError, Error};

use super::connect::{self, Resolver};
use super::deadline::Deadline;
use super::failure::Failure;
use super::message::{Request, Response, USER_AGENT};
use super::proxy::Proxy;
use super::relay::{self, RelayError};
use super::worker::Worker;
use crate::backend_url::BackendUrl;
use crate::json;
use crate::platform::{self, Handover, Waiting};
use crate::tls::{self, TrustSource};

/// What minreq answers, with status 503, where there was no status line.
const NO_STATUS_LINE: &str = "Server did not provide a status line";

/// What an attempt needs at the most, in bytes: stacks, TLS, the trusted CAs, an answer as large as it may be.
const ADDRESS_SPACE: usize = 12 * 1024 * 1024;

/// What it uses of that on the heap, in bytes, and saving after it. The heap keeps it: so much is had
/// from here on.
const HEAP: usize = 1536 * 1024;

/// What it uses beside the heap, in bytes: stacks, the program's own pages, the kernel's for it.
const OUTSIDE: usize = 1024 * 1024;

/// How many more descriptors an attempt needs at the most: connections to two addresses at once, and
/// what the system's resolver opens.
const DESCRIPTORS: usize = 6;

/// How many interim answers are passed over.
const MAX_INTERIM: usize = 8;

/// What is likely where a proxy is in between, as a company's that reads along: the hint begins with it.
const PROXYS_CA: &str =
    "if the proxy opens TLS, as a company's may, name the file of its CA in SSL_CERT_FILE; ";

/// Our reply to minreq's request for a tunnel.
const TUNNEL_REPLY: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";

/// Where requests go, and how.
pub(super) struct Target {
    /// The backend.
    pub(super) base: BackendUrl,
    /// The proxy in between.
    pub(super) proxy: Option<Proxy>,
    /// Which CA certificates are trusted, where it is https.
    pub(super) trust: Option<TrustSource>,
}

impl Target {
    /// Host and port of whom a connection is made to, and what a message calls them.
    pub(super) fn first_peer(&self) -> (&str, u16, String) {
        let base = &self.base;
        match &self.proxy {
            None => (base.host(), base.port(), base.host().to_owned()),
            Some(Proxy { host, port, .. }) => (host, *port, format!("the proxy {host}")),
        }
    }

    /// Why the server's part in TLS was refused.
    pub(super) fn refusal(&self, error: &Error) -> Failure {
        let trust = self.trust.as_ref().map(ToString::to_string);
        let trust = trust.unwrap_or_default();
        let mut refusal = tls::refusal(error, self.base.host(), &trust);
        let unknown_ca = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        if self.proxy.is_some() && *error == unknown_ca {
            refusal.hint.insert_str(0, PROXYS_CA);
        }
        Failure::Tls(refusal)
    }
}

/// Makes one attempt.
///
/// All that it needs is had before the first byte of the request leaves this machine: threads,
/// descriptors, memory, randomness, and what TLS trusts. minreq has what it needs when it asks for its
/// tunnel, and it is asked to do that first.
///
/// # Errors
/// There was no answer.
pub(super) fn make(
    target: &Target,
    request: &Request,
    resolver: &mut Resolver,
    deadline: &mut Deadline<'_>,
) -> Result<Response, Failure> {
    let local = |cause| Failure::local(&cause);
    let (waiting, handover) = reserve(request).map_err(local)?;
    let url = format!("{}{}", target.base, request.path);
    let request = request.clone();
    let exchange = Worker::start("request", move || perform(&url, &request, handover));
    let exchange = exchange.map_err(local)?;
    let relayed = match waiting.accept(deadline.left()) {
        Ok(client) => relay(&client, target, resolver, deadline)?,
        Err(cause) => without_tunnel(&cause)?,
    };
    let outcome = exchange.wait(deadline).ok_or_else(|| waiting_for(target))?;
    let outcome = outcome.map_err(|cause| Failure::local_within(&cause))?;
    combine(target, outcome, relayed)
}

/// minreq has asked for no tunnel: it gave up, or has failed before, and says why, unless it is this machine.
fn without_tunnel(cause: &io::Error) -> Result<Option<RelayError>, Failure> {
    match cause.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::TimedOut => Ok(None),
        _ => Err(Failure::local(cause)),
    }
}

fn waiting_for(target: &Target) -> Failure {
    Failure::timed_out(format!("waiting for {} to answer", target.base.host()))
}

/// Opens the way to the server, and carries what minreq and the server say; what went wrong, where
/// that does not just show to minreq as the end of its connection.
fn relay(
    client: &TcpStream,
    target: &Target,
    resolver: &mut Resolver,
    deadline: &mut Deadline<'_>,
) -> Result<Option<RelayError>, Failure> {
    let local = |cause| Failure::local(&cause);
    client.set_nonblocking(true).map_err(local)?;
    let server = open(target, resolver, deadline)?;
    if deadline.bound(client).write_all(TUNNEL_REPLY).is_err() {
        // minreq has given up, and says why.
        return Ok(None);
    }
    unless_halted(
        target,
        relay::carry(client, &server, target.base.scheme(), deadline),
    )
}

/// What the relay saw, where it was not halted.
fn unless_halted(
    target: &Target,
    carried: Result<(), RelayError>,
) -> Result<Option<RelayError>, Failure> {
    match carried {
        Err(RelayError::Halted(cause)) if cause.kind() == io::ErrorKind::TimedOut => {
            Err(waiting_for(target))
        }
        Err(RelayError::Halted(cause)) => Err(Failure::local_within(&cause)),
        carried => Ok(carried.err()),
    }
}

/// A connection for minreq, made sure that the rest can be had, too.
fn reserve(request: &Request) -> io::Result<(Waiting, Handover)> {
    // For a binding it is written, so that a control group that has less ends the program here, not behind
    // it: half a millisecond.
    let binds = request.body.is_some();
    let mut heap: Vec<u8> = Vec::with_capacity(HEAP);
    heap.resize(if binds { HEAP } else { 0 }, 1);
    let heap = black_box(heap);
    platform::spare_memory(ADDRESS_SPACE, if binds { OUTSIDE } else { 0 })?;
    drop(heap);
    // std allocates this thread's handle when it is first asked for, which would be behind the answer.
    drop(thread::current());
    let pair = platform::local_connection()?;
    platform::spare_descriptors(DESCRIPTORS)?;
    Ok(pair)
}

/// Opens the way to the backend, or through a proxy to it.
fn open(
    target: &Target,
    resolver: &mut Resolver,
    deadline: &mut Deadline<'_>,
) -> Result<TcpStream, Failure> {
    let (host, port, peer) = target.first_peer();
    let addresses = resolver.resolve(host, port, &peer, deadline)?;
    let stream = connect::connect(&addresses, port, &peer, deadline)?.stream;
    if let Some(proxy) = &target.proxy {
        proxy.tunnel(&stream, &target.base, deadline)?;
    }
    Ok(stream)
}

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

fn perform(url: &str, request: &Request, handover: Handover) -> Result<Answered, Unanswered> {
    let method = if request.body.is_some() {
        Method::Post
    } else {
        Method::Get
    };
    let proxy = minreq::Proxy::new(handover.proxy()).map_err(Unanswered::Head)?;
    let mut call = unredirected(minreq::Request::new(method, url))
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
    let mut cut = None;
    for _ in 0..MAX_INTERIM {
        match answer {
            Ok(interim) if (100..200).contains(&interim.status_code) => {
                answer = behind_interim(interim, &mut cut);
            }
            _ => break,
        }
    }
    let answered = read(answer.map_err(Unanswered::Head)?)?;
    match cut {
        Some(cause) if answered.ended_by_close => Err(Unanswered::Head(cause.into())),
        _ => Ok(answered),
    }
}

/// Without redirects, and without minreq's limits: the relay bounds what is read.
fn unredirected(request: minreq::Request) -> minreq::Request {
    request
        .with_follow_redirects(false)
        .with_max_headers_size(None)
        .with_max_status_line_length(None)
}

/// The answer behind an interim one (RFC 9110, 15.2). minreq takes that one for the last, and what
/// follows for its body: so minreq reads that body as what it is. Where TLS ends without goodbye, `cut` holds
/// the error, for an answer that has told its length is whole all the same.
fn behind_interim(
    mut interim: ResponseLazy,
    cut: &mut Option<io::Error>,
) -> Result<ResponseLazy, minreq::Error> {
    let mut rest = Vec::new();
    // The relay bounds it.
    match interim.read_to_end(&mut rest) {
        Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => *cut = Some(cause),
        result => drop(result?),
    }
    let handover = platform::replay(&rest)?;
    let request = unredirected(minreq::get("http://127.0.0.1"));
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
    result.map_err(|cause| Unanswered::Body(format!("{} within its answer", broke(&cause))))?;
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
            coding: header("content-encoding")
                .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
                .map(str::to_owned),
            retry_after: header("retry-after").and_then(retry_after),
            date: header("date").and_then(|date| httpdate::parse_http_date(date).ok()),
            location: header("location").map(str::to_owned),
            attempts: String::new(),
            advice: "",
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
fn combine(
    target: &Target,
    outcome: Result<Answered, Unanswered>,
    relayed: Option<RelayError>,
) -> Result<Response, Failure> {
    let host = target.base.host().to_owned();
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
        (Err(Unanswered::Head(minreq::Error::IoError(cause))), _) if is_local(&cause) => {
            Err(Failure::local_within(&cause))
        }
        (Err(Unanswered::Head(minreq::Error::IoError(cause))), relayed) => {
            match (tls_error(&cause), relayed) {
                (Some(error), _) => Err(target.refusal(error)),
                (None, Some(RelayError::Broken(how))) => lost(host, how),
                (None, _) => lost(host, broke(&cause)),
            }
        }
        (Err(Unanswered::Head(minreq::Error::RustlsCreateConnection(error))), _) => {
            Err(target.refusal(&error))
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
    /// 204 has no body of its own (RFC 9110, 15.3.5).
    fn is_cut_in_head(&self) -> bool {
        self.ended_by_close
            && self.response.body.is_empty()
            && matches!(self.response.status, 0..=99 | 200..=203 | 205..=299)
    }
}

/// What became of the connection. rustls tells of an end without goodbye, `close_notify`, at length.
fn broke(cause: &io::Error) -> String {
    if cause.kind() == io::ErrorKind::UnexpectedEof {
        return "closed the connection without ending TLS".into();
    }
    format!("broke the connection ({cause})")
}

/// Whether minreq's end of the connection, which leads no further than to this program, failed by itself.
fn is_local(cause: &io::Error) -> bool {
    cause.kind() == io::ErrorKind::Interrupted || platform::shortage(cause).is_some()
}

fn tls_error(cause: &io::Error) -> Option<&Error> {
    cause.get_ref()?.downcast_ref()
}

#[cfg(test)]
#[cfg(unix)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::{
        Answered, BackendUrl, Failure, RelayError, Response, Target, Unanswered, combine,
        without_tunnel,
    };

    /// What told minreq where a body ends.
    #[derive(Clone, Copy, Debug)]
    enum End {
        Length,
        Chunks,
        Close,
    }

    fn answered(status: u16, body: &str, end: End) -> Answered {
        Answered {
            response: Response {
                status,
                body: body.into(),
                ..Response::default()
            },
            ended_by_close: matches!(end, End::Close),
            chunked: matches!(end, End::Chunks),
        }
    }

    fn target() -> Target {
        Target {
            base: BackendUrl::parse("http://it").unwrap(),
            proxy: None,
            trust: None,
        }
    }

    fn said(outcome: Result<Answered, Unanswered>, relayed: Option<RelayError>) -> String {
        match combine(&target(), outcome, relayed) {
            Ok(response) => format!("status {}", response.status),
            Err(failure) => failure.words().cause,
        }
    }

    #[test]
    fn an_answer_is_whole_where_its_end_was_told() {
        let reset = || Some(RelayError::Broken("reset the connection".into()));
        let cut = "it reset the connection";
        // The relay's own end of it is within a body, or within the trailers that are behind chunks.
        let endless = "it sent an answer without end";
        for (end, when_reset, when_too_long) in [
            (End::Length, "status 200", "status 200"),
            (End::Chunks, "status 200", endless),
            (End::Close, cut, endless),
        ] {
            let answer = || Ok(answered(200, "x", end));
            assert_eq!(said(answer(), None), "status 200");
            assert_eq!(said(answer(), reset()), when_reset, "{end:?}");
            let too_long = Some(RelayError::TooLong);
            assert_eq!(said(answer(), too_long), when_too_long, "{end:?}");
        }
        let mut beyond_the_cap = answered(200, "x", End::Close);
        beyond_the_cap.response.too_long = true;
        assert_eq!(
            said(Ok(beyond_the_cap), Some(RelayError::TooLong)),
            "status 200"
        );
    }

    #[test]
    fn nothing_up_to_the_end_of_the_connection_is_no_success() {
        for status in [0, 99, 200, 201, 203, 205, 206, 299] {
            let lost = "it closed the connection before it had answered";
            assert_eq!(said(Ok(answered(status, "", End::Close)), None), lost);
        }
        for status in [204, 300, 401, 500] {
            let whole = format!("status {status}");
            assert_eq!(said(Ok(answered(status, "", End::Close)), None), whole);
        }
        assert_eq!(said(Ok(answered(200, "", End::Length)), None), "status 200");
    }

    #[test]
    fn an_interim_answer_is_none() {
        for status in [100, 103, 199] {
            assert_eq!(
                said(Ok(answered(status, "", End::Length)), None),
                format!("it sent no answer but an interim one (status {status})")
            );
        }
    }

    #[test]
    fn no_answer_is_told_by_whoever_saw_why() {
        let broken = || Err(Unanswered::Head(Error::other("broke").into()));
        for (outcome, relayed, words) in [
            (
                broken(),
                None,
                "it broke the connection (broke) before it had answered",
            ),
            (
                broken(),
                Some(RelayError::Broken("reset the connection".into())),
                "it reset the connection before it had answered",
            ),
            (
                broken(),
                Some(RelayError::NoHead("closed the connection".into())),
                "it closed the connection before it had answered",
            ),
            (
                broken(),
                Some(RelayError::TooLong),
                "it sent an answer without end",
            ),
            (
                broken(),
                Some(RelayError::NotTls),
                "it does not speak TLS on this port",
            ),
            (
                broken(),
                Some(RelayError::NotHttp),
                "it does not speak HTTP on this port",
            ),
            (
                Err(Unanswered::Head(
                    Error::from(ErrorKind::UnexpectedEof).into(),
                )),
                None,
                "it closed the connection without ending TLS before it had answered",
            ),
            (
                Err(Unanswered::Head(Error::from(ErrorKind::Interrupted).into())),
                None,
                "this machine can't go on with a request (operation interrupted)",
            ),
            (
                Err(Unanswered::Head(minreq::Error::MalformedContentLength)),
                None,
                "it sent an answer that is not HTTP (non-usize content length)",
            ),
            (
                Err(Unanswered::NoStatusLine { empty: true }),
                None,
                "it closed the connection before it had answered",
            ),
            (
                Err(Unanswered::NoStatusLine { empty: false }),
                None,
                "it does not speak HTTP on this port",
            ),
            (
                Err(Unanswered::Body("broke off".into())),
                None,
                "it broke off",
            ),
        ] {
            assert_eq!(said(outcome, relayed), words);
        }
    }

    #[test]
    fn what_halts_an_attempt_is_the_time_or_this_machine() {
        let words = |result: Result<Option<RelayError>, Failure>| result.unwrap_err().words().cause;
        let halted = |cause: Error| super::unless_halted(&target(), Err(RelayError::Halted(cause)));
        assert_eq!(
            words(halted(ErrorKind::TimedOut.into())),
            "nothing within 0 s, while waiting for it to answer"
        );
        let shortage = || Error::from_raw_os_error(libc::EMFILE);
        let out = "this machine is out of open files (ulimit -n)";
        assert_eq!(words(halted(shortage())), out);
        assert_eq!(words(without_tunnel(&shortage())), out);
        for cause in [ErrorKind::UnexpectedEof, ErrorKind::TimedOut] {
            assert!(matches!(without_tunnel(&cause.into()), Ok(None)));
        }
        let saw = super::unless_halted(&target(), Err(RelayError::NotTls));
        assert!(matches!(saw, Ok(Some(RelayError::NotTls))));
        assert!(matches!(super::unless_halted(&target(), Ok(())), Ok(None)));
    }

    /// As by a shortage: it must not pass for an answer that was cut short.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_breaks_behind_an_interim_answer_is_told() {
        use super::{Duration, Read, Request, TUNNEL_REPLY, Write, perform, platform, thread};
        let (waiting, handover) = platform::local_connection().unwrap();
        let answering = thread::spawn(move || {
            let mut minreq = waiting.accept(Duration::from_secs(10)).unwrap();
            minreq.write_all(TUNNEL_REPLY).unwrap();
            minreq.read_exact(&mut [0]).unwrap();
            let cut =
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{";
            minreq.write_all(cut).unwrap();
            // Closed before all was read, the connection is reset (unix(7)).
        });
        let request = Request {
            path: "/",
            headers: Vec::new(),
            body: None,
        };
        let outcome = perform("http://it/", &request, handover);
        let words = said(outcome, None);
        assert!(words.starts_with("it broke the connection ("), "{words}");
        answering.join().unwrap();
    }
}
