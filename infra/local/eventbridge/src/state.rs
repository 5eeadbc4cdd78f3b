//! What all clones of a bus and all its deliveries share.

use std::{collections::BTreeMap, sync::Arc};

use local_core::{Clock, Counter};
use parking_lot::Mutex;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::{
    backoff::Backoff,
    deliver::Deliver,
    disorder::Disorder,
    replay::Replay,
    spec::Topology,
    stats::Counters,
    topology::{Resources, Rule, TopologyError},
};

/// How a bus runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// What goes wrong on purpose; nothing by default.
    pub disorder: Disorder,
    /// The waits between attempts.
    pub backoff: Backoff,
    /// How many attempts run at once.
    pub attempts_max: usize,
    /// How many deliveries may be under way, waiting ones included. Above it, `PutEvents`
    /// answers `ThrottlingException` for an entry, which its caller retries.
    pub pending_max: usize,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            disorder: Disorder::default(),
            backoff: Backoff::default(),
            attempts_max: 64,
            pending_max: 50_000,
            clock: Clock::system(),
        }
    }
}

/// The bus, below those who work with it.
pub(crate) struct Inner {
    pub(crate) resources: Resources,
    pub(crate) deliver: Arc<dyn Deliver>,
    pub(crate) options: Options,
    pub(crate) counters: Counters,
    pub(crate) random: Mutex<fastrand::Rng>,
    pub(crate) replays: Mutex<BTreeMap<String, Arc<Replay>>>,
    pub(crate) created: OffsetDateTime,
    /// One permit for each attempt that may run.
    pub(crate) turns: Semaphore,
    /// One permit for each delivery that may be under way.
    pub(crate) places: Arc<Semaphore>,
    pub(crate) arrivals: Counter,
}

impl Inner {
    pub(crate) fn new(
        topology: Topology,
        deliver: Arc<dyn Deliver>,
        mut options: Options,
    ) -> Result<Self, TopologyError> {
        options.pending_max = options.pending_max.min(Semaphore::MAX_PERMITS);
        options.attempts_max = options.attempts_max.clamp(1, Semaphore::MAX_PERMITS);
        Ok(Self {
            resources: Resources::new(topology)?,
            deliver,
            counters: Counters::default(),
            random: Mutex::new(fastrand::Rng::with_seed(options.disorder.seed)),
            replays: Mutex::default(),
            created: options.clock.now(),
            turns: Semaphore::new(options.attempts_max),
            places: Arc::new(Semaphore::new(options.pending_max)),
            arrivals: Counter::default(),
            options,
        })
    }

    /// The rules of a bus that match an event and that are wanted (by their ARN).
    pub(crate) fn matching(
        &self,
        bus: &str,
        event: &Value,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Vec<Arc<Rule>> {
        let rules = self.resources.buses.get(bus).into_iter().flat_map(|bus| bus.rules.values());
        let matching = rules.filter(|rule| {
            rule.spec.enabled && is_wanted(&rule.arn) && rule.pattern.matches(event)
        });
        matching.cloned().collect()
    }

    /// How many deliveries these rules lead to.
    pub(crate) fn deliveries(&self, rules: &[Arc<Rule>]) -> u32 {
        let targets: usize = rules.iter().map(|rule| rule.spec.targets.len()).sum();
        u32::try_from(targets * self.options.disorder.copies()).unwrap_or(u32::MAX)
    }

    /// Waits until there is room for the deliveries of all `rules`.
    pub(crate) async fn places_when_free(
        &self,
        rules: &[Arc<Rule>],
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        Arc::clone(&self.places).acquire_many_owned(self.deliveries(rules)).await
    }
}
