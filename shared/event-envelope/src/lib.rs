//! The envelope every event travels in: who, what, when, why, and in which order.
//!
//! An [`Envelope`] is built in only two ways, so that no event loses its lineage:
//! [`Draft::root`] when a command came in from outside, and [`Draft::caused_by`] when another
//! event was handled. What arrives is read by [`Decoder`].
//!
//! ```
//! use event_envelope::{AggregateId, CorrelationId, Draft, Envelope, Version};
//! use time::macros::datetime;
//!
//! let order = AggregateId::parse("order-123")?;
//! let created: Envelope<&str> = Draft {
//!     event_type: "OrderCreated".into(),
//!     event_version: Version::new(2, 0),
//!     source: "order-service".into(),
//!     timestamp: datetime!(2025-11-17 10:30 UTC),
//!     aggregate_id: order.clone(),
//!     sequence_number: 1,
//!     data: "…",
//! }
//! .root(CorrelationId::of("order-123"), None);
//!
//! let reserved = Draft {
//!     event_type: "InventoryReserved".into(),
//!     source: "inventory-service".into(),
//!     ..created.draft("…")
//! }
//! .caused_by(&created)?;
//! assert_eq!(reserved.correlation_id, created.correlation_id);
//! assert_eq!(reserved.causation_id, Some(created.event_id));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod canonical;
mod decode;
mod envelope;
mod id;
pub mod strict;
mod timestamp;
mod version;

pub use canonical::canonical;
pub use decode::{DecodeError, Decoder, Delivery, FromEnvelope};
pub use envelope::{Actor, DEPTH_MAX, Draft, Envelope, Metadata, TooDeep, TooLarge};
pub use id::{AggregateId, CorrelationId, EventId, ID_BYTES_MAX, InvalidId, fingerprint};
pub use timestamp::instant;
pub use version::{InvalidVersion, Version};

/// The largest event, in bytes of JSON. EventBridge takes 1 MB, but an event is stored before it is
/// published, with others beside it, in DynamoDB items of at most 400 KB.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>.
pub const EVENT_BYTES_MAX: usize = 200 * 1024;
