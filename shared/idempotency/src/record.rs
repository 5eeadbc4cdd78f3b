//! The record of one request, in any store.

use std::time::Duration;

use event_envelope::Envelope;
use time::OffsetDateTime;

/// The state of the handling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// An attempt has claimed it, and may hold the lease.
    InProgress,
    /// It took effect.
    Completed,
}

impl Status {
    /// As it is stored in a table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "INPROGRESS",
            Self::Completed => "COMPLETED",
        }
    }

    /// Reads what [`Status::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::InProgress, Self::Completed].into_iter().find(|status| status.as_str() == text)
    }
}

/// The record of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Consumer, version and key: `inventory#evt_…`.
    pub id: String,
    /// The state of the handling.
    pub status: Status,
    /// The fencing token, drawn for one attempt alone. It stays when the attempt completes, so that
    /// a holder whose answer was lost recognizes its own write. None in a record that another
    /// library wrote.
    pub fencing_token: Option<String>,
    /// Until when no other attempt may take over, to the millisecond. None when completed.
    pub lease_until: Option<OffsetDateTime>,
    /// A hash of the request's payload. None when it is not compared.
    pub payload_hash: Option<String>,
    /// The result, as its codec wrote it.
    pub result: Option<String>,
    /// The events to publish, in the write that completes the record and in no other.
    pub outgoing: Vec<Envelope>,
    /// When the record expires, to the second.
    pub expires_at: OffsetDateTime,
}

impl Record {
    /// Whether the attempt with `fencing_token` wrote this record last.
    pub fn is_of(&self, fencing_token: &str) -> bool {
        self.fencing_token.as_deref() == Some(fencing_token)
    }

    /// Whether the attempt with `fencing_token` has claimed this, and it is not yet completed: the
    /// condition of completing and releasing.
    pub fn is_held_by(&self, fencing_token: &str) -> bool {
        self.status == Status::InProgress && self.is_of(fencing_token)
    }

    /// Whether the attempt with `fencing_token` has completed this: so a holder whose answer was
    /// lost recognizes its own write.
    pub fn is_completed_by(&self, fencing_token: &str) -> bool {
        self.status == Status::Completed && self.is_of(fencing_token)
    }

    /// Whether its payload is that of a request with `payload_hash`; true where either is not
    /// known.
    pub fn agrees_with(&self, payload_hash: Option<&str>) -> bool {
        match (&self.payload_hash, payload_hash) {
            (Some(there), Some(here)) => there == here,
            (None, _) | (_, None) => true,
        }
    }
}

/// When an attempt may take over a record. A store that can evaluate code calls
/// [`TakeoverCondition::allows`]; one that cannot has the same condition in its own language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeoverCondition {
    /// The time, by the clock of the attempt that takes over.
    pub now: OffsetDateTime,
    /// A lease that ended before this is over on every clock: `now` less the clocks' skew.
    pub leases_over_before: OffsetDateTime,
}

impl TakeoverCondition {
    /// At `now`, among clocks that differ by up to `skew`.
    pub fn at(now: OffsetDateTime, skew: Duration) -> Self {
        Self { now, leases_over_before: now - skew }
    }

    /// Whether `newcomer` may replace `there`: it has expired, or its holder's lease is over and
    /// both have the same payload. (A crashed attempt may have performed its side effect, so that
    /// its key belongs to its payload.)
    pub fn allows(&self, there: &Record, newcomer: &Record) -> bool {
        self.has_expired(there)
            || (there.status == Status::InProgress
                && there.lease_until.is_some_and(|until| until < self.leases_over_before)
                && there.agrees_with(newcomer.payload_hash.as_deref()))
    }

    /// Whether `record` has expired. Time to live only cleans up, days later.
    pub fn has_expired(&self, record: &Record) -> bool {
        record.expires_at.unix_timestamp() < self.now.unix_timestamp()
    }
}
