//! Events of one order in every order in which they can come, and come again.

use std::collections::BTreeMap;

use event_envelope::Delivery;
use events::Event;
use inventory::domain::Reservation;
use local_testkit::Stage;
use outcome::Done;

use crate::{
    order::{cancelled, created, payment_failed, shipping_failed},
    world::World,
};

/// Long enough for each of the four events in each order, and for one of them to come four times.
const LENGTH: u32 = 4;
/// More than all orders together can take.
const STOCK: u32 = 1_000_000;

fn events(order: &str) -> [Delivery<Event>; 4] {
    let created = created(order, &[("prod-001", 2), ("prod-002", 1)]);
    [created, cancelled(order), payment_failed(order), shipping_failed(order)]
}

/// What a reservation has to be after these events, the first of which is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Expected {
    Absent,
    Reserved,
    Released,
    Withdrawn,
}

impl Expected {
    fn after(self, event: usize) -> Self {
        match (self, event) {
            (Self::Absent, 0) => Self::Reserved,
            (Self::Absent, _) => Self::Withdrawn,
            (Self::Reserved, 1..) => Self::Released,
            (same, _) => same,
        }
    }

    fn answers(self) -> &'static [&'static str] {
        match self {
            Self::Absent | Self::Withdrawn => &[],
            Self::Reserved => &["InventoryReserved"],
            Self::Released => &["InventoryReserved", "InventoryReleased"],
        }
    }
}

impl PartialEq<Reservation> for Expected {
    fn eq(&self, other: &Reservation) -> bool {
        match (self, other) {
            (Self::Absent, Reservation::Absent)
            | (Self::Reserved, Reservation::Reserved(_))
            | (Self::Released, Reservation::Released)
            | (Self::Withdrawn, Reservation::Withdrawn) => true,
            (Self::Absent | Self::Reserved | Self::Released | Self::Withdrawn, _) => false,
        }
    }
}

/// Which event comes at which place in the sequence of this number, in base four.
fn sequence(mut number: usize) -> Vec<usize> {
    let digit = |_| {
        let digit = number % 4;
        number /= 4;
        digit
    };
    (0..LENGTH).map(digit).collect()
}

#[tokio::test]
async fn in_whichever_order_events_come_and_come_again_stock_is_conserved() {
    let world = World::with(&[("prod-001", STOCK), ("prod-002", STOCK)]).await;
    let mut expected = Vec::new();
    for number in 0..4_usize.pow(LENGTH) {
        let order = format!("order-{number}");
        let events = events(&order);
        let mut state = Expected::Absent;
        let sequence = sequence(number);
        for event in &sequence {
            world.deliver(&events[*event]).await.unwrap();
            state = state.after(*event);
        }
        // The first comes once more, long after it was overtaken.
        assert_eq!(world.deliver(&events[sequence[0]]).await.unwrap(), Done::Duplicate);
        expected.push((order, state));
    }

    let mut reservations = world.reservations().await;
    let mut answers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for said in world.said() {
        answers.entry(said.aggregate_id.to_string()).or_default().push(said.event_type);
    }
    for (order, state) in expected {
        assert_eq!(state, reservations.remove(&order).unwrap(), "{order}");
        assert_eq!(answers.remove(&order).unwrap_or_default(), state.answers(), "{order}");
    }
    let (of_one, of_two) = (world.reserved("prod-001").await, world.reserved("prod-002").await);
    assert_eq!(world.stock("prod-001").await, Some(i64::from(STOCK) - of_one));
    assert_eq!(world.stock("prod-002").await, Some(i64::from(STOCK) - of_two));
    assert_eq!(of_one, 2 * of_two);
}
