//! A hundred orders at once for the last pieces of a product, each call taking its time.

use std::time::Duration;

use local_dynamodb::FaultPlan;
use runtime::Done;
use tokio::{task::JoinSet, time::Instant};
use tower::ServiceExt;

use crate::{
    interleavings::Interleaving,
    order::created,
    world::{Process, World},
};

const ORDERS: u32 = 100;
/// As many as the queue has invocations at work at once.
const PROCESSES: usize = 10;

/// A call to the database takes from 5 to 12 milliseconds.
fn waits() -> Vec<u8> {
    let spread = |number: u32| 5 + u8::try_from(number.wrapping_mul(2_654_435_761) >> 29).unwrap();
    (0..5_000).map(spread).collect()
}

/// A delivery that fails is delivered again later, and not for ever.
#[tokio::test(start_paused = true)]
async fn each_order_is_decided_in_one_delivery_and_nothing_is_left_that_one_wanted() {
    for (pieces, quantity, shards) in [(6, 2, 16), (6, 5, 16), (1, 1, 16), (20, 3, 4), (50, 1, 1)] {
        let world = World::with(&[]).await.spread("prod-hot", &vec![pieces; shards]).await;
        let interleaving = Interleaving::new(waits(), || async {});
        let process = |_| {
            let client = interleaving.client(&world.database, FaultPlan::none());
            Process::new(world.service_by(client))
        };
        let processes: Vec<_> = (0..PROCESSES).map(process).collect();
        let begun = Instant::now();
        let mut orders = JoinSet::new();
        for (number, process) in (0..ORDERS).zip(processes.iter().cycle()) {
            let ordered = created(&format!("order-{number}"), &[("prod-hot", quantity)]);
            orders.spawn(process.clone().oneshot(ordered));
        }
        let ends: Vec<_> = orders.join_all().await.into_iter().map(Result::unwrap).collect();
        let got = ends.iter().filter(|done| **done == Done::Handled).count();
        let total = pieces as usize * shards;
        assert_eq!(got, total / quantity as usize, "{pieces} in each of {shards}");
        let took = begun.elapsed();
        assert!(took < Duration::from_millis(500), "{took:?} for {pieces} in each of {shards}");
        world.books().await.assert_balanced(&[("prod-hot", i64::try_from(total).unwrap())]);
    }
}
