//! From a batch of SQS records to one typed handler call each.

mod dead_letter_queue;
mod record;
mod record_metrics;

use std::marker::PhantomData;

use aws_lambda_events::sqs::SqsBatchResponse;
use event_envelope::{DecodeError, Decoder, Delivery, FromEnvelope};
use runtime::{Clock, Done, Failure, Tracer, chain};
use tower::{Service, ServiceExt};
use tracing::Instrument;

use crate::{
    batch::{ANSWER, CONCURRENCY_MAX, MalformedRecord, MessageIds, OrderedBatch, QueueBatch},
    outcome::Outcome,
};

use record::{Ids, Message, Record};
use record_metrics::RecordMetrics;

pub use dead_letter_queue::DeadLetterQueue;
pub use event_envelope::ReplayPolicy;

/// Takes batches of records apart and completes each record.
#[derive(Debug, Clone)]
pub struct Consumer<S, E> {
    name: &'static str,
    decoder: Decoder,
    replay: ReplayPolicy,
    dead_letters: DeadLetterQueue,
    service: S,
    clock: Clock,
    tracer: Tracer,
    event: PhantomData<fn() -> E>,
}

impl<S, E> Consumer<S, E>
where
    E: FromEnvelope,
    S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone,
{
    /// A consumer called `name` in logs and dead-lettered messages, whose events `service` handles.
    pub fn new(
        name: &'static str,
        decoder: Decoder,
        replay: ReplayPolicy,
        dead_letters: DeadLetterQueue,
        service: S,
    ) -> Self {
        let clock = Clock::system();
        let tracer = Tracer::off();
        Self { name, decoder, replay, dead_letters, service, clock, tracer, event: PhantomData }
    }

    /// The same consumer, which measures the age of events by `clock` in place of the machine's.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The same consumer, which continues the trace that an event came with: each record is a span
    /// of it, and the handler's envelope names that span, so that the events that the handler
    /// publishes are within it.
    #[must_use]
    pub fn traced(self, tracer: Tracer) -> Self {
        Self { tracer, ..self }
    }

    pub(crate) const fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// Handles every record, and answers with those that are to be delivered again.
    ///
    /// It never fails as a whole. Records of different aggregates are handled side by side, those
    /// of one aggregate in the order of the batch, also after one of them has failed: a standard
    /// queue promises no order, so a handler that needed it could not work. On a FIFO queue the
    /// first of a message group that fails holds back the rest of its group.
    ///
    /// A record that is malformed is dead-lettered like any other permanent failure; one without a
    /// message id has the whole batch delivered again.
    ///
    /// Within [`runtime::with_deadline`] it answers before the time is up: records that there is no
    /// time to begin are returned ([`OrderedBatch::process`]), and so is one that a quarter of a
    /// second before the end is not done. That one is dropped where it stands, as it would be a
    /// moment later by the function's timeout, together with the answer for all others.
    ///
    /// The answer names records by their message id. Lambda takes an empty one to mean that the
    /// whole batch failed, which is also what happens here if a record without an id is to be
    /// delivered again: nothing is lost, and the other records come once more as duplicates.
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.
    ///
    /// # Panics
    ///
    /// When the handler does. The Lambda runtime turns that into a failed invocation, or the
    /// process ends: either way the whole batch is delivered again.
    pub async fn consume(&self, batch: impl Into<QueueBatch>) -> SqsBatchResponse {
        let batch = batch.into();
        let ids = MessageIds::of(&batch);
        let records = batch.records.into_iter().map(|record| Record::open(record, &self.decoder));
        let handle = |record| self.complete(record);
        let hold_back = |outcome, held_back| self.hold_back(outcome, held_back);
        ids.response(
            OrderedBatch::of(records, Record::ordering_key)
                .process(CONCURRENCY_MAX, handle, hold_back)
                .await,
        )
    }

    /// Handles one record, and deletes, postpones or dead-letters it; logs and measures the
    /// outcome.
    ///
    /// # Errors
    ///
    /// When it is to be delivered again: its outcome.
    async fn complete(&self, mut record: Record) -> Result<(), Outcome> {
        let span = record.span(self.name);
        let ids = record.ids();
        record.trace(&self.tracer, &span);
        let Record { message, opened, malformed } = record;
        let metrics = RecordMetrics::begin(&opened);
        let completing = async {
            let outcome = self.outcome(&message, opened, malformed, ids.as_ref());
            let outcome = runtime::in_time(ANSWER, outcome).await.unwrap_or(Outcome::Abandoned);
            tracing::Span::current().record("outcome", outcome.as_str());
            outcome.log();
            metrics.end(&outcome, &self.clock);
            if outcome.is_complete() { Ok(()) } else { Err(outcome) }
        };
        completing.instrument(span).await
    }

    /// Handles one record, and postpones or dead-letters it where that failed.
    async fn outcome(
        &self,
        message: &Message,
        opened: Result<Delivery, DecodeError>,
        malformed: Option<MalformedRecord>,
        ids: Option<&Ids>,
    ) -> Outcome {
        let handled = match malformed {
            Some(malformed) if message.id().is_empty() => {
                return Outcome::Unnamed { reason: malformed.to_string() };
            }
            Some(malformed) => Err(Failure::permanent(malformed)),
            None => self.handle(opened).await,
        };
        match handled {
            Ok(outcome) => outcome,
            Err(Failure::Retry { reason, wait }) => {
                let delay = dead_letter_queue::delay(wait, message.receive_count());
                self.dead_letters.postpone(message, delay).await;
                Outcome::Retry { reason: chain(reason.as_ref()), delay: Some(delay) }
            }
            Err(Failure::Permanent { reason }) => {
                let sent = self.dead_letters.dead_letter(self.name, message, ids, reason.as_ref());
                let sent = sent.await;
                let reason = chain(reason.as_ref());
                match sent {
                    Ok(()) => Outcome::DeadLettered { reason },
                    Err(error) => Outcome::NotDeadLettered { reason, error: chain(error.as_ref()) },
                }
            }
        }
    }

    /// Postpones the records behind one of their group that is to be retried. A group stays closed
    /// while any message of it is hidden, so they have to become visible together with that one.
    async fn hold_back(&self, outcome: Outcome, held_back: Vec<Record>) {
        let Outcome::Retry { delay: Some(delay), .. } = outcome else { return };
        let postponing = async {
            for record in held_back {
                self.dead_letters.postpone(&record.message, delay).await;
            }
        };
        // Those that there is no time for wait for the visibility timeout of their queue.
        runtime::in_time(ANSWER, postponing).await.unwrap_or_default();
    }

    /// The one place that decides what reaches the handler.
    async fn handle(&self, opened: Result<Delivery, DecodeError>) -> Result<Outcome, Failure> {
        let Delivery { envelope, replay, .. } = opened.map_err(Failure::permanent)?;
        if let Some(name) = &replay
            && !self.replay.lets_in(Some(name))
        {
            return Ok(Outcome::ReplayRefused { replay: name.clone() });
        }
        let event = match E::from_envelope(&envelope) {
            Ok(event) => event,
            // A rule lets through more than this consumer knows: no reason to lose or to
            // dead-letter it.
            Err(DecodeError::UnknownType(_)) => return Ok(Outcome::UnknownType),
            Err(error) => return Err(Failure::permanent(error)),
        };
        let delivery = Delivery { envelope, event, replay };
        self.service.clone().oneshot(delivery).await.map(Outcome::Done)
    }
}
