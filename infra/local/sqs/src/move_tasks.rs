//! Move tasks, as they are remembered.

use std::collections::VecDeque;

/// How many tasks are remembered per queue.
const REMEMBERED: usize = 10;

/// A task that moves messages out of a dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveTask {
    /// What cancels the task.
    pub handle: String,
    /// The name of the dead-letter queue.
    pub source: String,
    /// The name of the queue to move to; without one, each message goes back where it came from.
    pub destination: Option<String>,
    /// The most messages per second.
    pub rate: Option<u32>,
    /// How many have been moved.
    pub moved: usize,
    /// How many there were at the start; later ones stay.
    pub to_move: usize,
    /// How the task stands.
    pub status: MoveStatus,
    /// Milliseconds since 1970.
    pub started_at_ms: u64,
}

/// How a move task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveStatus {
    /// It moves messages.
    Running,
    /// It has moved what could be moved.
    Completed,
    /// It was cancelled.
    Cancelled,
    /// It cannot go on, for this reason. What it has not moved is still where it was.
    Failed(String),
}

/// The tasks of all queues, the latest first.
#[derive(Debug, Default)]
pub(crate) struct MoveTasks(VecDeque<MoveTask>);

impl MoveTasks {
    /// Those out of `source`.
    pub(crate) fn of<'a>(&'a self, source: &'a str) -> impl Iterator<Item = &'a MoveTask> {
        self.0.iter().filter(move |task| task.source == source)
    }

    /// The one with this handle.
    pub(crate) fn with_handle(&mut self, handle: &str) -> Option<&mut MoveTask> {
        self.0.iter_mut().find(|task| task.handle == handle)
    }

    /// Remembers one, and forgets the earliest of its source that is too many.
    pub(crate) fn remember(&mut self, task: MoveTask) {
        let source = task.source.clone();
        self.0.push_front(task);
        let mut seen = 0;
        self.0.retain(|task| {
            seen += usize::from(task.source == source);
            task.source != source || seen <= REMEMBERED
        });
    }
}
