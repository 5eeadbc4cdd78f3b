//! The trace of an event goes on through its record.

use std::sync::{Arc, Mutex};

use event_envelope::Delivery;
use lambda::ReplayPolicy;
use runtime::{Done, IdGenerator, Tracer};
use tower::service_fn;

use crate::{
    queues::World,
    shop::{Placed, consumer, placed, run},
};

const CAME: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// With which traceparent a handler sees an event that came with `came`.
async fn seen(came: &str, tracer: Tracer) -> Option<String> {
    let world = World::new();
    let mut event = placed("order-1", 1);
    event["detail"]["metadata"]["traceparent"] = came.into();
    world.send(event.to_string());
    let seen = Arc::new(Mutex::new(None));
    let note = Arc::clone(&seen);
    let service = service_fn(move |delivery: Delivery<Placed>| {
        *note.lock().unwrap() = delivery.envelope.metadata.traceparent;
        async { Ok(Done::Handled) }
    });
    run(&world, &consumer(&world, ReplayPolicy::Refuse, service).traced(tracer)).await;
    seen.lock().unwrap().take()
}

#[tokio::test]
async fn what_a_handler_publishes_is_within_the_span_of_its_record() {
    let tokens = IdGenerator::from_fn(|| "0123456789abcdef0123456789abcdef".to_owned());
    let tracer = Tracer::drawn_from(tokens);
    let goes = "00-0af7651916cd43dd8448eb211c80319c-0123456789abcdef-01";
    assert_eq!(seen(CAME, tracer.clone()).await.as_deref(), Some(goes));
    let unsampled = CAME.replace("-01", "-00");
    assert_eq!(seen(&unsampled, tracer).await, Some(unsampled));
}

#[tokio::test]
async fn without_spans_a_trace_goes_on_as_it_came() {
    assert_eq!(seen(CAME, Tracer::off()).await.as_deref(), Some(CAME));
}
