//! A machine's table, the time, and the way to the provider of its side effect.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use axum::Router;
use event_envelope::Envelope;
use http_client::{ApiKey, HttpClient, parse_url};
use local_dynamodb::{DynamoDb, FaultPlan, StreamRecord};
use runtime::IdGenerator;
use serde_json::{Value, json};
use state_machine::{Runner, RunnerConfig};
use tokio::{net::TcpListener, time::sleep};

use crate::{Gate, TestClock, database, events_added, orders::ORDER};

/// How many records of a stream are read at once.
const PAGE: usize = 1000;
/// How long a request whose answer is not waited for any more is on its way at most.
const ARRIVES: Duration = Duration::from_millis(20);

/// What a function with a side effect works on: its tables, a clock, and a provider over HTTP.
#[derive(Debug)]
pub struct TestBed {
    /// The time, for the function and the provider.
    pub clock: TestClock,
    /// What every call to the provider passes.
    pub gate: Gate,
    database: DynamoDb,
    /// The table of the machine.
    table: &'static str,
    provider: HttpClient,
    /// What lets clients in there.
    key: String,
}

impl TestBed {
    /// A test bed with these tables, of which the first is the machine's. The provider is let in by
    /// `key`.
    pub async fn open(
        tables: &[&'static str],
        clock: TestClock,
        provider: Router,
        key: &str,
    ) -> Self {
        let gate = Gate::default();
        let provider = serve(gate.before(provider), key).await;
        let (database, table) = (database(tables).await, tables[0]);
        Self { clock, gate, database, table, provider, key: key.to_owned() }
    }

    /// The same one for a client that waits for an answer no longer than `patience`.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { provider: self.provider.with_timeout(timeout), ..self }
    }

    /// The same one with another key for the provider.
    #[must_use]
    pub fn with_key(self, key: &str) -> Self {
        let provider = client(self.provider.base().as_str(), key);
        Self { provider, key: key.to_owned(), ..self }
    }

    /// The same one with another provider.
    pub async fn with_provider(self, provider: Router) -> Self {
        Self { provider: serve(self.gate.before(provider), &self.key).await, ..self }
    }

    /// The same one for processes that do not know how the provider was lately: one that was asked
    /// in vain a few times leaves it alone for a while.
    #[must_use]
    pub fn with_new_client(self) -> Self {
        let key = self.key.clone();
        self.with_key(&key)
    }

    /// The same one, whose provider is unavailable to every caller or is back.
    #[must_use]
    pub fn with_outage(self, is_closed: bool) -> Self {
        self.gate.close(is_closed);
        self.with_new_client()
    }

    /// Lets leases of this length end, and requests that timed out arrive.
    pub async fn recover(&self, lease: Duration) {
        self.clock.pass(lease + Duration::from_secs(1));
        sleep(ARRIVES).await;
    }

    /// The client of a process whose calls to the database meet `plan`.
    pub fn client(&self, plan: FaultPlan) -> Client {
        self.database.client_with(plan)
    }

    /// What runs machines in such a process.
    pub fn runner(&self, plan: FaultPlan) -> Runner {
        let config = RunnerConfig::new(self.table, "orderId");
        Runner::new(self.client(plan), config, self.clock.clock(), IdGenerator::random())
    }

    /// The way to the provider.
    pub const fn provider(&self) -> &HttpClient {
        &self.provider
    }

    /// A call to the database in its own JSON.
    ///
    /// # Panics
    ///
    /// When the database refuses it.
    pub async fn call(&self, operation: &str, request: &Value) -> Value {
        self.database.json(operation, request).await.unwrap()
    }

    /// What the order's row holds of the machine, in DynamoDB's JSON; null if there is none.
    pub async fn state(&self) -> Value {
        let key = json!({ "orderId": { "S": ORDER } });
        let mut got = self.call("GetItem", &json!({ "TableName": self.table, "Key": key })).await;
        got["Item"]["state"]["M"].take()
    }

    /// How far the machine is: a text of its state's progress.
    pub async fn progress(&self, field: &str) -> String {
        let state = self.state().await;
        state["progress"]["M"][field]["S"].as_str().unwrap_or("none").to_owned()
    }

    /// How far the machine is, in a word.
    pub async fn status(&self) -> String {
        self.progress("status").await
    }

    /// Every row of the machine's table and everything published, as one text.
    pub async fn everything(&self) -> String {
        let rows = self.call("Scan", &json!({ "TableName": self.table })).await;
        format!("{rows} {:?}", self.published())
    }

    /// The events that the stream hands to the relay, oldest first.
    ///
    /// # Panics
    ///
    /// When the table has no stream.
    pub fn published(&self) -> Vec<Envelope> {
        let mut records = Vec::new();
        loop {
            let after = records.last().map_or(0, |record: &StreamRecord| record.sequence);
            let page = self.database.stream_records(self.table, after, PAGE).unwrap();
            if page.is_empty() {
                break;
            }
            records.extend(page);
        }
        let images = records.iter().map(|record| &record.event["dynamodb"]["NewImage"]);
        images.flat_map(events_added).collect()
    }

    /// The types of the events that were published, oldest first.
    pub fn events(&self) -> Vec<String> {
        self.published().into_iter().map(|event| event.event_type).collect()
    }

    /// At which step a person had to look, after how many attempts, and why.
    pub fn reviews(&self) -> Vec<(String, String, String)> {
        let published = self.published().into_iter();
        let reviews = published.filter(|event| event.event_type.ends_with("NeedsReview"));
        let read = |event: Envelope| {
            let text = |name: &str| event.data[name].as_str().unwrap().to_owned();
            (text("step"), event.data["attempts"].to_string(), text("reason"))
        };
        reviews.map(read).collect()
    }
}

/// A client of the provider that answers by `router`, over HTTP.
async fn serve(router: Router, key: &str) -> HttpClient {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    client(&url, key)
}

fn client(url: &str, key: &str) -> HttpClient {
    HttpClient::new(parse_url(url).unwrap(), ApiKey::parse(key).unwrap()).unwrap()
}
