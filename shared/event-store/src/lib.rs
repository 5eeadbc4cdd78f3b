//! Append-only streams of events in DynamoDB, and the one loop that turns a command into new
//! events.
//!
//! A [`Decider`] is pure: `decide` says what follows from a command, `evolve` what state follows
//! from an event. [`execute`] does the I/O around it: load the stream, decide, append on the
//! expected version, and decide again when somebody else appended first.
//!
//! An event's item *is* its envelope, under `PK = ORDER#<id>` and `SK = EVENT#<20 digits>`, so that
//! what was stored is published from the table's stream without another write.
//!
//! ```
//! # use clock::Clock;
//! # use event_envelope::{Actor, AggregateId, CorrelationId, DecodeError, Draft, Envelope};
//! # use event_envelope::{FromEnvelope, Version};
//! # use local_dynamodb::{DynamoDb, Storage};
//! # use serde_json::{Value, json};
//! # use time::OffsetDateTime;
//! use event_store::{Decider, EventStore, ExecuteError, Lineage, execute};
//!
//! /// A door is open or shut, and can be shut only once.
//! #[derive(Default)]
//! struct Door {
//!     is_shut: bool,
//! }
//!
//! struct Shut;
//! struct WasShut;
//! #[derive(Debug)]
//! struct AlreadyShut;
//!
//! impl Decider for Door {
//!     type Command = Shut;
//!     type Event = WasShut;
//!     type Error = AlreadyShut;
//!
//!     fn decide(&self, _: &Shut) -> Result<Vec<WasShut>, AlreadyShut> {
//!         if self.is_shut { Err(AlreadyShut) } else { Ok(vec![WasShut]) }
//!     }
//!
//!     fn evolve(self, _: &WasShut) -> Self {
//!         Self { is_shut: true }
//!     }
//!
//!     // ... and `draft`, which puts an event into its envelope.
//! #   fn draft(_: &WasShut, aggregate_id: AggregateId, sequence_number: u64, at: OffsetDateTime)
//! #       -> Draft<Value>
//! #   {
//! #       Draft {
//! #           event_type: "WasShut".into(),
//! #           event_version: Version::new(1, 0),
//! #           source: "doors".into(),
//! #           timestamp: at,
//! #           aggregate_id,
//! #           sequence_number,
//! #           data: json!({}),
//! #       }
//! #   }
//! }
//! # impl FromEnvelope for WasShut {
//! #     fn from_envelope(_: &Envelope) -> Result<Self, DecodeError> { Ok(Self) }
//! # }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! # let database = DynamoDb::open(&Storage::Memory)?;
//! # database.json("CreateTable", &json!({
//! #     "TableName": "doors",
//! #     "BillingMode": "PAY_PER_REQUEST",
//! #     "AttributeDefinitions": [
//! #         { "AttributeName": "PK", "AttributeType": "S" },
//! #         { "AttributeName": "SK", "AttributeType": "S" },
//! #     ],
//! #     "KeySchema": [
//! #         { "AttributeName": "PK", "KeyType": "HASH" },
//! #         { "AttributeName": "SK", "KeyType": "RANGE" },
//! #     ],
//! # })).await.map_err(|error| format!("{error:?}"))?;
//! # let client = database.client();
//! let store = EventStore::new(client, "doors", "DOOR");
//! let (door, clock) = (AggregateId::parse("door-1")?, Clock::system());
//! let (correlation, actor) = (CorrelationId::of("door-1"), Actor::default());
//! let lineage = Lineage::Root(&correlation, &actor);
//!
//! let executed = execute::<Door>(&store, &door, &Shut, lineage, &clock).await.unwrap();
//! assert_eq!(executed.events[0].sequence_number, 1);
//! let again = execute::<Door>(&store, &door, &Shut, lineage, &clock).await;
//! assert!(matches!(again, Err(ExecuteError::Rejected(AlreadyShut))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod append;
mod decider;
mod execute;
#[cfg(any(test, feature = "testing"))]
pub mod scenario;
mod store;

pub use decider::Decider;
pub use execute::{ExecuteError, Executed, Lineage, execute};
pub use store::{EventStore, StoreError};
