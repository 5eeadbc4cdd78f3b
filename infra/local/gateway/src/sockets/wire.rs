//! A client's socket.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use tokio_tungstenite::tungstenite::{Error, error::ProtocolError};

use super::event::Body;

/// How long a client may take to read what it is sent.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a connection ended, as `$disconnect` is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) code: u16,
    pub(super) reason: String,
}

impl Ending {
    pub(super) fn new(code: u16, reason: &str) -> Self {
        Self { code, reason: reason.to_owned() }
    }

    fn lost() -> Self {
        Self::new(1006, "Connection closed abnormally")
    }
}

/// What comes from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Received {
    Message(Body),
    /// It is there, and says no more.
    Sign,
    /// It said good-bye, or is not to be reached.
    Ended(Ending),
    /// It breaks the protocol or a limit, for which it is closed.
    Broken(Ending),
}

/// A socket, or what stands for one in a test.
pub(super) trait Wire: Send {
    /// What comes next. Nothing is lost when it is not waited for to the end.
    fn receive(&mut self) -> impl Future<Output = Received> + Send;

    /// Sends a message.
    fn send(&mut self, data: Bytes) -> impl Future<Output = Result<(), Ending>> + Send;

    /// Sends a close frame.
    fn close(&mut self, ending: &Ending) -> impl Future<Output = ()> + Send;
}

impl Wire for WebSocket {
    async fn receive(&mut self) -> Received {
        match self.recv().await {
            None => Received::Ended(Ending::lost()),
            Some(Ok(Message::Text(text))) => Received::Message(Body::Text(text.to_string())),
            Some(Ok(Message::Binary(bytes))) => Received::Message(Body::Binary(bytes)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Received::Sign,
            Some(Ok(Message::Close(frame))) => Received::Ended(match frame {
                Some(frame) => Ending::new(frame.code, frame.reason.as_str()),
                None => Ending::new(1005, "Client-side close frame status not set"),
            }),
            Some(Err(error)) => broken(error),
        }
    }

    async fn send(&mut self, data: Bytes) -> Result<(), Ending> {
        // Text, where it is: that is what clients expect.
        let message = match String::from_utf8(data.to_vec()) {
            Ok(text) => Message::text(text),
            Err(_) => Message::binary(data),
        };
        let sent = tokio::time::timeout(SEND_TIMEOUT, WebSocket::send(self, message)).await;
        if matches!(sent, Ok(Ok(()))) { Ok(()) } else { Err(Ending::lost()) }
    }

    async fn close(&mut self, ending: &Ending) {
        let frame = CloseFrame { code: ending.code, reason: ending.reason.as_str().into() };
        let closing = WebSocket::send(self, Message::Close(Some(frame)));
        let _ = tokio::time::timeout(SEND_TIMEOUT, closing).await;
    }
}

/// What an error of the protocol's implementation means.
fn broken(error: axum::Error) -> Received {
    let error = error.into_inner();
    let error = error.downcast_ref::<Error>();
    let is_of = |is_kind: fn(&Error) -> bool| error.is_some_and(is_kind);
    let is_reset = |error: &Error| {
        matches!(error, Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))
    };
    if is_of(|error| matches!(error, Error::Capacity(_))) {
        Received::Broken(Ending::new(1009, "Too large"))
    } else if is_of(|error| matches!(error, Error::Utf8(_))) {
        Received::Broken(Ending::new(1007, "No text"))
    } else if is_of(|error| matches!(error, Error::Protocol(_))) && !is_of(is_reset) {
        Received::Broken(Ending::new(1002, "Protocol error"))
    } else {
        Received::Ended(Ending::lost())
    }
}
