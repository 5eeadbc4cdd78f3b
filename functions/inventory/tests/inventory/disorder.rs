//! Inputs about one order by both entries, in every order in which they can come, and duplicates.

use std::collections::{BTreeMap, BTreeSet};

use catalogue::Event;
use event_envelope::Delivery;
use inventory::domain::Reservation;
use lambda::TaskError;
use proptest::{prelude::*, test_runner::RngSeed};
use runtime::{Done, Failure};
use testkit::Harness;
use tokio::runtime::Builder;

use crate::{
    order::{cancelled, created, payment_failed, shipped, shipping_failed},
    world::World,
};

/// Long enough for each order of four of the five events, and for one of them to come four times.
const LENGTH: u32 = 4;
/// More than all orders together can take.
const STOCK: u32 = 1_000_000;

/// What comes: events by the queue, and then tasks of the workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Input {
    Created,
    Cancelled,
    Unpaid,
    Undeliverable,
    Shipped,
    Reserve,
    Release,
}

use Input::{Cancelled, Created, Release, Reserve, Shipped, Undeliverable, Unpaid};

const EVENTS: [Input; 5] = [Created, Cancelled, Unpaid, Undeliverable, Shipped];
const ALL: [Input; 7] = [Created, Cancelled, Unpaid, Undeliverable, Shipped, Reserve, Release];

/// What a reservation has to be after the inputs about its order.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Absent,
    Reserved,
    Failed,
    Released,
    Sent,
    Withdrawn,
}

/// How an input ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Done,
    Duplicate,
    Early,
    Contradiction,
    /// A task: what the workflow receives.
    Answered(&'static str),
}

/// What has to become of one order.
#[derive(Debug)]
struct Model {
    state: State,
    /// Whether there is as much as the order wants.
    is_stocked: bool,
    /// What has been taken note of.
    noted: BTreeSet<Input>,
}

impl Model {
    fn new(is_stocked: bool) -> Self {
        Self { state: State::Absent, is_stocked, noted: BTreeSet::new() }
    }

    fn apply(&mut self, input: Input) -> End {
        if !self.noted.contains(&input) {
            let next = match (input, self.state) {
                (Created | Reserve, State::Absent) if self.is_stocked => State::Reserved,
                (Created | Reserve, State::Absent) => State::Failed,
                (Created | Reserve, same) => same,
                (Shipped, State::Absent) => return End::Early,
                (Shipped, State::Reserved | State::Sent) => State::Sent,
                (Shipped, _) | (_, State::Sent) => return End::Contradiction,
                (_, State::Absent) => State::Withdrawn,
                (_, State::Reserved) => State::Released,
                (_, same) => same,
            };
            self.state = next;
        }
        let is_new = self.noted.insert(input);
        match (input, self.state) {
            (Reserve, State::Reserved | State::Sent) => End::Answered("reserved"),
            (Reserve, State::Failed) => End::Answered("outOfStock"),
            (Reserve, _) => End::Answered("calledOff"),
            (Release, State::Released) => End::Answered("released"),
            (Release, _) => End::Answered("nothingReserved"),
            _ if is_new => End::Done,
            _ => End::Duplicate,
        }
    }

    fn answers(&self) -> &'static [&'static str] {
        match self.state {
            State::Absent | State::Withdrawn => &[],
            State::Reserved | State::Sent => &["InventoryReserved"],
            State::Failed => &["InventoryReservationFailed"],
            State::Released => &["InventoryReserved", "InventoryReleased"],
        }
    }
}

impl PartialEq<Reservation> for State {
    fn eq(&self, other: &Reservation) -> bool {
        *self
            == match other {
                Reservation::Absent => Self::Absent,
                Reservation::Reserved(_) => Self::Reserved,
                Reservation::Failed(_) => Self::Failed,
                Reservation::Released => Self::Released,
                Reservation::Shipped => Self::Sent,
                Reservation::Withdrawn => Self::Withdrawn,
            }
    }
}

