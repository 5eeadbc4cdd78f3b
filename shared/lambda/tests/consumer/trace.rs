//! The trace of an event goes on through its record.

use std::sync::{Arc, Mutex};

use event_envelope::Delivery;
use lambda::ReplayPolicy;
use runtime::{Done, Tokens, Traces};
use tower::service_fn;

use crate::{
    queues::World,
    shop::{Placed, consumer, placed, run},
};

const CAME: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// With which traceparent a handler sees an event that came with `came`.
async fn seen(came: &str, traces: Traces) -> Option<String> {
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
    run(&world, &consumer(&world, ReplayPolicy::Refuse, service).traced(traces)).await;
    seen.lock().unwrap().take()
}

#[tokio::test]
async fn what_a_handler_says_is_within_the_span_of_its_record() {
    let tokens = Tokens::from_fn(|| "0123456789abcdef0123456789abcdef".to_owned());
    let traces = Traces::drawn_from(tokens);
    let goes = "00-0af7651916cd43dd8448eb211c80319c-0123456789abcdef-01";
    assert_eq!(seen(CAME, traces.clone()).await.as_deref(), Some(goes));
    let unsampled = CAME.replace("-01", "-00");
    assert_eq!(seen(&unsampled, traces).await, Some(unsampled));
}

#[tokio::test]
async fn without_spans_a_trace_goes_on_as_it_came() {
    assert_eq!(seen(CAME, Traces::off()).await.as_deref(), Some(CAME));
}
