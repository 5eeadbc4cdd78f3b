//! What everything in a world shares: its time, its faults, and the record of what happened.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use local_core::Clock;
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use time::{OffsetDateTime, macros::datetime};
use tokio::time::Instant;

use crate::{
    description::STACK,
    draws::{Draws, Kind, generator, subject},
    fault::{Fault, InjectedFault, Point, Site},
    incident::{Incident, Incidents},
    limits::Quotas,
    mode::Mode,
    mutation::Mutation,
    profile::{Outage, Plan, Profile},
    versions::VersionSkew,
};

/// What ids of events begin with.
const EVENT_ID: &str = "evt_";

/// When every world begins.
pub(crate) const BEGINNING: OffsetDateTime = datetime!(2027-01-01 00:00 UTC);

/// Shared by everything in one world.
#[derive(Debug)]
pub(crate) struct Sim {
    pub(crate) seed: u64,
    plan: Plan,
    begun: Instant,
    /// The last moment that was told to other threads, in milliseconds since the beginning.
    shown: AtomicI64,
    state: Mutex<State>,
    /// What is under way and in no queue: events that are held, requests that arrive late.
    under_way: AtomicUsize,
    incidents: Incidents,
    quotas: Option<Quotas>,
}

#[derive(Debug, Default)]
struct State {
    points: Vec<Point>,
    injected: Vec<InjectedFault>,
    lines: Vec<(u64, String)>,
    hasher: DefaultHasher,
    draws: Draws,
    healed: bool,
    writers: BTreeMap<String, Writer>,
}

/// Who first stored an event, and when.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    pub(crate) process: String,
    pub(crate) millisecond: u64,
}

