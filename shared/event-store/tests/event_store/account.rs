//! An account: deposits and withdrawals by their ids, and the rule that it is never overdrawn.

use std::collections::BTreeSet;

use event_envelope::{AggregateId, DecodeError, Draft, Envelope, FromEnvelope, Version};
use event_store::Decider;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// A command, under an id of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Deposit(&'static str, i64),
    Withdraw(&'static str, i64),
}

/// Money that came or, if negative, went. A fee follows every withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Booked {
    pub(crate) id: String,
    pub(crate) cents: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is too little money")]
pub(crate) struct Overdrawn;

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    cents: i64,
    booked: BTreeSet<String>,
}

const FEE_CENTS: i64 = 1;

impl FromEnvelope for Booked {
    fn from_envelope(envelope: &Envelope<Value>) -> Result<Self, DecodeError> {
        serde_json::from_value(envelope.data.clone())
            .map_err(|error| DecodeError::field("data", error))
    }
}

impl Decider for Account {
    type Command = Command;
    type Event = Booked;
    type Error = Overdrawn;

    fn decide(&self, command: &Command) -> Result<Vec<Booked>, Overdrawn> {
        let booking = |id: &str, cents| Booked { id: id.to_owned(), cents };
        match *command {
            Command::Deposit(id, _) | Command::Withdraw(id, _) if self.booked.contains(id) => {
                Ok(Vec::new())
            }
            Command::Deposit(id, cents) => Ok(vec![booking(id, cents)]),
            Command::Withdraw(_, cents) if self.cents < cents + FEE_CENTS => Err(Overdrawn),
            Command::Withdraw(id, cents) => {
                Ok(vec![booking(id, -cents), booking(&format!("fee-{id}"), -FEE_CENTS)])
            }
        }
    }

    fn evolve(mut self, event: &Booked) -> Self {
        self.cents += event.cents;
        self.booked.insert(event.id.clone());
        self
    }

    fn draft(
        event: &Booked,
        aggregate: AggregateId,
        sequence: u64,
        at: OffsetDateTime,
    ) -> Draft<Value> {
        Draft {
            event_type: "Booked".to_owned(),
            event_version: Version::new(1, 0),
            source: "accounts".to_owned(),
            timestamp: at,
            aggregate_id: aggregate,
            sequence_number: sequence,
            data: json!(event),
        }
    }
}
