//! DynamoDB on one machine: `dynoxide` embedded, behind the wire protocol and behind an
//! in-process HTTP connector for tests.
//!
//! What it adds to the engine: answers are the service's where the engine's differ, write units are
//! counted whether asked for or not, streams stay flat in cost as records grow and have no record
//! of no change, a stream can be read as the records Lambda would hand to a function, and a
//! [`Client`] over [`DynamoDb::client`] meets seeded [`Fault`]s at the calls a test names.

mod connector;
mod fault;
mod operation;
mod rewrite;
mod storage;
mod stream;

use std::{collections::HashMap, sync::Arc};

use aws_sdk_dynamodb::Client;
use local_core::{AwsError, Bytes, InProcess, Reply, Service};
use local_template::Table;
use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};
use tokio::sync::watch;

pub use connector::conflict;
pub use fault::{Fault, FaultPlan};
pub use operation::Capacity;
pub use storage::{OpenError, Storage};
pub use stream::StreamRecord;

/// A running DynamoDB. Clones share the same data.
#[derive(Clone)]
pub struct DynamoDb {
    inner: Arc<Inner>,
}

struct Inner {
    database: dynoxide::Database,
    capacity: operation::Meter,
    writes: watch::Sender<u64>,
    shards: Mutex<HashMap<String, stream::Shard>>,
    /// How far each table's stream was read when nothing followed, and after how many writes.
    read_to_end: Mutex<HashMap<String, (u64, u64)>>,
    // Keeps a temporary directory alive as long as its database.
    storage: storage::Opened,
    /// Held alone by what reads before it writes.
    turn: RwLock<()>,
}

impl std::fmt::Debug for DynamoDb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DynamoDb").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

impl DynamoDb {
    /// Opens the database at `storage`, creating it where there is none.
    ///
    /// # Errors
    ///
    /// When the directory cannot be written or holds something that is not such a database; the
    /// caller should name another directory.
    pub fn open(storage: &Storage) -> Result<Self, OpenError> {
        let opened = storage::Opened::open(storage)?;
        Ok(Self {
            inner: Arc::new(Inner {
                database: opened.database(),
                capacity: operation::Meter::default(),
                writes: watch::Sender::new(0),
                shards: Mutex::default(),
                read_to_end: Mutex::default(),
                storage: opened,
                turn: RwLock::default(),
            }),
        })
    }

    /// Creates `table` with its time to live, unless it is there already.
    ///
    /// # Errors
    ///
    /// What `CreateTable` and `UpdateTimeToLive` refuse.
    pub async fn create_table(&self, table: &Table) -> Result<(), AwsError> {
        match self.json("CreateTable", &table.create_table).await {
            Ok(_) => (),
            Err(error) if error.short_code() == "ResourceInUseException" => return Ok(()),
            Err(error) => return Err(error),
        }
        if let Some(attribute) = &table.ttl_attribute {
            let specification = json!({ "Enabled": true, "AttributeName": attribute });
            let request =
                json!({ "TableName": table.name, "TimeToLiveSpecification": specification });
            self.json("UpdateTimeToLive", &request).await?;
        }
        Ok(())
    }

    /// Carries out one operation of the API on a JSON request.
    ///
    /// # Errors
    ///
    /// As the service answers them.
    pub async fn json(&self, operation: &str, request: &Value) -> Result<Value, AwsError> {
        self.request(operation, request)
    }

    /// What all requests since the start consumed.
    pub fn capacity(&self) -> Capacity {
        self.inner.capacity.read()
    }

    /// Resolves when something has been written after this call.
    pub fn written(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut writes = self.inner.writes.subscribe();
        writes.mark_unchanged();
        async move {
            // An error means that the database is gone, and nothing will ever be written again.
            if writes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// A real SDK client whose HTTP connector is this database.
    pub fn client(&self) -> Client {
        self.client_with(FaultPlan::none())
    }

    /// As [`client`](Self::client), with faults at the calls that `plan` names.
    pub fn client_with(&self, plan: FaultPlan) -> Client {
        Client::from_conf(connector::config(self.connector_with(plan)))
    }

    /// What such a client sends its requests through.
    pub fn connector_with(&self, plan: FaultPlan) -> InProcess {
        connector::connector(self.clone(), plan)
    }

    fn request(&self, operation: &str, request: &Value) -> Result<Value, AwsError> {
        let answer = self.execute(operation, request.to_string().as_bytes())?;
        serde_json::from_str(&answer).map_err(|error| AwsError::internal(error.to_string()))
    }

    /// Refuses to read what is no stream, or no longer one: the engine goes by the table alone.
    fn check_stream(&self, body: &[u8]) -> Result<(), AwsError> {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(arn) = asked["StreamArn"].as_str() else { return Ok(()) };
        self.request("DescribeStream", &json!({ "StreamArn": arn })).map(drop)
    }

    fn execute(&self, operation: &str, body: &[u8]) -> Result<String, AwsError> {
        let inner = &*self.inner;
        let request = rewrite::Request::read(operation, body)?;
        let engine = (&inner.database, &inner.capacity, &inner.turn);
        let answer =
            operation::execute(engine, operation, &request.body).map_err(rewrite::error)?;
        if operation == "DeleteTable" {
            inner.shards.lock().clear();
            inner.read_to_end.lock().clear();
        }
        // Before anything else can fail: it is written.
        if operation::writes(operation) {
            inner.writes.send_modify(|count| *count += 1);
        }
        request.answer(answer, &inner.storage)
    }
}

impl Service for DynamoDb {
    fn targets(&self) -> &'static [&'static str] {
        &["DynamoDB_20120810", "DynamoDBStreams_20120810"]
    }

    fn json_version(&self) -> &'static str {
        "1.0"
    }

    fn call<'a>(&'a self, operation: &'a str, body: Bytes) -> Reply<'a> {
        Box::pin(async move {
            if operation == "GetShardIterator" {
                self.check_stream(&body)?;
            }
            self.execute(operation, &body).map(Bytes::from)
        })
    }
}

#[cfg(test)]
mod tests;
