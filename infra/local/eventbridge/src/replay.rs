//! Replays: archived events, sent again to rules of their bus.

use std::collections::BTreeSet;

use local_core::moment::epoch;
use parking_lot::Mutex;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::arn::replay_arn;

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
    cancelled: Notify,
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
        Self { plan, progress: Mutex::new(progress), cancelled: Notify::new() }
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
            self.cancelled.notify_one();
        }
        can_cancel
    }

    /// It has been started, if it was not cancelled before.
    pub(crate) fn begin(&self) {
        let mut progress = self.progress.lock();
        if progress.state == State::Starting {
            progress.state = State::Running;
        }
    }

    /// It has sent the event of this time.
    pub(crate) fn sent(&self, time: OffsetDateTime) {
        self.progress.lock().last_replayed = Some(time);
    }

    /// It sends no more.
    pub(crate) fn end(&self, at: OffsetDateTime) {
        let mut progress = self.progress.lock();
        progress.state =
            if progress.state == State::Cancelling { State::Cancelled } else { State::Completed };
        progress.ended = Some(at);
    }

    /// Waits until a caller cancels it.
    pub(crate) async fn cancelled(&self) {
        self.cancelled.notified().await;
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
