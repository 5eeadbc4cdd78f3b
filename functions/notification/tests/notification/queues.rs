//! The function's queues over HTTP, and how each record of a batch ends.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use aws_clients::{Aws, AwsEnv, Credentials};
use aws_lambda_events::sqs::SqsEvent;
use consumer::{Consumer, Parking, ReplayPolicy};
use event_envelope::{Delivery, EventId};
use events::{DECODER, Event};
use local_protocol::{REGION, router};
use local_sqs::{AttributeValue, PeekedMessage, QueueSpec, Sqs};
use outcome::{Done, Failure};
use tokio::net::TcpListener;
use tower::{Service, ServiceExt, service_fn};

const QUEUE: &str = "orderly-notification-queue";
const DEAD_LETTER_QUEUE: &str = "orderly-notification-dlq";

pub(crate) struct Queues {
    sqs: Sqs,
    parking: Parking,
}

/// How a record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The handler is done with it.
    Done(Done),
    /// It lies in the dead-letter queue.
    Parked,
    /// It comes again.
    Retry,
    /// It is acknowledged, and no handler saw it.
    Unheard,
}

/// The files with samples.
pub(crate) fn samples() -> BTreeSet<String> {
    let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    fs::read_dir(folder()).unwrap().map(|file| stem(file.unwrap().path())).collect()
}

pub(crate) fn sample(name: &str) -> SqsEvent {
    let text = fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/notification")
}

impl Queues {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let sqs = Sqs::new(&endpoint);
        for name in [QUEUE, DEAD_LETTER_QUEUE] {
            sqs.create_queue(QueueSpec::named(name)).unwrap();
        }
        let server = router(vec![Arc::new(sqs.clone())]);
        tokio::spawn(async move { axum::serve(listener, server).await });
        let credentials = Credentials::from_keys("AKID", "SECRET", None);
        let env = AwsEnv { endpoint_url: Some(endpoint), ..AwsEnv::new(REGION, credentials) };
        let client = Aws::new(env).unwrap().sqs();
        let urls = (sqs.queue_url(QUEUE), sqs.queue_url(DEAD_LETTER_QUEUE));
        Self { sqs, parking: Parking::new(client, urls.0, urls.1) }
    }

    /// What is parked, oldest first.
    pub(crate) fn parked(&self) -> Vec<PeekedMessage> {
        self.sqs.peek(DEAD_LETTER_QUEUE).unwrap()
    }

    /// Has `batch` consumed, and tells how each record ends.
    pub(crate) async fn consume<S>(&self, batch: SqsEvent, service: S) -> Vec<End>
    where
        S: Service<Delivery<Event>, Response = Done, Error = Failure> + Clone,
    {
        let log: Arc<Mutex<Vec<(EventId, Done)>>> = Arc::default();
        let logged = log.clone();
        let service = service_fn(move |delivery: Delivery<Event>| {
            let (service, log) = (service.clone(), logged.clone());
            async move {
                let event_id = delivery.envelope.event_id.clone();
                let done = service.oneshot(delivery).await?;
                log.lock().unwrap().push((event_id, done));
                Ok(done)
            }
        });
        let parking = self.parking.clone();
        let consumer =
            Consumer::new("notification", DECODER, ReplayPolicy::Refuse, parking, service);
        let response = consumer.consume(batch.clone()).await;

        let parked: Vec<_> = self.parked().iter().map(message_id).collect();
        let mut log = log.lock().unwrap().clone();
        let end = |record: &aws_lambda_events::sqs::SqsMessage| {
            let id = record.message_id.as_ref().unwrap();
            if parked.contains(id) {
                return End::Parked;
            }
            if response.batch_item_failures.iter().any(|it| it.item_identifier == *id) {
                return End::Retry;
            }
            let body = record.body.as_deref().unwrap().as_bytes();
            let event_id = DECODER.decode::<()>(body).unwrap().envelope.event_id;
            // An event that is there twice was handled in the order of the batch.
            let logged = log.iter().position(|(handled, _)| *handled == event_id);
            logged.map_or(End::Unheard, |position| End::Done(log.remove(position).1))
        };
        batch.records.iter().map(end).collect()
    }
}

fn message_id(parked: &PeekedMessage) -> String {
    match &parked.message_attributes["messageId"].value {
        AttributeValue::Text(id) => id.clone(),
        AttributeValue::Binary(_) => panic!("the message id is binary"),
    }
}
