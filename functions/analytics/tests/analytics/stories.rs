//! What the figures come to.

use catalogue::{Currency, Event, LineItem, Money};
use event_envelope::Delivery;
use proptest::{prelude::*, test_runner::RngSeed};
use runtime::Done;
use testkit::{Again, Harness, orders::resumed, sweep};
use time::{Duration, macros::datetime};
use tokio::{runtime::Builder, task::JoinSet};

use crate::world::{
    Figures, Sales, World, cancelled, completed, created, event, folded, id, paid, refunded, sales,
};

fn eur(amount: i64) -> Money {
    Money::new(amount, Currency::parse("EUR").unwrap())
}

/// An order that goes well, one of another currency that goes well over midnight, and one that is
/// cancelled after it was paid for; of the second no event has what was paid.
fn events() -> Vec<Delivery<Event>> {
    let day = datetime!(2025-11-17 10:30 UTC);
    let minutes = |minutes| day + Duration::minutes(minutes);
    let price = Money::usd(1_000);
    vec![
        created("order-1", 1, price, day),
        paid("order-1", Some(Money::usd(3_000)), minutes(1)),
        completed("order-1", Some(Money::usd(3_000)), minutes(20)),
        created("order-2", 2, eur(500), minutes(14)),
        paid("order-2", None, minutes(15)),
        completed("order-2", None, minutes(14 * 60)),
        created("order-3", 3, price, minutes(1)),
        paid("order-3", Some(Money::usd(9_000)), minutes(2)),
        cancelled("order-3", minutes(30)),
        refunded("order-3", Money::usd(9_000), minutes(31)),
    ]
}

fn figures() -> Figures {
    folded(&events())
}

fn sold() -> Sales {
    sales(&events())
}

async fn world() -> World {
    World::of(&events()).await
}

#[tokio::test]
async fn what_happens_is_counted_by_quarter_and_currency() {
    let world = world().await;
    for event in events() {
        assert_eq!(world.deliver(&event).await.unwrap(), Done::Handled);
    }
    let found = world.figures().await;
    assert_eq!(found, figures());
    let of = |day: &str, time: &str, currency: &str| {
        found[&(day.to_owned(), time.to_owned(), currency.to_owned())]
    };
    let first = of("2025-11-17", "10:30", "USD");
    assert_eq!((first.placed, first.payments, first.revenue), (2, 2, 12_000));
    let back = of("2025-11-17", "11:00", "USD");
    assert_eq!((back.refunds, back.refunded), (1, 9_000));
    assert_eq!(of("2025-11-17", "11:00", "none").cancelled, 1);
    assert_eq!(of("2025-11-18", "00:30", "none").completed, 1);
}

#[tokio::test]
async fn products_of_completed_orders_are_counted_on_the_day_of_completion() {
    let world = world().await;
    world.complete_all(&events()).await;
    let row = |day: &str, product: &str, currency: &str, sums| {
        ((day.to_owned(), product.to_owned(), currency.to_owned()), sums)
    };
    let expected = Sales::from([
        row("2025-11-17", "prod-001", "USD", (1, 1_000)),
        row("2025-11-17", "prod-002", "USD", (1, 2_000)),
        row("2025-11-18", "prod-001", "EUR", (2, 1_000)),
        row("2025-11-18", "prod-002", "EUR", (2, 2_000)),
    ]);
    assert_eq!((world.sales().await, sold()), (expected.clone(), expected));
}

#[tokio::test]
async fn an_event_that_comes_again_is_not_counted_again() {
    let world = world().await;
    world.complete_all(&events()).await;
    for event in events() {
        assert_eq!(world.deliver(&event).await.unwrap(), Done::Duplicate);
    }
    assert_eq!((world.figures().await, world.sales().await), (figures(), sold()));
    assert_eq!(world.records().await, events().len());
}

#[tokio::test]
async fn an_event_with_another_payload_is_dead_lettered() {
    let world = world().await;
    let at = datetime!(2025-11-17 10:30 UTC);
    world.deliver(&completed("order-1", Some(Money::usd(3_000)), at)).await.unwrap();
    let before = world.figures().await;
    let failure = world.deliver(&completed("order-1", Some(Money::usd(1)), at)).await.unwrap_err();
    assert!(!failure.is_retry() && failure.to_string().contains("another payload"), "{failure}");
    assert_eq!(world.figures().await, before);
}

