//! The ledger of what was really moved.

use serde::Serialize;
use time::OffsetDateTime;

use super::intent::IntentRequest;

/// Which way money went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// From the customer.
    Capture,
    /// Back to the customer.
    Refund,
}

/// One movement of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerEntry {
    /// The intent's `metadata[order_id]`.
    pub order_id: Option<String>,
    /// The id of the payment intent.
    pub payment_intent: String,
    /// Which way it went.
    pub kind: EntryKind,
    /// In the currency's minor unit.
    pub amount: u64,
    /// A lower-case ISO 4217 code.
    pub currency: String,
    /// When it happened.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// What is written down when so much of an intent is moved.
pub(super) fn entry(
    request: &IntentRequest,
    intent: &str,
    kind: EntryKind,
    amount: u64,
    at: OffsetDateTime,
) -> LedgerEntry {
    LedgerEntry {
        order_id: request.metadata.get("order_id").cloned(),
        payment_intent: intent.to_owned(),
        kind,
        amount,
        currency: request.currency.clone(),
        at,
    }
}
