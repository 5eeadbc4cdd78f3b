//! Calls to the database in an order that a test chooses.
//!
//! Each call waits a while before it reaches the database, on a clock that stands still while
//! a task runs: by the lengths of the waits any call can come before any other. After each one
//! a test may inspect the tables.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::Client;
use local_core::InProcess;
use local_dynamodb::{DynamoDb, FaultPlan};
use tokio::time::sleep;

type Inspect = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// How long each call waits, in turn; none when there are no more.
#[derive(Clone)]
pub(crate) struct Interleaving {
    waits: Arc<Mutex<std::vec::IntoIter<u8>>>,
    inspect: Inspect,
}

impl Interleaving {
    /// Has calls wait so many milliseconds, and `inspect` be called after each.
    pub(crate) fn new<F>(waits: Vec<u8>, inspect: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let inspect: Inspect = Arc::new(move || Box::pin(inspect()));
        Self { waits: Arc::new(Mutex::new(waits.into_iter())), inspect }
    }

    /// A client whose calls take turns, and meet `plan` when it is theirs.
    pub(crate) fn client(&self, database: &DynamoDb, plan: FaultPlan) -> Client {
        let connector = database.connector_with(plan);
        let interleaving = self.clone();
        let waiting = InProcess::new(move |request| {
            let connector = connector.clone();
            let interleaving = interleaving.clone();
            async move {
                let wait = interleaving.waits.lock().unwrap().next().unwrap_or(0);
                sleep(Duration::from_millis(wait.into())).await;
                let answer = connector.send(request).await;
                (interleaving.inspect)().await;
                answer
            }
        });
        let config = database.client().config().to_builder();
        Client::from_conf(config.http_client(waiting).build())
    }
}
