//! Batches delivered again and again, as Lambda does, until nothing is left of them: with an
//! idempotency layer before the service every record takes effect once, and those of one key in
//! order.

use std::{
    collections::HashSet,
    future::ready,
    sync::{Arc, Mutex},
};

use lambda::batch::{Disposition, Poison, Queue, TableStream};
use proptest::prelude::*;
use runtime::{Done, Failure};
use serde_json::json;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, layer::layer_fn, service_fn};

use crate::records::{
    FIFO, Numbered, STANDARD, change, changes, checkpoint, key, message, messages, named,
    sequence_number,
};

/// A record of a key that fails so often before it succeeds, or turns out to be a permanent
/// failure.
#[derive(Debug, Clone)]
struct Stubborn {
    key: String,
    failures: usize,
    is_poison: bool,
}

fn stubborn() -> impl Strategy<Value = Vec<Stubborn>> {
    let record = ("[a-c]", 0_usize..3, prop::bool::weighted(0.2));
    let record =
        record.prop_map(|(key, failures, is_poison)| Stubborn { key, failures, is_poison });
    prop::collection::vec(record, 0..15)
}

/// What took effect, or was dead-lettered, in its order.
#[derive(Debug, Clone, Default)]
struct World {
    pending: Arc<Mutex<Vec<Stubborn>>>,
    effects: Arc<Mutex<Vec<usize>>>,
    dead_lettered: Arc<Mutex<Vec<usize>>>,
}

impl World {
    fn new(records: &[Stubborn]) -> Self {
        Self { pending: Arc::new(Mutex::new(records.to_vec())), ..Self::default() }
    }

    /// Is not idempotent.
    fn service<R: Numbered>(
        &self,
    ) -> impl Service<R, Response = Done, Error = Failure> + Clone + use<R> {
        let world = self.clone();
        service_fn(move |record: R| {
            let world = world.clone();
            let number = record.number();
            async move {
                tokio::task::yield_now().await;
                let record = &mut world.pending.lock().unwrap()[number];
                if record.failures > 0 {
                    record.failures -= 1;
                    return Err(Failure::retry("not yet"));
                }
                if record.is_poison {
                    return Err(Failure::permanent("never"));
                }
                world.effects.lock().unwrap().push(number);
                Ok(Done::Handled)
            }
        })
    }

    fn poison<R: Numbered>(
        &self,
    ) -> impl Service<Poison<R>, Response = Disposition, Error = &'static str> + Clone + use<R>
    {
        let dead_lettered = Arc::clone(&self.dead_lettered);
        service_fn(move |poison: Poison<R>| {
            dead_lettered.lock().unwrap().push(poison.record.number());
            ready(Ok(Disposition::DeadLettered))
        })
    }

    /// Everything took effect or was dead-lettered: what took effect did so once, and in the order
    /// of its key, if that is promised.
    fn check(&self, records: &[Stubborn], in_order: bool) {
        let effects = self.effects.lock().unwrap();
        let dead_lettered: HashSet<_> =
            self.dead_lettered.lock().unwrap().iter().copied().collect();
        for (number, record) in records.iter().enumerate() {
            let times = effects.iter().filter(|it| **it == number).count();
            assert_eq!(times, usize::from(!record.is_poison), "record {number}");
            assert_eq!(dead_lettered.contains(&number), record.is_poison, "record {number}");
        }
        for key in ["a", "b", "c"] {
            let of_key: Vec<_> = effects.iter().filter(|it| records[**it].key == key).collect();
            assert!(!in_order || of_key.is_sorted(), "{key}: {of_key:?}");
        }
    }
}

/// Remembers what was done, in place of an idempotency layer with a store.
fn idempotent<R, S>()
-> impl Layer<S, Service: Service<R, Response = Done, Error = Failure> + Clone> + Clone
where
    R: Numbered,
    S: Service<R, Response = Done, Error = Failure> + Clone,
{
    let done: Arc<Mutex<HashSet<usize>>> = Arc::default();
    layer_fn(move |service: S| {
        let done = Arc::clone(&done);
        service_fn(move |record: R| {
            let service = service.clone();
            let done = Arc::clone(&done);
            let number = record.number();
            async move {
                if done.lock().unwrap().contains(&number) {
                    return Ok(Done::Duplicate);
                }
                let end = service.oneshot(record).await?;
                done.lock().unwrap().insert(number);
                Ok(end)
            }
        })
    })
}

/// More deliveries than any of the records could need.
fn rounds(records: &[Stubborn]) -> usize {
    records.iter().map(|record| record.failures).sum::<usize>() + 1
}

async fn drain_queue(arn: &str, records: &[Stubborn]) -> World {
    let world = World::new(records);
    let queue = Queue::new(world.service()).on_poison(world.poison()).key(key);
    let all = records.iter().enumerate();
    let mut left: Vec<_> = all.map(|(n, it)| message(arn, n, Some(&it.key))).collect();
    for _ in 0..rounds(records) {
        let response = queue.handle(messages(left.clone())).await;
        let again = named(&response);
        left.retain(|message| again.contains(&message.message_id.as_deref().unwrap()));
    }
    assert!(left.is_empty());
    world
}

async fn drain_stream(records: &[Stubborn]) -> World {
    let world = World::new(records);
    let service = ServiceBuilder::new().layer(idempotent()).service(world.service());
    let stream = TableStream::new(service, world.poison());
    let all = records.iter().enumerate();
    let mut left: Vec<_> = all.map(|(n, it)| change(n, json!({ "id": { "S": it.key } }))).collect();
    for _ in 0..rounds(records) {
        let response = stream.handle(changes(left.clone())).await;
        let from = checkpoint(&response).map(Option::unwrap);
        let from =
            from.map(|from| (0..records.len()).find(|n| sequence_number(*n) == from).unwrap());
        left.retain(|record| from.is_some_and(|from| record.number() >= from));
    }
    assert!(left.is_empty());
    world
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #[test]
    fn a_standard_queue(records in stubborn()) {
        block_on(drain_queue(STANDARD, &records)).check(&records, false);
    }

    #[test]
    fn a_fifo_queue(records in stubborn()) {
        block_on(drain_queue(FIFO, &records)).check(&records, true);
    }

    #[test]
    fn a_tables_stream(records in stubborn()) {
        block_on(drain_stream(&records)).check(&records, true);
    }
}
