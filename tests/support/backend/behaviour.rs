//! What the backend does instead of answering as it should, and when.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::http::Response;

/// Those that act on the connection come before any request; the others take the place of an answer.
/// Where the normal answer is part of one, a verification binds as usual.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    Normal,
    Delay(Duration),
    /// The normal answer, byte by byte.
    Drip(Duration),
    Respond(Response),
    /// These bytes, then a graceful close (under TLS with `close_notify`).
    Raw(Vec<u8>),
    RawThenReset(Vec<u8>),
    /// These bytes, then the end of the connection, under TLS without `close_notify`.
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

#[derive(Clone, Copy, Debug)]
pub(crate) enum After {
    Accept,
    Handshake,
    Request,
    Head,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Framing {
    Chunked,
    UntilClose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Endpoint {
    Verify,
    Me,
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

/// A queue goes before what stands, and an endpoint's own before everybody's (None).
#[derive(Default)]
pub(super) struct Plan(HashMap<Option<Endpoint>, Orders>);

#[derive(Default)]
pub(super) struct Orders {
    pub(super) queue: VecDeque<Behaviour>,
    pub(super) standing: Option<Behaviour>,
}

impl Plan {
    pub(super) fn orders(&mut self, endpoint: Option<Endpoint>) -> &mut Orders {
        self.0.entry(endpoint).or_default()
    }

    /// What a new connection meets; `Normal` leaves it to its request.
    pub(super) fn for_connection(&mut self) -> Behaviour {
        self.take(None, true).unwrap_or(Behaviour::Normal)
    }

    pub(super) fn for_request(&mut self, endpoint: Option<Endpoint>) -> Behaviour {
        self.take(endpoint, false)
            .or_else(|| self.take(None, false))
            .unwrap_or(Behaviour::Normal)
    }

    /// The queue's first if it fits here; else it stays first in line.
    fn take(&mut self, endpoint: Option<Endpoint>, connection: bool) -> Option<Behaviour> {
        let fits = |behaviour: &Behaviour| behaviour.acts_on_connection() == connection;
        let orders = self.orders(endpoint);
        if orders.queue.is_empty() {
            return orders.standing.clone().filter(fits);
        }
        let is_next = orders.queue.front().is_some_and(fits);
        is_next.then(|| orders.queue.pop_front())?
    }
}
