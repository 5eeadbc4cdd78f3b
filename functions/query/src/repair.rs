//! Has the projector write again a row that the read model has lost.

use aws_sdk_sqs::Client;
use event_envelope::{Envelope, instant};
use runtime::Failure;
use serde_json::{Value, json};

/// What the event is marked with: it happened before, so that nothing is counted because of it.
const REPLAY: &str = "repair";

/// The way to the projector.
#[derive(Debug, Clone)]
pub(crate) struct Repairs {
    client: Client,
    queue_url: String,
}

impl Repairs {
    pub(crate) const fn new(client: Client, queue_url: String) -> Self {
        Self { client, queue_url }
    }

    /// Sends the projector the `last` event of an order, as a replay of the bus does. The projector
    /// finds that the row lacks those before it, and loads them from the order's stream itself.
    ///
    /// # Errors
    ///
    /// When the queue does not take it. The next question about the order asks again.
    pub(crate) async fn ask(&self, last: &Envelope) -> Result<(), Failure> {
        let body = replayed(last).to_string();
        let send = self.client.send_message().queue_url(&self.queue_url).message_body(body);
        send.send().await.map_err(Failure::retry)?;
        Ok(())
    }
}

/// The event as a rule delivers it that a replay has sent it to.
fn replayed(event: &Envelope) -> Value {
    json!({
        "version": "0",
        "id": event.event_id,
        "source": event.source,
        "detail-type": event.event_type,
        "time": instant(event.timestamp),
        "resources": [event.aggregate_id],
        "detail": event,
        "replay-name": REPLAY,
    })
}
