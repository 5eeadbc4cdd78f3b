//! Calls to the database in an order that a test chooses.
//!
//! Each call waits a while before it reaches the database, on a clock that stands still while
//! anybody works: by the lengths of the waits any call can come before any other. After each one
//! somebody may look at the tables.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::{Client, config::SharedHttpClient};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use local_dynamodb::{DynamoDb, FaultPlan};
use tokio::time::sleep;

type Look = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// How long each call waits, in turn; none when there are no more.
#[derive(Clone)]
pub(crate) struct Turns {
    waits: Arc<Mutex<std::vec::IntoIter<u8>>>,
    look: Look,
}

impl Turns {
    /// Has calls wait so many milliseconds, and `look` be called after each.
    pub(crate) fn new<F>(waits: Vec<u8>, look: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let look: Look = Arc::new(move || Box::pin(look()));
        Self { waits: Arc::new(Mutex::new(waits.into_iter())), look }
    }

    /// A client whose calls take turns, and meet `plan` when it is theirs.
    pub(crate) fn client(&self, database: &DynamoDb, plan: FaultPlan) -> Client {
        let client = database.client_with(plan);
        let inner = client.config().http_client().unwrap();
        let waiting = Waiting { inner, turns: self.clone() };
        Client::from_conf(client.config().to_builder().http_client(waiting).build())
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Turns").field(&self.waits).finish()
    }
}

#[derive(Debug)]
struct Waiting<I> {
    inner: I,
    turns: Turns,
}

impl HttpClient for Waiting<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Waiting { inner, turns: self.turns.clone() })
    }
}

impl HttpConnector for Waiting<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, turns) = (self.inner.clone(), self.turns.clone());
        HttpConnectorFuture::new(async move {
            let wait = turns.waits.lock().unwrap().next().unwrap_or(0);
            sleep(Duration::from_millis(wait.into())).await;
            let answer = inner.call(request).await;
            (turns.look)().await;
            answer
        })
    }
}
