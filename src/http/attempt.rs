//! One attempt: a thread that can be left behind at the deadline. The only user of minreq.
//!
//! minreq 3.0.0 is given only URLs that `backend_url` rebuilt and header values of visible ASCII,
//! for it sends both verbatim; it follows no redirect; its `send()` reads without bound, so that its
//! lazy sibling is used; it takes a body cut short for a whole one, so that lengths are compared; its
//! limit on headers can be made to wrap, so that the relay limits them.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use minreq::{Method, Proxy, ResponseLazy};

use super::progress::Progress;
use super::relay::{Relay, Trouble};
use super::route::Route;
use super::{Again, Failure, Request, Response, USER_AGENT};
use crate::backend_url::BackendUrl;
use crate::error::Kind;
use crate::{json, tls};

/// The longest status line that is read, in bytes.
const MAX_STATUS_LINE: usize = 16 * 1024;

/// What minreq answers, with status 503, where there was no status line.
const NO_STATUS_LINE: &str = "Server did not provide a status line";

/// By how much the thread's own waits are longer than the attempt, so that it is the one who waits
/// for the attempt who notices the time-out.
const GRACE: Duration = Duration::from_secs(1);

/// An attempt under way.
pub(super) struct Attempt {
    result: Receiver<Result<Response, Failure>>,
    progress: Progress,
    deadline: Instant,
}

impl Attempt {
    /// Begins an attempt that may take `time`.
    pub(super) fn start(
        base: &BackendUrl,
        route: &Route,
        request: &Request,
        time: Duration,
        trust: &str,
    ) -> Result<Attempt, Failure> {
        let (sender, result) = channel();
        let progress = Progress::default();
        let deadline = Instant::now() + time;
        let job = (
            base.clone(),
            route.clone(),
            request.clone(),
            progress.clone(),
            trust.to_owned(),
        );
        let run = move || {
            let (base, route, request, progress, trust) = job;
            // Nobody listens any more once the deadline has passed.
            let _ = sender.send(perform(
                &base, &route, &request, deadline, &progress, &trust,
            ));
        };
        thread::Builder::new()
            .name("request".into())
            .spawn(run)
            .map_err(|cause| local(&cause))?;
        Ok(Attempt {
            result,
            progress,
            deadline,
        })
    }

    /// Waits for the result, for `time` or up to the deadline; none: it is not there yet.
    pub(super) fn wait(&self, time: Duration) -> Option<Result<Response, Failure>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.result.recv_timeout(left.min(time)) {
            Ok(result) => Some(result),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(local(&io::ErrorKind::Other.into()))),
        }
    }

    /// The failure of an attempt that has not ended in `time`.
    pub(super) fn timed_out(&self, time: Duration) -> Failure {
        Failure::transient(
            format!(
                "nothing within {:.0} s, while {}",
                time.as_secs_f64(),
                self.progress.get()
            ),
            "check the URL and the network; --timeout SECS allows more time, --wait SECS keeps trying",
        )
    }
}

fn local(cause: &io::Error) -> Failure {
    Failure {
        kind: Kind::Machine,
        ..Failure::lasting(
            format!("this machine can't open a loopback connection or start a thread ({cause})"),
            "check the limits on processes and open files (ulimit -a), and the loopback interface",
        )
    }
}

fn perform(
    base: &BackendUrl,
    route: &Route,
    request: &Request,
    deadline: Instant,
    progress: &Progress,
    trust: &str,
) -> Result<Response, Failure> {
    let upstream = route.open(base, deadline, progress)?;
    progress.note(format!("waiting for {} to answer", base.host()));
    let relay =
        Relay::start(upstream, base.scheme(), deadline + GRACE).map_err(|cause| local(&cause))?;
    let outcome = exchange(base, request, &relay);
    conclude(base.host(), outcome, relay.trouble(), trust)
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

fn exchange(base: &BackendUrl, request: &Request, relay: &Relay) -> Result<Answered, Unanswered> {
    let method = if request.body.is_some() {
        Method::Post
    } else {
        Method::Get
    };
    let proxy = Proxy::new(relay.proxy_url()).map_err(Unanswered::Head)?;
    let mut call = minreq::Request::new(method, format!("{base}{}", request.path))
        .with_proxy(proxy)
        .with_follow_redirects(false)
        .with_max_headers_size(None)
        .with_max_status_line_length(MAX_STATUS_LINE)
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
    read(call.send_lazy().map_err(Unanswered::Head)?, relay)
}

/// The body, which tells the relay of each part that is read.
struct Body<'a> {
    answer: &'a mut ResponseLazy,
    relay: &'a Relay,
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.answer.read(buffer)?;
        self.relay.digested(read);
        Ok(read)
    }
}

