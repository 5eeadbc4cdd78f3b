//! A consumer of one type of event.

use std::sync::{Arc, Mutex};

use event_envelope::{DecodeError, Decoder, Delivery, Envelope, FromEnvelope, Version};
use lambda::{Consumer, ReplayPolicy};
use runtime::{Done, Failure};
use serde_json::{Value, json};
use tower::{Service, service_fn};

use crate::queues::World;

/// The one type of event that is known here.
#[derive(Debug, PartialEq)]
pub(crate) struct Placed {
    pub(crate) order: String,
    pub(crate) number: u64,
}

impl FromEnvelope for Placed {
    fn from_envelope(envelope: &Envelope) -> Result<Self, DecodeError> {
        let Envelope { event_type, event_version: version, .. } = envelope;
        let known = Version::new(2, 0);
        if event_type != "Placed" {
            return Err(DecodeError::UnknownType(event_type.clone()));
        }
        if version.major > known.major {
            let event_type = event_type.clone();
            return Err(DecodeError::UnknownVersion { event_type, version: *version, known });
        }
        let number = envelope.sequence_number;
        Ok(Self { order: envelope.aggregate_id.to_string(), number })
    }
}

pub(crate) fn placed(order: &str, number: u64) -> Value {
    json!({
        "version": "0", "id": "1", "detail-type": "Placed", "source": "shop",
        "account": "000000000000", "time": "2025-11-17T10:30:00Z", "region": "us-east-1",
        "resources": [],
        "detail": {
            "eventId": format!("evt_{order}_{number}"), "eventType": "Placed",
            "eventVersion": "2.0", "timestamp": "2025-11-17T10:30:00Z", "source": "shop",
            "correlationId": format!("corr_{order}"), "aggregateId": order,
            "sequenceNumber": number, "data": {},
        }
    })
}

/// A handler that records its calls and returns what `end` does.
pub(crate) fn handler(
    end: impl Fn(&Placed) -> Result<Done, Failure> + Clone,
) -> (
    impl Service<Delivery<Placed>, Response = Done, Error = Failure> + Clone,
    Arc<Mutex<Vec<String>>>,
) {
    let handled: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&handled);
    let service = service_fn(move |delivery: Delivery<Placed>| {
        let Placed { order, number } = &delivery.event;
        log.lock().unwrap().push(format!("{order} {number}"));
        let end = end(&delivery.event);
        // Lets the others go first, so that a wrong order shows.
        async move {
            tokio::task::yield_now().await;
            end
        }
    });
    (service, handled)
}

pub(crate) fn consumer<S>(world: &World, replay: ReplayPolicy, service: S) -> Consumer<S, Placed>
where
    S: Service<Delivery<Placed>, Response = Done, Error = Failure> + Clone,
{
    Consumer::new("shop", Decoder::new("orderId"), replay, world.dead_letters(), service)
}

/// Receives a batch, has it handled, and returns what is to be delivered again.
pub(crate) async fn run<S>(world: &World, consumer: &Consumer<S, Placed>) -> Vec<String>
where
    S: Service<Delivery<Placed>, Response = Done, Error = Failure> + Clone,
{
    let batch = world.batch().await;
    let response = consumer.consume(batch.clone()).await;
    world.acknowledge(&batch, &response)
}
