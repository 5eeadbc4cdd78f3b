//! Every event type and every version of it, in one list.

use event_envelope::{AggregateId, DecodeError, Draft, Envelope, FromEnvelope, Version};
use serde_json::Value;
use time::OffsetDateTime;

#[cfg(feature = "schema")]
use crate::schema;
use crate::{
    InventoryReleased, InventoryReservationFailed, InventoryReserved, NotificationFailed,
    NotificationSent, OrderCancelled, OrderCompleted, OrderCreated, OrderPaid, OrderResumed,
    OrderShipped, OrderTimedOut, PaymentCompleted, PaymentFailed, PaymentNeedsReview,
    PaymentRefunded, ShipmentCreated, ShippingFailed, ShippingNeedsReview,
    data::{Data, Reading},
    v1, v2,
};

/// The services that publish.
pub mod source {
    /// Publishes the events of orders.
    pub const ORDER: &str = "order-service";
    /// Publishes the events of stock.
    pub const INVENTORY: &str = "inventory-service";
    /// Publishes the events of payments.
    pub const PAYMENT: &str = "payment-service";
    /// Publishes the events of shipments.
    pub const SHIPPING: &str = "shipping-service";
    /// Publishes the events of mails to customers.
    pub const NOTIFICATION: &str = "notification-service";
}

/// Every service that publishes.
pub const SOURCES: [&str; 5] =
    [source::ORDER, source::INVENTORY, source::PAYMENT, source::SHIPPING, source::NOTIFICATION];

/// A type of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its name, also the bus entry's detail type.
    pub event_type: &'static str,
    /// The version that is published now: the last of `versions`.
    pub version: Version,
    /// The service that publishes it.
    pub source: &'static str,
    /// Every version that was ever published, oldest first.
    pub versions: &'static [Published],
}

/// A version of an event type that was published, and so is read for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Its number, `major.minor`.
    pub version: Version,
    /// A description of its changes, for developers. It is in the AsyncAPI document.
    pub change: &'static str,
}

impl Entry {
    /// The entry of a type, if it is in the catalogue.
    pub fn of(event_type: &str) -> Option<Self> {
        CATALOGUE.iter().find(|entry| entry.event_type == event_type).copied()
    }

    const fn new(
        event_type: &'static str,
        source: &'static str,
        versions: &'static [Published],
    ) -> Self {
        Self { event_type, version: versions[versions.len() - 1].version, source, versions }
    }
}

/// The major versions of some versions.
macro_rules! majors {
    ($($version:literal),+) => {
        const { &[$(version(stringify!($version)).major),+] }
    };
}

/// Each type names who publishes it and then, oldest first, the struct of each major version with
/// its minor versions and what they changed. The struct of a major version is that of its last
/// minor one: minor versions only add, so it reads them all.
macro_rules! catalogue {
    ($(
        $event:ident from $source:ident {
            $first:ty { $($version:literal => $change:literal),+ $(,)? }
            $($next:ty { $($next_version:literal => $next_change:literal),+ $(,)? })*
        }
    )+) => {
        /// Every type of event that is published.
        pub const CATALOGUE: &[Entry] = &[$($event::ENTRY),+];

        /// Any event of the catalogue.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant is documented by the struct of its name")]
        pub enum Event {
            $($event($event)),+
        }

        $(impl $event {
            /// Its entry in the catalogue.
            pub const ENTRY: Entry = Entry::new(stringify!($event), source::$source, &[
                $(Published { version: version(stringify!($version)), change: $change },)+
                $($(Published { version: version(stringify!($next_version)), change: $next_change },)+)*
            ]);
        }

        impl From<$event> for Event {
            fn from(event: $event) -> Self {
                Self::$event(event)
            }
        }

        impl TryFrom<Event> for $event {
            type Error = DecodeError;

            fn try_from(event: Event) -> Result<Self, DecodeError> {
                match event {
                    Event::$event(event) => Ok(event),
                    other => Err(DecodeError::UnknownType(other.entry().event_type.to_owned())),
                }
            }
        }

        impl FromEnvelope for $event {
            fn from_envelope(envelope: &Envelope) -> Result<Self, DecodeError> {
                Event::from_envelope(envelope)?.try_into()
            }
        })+

        impl Event {
            /// The entry of its type.
            pub const fn entry(&self) -> Entry {
                match self {
                    $(Self::$event(_) => $event::ENTRY),+
                }
            }

            /// The order it is about.
            pub const fn order_id(&self) -> &AggregateId {
                match self {
                    $(Self::$event(event) => &event.order_id),+
                }
            }

            /// What happened, as JSON.
            pub fn data(&self) -> Value {
                match self {
                    $(Self::$event(event) => serde_json::json!(event)),+
                }
            }

            /// Reads `data` in the struct of its version, and brings it up step by step. Nothing
            /// if the type never had such a version.
            pub(crate) fn read(event_type: &str, data: &Data<'_>) -> Reading<Option<Self>> {
                Ok(match event_type {
                    $(stringify!($event) => {
                        let event = data.read_if::<$first>(majors![$($version),+])?;
                        $(let event = match event {
                            Some(before) => Some(<$next>::from(before)),
                            None => data.read_if::<$next>(majors![$($next_version),+])?,
                        };)*
                        event.map(Self::$event)
                    })+
                    _ => None,
                })
            }
        }

        /// The schema of a type's major version, from the struct that reads it.
        #[cfg(feature = "schema")]
        pub(crate) fn schema_of(event_type: &str, major: u16) -> Option<Value> {
            match event_type {
                $(stringify!($event) => {
                    if majors![$($version),+].contains(&major) {
                        return Some(schema::of::<$first>());
                    }
                    $(if majors![$($next_version),+].contains(&major) {
                        return Some(schema::of::<$next>());
                    })*
                    None
                })+
                _ => None,
            }
        }
    };
}

