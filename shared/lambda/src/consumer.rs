//! From a batch of SQS records to one typed handler call each.

mod ending;
mod measure;
mod parking;
mod record;

use std::time::Duration;

use crate::batch::{LINES_MAX, Lines, MessageIds, OddRecord, QueueBatch};
use aws_lambda_events::sqs::SqsBatchResponse;
use event_envelope::{DecodeError, Decoder, Delivery, FromEnvelope};
use runtime::{Clock, Done, Failure, Traces};
use tower::{Service, ServiceExt};
use tracing::Instrument;

use crate::consumer::{
    ending::Ending,
    measure::Measure,
    record::{Ids, Message, Record},
};

pub use event_envelope::ReplayPolicy;
pub use parking::Parking;

/// What is kept of an invocation's time to answer in.
const ANSWER: Duration = Duration::from_millis(250);

/// Takes batches of records apart and settles each.
#[derive(Debug, Clone)]
pub struct Consumer<S> {
    name: &'static str,
    decoder: Decoder,
    replay: ReplayPolicy,
    parking: Parking,
    service: S,
    clock: Clock,
    traces: Traces,
}

impl<S> Consumer<S> {
    /// A consumer called `name` in logs and parked messages, whose events `service` handles.
    pub fn new(
        name: &'static str,
        decoder: Decoder,
        replay: ReplayPolicy,
        parking: Parking,
        service: S,
    ) -> Self {
        let (clock, traces) = (Clock::system(), Traces::off());
        Self { name, decoder, replay, parking, service, clock, traces }
    }

    /// The same consumer, which tells the age of events by `clock` in place of the machine's.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The same consumer, which goes on with the trace that an event came with: each record is a
    /// span of it, and the handler's envelope names that span, so that what it says next is within.
    #[must_use]
    pub fn traced(self, traces: Traces) -> Self {
        Self { traces, ..self }
    }

    /// Settles every record, and answers with those that are to come again.
    ///
    /// It never fails as a whole. Records of different aggregates are handled side by side, those
    /// of one aggregate in the order of the batch, also after one of them has failed: a standard
    /// queue promises no order, so a handler that needed it could not work. On a FIFO queue the
    /// first of a message group that fails holds back the rest of its group.
    ///
    /// A record that is odd is parked like any that can never be handled; one without a message id
    /// brings the whole batch again.
    ///
    /// Within [`runtime::within`] it answers before the time is up: records that there is no time to
    /// begin are returned ([`Lines::work_off`]), and so is one that a quarter of a second before the
    /// end is not done. That one is dropped where it stands, as it would be a moment later by the
    /// function's timeout, together with the answer for all others.
    ///
    /// The answer names records by their message id. Lambda takes an empty one to mean that the
    /// whole batch failed, which is also what happens here if a record without an id is to come
    /// again: nothing is lost, and the other records come once more as duplicates.
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.
    ///
    /// # Panics
    ///
    /// When the handler does. The Lambda runtime turns that into a failed invocation, or the
    /// process ends: either way the whole batch comes again.
    pub async fn consume<E>(&self, batch: impl Into<QueueBatch>) -> SqsBatchResponse
    where
        E: FromEnvelope,
        S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone,
    {
        let batch = batch.into();
        let ids = MessageIds::of(&batch);
        let records = batch.records.into_iter().map(|record| Record::open(record, &self.decoder));
        let handle = |record| self.settle::<E>(record);
        let hold_back = |ending, held_back| self.hold_back(ending, held_back);
        ids.response(Lines::of(records, Record::place).work_off(LINES_MAX, handle, hold_back).await)
    }

    /// Handles one record, and does with it what follows from that.
    ///
    /// # Errors
    ///
    /// When it is to come again: how it ended.
    async fn settle<E>(&self, mut record: Record) -> Result<(), Ending>
    where
        E: FromEnvelope,
        S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone,
    {
        let (span, ids) = (record.span(self.name), record.ids());
        record.trace(&self.traces, &span);
        let Record { message, opened, odd } = record;
        let measure = Measure::begin(&opened);
        let settling = async {
            let ending = self.end::<E>(&message, opened, odd, ids.as_ref());
            let ending = runtime::in_time(ANSWER, ending).await.unwrap_or(Ending::Abandoned);
            tracing::Span::current().record("outcome", ending.as_str());
            ending.log();
            measure.end(&ending, &self.clock);
            if ending.is_settled() { Ok(()) } else { Err(ending) }
        };
        settling.instrument(span).await
    }

    /// Handles one record, and says so to its queue.
    async fn end<E>(
        &self,
        message: &Message,
        opened: Result<Delivery, DecodeError>,
        odd: Option<OddRecord>,
        ids: Option<&Ids>,
    ) -> Ending
    where
        E: FromEnvelope,
        S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone,
    {
        let handled = match odd {
            Some(odd) if message.id().is_empty() => return Ending::Unnamed { reason: odd.into() },
            Some(odd) => Err(Failure::poison(odd)),
            None => self.handle(opened).await,
        };
        match handled {
            Ok(ending) => ending,
            Err(Failure::Retry { reason, wait }) => {
                let delay = parking::delay(wait, message.receive_count());
                self.parking.postpone(message, delay).await;
                Ending::Retry { reason, delay }
            }
            Err(Failure::Poison { reason }) => {
                match self.parking.park(self.name, message, ids, reason.as_ref()).await {
                    Ok(()) => Ending::Parked { reason },
                    Err(error) => Ending::NotParked { reason, error },
                }
            }
        }
    }

    /// Postpones the records behind one of their group that ended so. A group stays closed while
    /// any message of it is hidden, so they have to become visible together with that one.
    async fn hold_back(&self, ending: Ending, held_back: Vec<Record>) {
        let Ending::Retry { delay, .. } = ending else { return };
        let postponing = async {
            for record in held_back {
                self.parking.postpone(&record.message, delay).await;
            }
        };
        // Those that there is no time for come when their queue thinks best.
        runtime::in_time(ANSWER, postponing).await.unwrap_or_default();
    }

    /// The one place that decides what reaches the handler.
    async fn handle<E>(&self, opened: Result<Delivery, DecodeError>) -> Result<Ending, Failure>
    where
        E: FromEnvelope,
        S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone,
    {
        let Delivery { envelope, replay, .. } = opened.map_err(Failure::poison)?;
        if let Some(name) = &replay
            && !self.replay.lets_in(Some(name))
        {
            return Ok(Ending::ReplayRefused { replay: name.clone() });
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
