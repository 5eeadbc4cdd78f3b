//! From a batch of SQS records to one typed handler call each.
//!
//! A handler is a [`tower::Service`] that takes one [`Delivery`] and ends as [`outcome`] says.
//! [`Consumer`] calls it once a record and answers the batch record by record: what is settled is
//! acknowledged, what may succeed later is returned to the queue, and what can never succeed is
//! parked in the dead-letter queue, so that no record holds up the others and none is lost.
//!
//! ```no_run
//! use consumer::{Consumer, Parking, ReplayPolicy};
//! use event_envelope::{Decoder, Delivery};
//! use outcome::{Done, Failure};
//! # async fn example(sqs: aws_sdk_sqs::Client, batch: aws_lambda_events::sqs::SqsEvent) {
//!
//! let handler = tower::service_fn(|delivery: Delivery<()>| async move {
//!     println!("{}", delivery.envelope.event_type);
//!     Ok::<Done, Failure>(Done::Handled)
//! });
//! let parking = Parking::new(sqs, "https://…/orders", "https://…/orders-dlq");
//! let decoder = Decoder::new("orderId");
//! let consumer = Consumer::new("printer", decoder, ReplayPolicy::Refuse, parking, handler);
//! let failures = consumer.consume(batch).await;
//! # }
//! ```

mod ending;
mod line;
mod parking;
mod record;

use std::collections::BTreeSet;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use event_envelope::{DecodeError, Decoder, Delivery, FromEnvelope};
use futures_util::{StreamExt, stream};
use outcome::{Done, Failure};
use tower::{Service, ServiceExt};
use tracing::Instrument;

use crate::{ending::Ending, line::Line, record::Record};

pub use parking::Parking;

/// How many lines of records are worked on at the same time. A batch has ten records unless its
/// mapping gathers for a second or more, and then up to ten thousand.
const LINES_MAX: usize = 16;

/// What a consumer does with an event that an archive sends again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayPolicy {
    /// Acknowledges it and does nothing: for effects that must not happen again, on money, stock
    /// or mail.
    Refuse,
    /// Handles it like any other: for projections.
    Accept,
}

/// Takes batches of records apart and settles each.
#[derive(Debug, Clone)]
pub struct Consumer<S> {
    name: &'static str,
    decoder: Decoder,
    replay: ReplayPolicy,
    parking: Parking,
    service: S,
}

impl<S> Consumer<S> {
    /// A consumer called `name` in logs and parked messages, whose events `service` handles.
    pub const fn new(
        name: &'static str,
        decoder: Decoder,
        replay: ReplayPolicy,
        parking: Parking,
        service: S,
    ) -> Self {
        Self { name, decoder, replay, parking, service }
    }

    /// Settles every record, and answers with those that are to come again.
    ///
    /// It never fails as a whole. Records of different aggregates are handled side by side, those
    /// of one aggregate in the order of the batch, also after one of them has failed: a standard
    /// queue promises no order, so a handler that needed it could not work. On a FIFO queue the
    /// first of a message group that fails holds back the rest of its group.
    ///
    /// The answer names records by their message id. Lambda takes an empty one to mean that the
    /// whole batch failed, which is also what happens here if a record without an id is to come
    /// again: nothing is lost, and the other records come once more as duplicates.
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.
    ///
    /// A handler that panics ends the process: Lambda starts another and delivers the batch again.
    pub async fn consume<E>(&self, batch: SqsEvent) -> SqsBatchResponse
    where
        E: FromEnvelope,
        S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone,
    {
        let ids: Vec<String> = batch
            .records
            .iter()
            .map(|message| message.message_id.clone().unwrap_or_default())
            .collect();
        let records = batch.records.into_iter().map(|message| Record::open(message, &self.decoder));
        let returned: Vec<Vec<usize>> = stream::iter(line::up(records))
            .map(|line| self.work_off(line))
            .buffer_unordered(LINES_MAX)
            .collect()
            .await;

        let positions: BTreeSet<usize> = returned.into_iter().flatten().collect();
        let mut named = BTreeSet::new();
        let mut response = SqsBatchResponse::default();
        for id in positions.into_iter().filter_map(|position| ids.get(position)) {
            if named.insert(id) {
                response.add_failure(id.clone());
            }
        }
        response
    }

    /// Settles the records of `line` one after the other. Returns the positions of those that are
    /// to come again.
    async fn work_off<E>(&self, line: Line) -> Vec<usize>
    where
        E: FromEnvelope,
        S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone,
    {
        let mut returned = Vec::new();
        let mut records = line.records.into_iter();
        while let Some((position, record)) = records.next() {
            let ending = self.settle(record).await;
            if ending.is_settled() {
                continue;
            }
            returned.push(position);
            if line.is_strict {
                for (position, record) in records {
                    // A group stays closed while any message of it is hidden, so these have to
                    // become visible together with the one that failed.
                    if let Ending::Retry { delay, .. } = &ending {
                        self.parking.postpone(&record.message, *delay).await;
                    }
                    returned.push(position);
                }
                break;
            }
        }
        returned
    }

    async fn settle<E>(&self, record: Record) -> Ending
    where
        E: FromEnvelope,
        S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone,
    {
        let (span, ids) = (record.span(self.name), record.ids());
        let Record { message, opened } = record;
        let settling = async {
            let ending = match self.handle(opened).await {
                Ok(ending) => ending,
                Err(Failure::Retry { reason, wait }) => {
                    let delay = parking::delay(wait, message.receive_count());
                    self.parking.postpone(&message, delay).await;
                    Ending::Retry { reason, delay }
                }
                Err(Failure::Poison { reason }) => {
                    let parked =
                        self.parking.park(self.name, &message, ids.as_ref(), reason.as_ref());
                    match parked.await {
                        Ok(()) => Ending::Parked { reason },
                        Err(error) => Ending::NotParked { reason, error },
                    }
                }
            };
            ending.log();
            ending
        };
        settling.instrument(span).await
    }

    /// The one place that decides what reaches the handler.
    async fn handle<E>(&self, opened: Result<Delivery, DecodeError>) -> Result<Ending, Failure>
    where
        E: FromEnvelope,
        S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone,
    {
        let Delivery { envelope, replay, .. } = opened.map_err(Failure::poison)?;
        if let (Some(replay), ReplayPolicy::Refuse) = (&replay, self.replay) {
            return Ok(Ending::ReplayRefused { replay: replay.clone() });
        }
        let event = match E::from_envelope(&envelope) {
            Ok(event) => event,
            // A rule lets through more than this consumer knows: no reason to lose or to park it.
            Err(DecodeError::UnknownType(_)) => return Ok(Ending::UnknownType),
            Err(error) => return Err(Failure::poison(error)),
        };
        let delivery = Delivery { envelope, event, replay };
        self.service.clone().oneshot(delivery).await.map(Ending::Done)
    }
}
