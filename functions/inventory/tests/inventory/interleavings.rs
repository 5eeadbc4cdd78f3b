//! Calls to the database in an order that a test chooses.
//!
//! Each call waits a while before it reaches the database, on a clock that stands still while
//! anybody works: by the lengths of the waits any call can come before any other. After each one
//! somebody may look at the tables.

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
        let connector = database.connector_with(plan);
        let turns = self.clone();
        let waiting = InProcess::new(move |request| {
            let connector = connector.clone();
            let turns = turns.clone();
            async move {
                let wait = turns.waits.lock().unwrap().next().unwrap_or(0);
                sleep(Duration::from_millis(wait.into())).await;
                let answer = connector.send(request).await;
                (turns.look)().await;
                answer
            }
        });
        let config = database.client().config().to_builder();
        Client::from_conf(config.http_client(waiting).build())
    }
}
