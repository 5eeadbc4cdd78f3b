//! More orders than goods, all at the same time, some of them in trouble.

use std::collections::BTreeMap;

use event_envelope::Envelope;
use local_dynamodb::{Fault, FaultPlan};
use proptest::{prelude::*, test_runner::RngSeed};
use runtime::Done;
use testkit::Harness;
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinSet,
};

use crate::{
    order::{cancelled, created},
    world::World,
};

const ORDERS: usize = 50;
const PIECES: u32 = 10;
/// A delivery makes at most three calls to the database, unless it meets others.
const CALLS: usize = 3;

/// What one order asks for, and what its first delivery meets.
type Wish = (u32, Option<(usize, Fault)>);

/// What became of an order: what it asked for, and whether it got it.
type Lot = (u32, bool);

/// The pieces over so many shards, as evenly as they can be.
fn spread(shards: u32) -> Vec<u32> {
    (0..shards).map(|shard| PIECES / shards + u32::from(shard < PIECES % shards)).collect()
}

/// Delivers all wishes at once, each twice, and the ones that failed again.
async fn at_once(shards: u32, wishes: Vec<Wish>) -> (World, Vec<Lot>) {
    let world = World::with(&[]).await.spread("prod-001", &spread(shards)).await;
    let mut orders = JoinSet::new();
    for (index, (quantity, fault)) in wishes.into_iter().enumerate() {
        let created = created(&format!("order-{index}"), &[("prod-001", quantity)]);
        let plan = fault.map_or_else(FaultPlan::none, |(call, fault)| FaultPlan::at(call, fault));
        for plan in [plan, FaultPlan::none()] {
            let world = world.clone();
            let created = created.clone();
            orders.spawn(async move {
                if world.deliver_with(&created, plan).await.is_err() {
                    world.complete(&created).await;
                }
                (created.event.order_id().to_string(), quantity)
            });
        }
    }
    // Of each order there are two here, and one answer.
    let mut asked: BTreeMap<_, _> = orders.join_all().await.into_iter().collect();
    let mut lot = |answer: Envelope| {
        let quantity = asked.remove(answer.aggregate_id.as_str()).unwrap();
        match answer.event_type.as_str() {
            "InventoryReserved" => (quantity, true),
            "InventoryReservationFailed" => (quantity, false),
            other => panic!("{other}"),
        }
    };
    let lots = world.published().into_iter().map(&mut lot).collect();
    assert_eq!(asked, BTreeMap::new(), "unanswered");
    (world, lots)
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
}

fn fault() -> impl Strategy<Value = Option<(usize, Fault)>> {
    prop::option::of((0..CALLS, prop::sample::select(Fault::ALL.to_vec())))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 8,
        rng_seed: RngSeed::Fixed(20_251_117),
        ..ProptestConfig::default()
    })]

    #[test]
    fn of_fifty_orders_at_once_for_ten_pieces_ten_get_one(
        shards in 1_u32..=12,
        faults in prop::collection::vec(fault(), ORDERS),
    ) {
        runtime().block_on(async {
            let wishes = faults.into_iter().map(|fault| (1, fault)).collect();
            let (world, lots) = at_once(shards, wishes).await;
            assert_eq!(lots.iter().filter(|(_, got)| *got).count(), 10);
            assert_eq!(world.stock("prod-001").await, Some(0));
            assert_eq!(world.reserved("prod-001").await, 10);
            assert_eq!(world.records().await, ORDERS);
        });
    }

    #[test]
    fn no_order_is_refused_what_is_left_in_the_end(
        shards in 1_u32..=12,
        wishes in prop::collection::vec((1_u32..=4, fault()), ORDERS),
    ) {
        runtime().block_on(async {
            let (world, lots) = at_once(shards, wishes).await;
            let left = world.stock("prod-001").await.unwrap();
            let got: u32 = lots.iter().filter(|(_, got)| *got).map(|(quantity, _)| quantity).sum();
            assert!(left >= 0, "{left}");
            assert_eq!(left + i64::from(got), i64::from(PIECES));
            assert_eq!(world.reserved("prod-001").await, i64::from(got));
            let refused = lots.iter().filter(|(_, got)| !got).map(|(quantity, _)| quantity);
            assert!(refused.min().is_none_or(|least| i64::from(*least) > left));
            world.books().await.assert_balanced(&[("prod-001", PIECES.into())]);
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cancel_at_the_same_time_as_its_order_leaves_nothing_reserved() {
    let world = World::with(&[]).await.spread("prod-001", &[100, 1, 20]).await;
    let mut deliveries = JoinSet::new();
    for index in 0..ORDERS {
        let order = format!("order-{index}");
        for event in [created(&order, &[("prod-001", 2)]), cancelled(&order)] {
            let world = world.clone();
            deliveries.spawn(async move { world.complete(&event).await });
        }
    }
    let ends = deliveries.join_all().await;
    assert!(ends.iter().all(|done| *done != Done::Rejected), "{ends:?}");
    assert_eq!(world.reserved("prod-001").await, 0);
    world.books().await.assert_balanced(&[("prod-001", 121)]);
}