catalogue! {
    OrderCreated from ORDER {
        v1::OrderCreated { 1.0 => "The book's: prices are decimals of a US dollar." }
        OrderCreated {
            2.0 => "Prices are whole minor units of a currency, and `price` is called `unitPrice`. \
                    Names the payment method and the delivery address.",
        }
    }
    OrderPaid from ORDER { OrderPaid { 2.0 => "First published." } }
    OrderShipped from ORDER { OrderShipped { 2.0 => "First published." } }
    OrderCompleted from ORDER {
        OrderCompleted { 2.0 => "First published.", 2.1 => "Says what was paid." }
    }
    OrderCancelled from ORDER {
        v2::OrderCancelled { 2.0 => "First published." }
        OrderCancelled { 3.0 => "An order may be off because it took too long." }
    }
    OrderTimedOut from ORDER { OrderTimedOut { 2.0 => "First published." } }
    OrderResumed from ORDER { OrderResumed { 2.0 => "First published." } }
    InventoryReserved from INVENTORY {
        v1::InventoryReserved { 1.0 => "The book's: repeats the prices of the order." }
        InventoryReserved { 2.0 => "Says nothing of prices." }
    }
    InventoryReservationFailed from INVENTORY {
        v1::InventoryReservationFailed { 1.0 => "The book's: says why, for people." }
        InventoryReservationFailed { 2.0 => "Says which products there were too few of." }
    }
    InventoryReleased from INVENTORY { InventoryReleased { 2.0 => "First published." } }
    PaymentCompleted from PAYMENT {
        v1::PaymentCompleted { 1.0 => "The book's: says which payment, not how much." }
        PaymentCompleted { 2.0 => "Says what was captured." }
    }
    PaymentFailed from PAYMENT {
        v1::PaymentFailed { 1.0 => "The book's: says why, for people." }
        PaymentFailed { 2.0 => "Says why for programs, too." }
    }
    PaymentRefunded from PAYMENT { PaymentRefunded { 2.0 => "First published." } }
    PaymentNeedsReview from PAYMENT { PaymentNeedsReview { 2.0 => "First published." } }
    ShipmentCreated from SHIPPING { ShipmentCreated { 2.0 => "First published." } }
    ShippingFailed from SHIPPING { ShippingFailed { 2.0 => "First published." } }
    ShippingNeedsReview from SHIPPING { ShippingNeedsReview { 2.0 => "First published." } }
    NotificationSent from NOTIFICATION { NotificationSent { 2.0 => "First published." } }
    NotificationFailed from NOTIFICATION { NotificationFailed { 2.0 => "First published." } }
}

impl Event {
    /// This event at `sequence_number` in the history of `aggregate_id`, ready for an envelope.
    pub fn draft(
        &self,
        aggregate_id: AggregateId,
        sequence_number: u64,
        timestamp: OffsetDateTime,
    ) -> Draft<Value> {
        let Entry { event_type, version, source, .. } = self.entry();
        Draft {
            event_type: event_type.to_owned(),
            event_version: version,
            source: source.to_owned(),
            timestamp,
            aggregate_id,
            sequence_number,
            data: self.data(),
        }
    }
}

/// Reads a version of the list above, such as `2.10`, when this is compiled.
const fn version(text: &str) -> Version {
    let mut version = Version::new(0, 0);
    let mut rest = text.as_bytes();
    let mut in_minor = false;
    while let [byte, after @ ..] = rest {
        match byte {
            b'.' => in_minor = true,
            digit => {
                assert!(digit.is_ascii_digit(), "a version is two numbers with a dot between");
                let part = if in_minor { &mut version.minor } else { &mut version.major };
                *part = *part * 10 + (*digit - b'0') as u16;
            }
        }
        rest = after;
    }
    version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_they_stand() {
        assert_eq!(version("2.0"), Version::new(2, 0));
        assert_eq!(version("10.21"), Version::new(10, 21));
    }

    #[test]
    fn majors_ascend_and_minors_count_from_0() {
        for entry in CATALOGUE {
            let versions: Vec<_> = entry.versions.iter().map(|it| it.version).collect();
            assert_eq!(versions.first().map(|it| it.minor), Some(0), "{}", entry.event_type);
            for pair in versions.windows(2) {
                let next_minor = Version::new(pair[0].major, pair[0].minor + 1);
                let next_major = Version::new(pair[0].major + 1, 0);
                assert!(
                    pair[1] == next_minor || pair[1] == next_major,
                    "{}: {} after {}",
                    entry.event_type,
                    pair[1],
                    pair[0]
                );
            }
        }
    }
}
