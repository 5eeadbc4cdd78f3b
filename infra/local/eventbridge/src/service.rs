//! The bus itself: accepts, archives, matches, hands over.

use std::{collections::BTreeMap, sync::Arc};

use local_core::{AwsError, Bytes, Clock, Counter, Reply, Service};
use parking_lot::Mutex;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{
    api,
    archive::{ArchivedEvent, Arrived},
    backoff::Backoff,
    deliver::Deliver,
    disorder::Disorder,
    dispatch::Dispatch,
    entry::{self, Outcome, Refusal},
    event::Event,
    replay::Replay,
    requests::{Entry, PutEvents},
    spec::Topology,
    stats::{Counters, Stats},
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

/// EventBridge, in process. Clones are the same bus.
#[derive(Clone)]
pub struct EventBridge(Arc<Inner>);

/// What all clones and deliveries share.
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
    places: Arc<Semaphore>,
    arrivals: Counter,
}

impl EventBridge {
    /// A bus with everything in `topology`, which hands events to `deliver`.
    ///
    /// # Errors
    /// The topology is not one that AWS would create; the error names the resource. Correct
    /// the template.
    pub fn new(
        topology: Topology,
        deliver: Arc<dyn Deliver>,
        mut options: Options,
    ) -> Result<Self, TopologyError> {
        options.pending_max = options.pending_max.min(Semaphore::MAX_PERMITS);
        options.attempts_max = options.attempts_max.clamp(1, Semaphore::MAX_PERMITS);
        Ok(Self(Arc::new(Inner {
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
        })))
    }

    /// What has been done so far.
    pub fn stats(&self) -> Stats {
        self.0.counters.read()
    }

    /// The deliveries under way: waiting, running, or between two attempts.
    pub fn pending(&self) -> usize {
        self.0.options.pending_max.saturating_sub(self.0.places.available_permits())
    }

    /// Whether no delivery is under way and no replay runs.
    pub fn idle(&self) -> bool {
        let replays_over = self.0.replays.lock().values().all(|it| it.state().is_final());
        replays_over && self.pending() == 0
    }

    /// Every event that any archive keeps, in the order of arrival.
    pub fn archived(&self) -> Vec<ArchivedEvent> {
        self.archived_from(0)
    }

    /// [`archived`](Self::archived) without the first `count`, for whoever has seen those.
    pub fn archived_from(&self, count: usize) -> Vec<ArchivedEvent> {
        let now = self.0.options.clock.now();
        let archives = self.0.resources.archives.values();
        let by_number: BTreeMap<u64, Arrived> =
            archives.flat_map(|it| it.at(now)).map(|it| (it.number, it)).collect();
        by_number
            .into_values()
            .skip(count)
            .map(|it| ArchivedEvent { at: it.at, event: it.event.value() })
            .collect()
    }
}

impl Service for EventBridge {
    fn targets(&self) -> &'static [&'static str] {
        &["AWSEvents"]
    }

    fn json_version(&self) -> &'static str {
        "1.1"
    }

    fn call<'a>(&'a self, operation: &'a str, body: Bytes) -> Reply<'a> {
        Box::pin(async move {
            let response = api::call(&self.0, operation, &body)?;
            Ok(Bytes::from(response.to_string()))
        })
    }
}

impl Inner {
    /// Carries out `PutEvents`.
    pub(crate) fn put_events(self: &Arc<Self>, request: PutEvents) -> Result<Value, AwsError> {
        let entries = entry::entries(request)?;
        Ok(entry::response(entries.iter().map(|entry| self.put(entry)).collect()))
    }

    fn put(self: &Arc<Self>, entry: &Entry) -> Outcome {
        let now = self.options.clock.now();
        let (id, event) = entry::accept(entry, now)?;
        let (bus, value) = (entry::bus_name(entry), event.value());
        if !self.resources.buses.contains_key(bus) {
            // AWS accepts the event, and nobody ever sees it.
            // Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>.
            tracing::error!(bus, %id, "an event was dropped: there is no such event bus");
            self.counters.put.add_one();
            self.counters.dropped.add_one();
            return Ok(id);
        }
        let rules = self.matching(bus, &value, |_| true);
        let needed = self.deliveries(&rules);
        let places = Arc::clone(&self.places).try_acquire_many_owned(needed);
        let Ok(places) = places else { return Err(Refusal::throttled()) };
        let number = self.arrivals.next_number();
        for archive in self.resources.archives.values().filter(|it| it.wants(bus, &value)) {
            archive.keep(Arrived { at: now, number, event: event.clone() });
        }
        self.counters.put.add_one();
        self.dispatch(&event, &rules, places);
        Ok(id)
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

    fn deliveries(&self, rules: &[Arc<Rule>]) -> u32 {
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

    /// Starts the deliveries of an event; `places` has one permit for each.
    pub(crate) fn dispatch(
        self: &Arc<Self>,
        event: &Event,
        rules: &[Arc<Rule>],
        mut places: OwnedSemaphorePermit,
    ) {
        for rule in rules {
            self.counters.matched.add_one();
            let copies = self.options.disorder.copies();
            for target in rule.spec.targets.iter().flat_map(|it| std::iter::repeat_n(it, copies)) {
                let Some(place) = places.split(1) else { return };
                let dispatch = Dispatch {
                    bus: Arc::clone(self),
                    rule: Arc::clone(rule),
                    target: target.clone(),
                    event: event.clone(),
                    since: Instant::now(),
                    hold: self.options.disorder.delay(&mut self.random.lock()),
                    _place: place,
                };
                tokio::spawn(dispatch.run());
            }
        }
    }
}