#[tokio::test]
async fn an_order_that_the_event_store_does_not_have_is_dead_lettered() {
    let world = World::new().await;
    let failure = world.deliver(&events()[2]).await.unwrap_err();
    assert!(!failure.is_retry() && failure.to_string().contains("order-1"), "{failure}");
    assert_eq!((world.figures().await, world.records().await), (Figures::new(), 0));
}

/// The most lines of an order: with the figures and the record they are one transaction.
#[tokio::test]
async fn an_order_of_fifty_products_is_counted_whole() {
    let at = datetime!(2025-11-17 12:00 UTC);
    let mut created = created("order-1", 1, Money::usd(7), at);
    let Event::OrderCreated(order) = &mut created.event else { panic!("{created:?}") };
    let line = order.items[0].clone();
    let line = |number| LineItem { product_id: id(&format!("prod-{number}")), ..line.clone() };
    order.items = (0..50).map(line).collect();
    let created = event("order-1", created.event, 1, at);
    let world = World::of(&[created]).await;
    assert_eq!(world.deliver(&completed("order-1", None, at)).await.unwrap(), Done::Handled);
    let sales = world.sales().await;
    assert_eq!((sales.len(), sales.values().all(|sold| *sold == (1, 7))), (50, true));
}

#[tokio::test]
async fn other_events_and_replays_count_nothing() {
    let world = world().await;
    assert_eq!(world.deliver(&resumed()).await.unwrap(), Done::Ignored);
    let mut replayed = events().remove(1);
    replayed.replay = Some("friday".to_owned());
    assert_eq!(world.deliver(&replayed).await.unwrap(), Done::Ignored);
    assert_eq!(world.figures().await, Figures::new());
}

/// As the documents have it: four for an event, and for each line of a completed order two for its
/// item and two for each index, one where it is new.
#[tokio::test]
async fn an_event_costs_four_write_units_and_a_line_more() {
    let world = world().await;
    let at = datetime!(2025-11-17 12:00 UTC);
    let another = [created("order-4", 1, Money::usd(7), at), completed("order-4", None, at)];
    world.store(&another).await;
    for (event, units, reads) in [
        (&events()[0], 4.0, 0.0),
        (&events()[1], 4.0, 0.0),
        (&events()[2], 12.0, 1.0),
        (&another[1], 16.0, 1.0),
    ] {
        let before = world.capacity();
        world.deliver(event).await.unwrap();
        let after = world.capacity();
        let kind = &event.envelope.event_type;
        assert_eq!(after.write_units - before.write_units, units, "{kind}");
        assert_eq!(after.write_requests - before.write_requests, 1, "{kind}");
        assert_eq!(after.read_units - before.read_units, reads, "{kind}");
    }
}

#[tokio::test]
async fn each_event_is_counted_once_whatever_fails() {
    for again in [Again::AtOnce, Again::Last] {
        let compare = async |_: &World, disturbed: &World, case| {
            assert_eq!(disturbed.figures().await, figures(), "{case}, again {again:?}");
            assert_eq!(disturbed.sales().await, sold(), "{case}, again {again:?}");
            assert_eq!(disturbed.records().await, events().len(), "{case}, again {again:?}");
        };
        sweep(world, &events(), again, compare).await;
    }
}

/// Each event once or more often, in any order.
fn deliveries() -> impl Strategy<Value = Vec<Delivery<Event>>> {
    let again = prop::collection::vec(prop::sample::select(events()), 0..10);
    again.prop_flat_map(|again| Just([events(), again].concat()).prop_shuffle())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 32,
        rng_seed: RngSeed::Fixed(20_251_117),
        ..ProptestConfig::default()
    })]

    #[test]
    fn however_events_come_and_come_again_and_meet(deliveries in deliveries()) {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(4).enable_all().build().unwrap();
        runtime.block_on(async {
            let world = world().await;
            let mut running = JoinSet::new();
            for delivery in deliveries {
                let world = world.clone();
                running.spawn(async move { world.complete(&delivery).await });
            }
            let ends = running.join_all().await;
            let handled = ends.iter().filter(|done| **done == Done::Handled).count();
            assert_eq!(handled, events().len());
            assert_eq!((world.figures().await, world.sales().await), (figures(), sold()));
        });
    }
}
