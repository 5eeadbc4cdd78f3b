//! A WebSocket API: functions behind the routes of messages, and the management of connections.
//!
//! Sources: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html>,
//! quotas <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>.

mod authorize;
mod dispatch;
mod event;
mod handshake;
mod ids;
mod manage;
mod registry;
mod session;
mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use local_core::Clock;
use tokio::sync::watch;

use crate::Invoke;
use ids::Ids;
use registry::Registry;

/// How long a connection lives at most.
const LIFETIME_MAX: Duration = Duration::from_secs(2 * 60 * 60);
/// How long it may be silent.
const IDLE_MAX: Duration = Duration::from_secs(10 * 60);
/// The largest message, in either direction.
const MESSAGE_BYTES_MAX: usize = 128 * 1024;
/// The largest frame from a client.
const FRAME_BYTES_MAX: usize = 32 * 1024;

/// The route that lets a client in.
const CONNECT: &str = "$connect";
/// The route that is invoked for a client that is gone.
const DISCONNECT: &str = "$disconnect";
/// The route of messages that name no other.
const DEFAULT: &str = "$default";

/// A WebSocket API as a template declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketSpec {
    /// Its id.
    pub id: String,
    /// The stage that it is served as, which its path begins with.
    pub stage: String,
    /// Where in a message's JSON the key of its route stands, e.g. `["action"]`.
    pub selection: Vec<String>,
    /// Its routes.
    pub routes: Vec<SocketRouteSpec>,
}

/// A route of a WebSocket API as a template declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketRouteSpec {
    /// `$connect`, `$disconnect`, `$default`, or what a message names.
    pub key: String,
    /// The name of the function that it leads to.
    pub function: String,
    /// How long the function may take.
    pub timeout: Duration,
    /// Who may connect, of the route `$connect`.
    pub access: SocketAccess,
}

/// Who may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketAccess {
    /// Anyone.
    Anyone,
    /// Callers that sign the request with credentials of AWS.
    Iam,
    /// Whom a function lets in.
    Function(SocketAuthorizer),
}

/// A Lambda authorizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketAuthorizer {
    /// The name of the function.
    pub function: String,
    /// What a request must have, or it is refused before the function is asked.
    pub sources: Vec<IdentitySource>,
}

/// What a request must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentitySource {
    /// A header of this name.
    Header(String),
    /// A parameter of the query.
    Query(String),
}

/// Why there can be no such API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SocketError {
    /// Two routes have the same key.
    #[error("WebSocket route {0:?} is declared twice; keep one")]
    Duplicate(String),
}

/// A WebSocket API. Clones are the same one.
#[derive(Clone)]
pub struct SocketApi(Arc<Inner>);

struct Inner {
    id: String,
    stage: String,
    selection: Vec<String>,
    routes: BTreeMap<String, SocketRouteSpec>,
    invoker: Arc<dyn Invoke>,
    clock: Clock,
    ids: Ids,
    connections: Registry,
    /// Whether connections are to end; each of them watches it.
    stopping: watch::Sender<bool>,
}

impl SocketApi {
    /// The API that `spec` describes, whose functions `invoker` calls. Timestamps are those of
    /// `clock`; limits on time go by tokio's.
    ///
    /// # Errors
    /// A route that API Gateway would not create either, by its key; correct the template.
    pub fn new(
        spec: SocketSpec,
        invoker: Arc<dyn Invoke>,
        clock: Clock,
    ) -> Result<Self, SocketError> {
        let SocketSpec { id, stage, selection, routes } = spec;
        let mut seen = BTreeSet::new();
        if let Some(twice) = routes.iter().find(|route| !seen.insert(&route.key)) {
            return Err(SocketError::Duplicate(twice.key.clone()));
        }
        let routes = routes.into_iter().map(|route| (route.key.clone(), route)).collect();
        let ids = Ids::new(clock.clone());
        let connections = Registry::default();
        let stopping = watch::Sender::new(false);
        let inner =
            Inner { id, stage, selection, routes, invoker, clock, ids, connections, stopping };
        Ok(Self(Arc::new(inner)))
    }

    /// What clients connect to, at the path of the stage. Served with
    /// `into_make_service_with_connect_info::<SocketAddr>()`, events name the caller's address.
    pub fn router(&self) -> Router {
        handshake::router(Arc::clone(&self.0))
    }

    /// The management of connections: `/STAGE/@connections/ID`. Requests have to be signed for
    /// `execute-api`; who may send them is for the caller to check before.
    pub fn management(&self) -> Router {
        manage::router(Arc::clone(&self.0))
    }

    /// How many clients are connected.
    pub fn connections(&self) -> usize {
        self.0.connections.count()
    }

    /// Closes every connection, and returns when none is left. No function is invoked for it.
    pub async fn stop(&self) {
        self.0.stopping.send_replace(true);
        self.0.stopping.closed().await;
    }
}

#[cfg(test)]
mod tests;
