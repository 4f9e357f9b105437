//! What the backend does instead of answering as it should.

use std::time::Duration;

use super::http::Response;

/// Those that act on the connection come before any request; the others take the place of an answer.
/// Where the normal answer is part of one, a verification binds as usual.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    Normal,
    Delay(Duration),
    Respond(Response),
    Raw(Vec<u8>, End),
    /// Byte by byte.
    Drip(Vec<u8>, Duration),
    /// The first text, then the second again and again.
    Endless(&'static str, &'static str),
    CloseAfterRequest,
    /// Nothing more from there on, until the client closes.
    Silent(After),
    /// These bytes at once, below TLS, then silence.
    SpeakFirst(Vec<u8>),
    CloseOnAccept,
    ResetOnAccept,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// In order, under TLS with `close_notify`.
    Close,
    /// Without `close_notify`, as many servers under TLS.
    Cut,
    Reset,
    /// By the client.
    Silence,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum After {
    Accept,
    Handshake,
    Request,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Endpoint {
    Verify,
    Me,
}

impl Behaviour {
    pub(super) fn acts_on_connection(&self) -> bool {
        matches!(
            self,
            Self::Silent(After::Accept | After::Handshake)
                | Self::SpeakFirst(_)
                | Self::CloseOnAccept
                | Self::ResetOnAccept
        )
    }
}
