//! How often what goes wrong.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    fault::{Fault, InjectedFault},
    limits::{Limits, Slowness},
    mode::Mode,
    mutation::Mutation,
    versions::VersionSkew,
};

/// Streams that are not read for longer than they remember: what is written in that time never
/// reaches the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// The tables whose streams these are.
    pub tables: &'static [&'static str],
    /// From when on, since the beginning.
    pub from: Duration,
    /// When they are read again.
    pub until: Duration,
    /// Whether an operator publishes again afterwards what the tables hold.
    pub republished: bool,
}

/// How much goes wrong: the rate of each fault, and what is always uncertain.
#[derive(Debug, Clone)]
pub struct Profile {
    rates: BTreeMap<Fault, f64>,
    everything: f64,
    /// Nothing goes wrong any more after so much virtual time, so that everything can end.
    pub heals_after: Duration,
    /// Clocks of processes differ from the true time by up to this much, either way.
    pub skew_max: Duration,
    /// The protection that is taken away; none.
    pub(crate) mutation: Option<Mutation>,
    /// The streams that are away; none.
    pub(crate) outage: Option<Outage>,
    /// Whether the payment provider sends webhooks: late, twice, in any order, or not at all.
    pub(crate) webhooks: bool,
    /// Who drives orders.
    pub(crate) mode: Mode,
    /// Customers place their orders within this time.
    pub(crate) arrivals: Duration,
    /// How often an operator redrives dead-letter queues, whatever else is under way; only at the
    /// end if none.
    pub(crate) redrives_every: Option<Duration>,
    /// When an operator replays the archive; never if none.
    pub(crate) replays_at: Option<Duration>,
    /// When an operator rebuilds the read model and switches to what was built; never if none.
    pub(crate) rebuilds_at: Option<Duration>,
    /// When the other mode is deployed; never if none.
    pub(crate) mode_changes_at: Option<Duration>,
    /// For how many days functions know what they have consumed; as the template says if none.
    pub(crate) retention_days: Option<u32>,
    /// Two releases of one function side by side; none.
    pub(crate) version_skew: Option<VersionSkew>,
    /// The limits of AWS and of the providers; none if none.
    pub(crate) limits: Option<Limits>,
    /// When the payment provider answers late; never if none.
    pub(crate) slowness: Option<Slowness>,
    /// Over how many shards the product that there is plenty of is spread.
    pub(crate) shards: u8,
}

impl Profile {
    /// Nothing goes wrong.
    pub fn calm() -> Self {
        Self {
            rates: BTreeMap::new(),
            everything: 0.0,
            heals_after: Duration::from_hours(2),
            skew_max: Duration::ZERO,
            mutation: None,
            outage: None,
            webhooks: false,
            mode: Mode::Choreography,
            arrivals: Duration::from_secs(2),
            redrives_every: None,
            replays_at: None,
            rebuilds_at: None,
            mode_changes_at: None,
            retention_days: None,
            version_skew: None,
            limits: None,
            slowness: None,
            shards: 1,
        }
    }

    /// Every fault injected with `rate`, a probability, wherever it can, what lasts more seldom, and
    /// clocks that are up to half a second wrong. `orderly simulate` calls 0.02 rough, 0.08 rougher
    /// and 0.4 wild.
    pub fn rough(rate: f64) -> Self {
        Self { everything: rate, skew_max: Duration::from_millis(500), ..Self::calm() }
    }

    /// The same with another rate of one fault; 0 switches it off.
    #[must_use]
    pub fn with(mut self, fault: Fault, rate: f64) -> Self {
        self.rates.insert(fault, rate);
        self
    }

    /// The same without a protection.
    #[must_use]
    pub fn without(self, mutation: Mutation) -> Self {
        Self { mutation: Some(mutation), ..self }
    }

    /// The same with streams that are away.
    #[must_use]
    pub fn with_outage(self, outage: Outage) -> Self {
        Self { outage: Some(outage), ..self }
    }

    /// The same with a payment provider that sends webhooks: late, twice, in any order, or not at all.
    #[must_use]
    pub fn with_webhooks(self) -> Self {
        Self { webhooks: true, ..self }
    }

    /// The same where orders are driven in `mode`.
    #[must_use]
    pub fn in_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// The same with an operator who deploys the other mode at this time, whatever is under way.
    #[must_use]
    pub fn with_mode_change(self, at: Duration) -> Self {
        Self { mode_changes_at: Some(at), ..self }
    }

    /// The same with customers who place their orders within this time, not at once.
    #[must_use]
    pub fn with_arrivals(self, within: Duration) -> Self {
        Self { arrivals: within, ..self }
    }

    /// The same with an operator who redrives dead-letter queues so often, whatever else is under
    /// way.
    #[must_use]
    pub fn with_redrives(self, every: Duration) -> Self {
        Self { redrives_every: Some(every), ..self }
    }

    /// The same with an operator who rebuilds the read model from this time on, and switches to it,
    /// whatever else is under way.
    #[must_use]
    pub fn with_rebuild(self, at: Duration) -> Self {
        Self { rebuilds_at: Some(at), ..self }
    }

    /// The same with an operator who replays the archive at this time, whatever else is under way.
    #[must_use]
    pub fn with_replay(self, at: Duration) -> Self {
        Self { replays_at: Some(at), ..self }
    }

    /// The same with functions that know for so many days what they have consumed: what comes later
    /// is older than the records, as from an archive that keeps events for longer.
    #[must_use]
    pub fn with_retention(self, days: u32) -> Self {
        Self { retention_days: Some(days), ..self }
    }

    /// The same with one function that is deployed alone, of which two releases run side by side.
    #[must_use]
    pub fn with_version_skew(self, skew: VersionSkew) -> Self {
        Self { version_skew: Some(skew), ..self }
    }

    /// The same with limits of AWS and of the providers. Customers then come within the whole time
    /// of [`with_arrivals`](Self::with_arrivals), and share the processes that there are.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits: Some(limits), ..self }
    }

    /// The same with a payment provider that answers late for a while.
    #[must_use]
    pub fn with_slowness(self, slowness: Slowness) -> Self {
        Self { slowness: Some(slowness), ..self }
    }

    /// The same where the product that there is plenty of is spread over so many shards.
    #[must_use]
    pub fn with_shards(self, shards: u8) -> Self {
        Self { shards, ..self }
    }

    pub(crate) fn rate(&self, fault: Fault) -> f64 {
        self.rates.get(&fault).copied().unwrap_or(self.everything * fault.share())
    }
}

/// Which faults are injected into a run.
#[derive(Debug, Clone)]
pub enum Plan {
    /// Those that the seed draws.
    Drawn(Profile),
    /// Just these, on top of what is always uncertain.
    Exactly(Vec<InjectedFault>, Profile),
}
