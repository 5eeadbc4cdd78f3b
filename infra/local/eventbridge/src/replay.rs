//! Replays: archived events, sent again to rules of their bus.

use std::{collections::BTreeSet, sync::Arc};

use local_core::moment::epoch;
use parking_lot::Mutex;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::{archive::Arrived, arn::replay_arn, service::Inner};

/// Events are replayed in slices of this many seconds of their own time.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html>.
const SLICE_SECONDS: i64 = 60;

/// Where a replay stands.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeReplay.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Starting,
    Running,
    Cancelling,
    Completed,
    Cancelled,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Cancelling => "CANCELLING",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
        }
    }

    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled)
    }
}

/// What a replay was started with.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) archive: String,
    pub(crate) archive_arn: String,
    pub(crate) bus: String,
    pub(crate) bus_arn: String,
    /// The rules that see it; all, where this is empty.
    pub(crate) filter_arns: BTreeSet<String>,
    /// The first and the last `time` of an event that is replayed.
    pub(crate) window: (OffsetDateTime, OffsetDateTime),
    pub(crate) started: OffsetDateTime,
}

/// A replay, under way or over.
#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) plan: Plan,
    progress: Mutex<Progress>,
    cancel: Notify,
}

#[derive(Debug)]
struct Progress {
    state: State,
    last_replayed: Option<OffsetDateTime>,
    ended: Option<OffsetDateTime>,
}

impl Replay {
    pub(crate) fn new(plan: Plan) -> Self {
        let progress = Progress { state: State::Starting, last_replayed: None, ended: None };
        Self { plan, progress: Mutex::new(progress), cancel: Notify::new() }
    }

    pub(crate) fn state(&self) -> State {
        self.progress.lock().state
    }

    /// Asks the replay to stop; `false` where it is already over or stopping.
    pub(crate) fn cancel(&self) -> bool {
        let mut progress = self.progress.lock();
        let can_cancel = matches!(progress.state, State::Starting | State::Running);
        if can_cancel {
            progress.state = State::Cancelling;
            self.cancel.notify_one();
        }
        can_cancel
    }

    /// Sends the events, each when there is room for its deliveries.
    pub(crate) async fn run(self: Arc<Self>, bus: Arc<Inner>) {
        {
            let mut progress = self.progress.lock();
            if progress.state == State::Starting {
                progress.state = State::Running;
            }
        }
        for arrived in self.events(&bus) {
            if !self.send(&bus, &arrived).await {
                break;
            }
            self.progress.lock().last_replayed = Some(arrived.event.time);
        }
        let mut progress = self.progress.lock();
        progress.state =
            if progress.state == State::Cancelling { State::Cancelled } else { State::Completed };
        progress.ended = Some(bus.options.clock.now());
    }

    /// The archived events of the window, slice after slice.
    fn events(&self, bus: &Inner) -> Vec<Arrived> {
        let (first, last) = self.plan.window;
        let archive = bus.resources.archives.get(&self.plan.archive);
        let mut events = archive.map(|it| it.at(bus.options.clock.now())).unwrap_or_default();
        events.retain(|it| (first..=last).contains(&it.event.time));
        // A stable sort: inside a slice the order of arrival stays, which AWS does not promise.
        events.sort_by_key(|it| it.event.time.unix_timestamp().div_euclid(SLICE_SECONDS));
        events
    }

    /// Whether the event went out; not, where the replay is cancelled first.
    async fn send(&self, bus: &Arc<Inner>, arrived: &Arrived) -> bool {
        let event = arrived.event.replayed_by(&self.plan.name);
        let is_wanted =
            |arn: &str| self.plan.filter_arns.is_empty() || self.plan.filter_arns.contains(arn);
        let rules = bus.matching(&self.plan.bus, &event.value(), is_wanted);
        tokio::select! {
            biased;
            () = self.cancel.notified() => false,
            places = bus.places_when_free(&rules) => match places {
                Ok(places) => {
                    bus.dispatch(&event, &rules, places);
                    true
                }
                Err(_) => false,
            }
        }
    }

    /// The members that `DescribeReplay` and `ListReplays` have in common.
    pub(crate) fn summary(&self) -> Value {
        let progress = self.progress.lock();
        let mut summary = json!({
            "ReplayName": self.plan.name,
            "EventSourceArn": self.plan.archive_arn,
            "State": progress.state.name(),
            "EventStartTime": epoch(self.plan.window.0),
            "EventEndTime": epoch(self.plan.window.1),
            "ReplayStartTime": epoch(self.plan.started),
        });
        if let Some(moment) = progress.last_replayed {
            summary["EventLastReplayedTime"] = epoch(moment);
        }
        if let Some(moment) = progress.ended {
            summary["ReplayEndTime"] = epoch(moment);
        }
        summary
    }

    /// The response of `DescribeReplay`.
    pub(crate) fn description(&self) -> Value {
        let mut description = self.summary();
        description["ReplayArn"] = json!(replay_arn(&self.plan.name));
        description["Destination"] =
            json!({ "Arn": self.plan.bus_arn, "FilterArns": self.plan.filter_arns });
        if let Some(text) = &self.plan.description {
            description["Description"] = json!(text);
        }
        description
    }
}
