//! Protections that are taken away, to see that a world notices.
//!
//! Each is taken away at the boundary, see [`mutate`](crate::mutate). The functions themselves are
//! those that are deployed.

use serde_json::{Value, json};

/// A protection that is taken away, to see that a world notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// Whatever the function that is compiled to this binary writes is written, whether its
    /// condition holds or not.
    Unconditional(&'static str),
    /// Lambda takes every record for done that this function has answered, whatever the answer.
    FailuresIgnored(&'static str),
    /// Lambda takes every record for done that it has handed to this function, even if that died.
    AtMostOnce(&'static str),
    /// In conditions of writes to a table, this part always holds: the others stay.
    Dropped {
        /// The table, without the name of the stack.
        table: &'static str,
        /// The part of the condition.
        part: &'static str,
    },
    /// Items of this table are read without this attribute: as an empty map.
    Forgotten {
        /// The table, without the name of the stack.
        table: &'static str,
        /// The attribute.
        attribute: &'static str,
    },
    /// Writes to this table that leave a tombstone are answered, and not carried out.
    NoTombstones(&'static str),
    /// Answers of the bus say that every entry was taken.
    EntriesTaken,
    /// A provider receives requests to do this without their idempotency keys.
    KeysLost(Provided),
    /// A provider that is asked whether it has done this before answers that it has not.
    NothingFound(Provided),
    /// Reads of this table do not ask for a consistent read.
    Eventual(&'static str),
    /// Consumers cannot tell what is replayed from an archive.
    ReplaysUnnamed,
    /// The payment function is one that looks for a record of the event, charges without an
    /// idempotency key, writes the record, and then publishes.
    CheckThenAct,
    /// `POST /orders` has another idempotency key at each attempt of the customer.
    ClientKeyLost,
}

/// What a provider does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provided {
    /// It takes money.
    Charge,
    /// It gives money back.
    Refund,
    /// It takes a parcel.
    Shipment,
}

impl Provided {
    /// Where it is asked to do so, as the simulation's providers are served.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Charge => "/payments/v1/payment_intents",
            Self::Refund => "/payments/v1/refunds",
            Self::Shipment => "/carrier/v1/shipments",
        }
    }

    /// What it answers that has done nothing.
    pub(crate) fn nothing(self) -> Value {
        match self {
            Self::Charge | Self::Refund => json!({ "data": [], "has_more": false }),
            Self::Shipment => json!({ "shipments": [] }),
        }
    }
}