/// Delivers an input about an order of so many of `prod-001`, and half of them of `prod-002`.
async fn bring(world: &World, input: Input, order: &str, quantity: u32) -> End {
    let created = created(order, &[("prod-001", quantity), ("prod-002", quantity / 2)]);
    match input {
        Created => deliver(world, &created).await,
        Cancelled => deliver(world, &cancelled(order)).await,
        Unpaid => deliver(world, &payment_failed(order)).await,
        Undeliverable => deliver(world, &shipping_failed(order)).await,
        Shipped => deliver(world, &shipped(order)).await,
        Reserve => ask(world, "reserve", &created).await,
        Release => ask(world, "release", &created).await,
    }
}

async fn deliver(world: &World, delivery: &Delivery<Event>) -> End {
    match world.deliver(delivery).await {
        Ok(Done::Duplicate) => End::Duplicate,
        Ok(Done::Handled | Done::Rejected | Done::Ignored) => End::Done,
        Err(Failure::Retry { .. }) => End::Early,
        Err(Failure::Permanent { .. }) => End::Contradiction,
    }
}

async fn ask(world: &World, task: &str, order: &Delivery<Event>) -> End {
    let answers = ["reserved", "outOfStock", "calledOff", "released", "nothingReserved"];
    match world.invoke(task, order).await {
        Ok(answer) => {
            End::Answered(answers.into_iter().find(|it| answer["status"] == *it).unwrap())
        }
        Err(TaskError::Retry(_)) => End::Early,
        Err(TaskError::Permanent(_)) => End::Contradiction,
    }
}

/// The sequence of this number, in a base of as many as there are events.
fn sequence(mut number: usize) -> Vec<Input> {
    let digit = |_| {
        let digit = number % EVENTS.len();
        number /= EVENTS.len();
        EVENTS[digit]
    };
    (0..LENGTH).map(digit).collect()
}

#[tokio::test]
async fn in_whichever_order_events_come_and_come_again_stock_is_conserved() {
    let world = World::with(&[("prod-001", STOCK), ("prod-002", STOCK)]).await;
    let mut models = Vec::new();
    for number in 0..EVENTS.len().pow(LENGTH) {
        let order = format!("order-{number}");
        let mut model = Model::new(true);
        let sequence = sequence(number);
        // The first comes once more, long after it was overtaken.
        for input in sequence.iter().chain(&sequence[..1]) {
            let end = bring(&world, *input, &order, 2).await;
            assert_eq!(end, model.apply(*input), "{input:?} in {sequence:?}");
        }
        models.push((order, model));
    }

    let mut reservations = world.reservations().await;
    let mut answers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for published in world.published() {
        answers.entry(published.aggregate_id.to_string()).or_default().push(published.event_type);
    }
    for (order, model) in models {
        assert_eq!(model.state, reservations.remove(&order).unwrap_or_default(), "{order}");
        assert_eq!(answers.remove(&order).unwrap_or_default(), model.answers(), "{order}");
    }
    let stock = i64::from(STOCK);
    world.books().await.assert_balanced(&[("prod-001", stock), ("prod-002", stock)]);
}

async fn by_both_entries(sequence: Vec<Input>, is_stocked: bool) {
    let world = World::with(&[("prod-001", 10), ("prod-002", 5)]).await;
    let mut model = Model::new(is_stocked);
    for input in &sequence {
        let end = bring(&world, *input, "order-1", if is_stocked { 2 } else { 12 }).await;
        assert_eq!(end, model.apply(*input), "{input:?} in {sequence:?}");
        assert_eq!(model.state, world.reservation("order-1").await, "{sequence:?}");
    }
    assert_eq!(world.answers("order-1"), model.answers());
    world.books().await.assert_balanced(&[("prod-001", 10), ("prod-002", 5)]);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        rng_seed: RngSeed::Fixed(20_251_117),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_queue_and_the_workflow_agree_in_any_order_of_their_inputs(
        sequence in prop::collection::vec(prop::sample::select(&ALL[..]), 1..12),
        is_stocked: bool,
    ) {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(by_both_entries(sequence, is_stocked));
    }
}
