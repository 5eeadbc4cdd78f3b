//! The few events that a consumer subscribes to.

/// Declares the events that a consumer subscribes to: an enum of them, which its decoder reads.
///
/// Any other event is of an unknown type to it ([`UnknownType`](event_envelope::DecodeError)): the
/// consumer's rules of the bus should not let it through. `TYPES` names the events as those rules do.
///
/// ```
/// catalogue::subscribe! {
///     /// What a loyalty programme consumes.
///     pub enum LoyaltyEvent { OrderCompleted, OrderCancelled }
/// }
///
/// assert_eq!(LoyaltyEvent::TYPES, ["OrderCompleted", "OrderCancelled"]);
/// ```
///
/// A variant may have a name of its own, for an enum whose name says the rest.
///
/// ```
/// catalogue::subscribe! {
///     /// What a warehouse reads of a shipment.
///     pub enum ShipmentEvent {
///         /// The carrier has it.
///         Created(ShipmentCreated),
///         /// The carrier refused it.
///         Failed(ShippingFailed),
///     }
/// }
///
/// assert_eq!(ShipmentEvent::TYPES, ["ShipmentCreated", "ShippingFailed"]);
/// ```
#[macro_export]
macro_rules! subscribe {
    ($(#[$meta:meta])* $visibility:vis enum $name:ident { $($event:ident),+ $(,)? }) => {
        $crate::subscribe! {
            $(#[$meta])*
            $visibility enum $name {
                $(
                    #[doc = concat!("[`", stringify!($event), "`](catalogue::", stringify!($event), ")")]
                    $event($event)
                ),+
            }
        }
    };
    ($(#[$meta:meta])* $visibility:vis enum $name:ident {
        $($(#[$described:meta])* $variant:ident($event:ident)),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        $visibility enum $name {
            $($(#[$described])* $variant($crate::$event)),+
        }

        impl $name {
            /// The types of events, as the rules of the bus name them.
            pub const TYPES: &'static [&'static str] = &[$($crate::$event::ENTRY.event_type),+];

            /// The order that the event is about.
            pub const fn order_id(&self) -> &$crate::AggregateId {
                match self {
                    $(Self::$variant(event) => &event.order_id),+
                }
            }
        }

        impl $crate::FromEnvelope for $name {
            fn from_envelope(envelope: &$crate::Envelope) -> Result<Self, $crate::DecodeError> {
                Self::try_from($crate::Event::from_envelope(envelope)?)
            }
        }

        impl From<$name> for $crate::Event {
            fn from(event: $name) -> Self {
                match event {
                    $($name::$variant(event) => Self::$event(event)),+
                }
            }
        }

        impl TryFrom<$crate::Event> for $name {
            type Error = $crate::DecodeError;

            fn try_from(event: $crate::Event) -> Result<Self, $crate::DecodeError> {
                match event {
                    $($crate::Event::$event(event) => Ok(Self::$variant(event)),)+
                    other => {
                        let event_type = other.entry().event_type.to_owned();
                        Err($crate::DecodeError::UnknownType(event_type))
                    }
                }
            }
        }
    };
}
