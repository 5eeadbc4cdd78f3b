//! The record of one request, whatever store it lies in.

use std::time::Duration;

use event_envelope::Envelope;
use time::OffsetDateTime;

/// How far the handling has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Somebody holds the lease.
    InProgress,
    /// It took effect.
    Completed,
}

impl Status {
    /// As it stands in a table.
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

/// What is known of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Consumer, version and key: `inventory#evt_…`.
    pub id: String,
    /// How far the handling has come.
    pub status: Status,
    /// Drawn for one attempt alone: it fences. It stays when the attempt completes, so that a
    /// holder whose answer was lost knows its own write. None in a record that another library
    /// wrote.
    pub owner: Option<String>,
    /// Until when nobody else may try, to the millisecond. None when completed.
    pub lease_until: Option<OffsetDateTime>,
    /// A hash of what the request says. None when nobody compares.
    pub payload_hash: Option<String>,
    /// The result, as its codec wrote it.
    pub result: Option<String>,
    /// The events to publish, in the write that completes the record and in no other.
    pub outgoing: Vec<Envelope>,
    /// When the record counts no more, to the second.
    pub expires_at: OffsetDateTime,
}

impl Record {
    /// Whether `owner` wrote this record last.
    pub fn is_of(&self, owner: &str) -> bool {
        self.owner.as_deref() == Some(owner)
    }

    /// Whether this is `owner`'s, not yet completed: the condition of completing and releasing.
    pub fn is_held_by(&self, owner: &str) -> bool {
        self.status == Status::InProgress && self.is_of(owner)
    }

    /// Whether this is `owner`'s, completed: so a holder whose answer was lost knows its own write.
    pub fn is_completed_by(&self, owner: &str) -> bool {
        self.status == Status::Completed && self.is_of(owner)
    }

    /// Whether it says the same as a request with `payload_hash`, as far as both say anything.
    pub fn agrees_with(&self, payload_hash: Option<&str>) -> bool {
        match (&self.payload_hash, payload_hash) {
            (Some(there), Some(here)) => there == here,
            (None, _) | (_, None) => true,
        }
    }
}

/// When the place of a record is free for another one. A store that can evaluate code asks
/// [`TakeoverCondition::allows`]; one that cannot says the same in its own language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeoverCondition {
    /// The time of whoever wants the place.
    pub now: OffsetDateTime,
    /// A lease that ended before this is over on every clock: `now` less the clocks' skew.
    pub leases_over_before: OffsetDateTime,
}

impl TakeoverCondition {
    /// At `now`, among clocks that differ by up to `skew`.
    pub fn at(now: OffsetDateTime, skew: Duration) -> Self {
        Self { now, leases_over_before: now - skew }
    }

    /// Whether `newcomer` may take the place of `there`: it has expired, or its holder's lease is
    /// over and both say the same. (A crashed attempt may have had its effect, so that its key
    /// belongs to its payload.)
    pub fn allows(&self, there: &Record, newcomer: &Record) -> bool {
        self.has_expired(there)
            || (there.status == Status::InProgress
                && there.lease_until.is_some_and(|until| until < self.leases_over_before)
                && there.agrees_with(newcomer.payload_hash.as_deref()))
    }

    /// Whether `record` counts no more. Time to live only cleans up, days later.
    pub fn has_expired(&self, record: &Record) -> bool {
        record.expires_at.unix_timestamp() < self.now.unix_timestamp()
    }
}
