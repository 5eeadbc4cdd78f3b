//! What a consumer does with a message that it has received.

use std::time::Duration;

use local_core::AwsError;
use tokio::time::Instant;

use super::{Place, Queue};
use crate::{error, limits::VISIBILITY_SECONDS, receipt::Receipt};

impl Queue {
    /// Deletes the message that `handle` was given out for.
    ///
    /// An old handle of a standard queue succeeds without an effect, one whose timeout has passed
    /// still deletes; a FIFO queue refuses both.
    pub(crate) fn delete(&mut self, handle: &str) -> Result<(), AwsError> {
        let receipt = self.decode(handle)?;
        let Some(entry) = self.entries.get(&receipt.key) else { return Ok(()) };
        let latest = entry.receives_here == receipt.receive;
        let held = matches!(entry.place, Place::InFlight { .. });
        if self.spec.fifo && !(latest && held) {
            let reason = "The receipt handle has expired.";
            return Err(error::invalid("ReceiptHandle", handle, reason));
        }
        if latest {
            self.remove(receipt.key);
        }
        Ok(())
    }

    /// Makes the message that `handle` was given out for visible after `timeout` from now.
    ///
    /// The timeout may have run out, as long as no other receive got the message; of a message
    /// in flight a standard queue takes the handles of earlier receives too.
    pub(crate) fn change_visibility(
        &mut self,
        handle: &str,
        timeout: Duration,
        now: Instant,
    ) -> Result<(), AwsError> {
        let receipt = self.decode(handle)?;
        let fifo = self.spec.fifo;
        let gone = "Message does not exist or is not available for visibility timeout change.";
        let Some(entry) = self.entries.get_mut(&receipt.key) else {
            return Err(error::invalid("ReceiptHandle", handle, gone));
        };
        let latest = entry.receives_here == receipt.receive;
        let in_flight = matches!(entry.place, Place::InFlight { .. });
        if fifo && !(latest && in_flight) {
            return Err(error::invalid("ReceiptHandle", handle, gone));
        }
        let Some(since) = entry.held_since.filter(|_| latest || in_flight) else {
            let message = format!("The message of receipt handle {handle} is not in flight.");
            return Err(error::sqs("MessageNotInflight", message));
        };
        if (now - since + timeout).as_secs() > VISIBILITY_SECONDS.end().unsigned_abs() {
            let reason = "Total VisibilityTimeout for the message is beyond the limit [43200 \
                          seconds].";
            return Err(error::invalid("VisibilityTimeout", timeout.as_secs(), reason));
        }
        if let Place::InFlight { until } = entry.place {
            self.timers.remove(&(until, receipt.key));
        }
        if timeout.is_zero() {
            entry.held_since = None;
            self.show(receipt.key);
            return Ok(());
        }
        let until = now + timeout;
        if !in_flight {
            self.line.hold(receipt.key, entry.message.group());
            self.in_flight += 1;
        }
        entry.place = Place::InFlight { until };
        self.timers.insert((until, receipt.key));
        Ok(())
    }

    fn decode(&self, handle: &str) -> Result<Receipt, AwsError> {
        let receipt = Receipt::decode(handle)?;
        if receipt.queue == self.serial && receipt.key < self.next_key {
            Ok(receipt)
        } else {
            Err(error::invalid_handle(handle))
        }
    }
}
