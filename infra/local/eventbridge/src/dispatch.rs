//! The way of one event to one target: attempts, waits, and the dead-letter queue.

use std::{sync::Arc, time::Duration};

use local_core::Exhausted;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use crate::{
    deliver::{Attribute, DeliveryError},
    event::Event,
    spec::TargetSpec,
    state::Inner,
    topology::Rule,
};

/// An event on its way to a target.
struct Dispatch {
    bus: Arc<Inner>,
    rule: Arc<Rule>,
    target: TargetSpec,
    event: Event,
    since: Instant,
    hold: Duration,
    /// Its place among the deliveries under way, given back when it ends.
    _place: OwnedSemaphorePermit,
}

/// Why a delivery's retries ended.
struct Abandoned {
    error: DeliveryError,
    retries: u32,
    exhausted: Option<Exhausted>,
}

/// Starts the deliveries of an event; `places` has one permit for each.
pub(crate) fn start(
    bus: &Arc<Inner>,
    event: &Event,
    rules: &[Arc<Rule>],
    mut places: OwnedSemaphorePermit,
) {
    for rule in rules {
        bus.counters.matched.add_one();
        let copies = bus.options.disorder.copies();
        for target in rule.spec.targets.iter().flat_map(|it| std::iter::repeat_n(it, copies)) {
            let Some(place) = places.split(1) else { return };
            let dispatch = Dispatch {
                bus: Arc::clone(bus),
                rule: Arc::clone(rule),
                target: target.clone(),
                event: event.clone(),
                since: Instant::now(),
                hold: bus.options.disorder.delay(&mut bus.random.lock()),
                _place: place,
            };
            tokio::spawn(dispatch.run());
        }
    }
}

impl Dispatch {
    /// Delivers the event, or dead-letters it.
    async fn run(self) {
        if !self.hold.is_zero() {
            tokio::time::sleep(self.hold).await;
        }
        match self.attempts().await {
            Ok(()) => self.bus.counters.delivered.add_one(),
            Err(abandoned) => self.abandon(abandoned).await,
        }
    }

    async fn attempts(&self) -> Result<(), Abandoned> {
        let mut retries = 0;
        loop {
            let error = match self.attempt().await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if let DeliveryError::Permanent(_) = error {
                return Err(Abandoned { error, retries, exhausted: None });
            }
            let jitter = self.bus.random.lock().f64();
            let wait = self.bus.options.backoff.wait(retries, jitter);
            let allowed =
                self.target.retry.allows(retries, self.since.elapsed().saturating_add(wait));
            if let Err(exhausted) = allowed {
                return Err(Abandoned { error, retries, exhausted: Some(exhausted) });
            }
            tracing::debug!(rule = %self.rule.arn, target = %self.target.arn, %error, ?wait, "delivery is retried");
            tokio::time::sleep(wait).await;
            retries += 1;
            self.bus.counters.retried.add_one();
        }
    }

    async fn attempt(&self) -> Result<(), DeliveryError> {
        // Held for the attempt only: targets that are down do not slow down the others.
        let _turn = self.bus.turns.acquire().await;
        self.bus.deliver.deliver(&self.target.arn, &self.event.json).await
    }

    async fn abandon(&self, abandoned: Abandoned) {
        let reason = &abandoned.error;
        let (rule, target) = (&self.rule.arn, &self.target.arn);
        let Some(queue) = &self.target.dead_letter_arn else {
            self.bus.counters.dropped.add_one();
            tracing::error!(%rule, %target, %reason, "an event was dropped: the target has no dead-letter queue");
            return;
        };
        let attributes = self.attributes(&abandoned);
        match self.bus.deliver.dead_letter(queue, &self.event.json, &attributes).await {
            Ok(()) => {
                self.bus.counters.dead_lettered.add_one();
                tracing::warn!(%rule, %target, %reason, "an event went to the dead-letter queue");
            }
            Err(error) => {
                self.bus.counters.dropped.add_one();
                tracing::error!(%rule, %target, %reason, %queue, %error, "an event was dropped: its dead-letter queue did not take it");
            }
        }
    }

    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html#eb-rule-dlq>.
    fn attributes(&self, abandoned: &Abandoned) -> Vec<Attribute> {
        let mut attributes = vec![
            ("RULE_ARN", self.rule.arn.clone()),
            ("TARGET_ARN", self.target.arn.clone()),
            ("ERROR_CODE", abandoned.error.code().to_owned()),
            ("ERROR_MESSAGE", abandoned.error.to_string()),
            ("RETRY_ATTEMPTS", abandoned.retries.to_string()),
        ];
        let condition = abandoned.exhausted.map(Exhausted::condition);
        attributes.extend(condition.map(|it| ("EXHAUSTED_RETRY_CONDITION", it.to_owned())));
        attributes
    }
}
