//! The connections that are open.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};

/// How much may wait for a client that does not read.
const OUTBOX_MAX: usize = 64;

/// What is known of a connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: String,
    pub(super) connected_at: OffsetDateTime,
    /// The host and port by which the client found the API.
    pub(super) domain: String,
    /// Who the client is, as events have it.
    pub(super) identity: Value,
    /// What the authorizer said of it.
    pub(super) authorizer: Option<Value>,
    last_active_at: Mutex<OffsetDateTime>,
    outbox: mpsc::Sender<Outgoing>,
}

/// What a connection is told from outside.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// To send this to its client, and to tell when that is done.
    Post(Bytes, oneshot::Sender<()>),
    /// To end.
    Close,
}

/// Why a connection cannot be told anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreachable {
    Gone,
    /// The client does not read as fast as it is sent to.
    Busy,
}

/// What a connection is made of before its client is let in.
#[derive(Debug, Clone)]
pub(super) struct Newcomer {
    pub(super) id: String,
    pub(super) at: OffsetDateTime,
    pub(super) domain: String,
    pub(super) identity: Value,
}

impl Connection {
    pub(super) fn new(
        newcomer: Newcomer,
        authorizer: Option<Value>,
    ) -> (Self, mpsc::Receiver<Outgoing>) {
        let (outbox, posted) = mpsc::channel(OUTBOX_MAX);
        let Newcomer { id, at, domain, identity } = newcomer;
        let last_active_at = Mutex::new(at);
        let connection =
            Self { id, connected_at: at, domain, identity, authorizer, last_active_at, outbox };
        (connection, posted)
    }

    pub(super) fn last_active_at(&self) -> OffsetDateTime {
        *self.last_active_at.lock()
    }

    pub(super) fn is_active_at(&self, moment: OffsetDateTime) {
        *self.last_active_at.lock() = moment;
    }

    /// Sends `data` to the client. It returns once the client's socket has it.
    pub(super) async fn post(&self, data: Bytes) -> Result<(), Unreachable> {
        let (done, is_done) = oneshot::channel();
        self.tell(Outgoing::Post(data, done))?;
        is_done.await.map_err(|_| Unreachable::Gone)
    }

    pub(super) fn close(&self) -> Result<(), Unreachable> {
        self.tell(Outgoing::Close)
    }

    fn tell(&self, what: Outgoing) -> Result<(), Unreachable> {
        self.outbox.try_send(what).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Unreachable::Busy,
            mpsc::error::TrySendError::Closed(_) => Unreachable::Gone,
        })
    }
}

/// The connections that are open, by their ids.
#[derive(Debug, Default)]
pub(super) struct Registry(Mutex<BTreeMap<String, Arc<Connection>>>);

impl Registry {
    pub(super) fn add(&self, connection: &Arc<Connection>) {
        self.0.lock().insert(connection.id.clone(), Arc::clone(connection));
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Connection>> {
        self.0.lock().get(id).cloned()
    }

    pub(super) fn remove(&self, id: &str) {
        self.0.lock().remove(id);
    }

    pub(super) fn count(&self) -> usize {
        self.0.lock().len()
    }
}
