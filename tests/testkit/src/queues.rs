//! The queues of a function, and how each record of a batch ends.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use aws_sdk_sqs::Client;
use catalogue::{DECODER, LIVE, ON_BUS};
use event_envelope::{Delivery, EventId, FromEnvelope};
use lambda::{Consumer, DeadLetterQueue, ReplayPolicy};
use local_sqs::{AttributeValue, PeekedMessage, QueueSpec, Sqs};
use runtime::{Done, Failure};
use tower::{Service, ServiceExt, service_fn};

use crate::{
    sdk_config,
    stack::{ENDPOINT, STACK, TEMPLATE},
};

/// How a record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The handler is done with it.
    Done(Done),
    /// It lies in the dead-letter queue.
    DeadLettered,
    /// It comes again.
    Retry,
    /// It is acknowledged, and no handler saw it.
    Skipped,
}

/// The queue of a function and its dead-letter queue, both empty at first.
#[derive(Debug)]
pub struct Queues {
    consumer: &'static str,
    replay: ReplayPolicy,
    sqs: Sqs,
    dead_letters: String,
    dead_letter_queue: DeadLetterQueue,
}

/// Which events were handled, and how that ended, in their order.
type Log = Arc<Mutex<Vec<(EventId, Done)>>>;

impl Queues {
    /// The queues that the template gives `function`, e.g. `order-events`. Its consumer is
    /// called like it, and treats replays as `replay` has it.
    ///
    /// # Panics
    ///
    /// When the template has no such function, or that one no queue.
    pub fn of(function: &'static str, replay: ReplayPolicy) -> Self {
        let sqs = Sqs::new(ENDPOINT);
        let [queue, dead_letters] = ["QUEUE_URL", "DEAD_LETTER_QUEUE_URL"].map(|variable| {
            let described = TEMPLATE.function(&format!("{STACK}-{function}")).unwrap();
            let (_, name) = described.environment[variable].rsplit_once('/').unwrap();
            sqs.create_queue(QueueSpec::named(name)).unwrap();
            name.to_owned()
        });
        let client = Client::new(&sdk_config(Arc::new(sqs.clone())));
        let urls = (sqs.queue_url(&queue), sqs.queue_url(&dead_letters));
        let dead_letter_queue = DeadLetterQueue::new(client, urls.0, urls.1);
        Self { consumer: function, replay, sqs, dead_letters, dead_letter_queue }
    }

    /// The dead letters, oldest first.
    pub fn dead_letters(&self) -> Vec<PeekedMessage> {
        self.sqs.peek(&self.dead_letters).unwrap()
    }

    /// Has `batch` consumed by the events' consumer before `service`, and returns how each record
    /// ends, in the order of the batch.
    ///
    /// # Panics
    ///
    /// When the answer names a record that is not of the batch: Lambda takes that for a failure
    /// of all of them.
    pub async fn consume<E, S>(&self, batch: SqsEvent, service: S) -> Vec<End>
    where
        E: FromEnvelope,
        S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone,
    {
        let log = Log::default();
        let before = self.dead_letters().len();
        let dead_letter_queue = self.dead_letter_queue.clone();
        let service = logging(service, log.clone());
        let decoder = match self.replay {
            ReplayPolicy::Refuse => LIVE,
            ReplayPolicy::Accept => ON_BUS,
        };
        let consumer =
            Consumer::new(self.consumer, decoder, self.replay, dead_letter_queue, service);
        let response = consumer.consume(batch.clone()).await;
        let dead_lettered: Vec<_> = self.dead_letters().split_off(before);
        let mut log = log.lock().unwrap();
        ends(&batch, &response, &dead_lettered, &mut log)
    }
}

/// `service`, with what it is done with in `log`.
fn logging<E, S>(
    service: S,
    log: Log,
) -> impl Service<Delivery<E>, Response = Done, Error = Failure> + Clone
where
    E: FromEnvelope,
    S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone,
{
    service_fn(move |delivery: Delivery<E>| {
        let (service, log) = (service.clone(), log.clone());
        async move {
            let event_id = delivery.envelope.event_id.clone();
            let done = service.oneshot(delivery).await?;
            log.lock().unwrap().push((event_id, done));
            Ok(done)
        }
    })
}

fn ends(
    batch: &SqsEvent,
    response: &SqsBatchResponse,
    dead_lettered: &[PeekedMessage],
    log: &mut Vec<(EventId, Done)>,
) -> Vec<End> {
    let id = |record: &SqsMessage| record.message_id.clone().unwrap();
    let ids: BTreeSet<_> = batch.records.iter().map(id).collect();
    let returned: BTreeSet<_> =
        response.batch_item_failures.iter().map(|it| it.item_identifier.clone()).collect();
    assert!(returned.is_subset(&ids), "{returned:?} are not all of {ids:?}");
    let dead_lettered: BTreeSet<_> =
        dead_lettered.iter().map(|it| text_attribute(it, "messageId")).collect();
    let end = |record: &SqsMessage| {
        let id = id(record);
        if returned.contains(&id) {
            return End::Retry;
        }
        if dead_lettered.contains(id.as_str()) {
            return End::DeadLettered;
        }
        let body = record.body.as_deref().unwrap().as_bytes();
        let event_id = DECODER.decode::<()>(body).unwrap().envelope.event_id;
        // An event that is there twice was handled in the order of the batch.
        let logged = log.iter().position(|(handled, _)| *handled == event_id);
        logged.map_or(End::Skipped, |position| End::Done(log.remove(position).1))
    };
    batch.records.iter().map(end).collect()
}

/// The text of an attribute of a dead letter, e.g. `reason`.
///
/// # Panics
///
/// When it has none, or a binary one.
pub fn text_attribute<'a>(message: &'a PeekedMessage, name: &str) -> &'a str {
    match message.message_attributes.get(name).map(|it| &it.value) {
        Some(AttributeValue::Text(text)) => text,
        Some(AttributeValue::Binary(_)) => panic!("{name} is binary"),
        None => panic!("the message has no {name}"),
    }
}

#[cfg(test)]
mod tests;
