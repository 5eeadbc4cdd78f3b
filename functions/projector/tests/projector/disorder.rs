//! In any order of events and duplicates, the row is the fold of the histories.

use catalogue::Event;
use event_envelope::Delivery;
use proptest::{prelude::*, test_runner::RngSeed};
use runtime::Done;
use testkit::{Harness, permutations};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinSet,
};

use crate::{
    order::{everything, five, payment, seven, stuck_payment},
    world::{World, fold, versions},
};

/// Delivers one after the other, and sees to it that no section ever goes back.
async fn follow(world: &World, deliveries: &[Delivery<Event>]) {
    let mut before = [0; 8];
    for delivery in deliveries {
        world.deliver(delivery).await.unwrap();
        let after = versions(&world.row().await);
        assert!(before.iter().zip(after).all(|(before, after)| *before <= after), "{after:?}");
        before = after;
    }
}

/// With all of the stream in the store, as when the projector is late.
#[tokio::test]
async fn every_permutation_of_an_orders_events_ends_in_the_same_row() {
    let world = World::new().await;
    world.store(&five()).await;
    for permutation in permutations(&five()) {
        follow(&world, &permutation).await;
        assert_eq!(world.row().await, fold(&five()));
        world.forget().await;
    }
}

/// With no more of the stream in the store than was published.
#[tokio::test]
async fn every_permutation_of_a_stream_that_grows_ends_in_the_same_row() {
    for permutation in permutations(&five()[..4]) {
        let world = World::new().await;
        let mut stored = 0;
        for delivery in &permutation {
            let sequence = usize::try_from(delivery.envelope.sequence_number).unwrap();
            if stored < sequence {
                world.store(&five()[stored..sequence]).await;
                stored = sequence;
            }
            world.deliver(delivery).await.unwrap();
            assert_eq!(world.row().await, fold(&five()[..stored]));
        }
    }
}

/// A step is abandoned, resumed, abandoned again, and succeeds at last.
#[tokio::test]
async fn every_permutation_of_a_service_that_abandons_twice_ends_in_the_same_row() {
    let [completed, stuck, mut refunded] = payment().try_into().unwrap();
    let mut history = vec![completed, stuck, stuck_payment(3)];
    let world = World::new().await;
    for permutation in permutations(&history) {
        follow(&world, &permutation).await;
        assert_eq!(world.row().await, fold(&history));
        assert_eq!(world.row().await["paymentReview"], "open");
        world.forget().await;
    }
    refunded.envelope.sequence_number = 4;
    history.push(refunded);
    for permutation in permutations(&history) {
        follow(&world, &permutation).await;
        assert_eq!(world.row().await, fold(&history));
        assert_eq!(world.row().await.get("paymentReview"), None);
        world.forget().await;
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
}

/// Every event of every service at least once, in any order.
fn deliveries() -> impl Strategy<Value = Vec<Delivery<Event>>> {
    let again = prop::collection::vec(prop::sample::select(everything()), 0..12);
    again.prop_flat_map(|again| Just([everything(), again].concat()).prop_shuffle())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        rng_seed: RngSeed::Fixed(20_251_117),
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_order_the_events_of_all_services_come_in(deliveries in deliveries()) {
        runtime().block_on(async {
            let world = World::new().await;
            world.store(&seven()).await;
            follow(&world, &deliveries).await;
            assert_eq!(world.row().await, fold(&everything()));
        });
    }

    #[test]
    fn all_at_the_same_time(deliveries in deliveries()) {
        runtime().block_on(async {
            let world = World::new().await;
            world.store(&seven()).await;
            let mut running = JoinSet::new();
            for delivery in deliveries {
                let world = world.clone();
                running.spawn(async move { world.complete(&delivery).await });
            }
            let ends = running.join_all().await;
            assert!(ends.iter().all(|done| [Done::Handled, Done::Duplicate].contains(done)));
            assert_eq!(world.row().await, fold(&everything()));
        });
    }
}
