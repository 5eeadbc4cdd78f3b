//! What a reservation is, and what follows from what happens to its order. Pure.

use events::{Event, LineItem, ReservedItem};
use serde::{Deserialize, Serialize};

/// What the inventory is told about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// These goods were ordered.
    Ordered(Vec<ReservedItem>),
    /// The order is off: cancelled, not paid for, or not to be delivered.
    CalledOff,
}

/// The reservation of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase")]
pub enum Reservation {
    /// There is none.
    #[default]
    Absent,
    /// The goods are taken out of stock.
    Reserved {
        /// What was taken.
        items: Vec<ReservedItem>,
    },
    /// There was too little stock; nothing was taken.
    Failed,
    /// The goods are back in stock.
    Released,
    /// The order was called off before it was heard of. Refuses the order when it comes.
    Withdrawn,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Take all of this out of stock, or nothing.
    Reserve(Vec<ReservedItem>),
    /// Put all of this back.
    Release(Vec<ReservedItem>),
    /// Remember that the order is off.
    Withdraw,
    /// It has taken effect, or never will.
    Nothing,
}

impl Reservation {
    /// What follows from `fact`, in whatever order facts come.
    pub fn decide(&self, fact: &Fact) -> Step {
        match (self, fact) {
            (Self::Absent, Fact::Ordered(items)) => Step::Reserve(items.clone()),
            (Self::Absent, Fact::CalledOff) => Step::Withdraw,
            (Self::Reserved { items }, Fact::CalledOff) => Step::Release(items.clone()),
            (Self::Failed | Self::Released | Self::Withdrawn, Fact::CalledOff)
            | (
                Self::Reserved { .. } | Self::Failed | Self::Released | Self::Withdrawn,
                Fact::Ordered(_),
            ) => Step::Nothing,
        }
    }
}

impl Fact {
    /// What an event says, if it concerns the inventory.
    pub fn of(event: &Event) -> Option<Self> {
        match event {
            Event::OrderCreated(order) => Some(Self::Ordered(merged(&order.items))),
            Event::OrderCancelled(_) | Event::PaymentFailed(_) | Event::ShippingFailed(_) => {
                Some(Self::CalledOff)
            }
            Event::OrderPaid(_)
            | Event::OrderShipped(_)
            | Event::OrderCompleted(_)
            | Event::InventoryReserved(_)
            | Event::InventoryReservationFailed(_)
            | Event::InventoryReleased(_)
            | Event::PaymentCompleted(_)
            | Event::PaymentRefunded(_)
            | Event::ShipmentCreated(_)
            | Event::NotificationSent(_)
            | Event::NotificationFailed(_) => None,
        }
    }
}

/// One entry a product: a transaction cannot touch an item twice, and two lines of one product
/// are one demand on its stock.
fn merged(lines: &[LineItem]) -> Vec<ReservedItem> {
    let mut items: Vec<ReservedItem> = Vec::new();
    for line in lines {
        match items.iter_mut().find(|item| item.product_id == line.product_id) {
            Some(item) => item.quantity = item.quantity.saturating_add(line.quantity),
            None => items.push(ReservedItem {
                product_id: line.product_id.clone(),
                quantity: line.quantity,
            }),
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use event_envelope::AggregateId;
    use events::Money;

    use super::*;

    fn items(quantity: u32) -> Vec<ReservedItem> {
        vec![ReservedItem { product_id: AggregateId::parse("prod-001").unwrap(), quantity }]
    }

    fn reserved() -> Reservation {
        Reservation::Reserved { items: items(2) }
    }

    #[test]
    fn an_order_is_reserved_and_released_once() {
        let ordered = Fact::Ordered(items(2));
        assert_eq!(Reservation::Absent.decide(&ordered), Step::Reserve(items(2)));
        assert_eq!(reserved().decide(&ordered), Step::Nothing);
        assert_eq!(reserved().decide(&Fact::CalledOff), Step::Release(items(2)));
        assert_eq!(Reservation::Released.decide(&Fact::CalledOff), Step::Nothing);
    }

    #[test]
    fn an_order_called_off_before_it_came_is_never_reserved() {
        assert_eq!(Reservation::Absent.decide(&Fact::CalledOff), Step::Withdraw);
        assert_eq!(Reservation::Withdrawn.decide(&Fact::Ordered(items(2))), Step::Nothing);
    }

    #[test]
    fn nothing_is_released_that_was_not_reserved() {
        for state in [Reservation::Failed, Reservation::Released, Reservation::Withdrawn] {
            assert_eq!(state.decide(&Fact::CalledOff), Step::Nothing);
        }
    }

    #[test]
    fn lines_of_one_product_are_one_demand() {
        let line = |quantity| LineItem {
            product_id: AggregateId::parse("prod-001").unwrap(),
            quantity,
            unit_price: Money::usd(1),
        };
        assert_eq!(merged(&[line(2), line(3)]), items(5));
    }
}
