//! One schedule at work.

use std::{sync::Arc, time::Duration};

use local_core::{Exhausted, doubled, moment, uuid};
use parking_lot::Mutex;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use crate::{
    options::Options,
    payload::{Attempt, payload},
    spec::ScheduleSpec,
    stats::Stats,
    targets::{DeadLetter, Refusal, Targets},
};

/// The wait before the first retry, doubled each time up to [`RETRY_DELAY_MAX`]. AWS does not
/// publish its waits. With these, 185 retries take most of the day that the default policy allows.
const RETRY_DELAY: Duration = Duration::from_millis(500);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(8 * 60);

/// A schedule and whom it invokes.
pub(crate) struct Run {
    pub(crate) schedule: ScheduleSpec,
    pub(crate) targets: Arc<dyn Targets>,
    pub(crate) options: Options,
    pub(crate) stats: Mutex<Stats>,
    pub(crate) random: Mutex<fastrand::Rng>,
}

/// Why an invocation was dropped.
struct Abandoned {
    code: &'static str,
    message: String,
    /// The limit of the retry policy that was reached, if trying again was worth it.
    exhausted: Option<Exhausted>,
}

impl Run {
    /// Invokes the function at once, and then again and again. It can be cut off at any await: no
    /// invocation is half done there.
    ///
    /// Without a start date a schedule begins at once:
    /// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>.
    pub(crate) async fn run(self: Arc<Self>) {
        let (period, spares_the_busy) = self.options.pace.of(self.schedule.every);
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // What is refused is tried again on its own: the next invocation does not wait for it.
        let mut invocations = JoinSet::new();
        loop {
            ticks.tick().await;
            while invocations.try_join_next().is_some() {}
            if spares_the_busy && self.targets.is_busy(&self.schedule.function_arn) {
                self.count(|stats| stats.spared += 1);
                continue;
            }
            let due = moment::to_second(self.options.clock.now());
            invocations.spawn(Arc::clone(&self).invoke(due));
        }
    }

    /// Sees one invocation through to its end.
    async fn invoke(self: Arc<Self>, due: String) {
        let began = Instant::now();
        let mut number = 1;
        loop {
            let id = self.draw_id();
            let attempt = Attempt { due: &due, number, id: &id };
            let payload = payload(&self.schedule, attempt);
            let refusal =
                match self.targets.invoke(&self.schedule.function_arn, payload.clone().into()) {
                    Ok(()) => return self.count(|stats| stats.accepted += 1),
                    Err(refusal) => refusal,
                };
            let delay = doubled(RETRY_DELAY, number - 1, RETRY_DELAY_MAX);
            if let Some(abandoned) = self.abandoned(refusal, number - 1, began.elapsed() + delay) {
                return self.abandon(abandoned, attempt, payload);
            }
            sleep(delay).await;
            number += 1;
            self.count(|stats| stats.retries += 1);
        }
    }

    /// Whether an invocation is dropped after `retries` tries again, because the next would come
    /// at the age `age`, or would be refused as well.
    fn abandoned(&self, refusal: Refusal, retries: u32, age: Duration) -> Option<Abandoned> {
        let policy = self.schedule.retry;
        match refusal {
            Refusal::Lasting { code, message } => {
                Some(Abandoned { code, message, exhausted: None })
            }
            Refusal::Passing { code, message } => {
                let exhausted = policy.allows(retries, age).err()?;
                Some(Abandoned { code, message, exhausted: Some(exhausted) })
            }
        }
    }

    fn abandon(&self, abandoned: Abandoned, attempt: Attempt<'_>, payload: String) {
        let schedule = &self.schedule;
        let Abandoned { code, message, exhausted } = abandoned;
        tracing::warn!(schedule = schedule.name, code, message, "an invocation is dropped");
        let Some(queue) = &schedule.dead_letter_arn else {
            return self.count(|stats| stats.lost += 1);
        };
        let mut attributes = vec![
            ("ERROR_CODE", code.to_owned()),
            ("ERROR_MESSAGE", message),
            ("EXECUTION_ID", attempt.id.to_owned()),
            ("IS_PAYLOAD_TRUNCATED", "false".to_owned()),
            ("RETRY_ATTEMPTS", (attempt.number - 1).to_string()),
            ("SCHEDULED_TIME", attempt.due.to_owned()),
            ("SCHEDULE_ARN", schedule.arn.clone()),
            ("TARGET_ARN", schedule.function_arn.clone()),
        ];
        attributes
            .extend(exhausted.map(|it| ("EXHAUSTED_RETRY_CONDITION", it.condition().to_owned())));
        match self.targets.dead_letter(queue, DeadLetter { payload, attributes }) {
            Ok(()) => self.count(|stats| stats.dead_lettered += 1),
            Err(error) => {
                tracing::error!(schedule = schedule.name, queue, error, "an invocation is lost");
                self.count(|stats| stats.lost += 1);
            }
        }
    }

    fn count(&self, change: impl FnOnce(&mut Stats)) {
        change(&mut self.stats.lock());
    }

    /// A random UUID.
    fn draw_id(&self) -> String {
        uuid(self.random.lock().u128(..))
    }
}
