//! Every event type in one list.

use event_envelope::{AggregateId, DecodeError, Draft, Envelope, FromEnvelope, Version};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    InventoryReleased, InventoryReservationFailed, InventoryReserved, NotificationFailed,
    NotificationSent, OrderCancelled, OrderCompleted, OrderCreated, OrderPaid, OrderShipped,
    PaymentCompleted, PaymentFailed, PaymentRefunded, ShipmentCreated, ShippingFailed, upcast,
};

/// The services that publish.
pub mod source {
    /// Publishes what happens to orders.
    pub const ORDER: &str = "order-service";
    /// Publishes what happens to stock.
    pub const INVENTORY: &str = "inventory-service";
    /// Publishes what happens to payments.
    pub const PAYMENT: &str = "payment-service";
    /// Publishes what happens to shipments.
    pub const SHIPPING: &str = "shipping-service";
    /// Publishes what customers were told.
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
    /// The version that is published now.
    pub version: Version,
    /// The service that publishes it.
    pub source: &'static str,
}

/// The current version of every type. Version 1 is the book's.
const CURRENT: Version = Version::new(2, 0);

macro_rules! catalogue {
    ($($event:ident from $source:ident),+ $(,)?) => {
        /// Every type of event that is published.
        pub const CATALOGUE: &[Entry] = &[
            $(Entry { event_type: stringify!($event), version: CURRENT, source: source::$source }),+
        ];

        /// Any event of the catalogue.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant is documented by the struct of its name")]
        pub enum Event {
            $($event($event)),+
        }

        impl Event {
            /// The entry of its type.
            pub const fn entry(&self) -> Entry {
                match self {
                    $(Self::$event(_) => Entry {
                        event_type: stringify!($event),
                        version: CURRENT,
                        source: source::$source,
                    }),+
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

            fn read(event_type: &str, data: Value) -> Result<Self, DecodeError> {
                match event_type {
                    $(stringify!($event) => serde_json::from_value(data)
                        .map(Self::$event)
                        .map_err(|error| DecodeError::field("data", error)),)+
                    other => Err(DecodeError::UnknownType(other.to_owned())),
                }
            }
        }

        $(impl From<$event> for Event {
            fn from(event: $event) -> Self {
                Self::$event(event)
            }
        })+
    };
}

catalogue! {
    OrderCreated from ORDER,
    OrderPaid from ORDER,
    OrderShipped from ORDER,
    OrderCompleted from ORDER,
    OrderCancelled from ORDER,
    InventoryReserved from INVENTORY,
    InventoryReservationFailed from INVENTORY,
    InventoryReleased from INVENTORY,
    PaymentCompleted from PAYMENT,
    PaymentFailed from PAYMENT,
    PaymentRefunded from PAYMENT,
    ShipmentCreated from SHIPPING,
    ShippingFailed from SHIPPING,
    NotificationSent from NOTIFICATION,
    NotificationFailed from NOTIFICATION,
}

impl Event {
    /// This event at `sequence_number` in the history of `aggregate_id`, ready for an envelope.
    pub fn draft(
        &self,
        aggregate_id: AggregateId,
        sequence_number: u64,
        timestamp: OffsetDateTime,
    ) -> Draft<Value> {
        let Entry { event_type, version, source } = self.entry();
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

impl FromEnvelope for Event {
    fn from_envelope(envelope: &Envelope<Value>) -> Result<Self, DecodeError> {
        let entry = CATALOGUE
            .iter()
            .find(|entry| entry.event_type == envelope.event_type)
            .ok_or_else(|| DecodeError::UnknownType(envelope.event_type.clone()))?;
        if envelope.source != entry.source {
            let reason = format!("{:?}, but only {} publishes this", envelope.source, entry.source);
            return Err(DecodeError::field("source", reason));
        }
        let data = match envelope.event_version.major {
            1 => upcast::from_1(entry.event_type, envelope.data.clone())?,
            2 => envelope.data.clone(),
            _ => {
                return Err(DecodeError::UnknownVersion {
                    event_type: envelope.event_type.clone(),
                    version: envelope.event_version,
                    known: entry.version,
                });
            }
        };
        let event = Self::read(entry.event_type, data)?;
        if !entry.event_type.starts_with("Notification")
            && *event.order_id() != envelope.aggregate_id
        {
            return Err(DecodeError::Disagreement {
                field: "data.orderId",
                envelope: envelope.aggregate_id.to_string(),
                entry: event.order_id().to_string(),
            });
        }
        Ok(event)
    }
}
