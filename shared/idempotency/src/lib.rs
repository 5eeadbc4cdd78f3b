//! One effect per event, however often it is delivered.
//!
//! A record of what has been handled is committed *in the same DynamoDB transaction* as what the
//! handler wrote and what it wants to publish, so that a crash leaves all of it or nothing. There
//! are two placements of that record and two ways to earn it:
//!
//! | | the record is an item of its own: [`IdempotencyLayer`] | the record is hosted in the one item the handler owns: [`Host`] |
//! |---|---|---|
//! | effects in DynamoDB only | [`IdempotencyLayer::transactional`] | a [`Machine`] with nothing [`due`](Machine::due) |
//! | effects outside (charge a card, send a mail) | [`IdempotencyLayer::leased`] | a [`Machine`] with an effect [`due`](Machine::due) |
//!
//! The layer is a `tower::Layer` around the typed handler of one record. The handler returns a
//! [`UnitOfWork`]: its result, its writes and the events to publish. In transactional mode nothing
//! is written before that commit. In leased mode the record is claimed first, under a lease and a
//! token that fences it: whoever lost the lease writes nothing.
//!
//! The stream of the table is the outbox: what `outgoing` holds is published from there.
//!
//! ```
//! # use std::time::Duration;
//! # use aws_sdk_dynamodb::types::{AttributeValue, Update};
//! # use clock::{Clock, Tokens};
//! # use event_envelope::{AggregateId, CorrelationId, Delivery, Draft, Version};
//! # use local_dynamodb::{DynamoDb, Storage};
//! # use serde_json::json;
//! # use time::OffsetDateTime;
//! use idempotency::{
//!     Attempt, Completion, IdempotencyLayer, IdempotencySettings, IdempotencyStore, UnitOfWork,
//! };
//! use outcome::Failure;
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! // The whole effect of an order on the stock: one item fewer.
//! async fn take(_: Attempt<Delivery>) -> Result<UnitOfWork<String>, Failure> {
//!     let update = Update::builder()
//!         .table_name("stock")
//!         .key("id", AttributeValue::S("prod-001".into()))
//!         .update_expression("ADD quantity :one")
//!         .expression_attribute_values(":one", AttributeValue::N("-1".into()))
//!         .build()
//!         .map_err(Failure::poison)?;
//!     Ok(UnitOfWork::new("taken".to_owned()).write(update))
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! # let database = DynamoDb::open(&Storage::Memory)?;
//! # for table in ["stock", "records"] {
//! #     database.json("CreateTable", &json!({
//! #         "TableName": table,
//! #         "BillingMode": "PAY_PER_REQUEST",
//! #         "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
//! #         "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
//! #     })).await.map_err(|error| format!("{error:?}"))?;
//! # }
//! # let client = database.client();
//! # let order = AggregateId::parse("order-123")?;
//! # let envelope = Draft {
//! #     event_type: "OrderCreated".into(),
//! #     event_version: Version::new(2, 0),
//! #     source: "order-service".into(),
//! #     timestamp: OffsetDateTime::UNIX_EPOCH,
//! #     aggregate_id: order,
//! #     sequence_number: 1,
//! #     data: json!({}),
//! # }.root(CorrelationId::of("order-123"), None);
//! # let delivery = Delivery { envelope, event: (), replay: None };
//! let settings = IdempotencySettings {
//!     table: "records".into(),
//!     consumer: "inventory".into(),
//!     retention: Duration::from_secs(30 * 24 * 60 * 60),
//!     lease: Duration::from_secs(30),
//! };
//! let store = IdempotencyStore::new(client, settings, Clock::system(), Tokens::random());
//! let inventory = ServiceBuilder::new()
//!     .layer(IdempotencyLayer::transactional(store))
//!     .service_fn(take);
//!
//! let first = inventory.clone().oneshot(delivery.clone()).await?;
//! assert_eq!(first, Completion::New("taken".to_owned()));
//! let second = inventory.oneshot(delivery).await?;
//! assert_eq!(second, Completion::Replayed("taken".to_owned()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a delivery may meet
//!
//! | the delivery | ends with |
//! |---|---|
//! | is the first one | the handler's effect, [`Completion::New`] |
//! | comes after the effect | the result of then, [`Completion::Replayed`]; nothing is written |
//! | comes while another one holds the lease | *retry*, after what is left of the lease |
//! | follows a holder that crashed | the effect, when the lease has ended: under the same key, and with [`Due::resumed`] |
//! | lost its lease | *retry*: it writes nothing, whoever took over does |
//! | carries a known id and another payload | *poison*, even when the first attempt only crashed |
//! | comes after the record's retention | the effect once more: only natural keys protect then |
//! | finds no store | *retry*: without a store nothing is handled |
//!
//! A process that dies between an effect elsewhere and its completion is the one case in which an
//! effect is asked for twice: no store can know. That is why the effect needs a key of its own.
//!
//! # What it costs
//!
//! Write units, for items of up to 1 KB (each started KB of an item counts once more), *n* being
//! the handler's own writes. The tests of this crate measure them.
//!
//! | | first delivery | duplicate |
//! |---|---|---|
//! | transactional, *n* writes | 2 + 2*n* | a cancelled transaction[^cancelled] |
//! | transactional, no writes | 1 | 1 |
//! | leased, *n* writes | 3 + 2*n* | 1 |
//! | leased, no writes | 2 | 1 |
//! | hosted, a fact without effect | 1, and 1 read unit | 1 read unit |
//! | hosted, a fact with its effect | 2, and 3 read units | 1 read unit |
//!
//! [^cancelled]: It writes nothing. What it consumes, DynamoDB does not document.

mod claims;
mod host;
mod layer;
mod machine;
mod record;
mod store;
mod transaction;
mod unit;

pub use host::{Host, HostSettings};
pub use layer::{Attempt, Completion, IdempotencyLayer, Idempotent, Keyed};
pub use machine::{Due, Machine};
pub use store::{IdempotencySettings, IdempotencyStore};
pub use transaction::{Refused, Write};
pub use unit::UnitOfWork;

/// An item of a table.
pub type Item = std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;
