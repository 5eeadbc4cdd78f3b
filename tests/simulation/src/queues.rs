//! From a queue to a function, as Lambda's event source mapping does it.

use std::{cell::Cell, collections::BTreeSet, rc::Rc, time::Duration};

use local_lambda::event_source::{Verdict, queue_record, verdict};
use local_sqs::{OutgoingMessage, ReceiveRequest, ReceivedMessage};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    fault::{Fault, Site},
    lambda::{End, Lambda, Slot},
};

/// What lies in a queue and is no event.
pub(crate) const POISON: &str = "{\"this\": \"is no event\"}";
/// The id of a record of a stream that cannot be read.
pub(crate) const MALFORMED: &str = "malformed-record";
/// The longest between two batches of a poller.
const PAUSE_MAX: Duration = Duration::from_millis(50);
/// How long a mapping waits whose invocation was throttled.
const THROTTLED_PAUSE: Duration = Duration::from_secs(1);
/// Within this time a process is ended whose invocation is.
const KILL_MAX: Duration = Duration::from_millis(150);

/// Whether this lies in a dead-letter queue because it cannot be read.
pub(crate) fn is_poison(body: &str) -> bool {
    body == POISON || body.contains(MALFORMED)
}

/// A poller of a queue's mapping.
pub(crate) struct Poller {
    pub(crate) lambda: Lambda,
    pub(crate) queue: String,
    pub(crate) batch_size: usize,
    pub(crate) reports_item_failures: bool,
    pub(crate) slot: Slot,
    /// How many batches are under way, over all pollers.
    pub(crate) busy: Rc<Cell<usize>>,
    /// How much poison was thrown in, over all pollers.
    pub(crate) poisoned: Rc<Cell<usize>>,
}

impl Poller {
    pub(crate) async fn run(self) {
        loop {
            let max = self.batch_size.min(10);
            let request = ReceiveRequest { max, ..ReceiveRequest::default() };
            let queues = &self.lambda.services.queues;
            let batch = queues.receive_some(&self.queue, request).await.unwrap();
            if self.lambda.template().function(self.slot.function()).is_none() {
                return;
            }
            self.busy.set(self.busy.get() + 1);
            self.handle(batch).await;
            self.busy.set(self.busy.get() - 1);
            self.lambda.sim.pass(&self.queue, PAUSE_MAX).await;
        }
    }

    async fn handle(&self, mut batch: Vec<ReceivedMessage>) {
        let sim = &self.lambda.sim;
        // A standard queue has no order.
        sim.rng(&self.queue).shuffle(&mut batch);
        let what = format!("{} batch of {}", self.queue, batch.len());
        sim.note(&what);
        let met = sim.fault_point(Site::Batch, &what);
        let mut killed = None;
        let mut is_mangled = false;
        if let Some((fault, mut random)) = met {
            if fault == Fault::Poison {
                self.poison();
            } else if fault == Fault::Expire {
                self.expire(&batch);
            } else if fault == Fault::Kill {
                killed = Some(KILL_MAX.mul_f64(random.f64()));
            } else if fault == Fault::Delay {
                sleep(Duration::from_secs(random.u64(1..120))).await;
            } else {
                is_mangled = true;
            }
        }
        let records: Vec<_> = batch.iter().map(|it| queue_record(&self.queue, it)).collect();
        let end = self.slot.invoke(json!({ "Records": records }), killed).await;
        if matches!(end, End::Throttled) {
            // The messages come back when they are visible again; the mapping itself slows down.
            sleep(THROTTLED_PAUSE).await;
        }
        let identifiers: BTreeSet<String> = batch.iter().map(|it| it.message_id.clone()).collect();
        let judged = match end {
            end if self.slot.forgives(&end) => Verdict::Done,
            End::Answered(_) if is_mangled => Verdict::Failed,
            End::Answered(_) if !self.reports_item_failures => Verdict::Done,
            End::Answered(answer) => verdict(answer.to_string().as_bytes(), &identifiers),
            End::Failed(_) | End::Died | End::Throttled => Verdict::Failed,
        };
        for message in batch {
            let is_done = match &judged {
                Verdict::Done => true,
                Verdict::Partial(failed) => !failed.contains(&message.message_id),
                Verdict::Failed => false,
            };
            if is_done {
                // A handle that has expired deletes nothing: the message was received again.
                let _ = self.lambda.services.queues.delete(&self.queue, &message.receipt_handle);
            }
        }
    }

    fn poison(&self) {
        self.poisoned.set(self.poisoned.get() + 1);
        self.lambda.services.queues.send(&self.queue, OutgoingMessage::new(POISON)).unwrap();
    }

    fn expire(&self, batch: &[ReceivedMessage]) {
        for message in batch {
            let queues = &self.lambda.services.queues;
            let _ = queues.change_visibility(&self.queue, &message.receipt_handle, Duration::ZERO);
        }
    }
}