fn read(mut answer: ResponseLazy, relay: &Relay) -> Result<Answered, Unanswered> {
    let mut body = Vec::new();
    let answer_body = Body {
        answer: &mut answer,
        relay,
    };
    let result = answer_body
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

fn conclude(
    host: &str,
    outcome: Result<Answered, Unanswered>,
    trouble: Option<Trouble>,
    trust: &str,
) -> Result<Response, Failure> {
    match (outcome, trouble) {
        (_, Some(Trouble::NotHttp)) => Err(not_http(host)),
        (_, Some(Trouble::NotTls)) => Err(Failure::lasting(
            format!("{host} does not speak TLS on this port"),
            "check the host and port of the URL",
        )),
        (_, Some(Trouble::NoHead(cause))) => Err(lost(host, &cause)),
        (Ok(answered), Some(Trouble::Broken(cause))) if answered.ended_by_close => {
            Err(cut(host, &cause))
        }
        // minreq takes the end of the connection, here the relay's, for the end of head or trailers.
        (Ok(answered), Some(Trouble::Endless))
            if !answered.response.too_long && (answered.ended_by_close || answered.chunked) =>
        {
            Err(cut(host, "sent an answer without end"))
        }
        (Ok(answered), _) => Ok(answered.response),
        (Err(_), Some(Trouble::Endless)) => Err(cut(host, "sent an answer without end")),
        (Err(Unanswered::Head(minreq::Error::IoError(cause))), trouble) => {
            Err(match (tls_error(&cause), trouble) {
                (Some(error), _) => refused(host, error, trust),
                (None, Some(Trouble::Broken(cause))) => lost(host, &cause),
                (None, _) => lost(host, &format!("broke the connection ({cause})")),
            })
        }
        (Err(Unanswered::Head(minreq::Error::RustlsCreateConnection(error))), _) => {
            Err(refused(host, &error, trust))
        }
        (Err(Unanswered::Head(error)), _) => Err(cut(
            host,
            &format!("sent an answer that is not HTTP ({error})"),
        )),
        (Err(Unanswered::NoStatusLine { empty: true }), _) => {
            Err(lost(host, "closed the connection"))
        }
        (Err(Unanswered::NoStatusLine { empty: false }), _) => Err(not_http(host)),
        (Err(Unanswered::Body(cause)), _) => Err(cut(host, &cause)),
    }
}

fn lost(host: &str, cause: &str) -> Failure {
    Failure::transient(
        format!("{host} {cause} before it had answered"),
        "try again later; --wait SECS keeps trying",
    )
}

fn cut(host: &str, cause: &str) -> Failure {
    Failure::lasting(
        format!("{host} {cause}"),
        "try again later, or ask whoever runs the backend",
    )
}

fn not_http(host: &str) -> Failure {
    Failure::lasting(
        format!("{host} does not speak HTTP on this port"),
        "check the host and port of the URL",
    )
}

fn tls_error(cause: &io::Error) -> Option<&rustls::Error> {
    cause.get_ref()?.downcast_ref()
}

fn refused(host: &str, error: &rustls::Error, trust: &str) -> Failure {
    let refusal = tls::refusal(error, host, trust);
    Failure {
        kind: refusal.kind,
        again: if refusal.clock {
            Again::WhileWaiting
        } else {
            Again::Never
        },
        cause: refusal.cause,
        hint: refusal.hint,
    }
}
