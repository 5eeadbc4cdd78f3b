//! Move tasks: what has landed in a dead-letter queue goes back to where it came from.
//!
//! Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html>.

use std::time::Duration;

use local_core::AwsError;
use tokio::{
    runtime::Handle,
    time::{MissedTickBehavior, interval},
};

use crate::{
    clock::Now,
    error, limits,
    move_tasks::{MoveStatus, MoveTask},
    sqs::Sqs,
    store::Store,
};

/// How many messages an unthrottled task moves before it lets others at the queues.
const STRIDE: usize = 100;

impl Sqs {
    /// Starts to move what is in the dead-letter queue `source` to `destination`, or back to
    /// where each message came from, at up to `rate` (1 to 500) messages per second. Messages
    /// get a new id, time of sending and retention. Gives back the handle of the task.
    ///
    /// # Errors
    /// `ResourceNotFoundException` if a queue does not exist, `InvalidParameterValue` if `source`
    /// is no queue's dead-letter queue, has a task running or is its own destination, and an
    /// internal error outside of a Tokio runtime.
    pub fn start_move(
        &self,
        source: &str,
        destination: Option<&str>,
        rate: Option<u32>,
    ) -> Result<String, AwsError> {
        let runtime = Handle::try_current()
            .map_err(|_| AwsError::internal("a move task needs a Tokio runtime"))?;
        if let Some(rate) = rate.map(i64::from).filter(|it| !limits::MOVE_RATE.contains(it)) {
            let range = limits::MOVE_RATE;
            return Err(limits::out_of_range("MaxNumberOfMessagesPerSecond", rate, &range));
        }
        let now = self.now();
        let handle = self.store().start_move(source, destination, rate, now)?;
        runtime.spawn(carry_out(self.clone(), handle.clone(), rate));
        Ok(handle)
    }

    /// The last ten tasks out of `source`, the latest first.
    ///
    /// # Errors
    /// `ResourceNotFoundException` if there is no such queue.
    pub fn moves(&self, source: &str) -> Result<Vec<MoveTask>, AwsError> {
        let store = self.store();
        store.check_exists(source)?;
        Ok(store.moves.of(source).cloned().collect())
    }

    /// Stops a task; what it has moved stays moved. Gives back how many messages those are.
    ///
    /// # Errors
    /// `InvalidParameterValue` for what is no handle of a task, `ResourceNotFoundException` if
    /// there is no such task, `UnsupportedOperation` if it has
    /// ended already.
    pub fn cancel_move(&self, handle: &str) -> Result<usize, AwsError> {
        let mut store = self.store();
        let is_handle = handle.len() == 36
            && handle.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if !is_handle {
            let reason = "it was not given out by StartMessageMoveTask.";
            return Err(error::invalid("TaskHandle", handle, reason));
        }
        let Some(task) = store.moves.with_handle(handle) else {
            return Err(error::sqs("ResourceNotFoundException", "Task does not exist."));
        };
        if task.status != MoveStatus::Running {
            let message = "Only active tasks can be cancelled.";
            return Err(error::sqs("UnsupportedOperation", message));
        }
        task.status = MoveStatus::Cancelled;
        Ok(task.moved)
    }
}

async fn carry_out(sqs: Sqs, handle: String, rate: Option<u32>) {
    let Some(rate) = rate else {
        while sqs.store().proceed(&handle, STRIDE, sqs.now()) {
            tokio::task::yield_now().await;
        }
        return;
    };
    let mut ticks = interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if !sqs.store().proceed(&handle, 1, sqs.now()) {
            return;
        }
    }
}

impl Store {
    fn check_exists(&self, name: &str) -> Result<(), AwsError> {
        if self.queues.contains_key(name) {
            return Ok(());
        }
        let message = format!("The resource that you specified for the ARN doesn't exist: {name}.");
        Err(error::sqs("ResourceNotFoundException", message))
    }

    fn start_move(
        &mut self,
        source: &str,
        destination: Option<&str>,
        rate: Option<u32>,
        now: Now,
    ) -> Result<String, AwsError> {
        self.check_exists(source)?;
        destination.map_or(Ok(()), |name| self.check_exists(name))?;
        let refuse = |reason: &str| Err(error::sqs("InvalidParameterValue", reason));
        if self.sources_of(source).is_empty() {
            return refuse("Source queue must be configured as a Dead Letter Queue.");
        }
        if destination == Some(source) {
            return refuse("Source queue arn and destination queue arn must not be the same.");
        }
        if self.moves.of(source).any(|task| task.status == MoveStatus::Running) {
            return refuse(
                "There is already a task running. Only one active task is allowed for a source \
                 queue arn at a given time.",
            );
        }
        let task = MoveTask {
            handle: self.next_id(),
            source: source.to_owned(),
            destination: destination.map(str::to_owned),
            rate,
            moved: 0,
            to_move: self.queue(source, now)?.depth().visible,
            status: MoveStatus::Running,
            started_at_ms: now.wall_ms,
        };
        let handle = task.handle.clone();
        self.moves.remember(task);
        Ok(handle)
    }

    /// Moves up to `stride` messages; whether there is more to do.
    fn proceed(&mut self, handle: &str, stride: usize, now: Now) -> bool {
        for _ in 0..stride {
            let Some(task) = self.moves.with_handle(handle).cloned() else {
                return false;
            };
            if task.status != MoveStatus::Running {
                return false;
            }
            let ended = match self.move_one(&task, now) {
                Ok(true) => None,
                Ok(false) => Some(MoveStatus::Completed),
                Err(reason) => Some(MoveStatus::Failed(reason.to_owned())),
            };
            let Some(task) = self.moves.with_handle(handle) else { return false };
            match ended {
                None => task.moved += 1,
                Some(status) => {
                    task.status = status;
                    return false;
                }
            }
        }
        true
    }

    /// Moves one message; whether there was one. A message that cannot be moved stays.
    fn move_one(&mut self, task: &MoveTask, now: Now) -> Result<bool, &'static str> {
        const NO_QUEUE: &str = "AWS.SimpleQueueService.NonExistentQueue";
        if task.moved >= task.to_move {
            return Ok(false);
        }
        let source = self.queue(&task.source, now).map_err(|_| NO_QUEUE)?;
        let Some(first) = source.first() else { return Ok(false) };
        let destination = task.destination.clone().or_else(|| first.dead_letter_source.clone());
        let destination = destination.ok_or("CouldNotDetermineMessageSource")?;
        let fifo = source.spec.fifo;
        if self.queues.get(&destination).is_none_or(|queue| queue.spec.fifo != fifo) {
            return Err(NO_QUEUE);
        }
        let message_id = self.next_id();
        let taken = self.change(&task.source, now, |source| Ok(source.take_first()));
        let Some(entry) = taken.map_err(|_| NO_QUEUE)? else { return Ok(false) };
        let moved = self.change(&destination, now, |queue| {
            let sequence_number = queue.next_sequence_number();
            let entry = entry.sent_again(message_id, sequence_number, now);
            queue.push(entry, Duration::ZERO, now.instant);
            Ok(())
        });
        moved.map(|()| true).map_err(|_| NO_QUEUE)
    }
}
