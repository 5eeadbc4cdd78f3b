use aws_lambda_events::sqs::SqsMessage;
use event_envelope::{CorrelationId, DecodeError, Decoder, Delivery, EventId};
use runtime::Tracer;
use tracing::{Span, error_span, field::Empty};

use crate::batch::{MalformedRecord, OrderingKey, QueueRecord, fifo_group, receive_count};

/// A message of the batch, and the event in it if one could be read.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) message: Message,
    pub(crate) opened: Result<Delivery, DecodeError>,
    /// What is wrong with the record around it.
    pub(crate) malformed: Option<MalformedRecord>,
}

/// A message as SQS delivered it.
#[derive(Debug)]
pub(crate) struct Message(SqsMessage);

/// The ids that a dead-lettered message carries of the event in it.
#[derive(Debug)]
pub(crate) struct Ids {
    pub(crate) event: EventId,
    pub(crate) correlation: CorrelationId,
}

impl Record {
    /// Message attributes are not read, so a malformed one does not matter.
    pub(crate) fn open(record: QueueRecord, decoder: &Decoder) -> Self {
        let QueueRecord { message, malformed, .. } = record;
        let message = Message(message);
        Self { opened: decoder.decode(message.body().as_bytes()), message, malformed }
    }

    /// What it is ordered by in its batch: its group on a FIFO queue, its aggregate on another.
    /// Nothing is known of a record that cannot be read, so it waits for no other.
    pub(crate) fn ordering_key(&self) -> OrderingKey<String> {
        match (self.message.fifo_group(), &self.opened) {
            (Some(group), _) => OrderingKey::Group(group.to_owned()),
            (None, Ok(Delivery { envelope, .. })) => {
                OrderingKey::Key(envelope.aggregate_id.as_str().to_owned())
            }
            (None, Err(_)) => OrderingKey::None,
        }
    }

    pub(crate) fn ids(&self) -> Option<Ids> {
        self.opened.as_ref().ok().map(|Delivery { envelope, .. }| Ids {
            event: envelope.event_id.clone(),
            correlation: envelope.correlation_id.clone(),
        })
    }

    /// Continues the event's trace: `span` is its next span, and the one that the events that
    /// follow from this one name. The trace stays as it came where no spans are recorded.
    pub(crate) fn trace(&mut self, tracer: &Tracer, span: &Span) {
        if let Ok(Delivery { envelope, .. }) = &mut self.opened
            && let Some(child) = tracer.child_context(envelope.metadata.traceparent.as_deref())
        {
            child.record(span);
            envelope.metadata.traceparent = Some(child.traceparent());
        }
    }

    /// The span of everything that `consumer` does with this record. It is there at every level,
    /// so that a lone error still names its record.
    pub(crate) fn span(&self, consumer: &'static str) -> Span {
        let span = error_span!(
            "record",
            otel.kind = "consumer",
            consumer,
            message_id = self.message.id(),
            receive_count = self.message.receive_count(),
            event_id = Empty,
            event_type = Empty,
            correlation_id = Empty,
            causation_id = Empty,
            aggregate_id = Empty,
            outcome = Empty,
            trace_id = Empty,
            span_id = Empty,
            parent_span_id = Empty,
        );
        if let Ok(Delivery { envelope, .. }) = &self.opened {
            span.record("event_id", envelope.event_id.as_str());
            span.record("event_type", &envelope.event_type);
            span.record("correlation_id", envelope.correlation_id.as_str());
            span.record("causation_id", envelope.causation_id.as_ref().map(EventId::as_str));
            span.record("aggregate_id", envelope.aggregate_id.as_str());
        }
        span
    }
}

impl Message {
    /// The message id; empty if there is none.
    pub(crate) fn id(&self) -> &str {
        self.0.message_id.as_deref().unwrap_or_default()
    }

    pub(crate) fn body(&self) -> &str {
        self.0.body.as_deref().unwrap_or_default()
    }

    pub(crate) fn receipt_handle(&self) -> Option<&str> {
        self.0.receipt_handle.as_deref()
    }

    /// How often it was received, this time included.
    pub(crate) fn receive_count(&self) -> u32 {
        receive_count(&self.0)
    }

    /// Its group, if it comes from a FIFO queue.
    pub(crate) fn fifo_group(&self) -> Option<&str> {
        fifo_group(&self.0)
    }
}
