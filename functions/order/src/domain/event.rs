//! The part of the catalogue that this service publishes.

catalogue::subscribe! {
    /// What happened to an order.
    pub enum OrderEvent {
        /// It was placed.
        Created(OrderCreated),
        /// It was paid for.
        Paid(OrderPaid),
        /// It is on its way.
        Shipped(OrderShipped),
        /// It is done.
        Completed(OrderCompleted),
        /// It is off.
        Cancelled(OrderCancelled),
        /// It took too long.
        TimedOut(OrderTimedOut),
        /// An operator asks to go on with what was abandoned.
        Resumed(OrderResumed),
    }
}

#[cfg(test)]
mod tests {
    use catalogue::{CATALOGUE, source::ORDER};

    use super::*;

    #[test]
    fn every_event_that_this_service_publishes_is_read_back() {
        let published = CATALOGUE.iter().filter(|entry| entry.source == ORDER);
        let published: Vec<_> = published.map(|entry| entry.event_type).collect();
        assert_eq!(OrderEvent::TYPES, published);
    }
}
