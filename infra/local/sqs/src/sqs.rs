//! The queues, in process.

use std::{fmt, sync::Arc, time::Duration};

use local_core::{AwsError, Clock};
use parking_lot::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout_at};

use crate::{
    clock::Now,
    content::Content,
    error, limits,
    message::{
        Depth, OutgoingMessage, PeekedMessage, ReceiveRequest, ReceivedMessage, SentMessage,
    },
    names,
    queue::Delivery,
    spec::QueueSpec,
    store::Store,
};

/// The queues of one account. Clones share them.
///
/// Every operation names its queue by name and fails with `QueueDoesNotExist` if there is none.
#[derive(Clone)]
pub struct Sqs {
    shared: Arc<Shared>,
}

struct Shared {
    endpoint: String,
    clock: Clock,
    store: Mutex<Store>,
}

impl fmt::Debug for Sqs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sqs").field("endpoint", &self.shared.endpoint).finish()
    }
}

impl Sqs {
    /// No queues yet, on the machine's clock. Queue URLs are `{endpoint}/000000000000/{name}`.
    #[expect(clippy::disallowed_methods, reason = "the one place that draws the seed of the ids")]
    pub fn new(endpoint: &str) -> Self {
        Self::seeded(endpoint, Clock::system(), fastrand::u64(..))
    }

    /// No queues yet, with timestamps from `clock` and message ids that follow from `seed`.
    pub fn seeded(endpoint: &str, clock: Clock, seed: u64) -> Self {
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        let store = Mutex::new(Store::new(seed));
        Self { shared: Arc::new(Shared { endpoint, clock, store }) }
    }

    /// Creates a queue; one that exists with the same specification is left as it is. The
    /// dead-letter queue may be created later, see [`Self::validate`].
    ///
    /// # Errors
    /// `QueueNameExists` with another specification, `QueueDeletedRecently` within 60 s of a
    /// deletion, or what [`QueueSpec::check`] refuses.
    pub fn create_queue(&self, spec: QueueSpec) -> Result<(), AwsError> {
        let now = self.now();
        self.store().create(spec, now)
    }

    /// Deletes a queue with all its messages.
    ///
    /// # Errors
    /// Only if there is no such queue.
    pub fn delete_queue(&self, queue: &str) -> Result<(), AwsError> {
        let now = self.now();
        self.store().remove(queue, now)
    }

    /// Whether every dead-letter queue exists, is of its source's kind and accepts the source.
    /// Until then, messages are received on and on instead of being moved.
    ///
    /// # Errors
    /// `InvalidParameterValue` for the first redrive policy that leads nowhere: create the queue
    /// it names, or correct it.
    pub fn validate(&self) -> Result<(), AwsError> {
        let store = self.store();
        store.queues.values().try_for_each(|queue| store.check_redrive(&queue.spec))
    }

    /// Sends a message.
    ///
    /// # Errors
    /// `InvalidMessageContents`, `InvalidParameterValue` or `MissingParameter`, which say what of
    /// the message to correct.
    pub fn send(&self, queue: &str, message: OutgoingMessage) -> Result<SentMessage, AwsError> {
        let content = Content::new(message)?;
        let now = self.now();
        let mut store = self.store();
        let message_id = store.next_id();
        store.change(queue, now, |queue| queue.send(content, message_id, now))
    }

    /// Receives up to `max` messages, waiting up to `wait` for the first. Dropping the future
    /// while it waits takes no message.
    ///
    /// # Errors
    /// `InvalidParameterValue` for a number out of its range, and `OverLimit` when 120 000
    /// messages of a standard queue are in flight and the receive does not wait: delete some first.
    pub async fn receive(
        &self,
        queue: &str,
        request: ReceiveRequest,
    ) -> Result<Vec<ReceivedMessage>, AwsError> {
        check_request(&request)?;
        let deadline = Instant::now() + request.wait;
        self.receive_by(queue, &request, Some(deadline)).await
    }

    /// As [`receive`](Self::receive) again and again until there is a message, without the work of
    /// asking every twenty seconds.
    ///
    /// # Errors
    /// As of [`receive`](Self::receive); also when the queue is deleted meanwhile.
    pub async fn receive_some(
        &self,
        queue: &str,
        request: ReceiveRequest,
    ) -> Result<Vec<ReceivedMessage>, AwsError> {
        check_request(&request)?;
        self.receive_by(queue, &request, None).await
    }

    async fn receive_by(
        &self,
        queue: &str,
        request: &ReceiveRequest,
        deadline: Option<Instant>,
    ) -> Result<Vec<ReceivedMessage>, AwsError> {
        loop {
            let now = self.now();
            let look = self.store().receive(queue, request, now)?;
            let is_over = deadline.is_some_and(|deadline| now.instant >= deadline);
            if !look.deliveries.is_empty() || is_over {
                return Ok(look.deliveries.iter().map(Delivery::received).collect());
            }
            // News or the time is up: either way there is a reason to look again.
            match look.next_timer.into_iter().chain(deadline).min() {
                Some(until) => drop(timeout_at(until, look.news).await),
                None => look.news.await,
            }
        }
    }

