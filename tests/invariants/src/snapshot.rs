//! What was observed of a system.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::{Deref, DerefMut},
};

use event_envelope::Envelope;
use local_ses::SentMail;
use local_states::ExecutionReport;
use provider_stubs::{LedgerEntry, Shipment};
use serde::Deserialize;
use time::OffsetDateTime;

/// Something that may have been observed; empty, if it was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed<T> {
    value: T,
    is_observed: bool,
}

impl<T> Observed<T> {
    /// Whether it was observed.
    pub const fn is_observed(&self) -> bool {
        self.is_observed
    }
}

impl<T> From<T> for Observed<T> {
    fn from(value: T) -> Self {
        Self { value, is_observed: true }
    }
}

impl<T> Deref for Observed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Observed<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// Defines the snapshot and, so that invariants can name what they need, its parts.
macro_rules! snapshot {
    ($($(#[doc = $doc:literal])+ $field:ident, $part:ident: $kind:ty;)+) => {
        /// What the stores, queues, archive, logs and providers of a system hold after a run.
        #[derive(Debug, Clone, Default)]
        pub struct Snapshot {
            $($(#[doc = $doc])+ pub $field: Observed<$kind>,)+
        }

        /// A part of a [`Snapshot`], which a gatherer can observe or not.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Part {
            $($(#[doc = $doc])+ $part,)+
        }

        impl Part {
            /// Every part.
            pub const ALL: &[Self] = &[$(Self::$part,)+];

            /// Whether it was observed.
            pub const fn is_observed(self, snapshot: &Snapshot) -> bool {
                match self { $(Self::$part => snapshot.$field.is_observed(),)+ }
            }

            #[cfg(test)]
            pub(crate) fn forget(self, snapshot: &mut Snapshot) {
                match self { $(Self::$part => snapshot.$field = Observed::default(),)+ }
            }
        }

        impl fmt::Display for Part {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let field = match self { $(Self::$part => stringify!($field),)+ };
                f.write_str(&field.replace('_', " "))
            }
        }
    };
}

snapshot! {
    /// What there was of each product at the beginning, and what administrators added or removed.
    stocked, Stocked: BTreeMap<String, i64>;
    /// What administrators added to each product, less what they removed.
    moved, Moved: BTreeMap<String, i64>;
    /// The restockings that operators asked for, each under a key of its own.
    restocked, Restocked: Vec<Restocking>;
    /// What is left of each product.
    available, Available: BTreeMap<String, i64>;
    /// The reservations, by order.
    reservations, Reservations: BTreeMap<String, Reservation>;
    /// The provider's ledger of captures and refunds.
    ledger, Ledger: Vec<LedgerEntry>;
    /// The carrier's shipments.
    shipments, Shipments: Vec<Shipment>;
    /// The stored events of each order, in the order of their keys.
    streams, Streams: BTreeMap<String, Vec<Envelope>>;
    /// Stored events that were changed or removed afterwards, and what cannot be read.
    tampered, Tampered: Vec<String>;
    /// Every event that a service has ever stored to be published, by its id.
    stored, Stored: BTreeMap<String, Stored>;
    /// Every event on the bus, once, in the order of arrival.
    published, Published: Vec<Published>;
    /// What was on the bus and is no event of this system.
    foreign, Foreign: Vec<String>;
    /// Lines of logs that may hold an address.
    logs, Logs: Vec<String>;
    /// Addresses of customers, which must be nowhere but in the contacts and on the mails.
    addresses, Addresses: Vec<String>;
    /// The orders whose placement was acknowledged to a customer.
    acknowledged, Acknowledged: BTreeSet<String>;
    /// The orders whose cancellation was acknowledged to a customer.
    cancelled, Cancelled: BTreeSet<String>;
    /// Answers to customers and operators that no interface promises.
    wrong_answers, WrongAnswers: Vec<String>;
    /// What customers were shown of orders: to each customer one answer after the other.
    shown, Shown: Vec<Shown>;
    /// The steps that still wait for an operator who has resumed them.
    reviews, Reviews: Vec<String>;
    /// Every mail that was sent.
    mails, Mails: Vec<SentMail>;
    /// How often the function that sends mails may have failed between sending and recording it.
    mailer_failures, MailerFailures: u64;
    /// The orders whose customers have no address that takes mails.
    unreachable, Unreachable: BTreeSet<String>;
    /// The read model, by order.
    views, Views: BTreeMap<String, View>;
    /// Every entry of every order's timeline; not observed where none is deployed.
    timelines, Timelines: Vec<TimelineEntry>;
    /// What was counted of what happened: each quarter of an hour's, in each currency.
    totals, Totals: Vec<Total>;
    /// What was sold of each product: each day's, in each currency.
    sales, Sales: Vec<Sale>;
    /// The executions of the workflow; not observed where none is deployed.
    executions, Executions: Vec<ExecutionReport>;
    /// Whether nothing moved any more when the rest was observed.
    at_rest, AtRest: bool;
    /// The messages in each queue that a function consumes.
    waiting, Waiting: BTreeMap<String, usize>;
    /// The messages in each dead-letter queue.
    dead_letters, DeadLetters: BTreeMap<String, DeadLetters>;
    /// The poison messages that were sent.
    poison, Poison: Poison;
    /// How many events the bus neither delivered nor dead-lettered.
    dropped, Dropped: u64;
    /// Requests of functions that their roles do not allow.
    refusals, Refusals: Vec<String>;
}

/// The reservation of an order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reservation {
    /// The order.
    pub order_id: String,
    /// `reserved`, `shipped`, `failed`, `released` or `withdrawn`.
    pub status: String,
    /// What was reserved.
    #[serde(default)]
    pub items: Vec<Reserved>,
}

impl Reservation {
    /// Whether its goods are not available to others: they are kept for the order, or have left.
    pub(crate) fn holds_stock(&self) -> bool {
        matches!(self.status.as_str(), "reserved" | "shipped")
    }
}

/// A line of a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reserved {
    /// The product.
    pub product_id: String,
    /// How many.
    pub quantity: i64,
}

/// An order as the read model has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// The order.
    pub order_id: String,
    /// How far it is; none before its creation was consumed.
    pub status: Option<String>,
    /// The sequence number of the last event that is in it.
    pub version: Option<u64>,
}

/// An event in the timeline of an order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    /// The order in whose timeline it is.
    pub order_id: String,
    /// The event.
    pub event_id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The event that led to it.
    pub caused_by: Option<String>,
    /// The same for all events of the order.
    pub correlation_id: String,
}

