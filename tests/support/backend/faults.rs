//! What the backend does instead of answering as it should, and when.

use std::collections::VecDeque;
use std::time::Duration;

use super::http::{Request, Response};

/// Those that act on the connection come before any request; the others take the place of an answer.
/// Where the normal answer is part of one, a verification binds as usual.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    Normal,
    Delay(Duration),
    /// The normal answer in the chunked coding, so many bytes at a time.
    Chunked(usize),
    /// The normal answer, byte by byte.
    Drip(Duration),
    Respond(Response),
    /// These bytes, then a graceful close (under TLS with `close_notify`).
    Raw(Vec<u8>),
    RawThenReset(Vec<u8>),
    /// These bytes, then the end of the connection, without goodbye under TLS.
    RawThenEnd(Vec<u8>),
    /// These bytes, then nothing more, until the client closes.
    RawThenSilence(Vec<u8>),
    DripRaw(Vec<u8>, Duration),
    EndlessStatusLine,
    EndlessHead,
    EndlessBody(Framing),
    /// Nothing more from there on, until the client closes.
    Silent(After),
    /// These bytes at once, below TLS, then silence.
    SpeakFirst(Vec<u8>),
    CloseOnAccept,
    ResetOnAccept,
    CloseAfterRequest,
    ResetAfterRequest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Accept,
    Handshake,
    Request,
    Head,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Chunked,
    UntilClose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Verify,
    Me,
}

impl Endpoint {
    pub(super) fn of(request: &Request) -> Option<Self> {
        match request.path() {
            "/api/v1/api-keys/verify" => Some(Self::Verify),
            "/api/v1/me" => Some(Self::Me),
            _ => None,
        }
    }
}

impl Behaviour {
    fn acts_on_connection(&self) -> bool {
        matches!(
            self,
            Self::Silent(After::Accept | After::Handshake)
                | Self::SpeakFirst(_)
                | Self::CloseOnAccept
                | Self::ResetOnAccept
        )
    }
}

/// A queue goes before what stands, and an endpoint's own before everybody's.
#[derive(Default)]
pub(super) struct Plan {
    everywhere: Orders,
    verify: Orders,
    me: Orders,
}

#[derive(Default)]
struct Orders {
    queue: VecDeque<Behaviour>,
    standing: Option<Behaviour>,
}

impl Plan {
    pub(super) fn stand(&mut self, endpoint: Option<Endpoint>, behaviour: Behaviour) {
        check(endpoint, &behaviour);
        let standing = Some(behaviour).filter(|behaviour| !matches!(behaviour, Behaviour::Normal));
        self.orders(endpoint).standing = standing;
    }

    pub(super) fn queue(&mut self, endpoint: Option<Endpoint>, behaviours: Vec<Behaviour>) {
        for behaviour in &behaviours {
            check(endpoint, behaviour);
        }
        self.orders(endpoint).queue.extend(behaviours);
    }

    /// What a new connection meets; `Normal` leaves it to its requests.
    pub(super) fn for_connection(&mut self) -> Behaviour {
        self.everywhere
            .take(Behaviour::acts_on_connection)
            .unwrap_or(Behaviour::Normal)
    }

    pub(super) fn for_request(&mut self, endpoint: Option<Endpoint>) -> Behaviour {
        let own = endpoint.and_then(|endpoint| {
            self.orders(Some(endpoint))
                .take(|behaviour| !behaviour.acts_on_connection())
        });
        own.or_else(|| {
            self.everywhere
                .take(|behaviour| !behaviour.acts_on_connection())
        })
        .unwrap_or(Behaviour::Normal)
    }

    fn orders(&mut self, endpoint: Option<Endpoint>) -> &mut Orders {
        match endpoint {
            None => &mut self.everywhere,
            Some(Endpoint::Verify) => &mut self.verify,
            Some(Endpoint::Me) => &mut self.me,
        }
    }
}

impl Orders {
    /// The queue's first if it fits here; else it stays first in line.
    fn take(&mut self, fits: impl Fn(&Behaviour) -> bool) -> Option<Behaviour> {
        if self.queue.is_empty() {
            return self.standing.clone().filter(fits);
        }
        self.queue
            .front()
            .is_some_and(fits)
            .then(|| self.queue.pop_front())?
    }
}

fn check(endpoint: Option<Endpoint>, behaviour: &Behaviour) {
    let knowable = endpoint.is_none() || !behaviour.acts_on_connection();
    assert!(knowable, "{behaviour:?} comes before the endpoint is known");
}
