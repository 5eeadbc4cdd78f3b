//! The events in `events/payment`, as Lambda hands them to the function.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc};

use aws_clients::{Aws, AwsEnv, Credentials};
use aws_lambda_events::sqs::SqsEvent;
use consumer::{Consumer, Parking, ReplayPolicy};
use events::{DECODER, Event};
use local_dynamodb::FaultPlan;
use local_protocol::{REGION, router};
use local_sqs::{QueueSpec, Sqs};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::world::World;

const QUEUE: &str = "orderly-payment-queue";
const DEAD_LETTER_QUEUE: &str = "orderly-payment-dlq";

/// The queues of the function.
struct Queues {
    sqs: Sqs,
    parking: Parking,
}

impl Queues {
    async fn new() -> Self {
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

    /// How many records were parked.
    fn parked(&self) -> usize {
        self.sqs.depth(DEAD_LETTER_QUEUE).unwrap().total()
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/payment")
}

fn sample(name: &str) -> SqsEvent {
    let text = fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Has `names` consumed one after the other. None is to come again.
async fn consume(names: &[&str]) -> (World, Queues) {
    let (world, queues) = (World::new().await, Queues::new().await);
    let service = world.handler(FaultPlan::none()).into_service();
    let parking = queues.parking.clone();
    let consumer = Consumer::new("payment", DECODER, ReplayPolicy::Refuse, parking, service);
    for name in names {
        let response = consumer.consume::<Event>(sample(name)).await;
        assert_eq!(response.batch_item_failures.len(), 0, "{name} is to come again");
    }
    (world, queues)
}

/// What happens when the samples are consumed: what is captured, what goes back, what is said and
/// how many records are parked.
type Story =
    (&'static [&'static str], &'static [u64], &'static [u64], &'static [&'static str], usize);

const STORIES: &[Story] = &[
    (&["order-created", "inventory-reserved"], &[10_997], &[], &["PaymentCompleted"], 0),
    (&["order-created-book", "inventory-reserved-book"], &[10_997], &[], &["PaymentCompleted"], 0),
    (&["order-created-declined", "inventory-reserved-declined"], &[], &[], &["PaymentFailed"], 0),
    (
        &["order-created", "inventory-reserved", "order-cancelled", "shipping-failed"],
        &[10_997],
        &[10_997],
        &["PaymentCompleted", "PaymentRefunded"],
        0,
    ),
    (&["order-cancelled", "order-created", "inventory-reserved"], &[], &[], &[], 0),
    (&["order-created", "replayed"], &[], &[], &[], 0),
    (&["batch", "batch"], &[10_997], &[], &["PaymentCompleted"], 2),
    (&["poison"], &[], &[], &[], 1),
    (&["newer-version"], &[], &[], &[], 1),
    (&["forged-source"], &[], &[], &[], 1),
];

#[tokio::test]
async fn every_sample_does_what_its_name_says() {
    for (names, captured, refunded, said, parked) in STORIES {
        let (world, queues) = consume(names).await;
        assert_eq!(world.captured(), *captured, "{names:?}");
        assert_eq!(world.refunded(), *refunded, "{names:?}");
        assert_eq!(world.said(), *said, "{names:?}");
        assert_eq!(queues.parked(), *parked, "{names:?}");
    }
}

#[test]
fn every_sample_has_a_story() {
    let told: BTreeSet<String> =
        STORIES.iter().flat_map(|story| story.0).map(|name| format!("{name}.json")).collect();
    let files = fs::read_dir(folder()).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(told, files);
}

#[tokio::test]
async fn what_is_parked_is_as_it_came() {
    let (_, queues) = consume(&["poison"]).await;
    let parked = queues.sqs.peek(DEAD_LETTER_QUEUE).unwrap();
    let file = fs::read_to_string(folder().join("poison.json")).unwrap();
    let sample: Value = serde_json::from_str(&file).unwrap();
    assert_eq!(parked[0].body, sample["Records"][0]["body"]);
}
