//! The queues of `order-events`, and the consumer as its binary wires it.

use std::sync::Arc;

use aws_clients::{Aws, AwsEnv, Credentials};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use consumer::{Consumer, Parking, ReplayPolicy};
use event_envelope::Delivery;
use events::{DECODER, Event};
use local_protocol::{REGION, router};
use local_sqs::{AttributeValue, QueueSpec, Sqs};
use tokio::net::TcpListener;

use crate::world::World;

const QUEUE: &str = "orderly-order-queue";
const DEAD_LETTER_QUEUE: &str = "orderly-order-dlq";

pub(crate) struct Queues {
    sqs: Sqs,
    parking: Parking,
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

    pub(crate) async fn consume(&self, world: &World, batch: SqsEvent) -> SqsBatchResponse {
        let handler = tower::service_fn(|delivery: Delivery<Event>| {
            let world = world.clone();
            async move { world.deliver(&delivery).await }
        });
        let parking = self.parking.clone();
        let policy = ReplayPolicy::Refuse;
        Consumer::new("order-events", DECODER, policy, parking, handler).consume(batch).await
    }

    /// Body and reason of every parked record.
    pub(crate) fn parked(&self) -> Vec<(String, String)> {
        let messages = self.sqs.peek(DEAD_LETTER_QUEUE).unwrap();
        let reason = |value: &AttributeValue| match value {
            AttributeValue::Text(text) => text.clone(),
            AttributeValue::Binary(_) => panic!("a reason is text"),
        };
        messages
            .into_iter()
            .map(|it| (it.body, reason(&it.message_attributes["reason"].value)))
            .collect()
    }
}