/// Goods that an operator asked to be added, or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restocking {
    /// The product.
    pub product: String,
    /// How many came in; less than 0: how many were missing.
    pub pieces: i64,
    /// Whether the operator was told that it is done; without an answer it may be or not.
    pub is_confirmed: bool,
}

/// What a customer was shown of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The customer.
    pub customer: String,
    /// The order.
    pub order: String,
    /// How far it is.
    pub status: String,
    /// The version of the answer; none in lists, which may be behind what was shown before.
    pub version: Option<u64>,
}

/// What was counted in a quarter of an hour, in a currency: an item of several that have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Total {
    /// The day, in UTC.
    pub day: String,
    /// The quarter, the currency and the number of the item, such as `10:30#USD#3`.
    pub quarter: String,
    /// The orders that were placed.
    pub placed: u64,
    /// The orders that were completed.
    pub completed: u64,
    /// The orders that were cancelled.
    pub cancelled: u64,
    /// The payments that were captured.
    pub payments: u64,
    /// What was captured, in minor units.
    pub revenue: u64,
    /// The payments that went back.
    pub refunds: u64,
    /// What went back, in minor units.
    pub refunded: u64,
}

/// What was sold of a product on a day, in a currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sale {
    /// The day, in UTC.
    pub day: String,
    /// The product and the currency, such as `prod-001#USD`.
    pub product: String,
    /// How many.
    pub units: u64,
    /// What they came to, in minor units.
    pub revenue: u64,
}

/// An event that a service has stored to be published.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// In which table.
    pub table: String,
    /// The event.
    pub envelope: Envelope,
}

/// An event that was published.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// When the bus first took it.
    pub at: OffsetDateTime,
    /// How often the bus took it: at least once is promised.
    pub copies: usize,
    /// The event.
    pub envelope: Envelope,
}

impl Published {
    /// The order it is about: a notification belongs to an order, too.
    pub fn order_id(&self) -> &str {
        let event = &self.envelope;
        event.data["orderId"].as_str().unwrap_or(event.aggregate_id.as_str())
    }

    /// Why, where the event has a reason.
    pub fn reason(&self) -> Option<&str> {
        let data = &self.envelope.data;
        data["reason"].as_str().or(data["template"].as_str())
    }
}

/// What is in a dead-letter queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeadLetters {
    /// How many messages.
    pub messages: usize,
    /// How many are meant to be there, such as notes of invocations whose process died.
    pub expected: usize,
}

/// Messages that are no events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Poison {
    /// How many were sent to queues.
    pub sent: usize,
    /// How many are in dead-letter queues; one that was received twice may be there twice.
    pub dead_lettered: usize,
}
