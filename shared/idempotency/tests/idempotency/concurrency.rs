//! Several invocations at once in one process, as a managed instance of Lambda has them.

use std::num::NonZeroUsize;

use event_envelope::{Delivery, ReplayPolicy};
use idempotency::{Completion, IdempotencyConfig, IdempotencyLayer, MemoryStore, UnitOfWork};
use serde_json::json;
use tokio::task::JoinSet;
use tower::{Layer, ServiceExt, service_fn};

use crate::world::{delivery_of, event};

const EVENTS: u64 = 50;
const DELIVERIES: u64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn invocations_that_share_a_guard_and_its_cache_do_not_mix_their_events() {
    let store = MemoryStore::new();
    let guard = IdempotencyConfig::new(store.clone(), "c", ReplayPolicy::Refuse)
        // Too small for all: records come and go.
        .cache(NonZeroUsize::new(EVENTS as usize / 2).unwrap());
    let layer = IdempotencyLayer::<_, u64>::transactional(guard);
    let mut deliveries = JoinSet::new();
    for round in 0..DELIVERIES {
        for number in 0..EVENTS {
            let number = (number * 7 + round * 3) % EVENTS;
            let handler = |attempt: idempotency::Attempt<Delivery, _>| async move {
                let number = attempt.request.envelope.sequence_number;
                tokio::task::yield_now().await;
                Ok(UnitOfWork::new(number).publish(attempt.request.envelope))
            };
            let service = layer.layer(service_fn(handler));
            let delivery = delivery_of(event(number + 1, json!({})));
            deliveries.spawn(async move { (number + 1, service.oneshot(delivery).await.unwrap()) });
        }
    }
    let mut new = 0;
    while let Some(ended) = deliveries.join_next().await {
        let (number, completion) = ended.unwrap();
        new += u64::from(matches!(completion, Completion::New(_)));
        assert_eq!(completion.into_result(), Some(number));
    }
    assert_eq!(new, EVENTS);
    assert_eq!(store.published().len(), usize::try_from(EVENTS).unwrap());
}
