//! What is counted of an order: each event once, whatever way it came.

use std::{cell::RefCell, collections::BTreeMap, io, sync::Once};

use catalogue::Event;
use event_envelope::Delivery;
use lambda::EventHandler;
use local_dynamodb::{Fault, FaultPlan};
use runtime::Done;
use serde_json::Value;

use crate::{
    order::{happy, payment},
    world::World,
};

thread_local! {
    /// What this thread has written: that of one test.
    static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        BYTES.with_borrow_mut(|all| all.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The sum of each metric while `deliveries` come in one after the other.
async fn counted(world: &World, deliveries: &[Delivery<Event>]) -> BTreeMap<String, f64> {
    counted_in(world.deliver_all(deliveries)).await
}

/// The sum of each metric of what `work` does.
async fn counted_in(work: impl Future<Output = ()>) -> BTreeMap<String, f64> {
    static SUBSCRIBER: Once = Once::new();
    // For all threads: a line that one thread does not want is cached as wanted by none.
    SUBSCRIBER.call_once(|| {
        let json = tracing_subscriber::fmt().json().with_writer(|| Lines);
        let subscriber = json.with_env_filter("metrics=trace").finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    BYTES.take();
    work.await;
    let bytes = BYTES.take();
    let mut sums = BTreeMap::new();
    for line in serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>() {
        for (name, value) in line.unwrap()["fields"].as_object().unwrap() {
            if let (Some((_, name)), Some(value)) = (name.split_once('.'), value.as_f64()) {
                *sums.entry(name.to_owned()).or_default() += value;
            }
        }
    }
    sums
}

fn sums<const N: usize>(expected: [(&str, f64); N]) -> BTreeMap<String, f64> {
    expected.map(|(name, value)| (name.to_owned(), value)).into()
}

fn of_happy() -> BTreeMap<String, f64> {
    sums([
        ("OrdersPlaced", 1.0),
        ("OrdersPaid", 1.0),
        ("PaidAmount", 10_997.0),
        ("OrdersShipped", 1.0),
        ("TimeToShipMs", 2_000.0),
        ("OrdersCompleted", 1.0),
    ])
}

#[tokio::test]
async fn each_event_of_an_order_is_counted_once() {
    let world = World::new().await;
    let twice: Vec<_> = happy().into_iter().flat_map(|it| [it.clone(), it]).collect();
    assert_eq!(counted(&world, &twice).await, of_happy());
}

#[tokio::test]
async fn each_event_is_counted_once_while_two_tables_are_written() {
    let world = World::new().await;
    world.begin_other_table().await;
    world.store(&happy()).await;
    let twice: Vec<_> = happy().into_iter().flat_map(|it| [it.clone(), it]).collect();
    assert_eq!(counted(&world, &twice).await, of_happy());
}

/// Its transaction has been made: delivered again, it would be counted no more.
#[tokio::test]
async fn what_moved_both_tables_is_counted_although_the_stream_cannot_be_read() {
    let world = World::new().await;
    world.begin_other_table().await;
    world.store(&happy()).await;
    let shipped = |it: &Delivery<Event>| matches!(it.event, Event::OrderShipped(_));
    let place = happy().iter().position(shipped).unwrap();
    world.deliver_all(&happy()[..place]).await;
    // The placement, the transaction, and the stream.
    let dies = FaultPlan::at(2, Fault::CrashBefore);
    let work = async {
        let handled = world.projector(dies.clone()).handle(happy().remove(place)).await;
        assert_eq!(handled.unwrap(), Done::Handled);
    };
    assert_eq!(counted_in(work).await, sums([("OrdersShipped", 1.0)]));
    assert!(dies.calls() > 2, "the stream was read");
}

#[tokio::test]
async fn what_is_pulled_is_counted_and_not_again_when_it_comes() {
    let world = World::new().await;
    world.store(&happy()).await;
    let mut reversed = happy();
    reversed.reverse();
    let mut counts = counted(&world, &reversed).await;
    // Written in one go with the order's creation.
    assert_eq!(counts.remove("TimeToShipMs"), Some(2_000.0));
    let mut expected = of_happy();
    expected.remove("TimeToShipMs");
    assert_eq!(counts, expected);
}

#[tokio::test]
async fn what_a_replay_sends_is_not_counted() {
    let world = World::new().await;
    let replayed = happy().into_iter().map(|it| Delivery { replay: Some("friday".into()), ..it });
    assert_eq!(counted(&world, &replayed.collect::<Vec<_>>()).await, BTreeMap::new());
}

#[tokio::test]
async fn money_that_goes_back_and_steps_that_need_a_person_are_counted() {
    let counts = counted(&World::new().await, &payment()).await;
    let expected = [("Refunds", 1.0), ("RefundedAmount", 10_997.0), ("ReviewsNeeded", 1.0)];
    assert_eq!(counts, sums(expected));
}
