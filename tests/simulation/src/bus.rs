//! Where the bus hands its events over, and how badly it may do so.

use std::{sync::Arc, time::Duration};

use local_eventbridge::{Attribute, Deliver, Delivery, DeliveryError};
use local_sqs::{OutgoingMessage, Sqs};
use parking_lot::Mutex;
use serde_json::Value;

use crate::{
    description::{self, name_of},
    fault::{Fault, Site},
    mutate,
    sim::Sim,
};

/// How long an event may be late or come again, in seconds: minutes, hours, rarely a day.
const LATE_SECONDS: [u64; 8] = [5, 40, 40, 300, 300, 2_000, 10_000, 100_000];

/// An event that a story holds back on its way to a queue.
#[derive(Debug, Clone)]
pub(crate) struct Hold {
    pub(crate) user: String,
    pub(crate) event_type: &'static str,
    /// What the name of the queue ends in.
    pub(crate) queue: &'static str,
    pub(crate) by: Duration,
}

/// The queues behind the rules.
pub(crate) struct Targets {
    pub(crate) sim: Arc<Sim>,
    pub(crate) queues: Sqs,
    pub(crate) holds: Mutex<Vec<Hold>>,
}

impl Targets {
    fn send_later(&self, queue: &str, event: &str, after: Duration) {
        let (queues, under_way) = (self.queues.clone(), self.sim.under_way());
        let (queue, message) = (queue.to_owned(), OutgoingMessage::new(event));
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            queues.send(&queue, message).unwrap();
            drop(under_way);
        });
    }

    fn held(&self, queue: &str, event: &Value) -> Option<Duration> {
        let holds = self.holds.lock();
        let data = &event["detail"]["data"];
        let hold = holds.iter().find(|it| {
            queue.ends_with(it.queue)
                && event["detail-type"] == it.event_type
                && data["userId"] == *it.user
        });
        hold.map(|it| it.by)
    }
}

impl Deliver for Targets {
    fn deliver<'a>(&'a self, target_arn: &'a str, event: &'a str) -> Delivery<'a> {
        Box::pin(async move {
            let queue = name_of(target_arn);
            let event = &mutate::deliver(&self.sim, event);
            let parsed: Value = serde_json::from_str(event).unwrap();
            let what = format!("{queue} gets {}", parsed["detail"]["eventId"]);
            self.sim.note(&what);
            // In a world that changes its mode, the bus has the rules of both.
            let is_changing = self.sim.mode_changes_at().is_some();
            if is_changing && !description::deployment(self.sim.mode()).routes(&parsed, target_arn)
            {
                self.sim.note(&format!("{what} no more"));
                return Ok(());
            }
            let mut after = self.held(queue, &parsed).unwrap_or_default();
            if let Some((fault, mut random)) = self.sim.fault_point(Site::Delivery, &what) {
                let late = Duration::from_secs(LATE_SECONDS[random.usize(..LATE_SECONDS.len())]);
                let late = late.mul_f64(0.5 + random.f64() / 2.0);
                if fault == Fault::Duplicate {
                    self.send_later(queue, event, late);
                } else if fault == Fault::Delay {
                    after += late;
                } else {
                    return Err(DeliveryError::Retryable("the queue is away".to_owned()));
                }
            }
            self.send_later(queue, event, after);
            Ok(())
        })
    }

    fn dead_letter<'a>(
        &'a self,
        queue_arn: &'a str,
        event: &'a str,
        attributes: &'a [Attribute],
    ) -> Delivery<'a> {
        Box::pin(async move {
            let message = OutgoingMessage::with_texts(event, attributes.to_vec());
            let sent = self.queues.send(name_of(queue_arn), message);
            sent.map(drop).map_err(|error| DeliveryError::Permanent(error.to_string()))
        })
    }
}