/// Something is under way until this is dropped.
pub(crate) struct UnderWay(Arc<Sim>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Sim {
    pub(crate) fn new(seed: u64, plan: Plan) -> Arc<Self> {
        let (Plan::Drawn(profile) | Plan::Exactly(_, profile)) = &plan;
        Arc::new(Self {
            seed,
            quotas: profile.limits.clone().map(Quotas::new),
            plan,
            begun: Instant::now(),
            shown: AtomicI64::new(0),
            state: Mutex::default(),
            under_way: AtomicUsize::new(0),
            incidents: Incidents::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    fn profile(&self) -> &Profile {
        match &self.plan {
            Plan::Drawn(profile) | Plan::Exactly(_, profile) => profile,
        }
    }

    /// Whether this protection is taken away.
    pub(crate) fn lacks(&self, mutation: impl Fn(Mutation) -> bool) -> bool {
        self.mutation().is_some_and(mutation)
    }

    /// The protection that is taken away; none.
    pub(crate) fn mutation(&self) -> Option<Mutation> {
        self.profile().mutation
    }

    /// For how many days functions know what they have consumed; as the template says if none.
    pub(crate) fn retention_days(&self) -> Option<u32> {
        self.profile().retention_days
    }

    /// The two releases of this function, if there are two.
    pub(crate) fn version_skew(&self, binary: &str) -> Option<VersionSkew> {
        self.profile().version_skew.filter(|it| it.function == binary)
    }

    /// Who drives orders now.
    pub(crate) fn mode(&self) -> Mode {
        let Profile { mode, .. } = *self.profile();
        let is_other = self.mode_changes_at().is_some_and(|at| self.begun.elapsed() >= at);
        if is_other { mode.other() } else { mode }
    }

    /// The modes that this world has, one after the other.
    pub(crate) fn modes(&self) -> Vec<Mode> {
        let first = self.profile().mode;
        let then = self.mode_changes_at().map(|_| first.other());
        [first].into_iter().chain(then).collect()
    }

    /// When an operator deploys the other mode.
    pub(crate) fn mode_changes_at(&self) -> Option<Duration> {
        self.profile().mode_changes_at
    }

    /// Whether the payment provider sends webhooks.
    pub(crate) fn has_webhooks(&self) -> bool {
        self.profile().webhooks
    }

    /// Within which time customers place their orders.
    pub(crate) fn arrivals(&self) -> Duration {
        self.profile().arrivals
    }

    /// How often an operator redrives dead-letter queues while orders are under way.
    pub(crate) fn redrives_every(&self) -> Option<Duration> {
        self.profile().redrives_every
    }

    /// How much of each limit is used; none where there are no limits.
    pub(crate) fn quotas(&self) -> Option<&Quotas> {
        self.quotas.as_ref()
    }

    /// How long a call of the payment provider takes now, beyond what every call does.
    pub(crate) fn slowness(&self) -> Option<Duration> {
        let now = Duration::from_millis(self.millisecond());
        let slowness = self.profile().slowness?;
        (slowness.from..slowness.until).contains(&now).then_some(slowness.takes)
    }

    /// Over how many shards the product that there is plenty of is spread.
    pub(crate) fn shards(&self) -> u8 {
        self.profile().shards
    }

    /// When an operator rebuilds the read model.
    pub(crate) fn rebuilds_at(&self) -> Option<Duration> {
        self.profile().rebuilds_at
    }

    /// When an operator replays the archive.
    pub(crate) fn replays_at(&self) -> Option<Duration> {
        self.profile().replays_at
    }

    /// The streams that are away at some time.
    pub(crate) fn outage(&self) -> Option<Outage> {
        self.profile().outage
    }

    /// Whether what is in this table's stream now never reaches a consumer.
    pub(crate) fn is_unavailable(&self, table: &str) -> bool {
        let now = Duration::from_millis(self.millisecond());
        self.is_in(&Incident::Unread(table.to_owned()))
            || self.outage().is_some_and(|outage| {
                (outage.from..outage.until).contains(&now)
                    && outage.tables.iter().any(|it| format!("{STACK}-{it}") == table)
            })
    }

    /// Virtual time since the beginning, in milliseconds. Only on the world's own thread.
    pub(crate) fn millisecond(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The true time. Only on the world's own thread.
    pub(crate) fn now(&self) -> OffsetDateTime {
        BEGINNING + Duration::from_millis(self.millisecond())
    }

    /// Tells other threads what time it is.
    pub(crate) fn show(&self) {
        let now = i64::try_from(self.millisecond()).unwrap_or(i64::MAX);
        self.shown.store(now, Ordering::Relaxed);
    }

    /// The time that was shown last, on any thread.
    pub(crate) fn shown(&self) -> OffsetDateTime {
        BEGINNING + time::Duration::milliseconds(self.shown.load(Ordering::Relaxed))
    }

    /// The clock of the services, which tells [`now`](Self::now).
    pub(crate) fn clock(self: &Arc<Self>) -> Clock {
        let own = Arc::clone(self);
        Clock::new(move || own.now())
    }

    /// A clock that tells [`shown`](Self::shown), for what runs on other threads.
    pub(crate) fn shown_clock(self: &Arc<Self>) -> Clock {
        let own = Arc::clone(self);
        Clock::new(move || own.shown())
    }

    /// Something is under way until the guard is dropped.
    pub(crate) fn under_way(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    /// Whether anything is under way that lies in no queue.
    pub(crate) fn is_moving(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) > 0
    }

    /// From now on nothing goes wrong.
    pub(crate) fn stop_faults(&self) {
        self.state().healed = true;
    }

    /// Whether nothing goes wrong any more.
    pub(crate) fn is_healed(&self) -> bool {
        self.state().healed || self.begun.elapsed() >= self.profile().heals_after
    }

    /// Something is wrong from now on, for so long or until nothing goes wrong any more.
    pub(crate) fn begin(&self, incident: Incident, lasts: Duration) {
        self.note(&format!("!! {incident:?} for {lasts:?}"));
        let lasts = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
        self.incidents.extend(incident, self.millisecond().saturating_add(lasts));
    }

    /// Whether this is wrong now.
    pub(crate) fn is_in(&self, incident: &Incident) -> bool {
        !self.is_healed() && self.incidents.lasts(incident, self.millisecond())
    }

    /// Meets a point at which something can go wrong: what does, and its generator for how badly.
    pub(crate) fn fault_point(&self, site: Site, what: &str) -> Option<(Fault, fastrand::Rng)> {
        let healed = self.is_healed();
        let millisecond = self.millisecond();
        let mut state = self.state();
        let at = u64::try_from(state.points.len()).unwrap_or(u64::MAX);
        let turn = state.draws.turn(subject(what));
        state.points.push(Point { at, site, what: what.to_owned(), millisecond });
        let fault = match &self.plan {
            Plan::Drawn(_) if healed => None,
            Plan::Drawn(profile) => {
                let mut random = generator(self.seed, Kind::Strike, turn);
                site.faults().iter().copied().find(|fault| random.f64() < profile.rate(*fault))
            }
            Plan::Exactly(injected, _) => {
                let here = injected.iter().find(|fault| fault.at == at).map(|it| it.fault);
                here.filter(|fault| site.faults().contains(fault))
            }
        }?;
        state.injected.push(InjectedFault { at, fault });
        drop(state);
        self.note(&format!("!! {fault}@{at} {what}"));
        Some((fault, generator(self.seed, Kind::Magnitude, turn)))
    }

    /// A generator for what is always uncertain of `whom`: how long something takes, what comes
    /// first.
    pub(crate) fn rng(&self, whom: &str) -> fastrand::Rng {
        let turn = self.state().draws.turn(format!("weather of {whom}"));
        generator(self.seed, Kind::Weather, turn)
    }

    /// How far the clock of a process of `function` is from the true time.
    pub(crate) fn skew(&self, function: &str) -> time::Duration {
        let most = i64::try_from(self.profile().skew_max.as_millis()).unwrap_or(i64::MAX);
        time::Duration::milliseconds(self.rng(function).i64(-most..=most))
    }

    /// Lets a little time pass for `whom`, as a network does.
    pub(crate) async fn pass(&self, whom: &str, most: Duration) {
        let wait = most.mul_f64(self.rng(whom).f64());
        tokio::time::sleep(wait).await;
    }

    /// Writes down what happened.
    pub(crate) fn note(&self, line: &str) {
        self.note_with(line, "");
    }

    /// As [`note`](Self::note), with content that counts for the hash and is not kept.
    pub(crate) fn note_with(&self, line: &str, content: &str) {
        let now = self.millisecond();
        let mut state = self.state();
        (now, line, content).hash(&mut state.hasher);
        state.lines.push((now, line.to_owned()));
    }

    /// Remembers that `process` wrote `body`: the first to write the id of an event stored it.
    pub(crate) fn wrote(&self, process: &str, body: &[u8]) {
        let text = String::from_utf8_lossy(body);
        let named = text.split(EVENT_ID).skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            format!("{EVENT_ID}{}", &rest[..end])
        });
        let named: Vec<String> = named.chain(packed(&text)).collect();
        let now = self.millisecond();
        let mut state = self.state();
        for id in named {
            let writer = || Writer { process: process.to_owned(), millisecond: now };
            state.writers.entry(id).or_insert_with(writer);
        }
    }

    /// What was met, what struck, what was noted, and the hash of all that happened.
    pub(crate) fn finish(&self) -> Record {
        let state = self.state();
        Record {
            points: state.points.clone(),
            injected: state.injected.clone(),
            lines: state.lines.clone(),
            writers: state.writers.clone(),
            hash: state.hasher.finish(),
        }
    }

    /// How often faults struck what this process of a function did, or the process itself.
    pub(crate) fn injected_by_function(&self) -> BTreeMap<String, usize> {
        let state = self.state();
        let mut counts = BTreeMap::new();
        for fault in &state.injected {
            let point = state.points.iter().find(|point| point.at == fault.at);
            let what = point.map_or("", |point| point.what.as_str());
            let function = what.split(['#', ' ']).next().unwrap_or_default();
            *counts.entry(function.to_owned()).or_default() += 1;
        }
        counts
    }
}

/// The ids of the events that a state machine's item holds packed.
fn packed(text: &str) -> Vec<String> {
    const OUTBOX: &str = "/Item/outbox/B";
    if !text.contains("\"outbox\"") {
        return Vec::new();
    }
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let bytes =
        body.pointer(OUTBOX).and_then(Value::as_str).and_then(|it| STANDARD.decode(it).ok());
    let events = bytes.and_then(|bytes| event_envelope::unpack(&bytes).ok()).unwrap_or_default();
    events.into_iter().map(|event| event.event_id.as_str().to_owned()).collect()
}

/// What happened in a run.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) points: Vec<Point>,
    pub(crate) injected: Vec<InjectedFault>,
    pub(crate) lines: Vec<(u64, String)>,
    pub(crate) writers: BTreeMap<String, Writer>,
    pub(crate) hash: u64,
}
