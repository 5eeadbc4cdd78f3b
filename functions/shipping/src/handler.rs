//! From an event to what it means for the shipment, and to what becomes of the record.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use event_envelope::{AggregateId, Delivery};
use events::{Event, OrderCreated};
use outcome::{Done, Failure};
use state_machine::{Cause, Due, Host, HostSettings};
use tower::Service;

use crate::{
    carrier::Carrier,
    domain::{Destination, Dispatch, Effect, Fact},
};

/// How long an attempt may take. Longer than the function's timeout of ten seconds, so that a
/// live one is never robbed.
pub const LEASE: Duration = Duration::from_secs(15);

/// Shipments in the table `table`, one row per order.
pub fn hosted_in(table: String) -> HostSettings {
    HostSettings { table, key: "orderId", lease: LEASE }
}

/// Handles the events that shipments hear, and the tasks that they are asked for.
#[derive(Debug)]
pub struct Handler<C> {
    host: Host,
    carrier: C,
}

impl<C: Carrier> Handler<C> {
    /// Keeps shipments in `host` and gives parcels to `carrier`.
    pub const fn new(host: Host, carrier: C) -> Self {
        Self { host, carrier }
    }

    /// This handler as the service that a consumer calls.
    pub fn into_service(
        self: Arc<Self>,
    ) -> impl Service<Delivery<Event>, Response = Done, Error = Failure> + Clone {
        let handler = self;
        tower::service_fn(move |delivery: Delivery<Event>| {
            let handler = handler.clone();
            async move { handler.handle(&delivery).await }
        })
    }

    /// Tells the order's shipment what happened, and has the carrier do what is then due. A
    /// shipment that should come back and does not is given up after a while: the event is then
    /// handled, and the shipment says that a person has to look.
    ///
    /// # Errors
    ///
    /// Retry when the store or the carrier is away, or another delivery is at it. Poison when the
    /// event is not what it was, or when the carrier refuses this code's own requests to ship.
    pub async fn handle(&self, delivery: &Delivery<Event>) -> Result<Done, Failure> {
        let Some(fact) = fact(&delivery.event) else {
            return Ok(Done::Ignored);
        };
        self.tell(delivery.event.order_id(), (&delivery.envelope).into(), &[fact]).await
    }

    /// Tells the shipment of `order` some facts at once, and has the carrier do what is then due.
    pub(crate) async fn tell(
        &self,
        order: &AggregateId,
        cause: Cause<'_>,
        facts: &[Fact],
    ) -> Result<Done, Failure> {
        let is_refused = AtomicBool::new(false);
        let perform = async |due| {
            let answer = self.perform(order, due).await?;
            is_refused.fetch_or(matches!(answer, Fact::Refused(_)), Ordering::Relaxed);
            Ok(answer)
        };
        let done = self.host.handle_all::<Dispatch, _>(order, cause, facts, perform).await?;
        Ok(if is_refused.into_inner() { Done::Rejected } else { done })
    }

    /// The shipment of `order` as it stands now.
    pub(crate) async fn look(&self, order: &AggregateId) -> Result<Dispatch, Failure> {
        self.host.look(order).await
    }

    async fn perform(&self, order: &AggregateId, due: Due<Effect>) -> Result<Fact, Failure> {
        match due.effect {
            Effect::Ship { to } => self.carrier.ship(order, &to, due.resumed).await,
            // An attempt was made: that is why it is traced.
            Effect::Trace { to } => self.carrier.ship(order, &to, true).await,
            Effect::Void { shipment_id } => self.carrier.void(&shipment_id).await,
        }
    }
}

/// Where an order goes. The carrier keeps customers' default addresses under their own ids, and is
/// told the customer beside the address, so that it can check that one belongs to the other.
pub(crate) fn destination(created: &OrderCreated) -> Destination {
    Destination {
        address: created.delivery_address_id.as_ref().unwrap_or(&created.user_id).clone(),
        customer: Some(created.user_id.clone()),
    }
}

/// What an event means for a shipment; nothing, for those of others.
fn fact(event: &Event) -> Option<Fact> {
    match event {
        Event::OrderCreated(created) => Some(Fact::Created(destination(created))),
        Event::PaymentCompleted(_) => Some(Fact::Paid),
        Event::OrderCancelled(_) => Some(Fact::Cancelled),
        Event::OrderResumed(_) => Some(Fact::Resumed),
        Event::OrderPaid(_)
        | Event::OrderShipped(_)
        | Event::OrderCompleted(_)
        | Event::OrderTimedOut(_)
        | Event::InventoryReserved(_)
        | Event::InventoryReservationFailed(_)
        | Event::InventoryReleased(_)
        | Event::PaymentFailed(_)
        | Event::PaymentRefunded(_)
        | Event::ShipmentCreated(_)
        | Event::ShippingFailed(_)
        | Event::PaymentNeedsReview(_)
        | Event::ShippingNeedsReview(_)
        | Event::NotificationSent(_)
        | Event::NotificationFailed(_) => None,
    }
}
