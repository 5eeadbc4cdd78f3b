//! What the totals come to.

use catalogue::{Currency, Event, Money};
use event_envelope::Delivery;
use proptest::{prelude::*, test_runner::RngSeed};
use runtime::Done;
use testkit::{Again, Harness, orders::resumed, sweep};
use time::{Duration, macros::datetime};
use tokio::{runtime::Builder, task::JoinSet};

use crate::world::{Totals, World, completed};

fn eur(amount: i64) -> Money {
    Money::new(amount, Currency::parse("EUR").unwrap())
}

/// Three orders of a day, one of them in another currency, one of the next day, and one of which
/// no event has its total.
fn orders() -> Vec<Delivery<Event>> {
    let day = datetime!(2025-11-17 10:30 UTC);
    vec![
        completed("order-1", Some(Money::usd(10_997)), day),
        completed("order-2", Some(Money::usd(3)), day + Duration::hours(13)),
        completed("order-3", Some(eur(4_000)), day),
        completed("order-4", Some(Money::usd(2_999)), day + Duration::days(1)),
        completed("order-5", None, day),
    ]
}

/// The totals of `orders()`.
fn totals() -> Totals {
    let total = |day: &str, currency: &str, orders, amount| {
        ((day.to_owned(), currency.to_owned()), (orders, amount))
    };
    Totals::from([
        total("2025-11-17", "EUR", 1, 4_000),
        total("2025-11-17", "USD", 2, 11_000),
        total("2025-11-17", "none", 1, 0),
        total("2025-11-18", "USD", 1, 2_999),
    ])
}

#[tokio::test]
async fn orders_are_counted_and_added_up_by_day_and_currency() {
    let world = World::new().await;
    for order in orders() {
        assert_eq!(world.deliver(&order).await.unwrap(), Done::Handled);
    }
    assert_eq!(world.totals().await, totals());
}

#[tokio::test]
async fn an_order_that_comes_again_is_not_counted_again() {
    let world = World::new().await;
    world.complete_all(&orders()).await;
    for order in orders() {
        assert_eq!(world.deliver(&order).await.unwrap(), Done::Duplicate);
    }
    assert_eq!((world.totals().await, world.records().await), (totals(), 5));
}

#[tokio::test]
async fn an_event_with_another_payload_is_dead_lettered() {
    let world = World::new().await;
    let at = datetime!(2025-11-17 10:30 UTC);
    world.deliver(&completed("order-1", Some(Money::usd(10_997)), at)).await.unwrap();
    let before = world.totals().await;
    let failure = world.deliver(&completed("order-1", Some(Money::usd(1)), at)).await.unwrap_err();
    assert!(!failure.is_retry() && failure.to_string().contains("another payload"), "{failure}");
    assert_eq!(world.totals().await, before);
}

#[tokio::test]
async fn other_events_and_replays_count_nothing() {
    let world = World::new().await;
    assert_eq!(world.deliver(&resumed()).await.unwrap(), Done::Ignored);
    let mut replayed = orders().remove(1);
    replayed.replay = Some("friday".to_owned());
    assert_eq!(world.deliver(&replayed).await.unwrap(), Done::Ignored);
    assert_eq!(world.totals().await, Totals::new());
}

#[tokio::test]
async fn an_order_costs_four_write_units() {
    let world = World::new().await;
    let before = world.capacity();
    world.deliver(&orders()[0]).await.unwrap();
    let after = world.capacity();
    assert_eq!(after.write_units - before.write_units, 4.0);
    assert_eq!((after.write_requests - before.write_requests, after.read_units), (1, 0.0));
}

#[tokio::test]
async fn each_order_is_counted_once_whatever_fails() {
    for again in [Again::AtOnce, Again::Last] {
        let compare = async |_: &World, disturbed: &World, case| {
            assert_eq!(disturbed.totals().await, totals(), "{case}, again {again:?}");
            assert_eq!(disturbed.records().await, 5, "{case}, again {again:?}");
        };
        sweep(World::new, &orders(), again, compare).await;
    }
}

/// Each order once or more often, in any order.
fn deliveries() -> impl Strategy<Value = Vec<Delivery<Event>>> {
    let again = prop::collection::vec(prop::sample::select(orders()), 0..10);
    again.prop_flat_map(|again| Just([orders(), again].concat()).prop_shuffle())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 32,
        rng_seed: RngSeed::Fixed(20_251_117),
        ..ProptestConfig::default()
    })]

    #[test]
    fn however_orders_come_and_come_again_and_meet(deliveries in deliveries()) {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(4).enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let mut running = JoinSet::new();
            for delivery in deliveries {
                let world = world.clone();
                running.spawn(async move { world.complete(&delivery).await });
            }
            let ends = running.join_all().await;
            assert_eq!(ends.iter().filter(|done| **done == Done::Handled).count(), 5);
            assert_eq!(world.totals().await, totals());
        });
    }
}