    /// Deletes the message that `receipt_handle` was received with.
    ///
    /// A standard queue also deletes one whose visibility timeout has passed, as long as it was
    /// not received again; from then on the old handle succeeds without an effect. A FIFO queue
    /// refuses a handle once the timeout has passed.
    ///
    /// # Errors
    /// `ReceiptHandleIsInvalid` for what is no handle of this queue; of a FIFO queue also
    /// `InvalidParameterValue` for one that has expired: receive the message again.
    pub fn delete(&self, queue: &str, receipt_handle: &str) -> Result<(), AwsError> {
        let now = self.now();
        self.store().change(queue, now, |queue| queue.delete(receipt_handle))
    }

    /// Makes a message visible after `timeout` from now, of at most 12 h since its receive; at once
    /// if zero. A standard queue also hides one again whose timeout has passed, as long as no other
    /// receive got it, and takes earlier handles of a message in flight.
    ///
    /// # Errors
    /// `ReceiptHandleIsInvalid`, `MessageNotInflight` if it was handed back or received again and
    /// is visible, or `InvalidParameterValue` if it was deleted, the timeout is too long, or the
    /// handle of a FIFO queue has expired.
    pub fn change_visibility(
        &self,
        queue: &str,
        receipt_handle: &str,
        timeout: Duration,
    ) -> Result<(), AwsError> {
        limits::check_duration("VisibilityTimeout", timeout, &limits::VISIBILITY_SECONDS)?;
        let now = self.now();
        self.store().change(queue, now, |queue| {
            queue.change_visibility(receipt_handle, timeout, now.instant)
        })
    }

    /// Deletes every message of a queue, those in flight and delayed included.
    ///
    /// # Errors
    /// `PurgeQueueInProgress` within 60 s of the last purge.
    pub fn purge(&self, queue: &str) -> Result<(), AwsError> {
        let now = self.now();
        self.store().change(queue, now, |queue| queue.purge(now.instant))
    }

    /// How many messages a queue holds; unlike in AWS, exactly.
    ///
    /// # Errors
    /// Only if there is no such queue.
    pub fn depth(&self, queue: &str) -> Result<Depth, AwsError> {
        let now = self.now();
        Ok(self.store().queue(queue, now)?.depth())
    }

    /// Every message of a queue in the order of arrival, left as it is.
    ///
    /// # Errors
    /// Only if there is no such queue.
    pub fn peek(&self, queue: &str) -> Result<Vec<PeekedMessage>, AwsError> {
        let now = self.now();
        Ok(self.store().queue(queue, now)?.peek())
    }

    /// What a queue was created with, or set to since.
    ///
    /// # Errors
    /// Only if there is no such queue.
    pub fn queue_spec(&self, queue: &str) -> Result<QueueSpec, AwsError> {
        let now = self.now();
        Ok(self.store().queue(queue, now)?.spec.clone())
    }

    /// The names of all queues, in their order.
    pub fn queue_names(&self) -> Vec<String> {
        self.store().queues.keys().cloned().collect()
    }

    /// The names of the queues that have `queue` for their dead-letter queue.
    pub fn dead_letter_sources(&self, queue: &str) -> Vec<String> {
        self.store().sources_of(queue)
    }

    /// The URL of the queue `name`, whether there is one or not.
    pub fn queue_url(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.shared.endpoint, local_core::ACCOUNT)
    }

    /// The name of the queue that `url` stands for, whatever its host.
    ///
    /// # Errors
    /// `InvalidAddress` if it is not the URL of a queue of this account: correct it.
    pub fn queue_name_of_url<'a>(&self, url: &'a str) -> Result<&'a str, AwsError> {
        names::queue_name_of_url(url)
    }

    pub(crate) fn now(&self) -> Now {
        Now::by(&self.shared.clock)
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.shared.store.lock()
    }
}

fn check_request(request: &ReceiveRequest) -> Result<(), AwsError> {
    if !(1..=limits::BATCH_ENTRIES_MAX).contains(&request.max) {
        let reason = "Must be between 1 and 10, if provided.";
        return Err(error::invalid("MaxNumberOfMessages", request.max, reason));
    }
    limits::check_duration("WaitTimeSeconds", request.wait, &limits::WAIT_SECONDS)?;
    let visibility = request.visibility.unwrap_or_default();
    limits::check_duration("VisibilityTimeout", visibility, &limits::VISIBILITY_SECONDS)
}
