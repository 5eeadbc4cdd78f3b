//! The record of one handled event, as it lies in the table.

use aws_sdk_dynamodb::types::AttributeValue;
use event_envelope::Envelope;
use outcome::Failure;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use time::OffsetDateTime;

use crate::Item;

/// Attribute names.
pub(crate) mod attribute {
    pub(crate) const ID: &str = "id";
    pub(crate) const STATUS: &str = "status";
    pub(crate) const OWNER: &str = "owner";
    pub(crate) const LEASE_UNTIL: &str = "leaseUntil";
    pub(crate) const PAYLOAD_HASH: &str = "payloadHash";
    pub(crate) const RESULT: &str = "result";
    pub(crate) const OUTGOING: &str = "outgoing";
    pub(crate) const EXPIRATION: &str = "expiration";
}

/// How far the handling has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Status {
    /// Somebody holds the lease.
    InProgress,
    /// It took effect.
    Completed,
}

impl Status {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "INPROGRESS",
            Self::Completed => "COMPLETED",
        }
    }
}

/// What a record says to somebody who comes later.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Existing {
    pub(crate) status: Status,
    #[serde(default)]
    pub(crate) owner: Option<String>,
    /// Milliseconds since the epoch.
    #[serde(default)]
    pub(crate) lease_until: i64,
    pub(crate) payload_hash: String,
    /// The result as JSON.
    #[serde(default)]
    pub(crate) result: Option<String>,
}

impl Existing {
    pub(crate) fn read(item: Item) -> Result<Self, Failure> {
        serde_dynamo::from_item(item).map_err(Failure::poison)
    }

    /// The stored result, for a duplicate.
    pub(crate) fn result<R: DeserializeOwned>(&self) -> Result<R, Failure> {
        let json = self.result.as_deref().unwrap_or("null");
        serde_json::from_str(json).map_err(Failure::poison)
    }

    /// Whether this is a record of the same event.
    ///
    /// # Errors
    ///
    /// Poison, when the same id came with another payload: somebody reuses ids.
    pub(crate) fn check_payload(&self, payload_hash: &str) -> Result<(), Failure> {
        if self.payload_hash == payload_hash {
            return Ok(());
        }
        Err(Failure::poison("the same id came before with another payload"))
    }
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Events as a list of maps, which the relay reads from the stream.
pub(crate) fn outgoing(events: &[Envelope]) -> Result<AttributeValue, Failure> {
    for event in events {
        event.to_json().map_err(Failure::poison)?;
    }
    serde_dynamo::to_attribute_value(events).map_err(Failure::poison)
}

pub(crate) fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}
