//! Receipt handles: what a consumer deletes a message with.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use local_core::AwsError;

use crate::error;

/// What a receipt handle stands for: the n-th receive of one message in one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// The queue; one that is deleted and made again is another.
    pub(crate) queue: u64,
    /// The message within the queue.
    pub(crate) key: u64,
    /// The how-manieth receive in this queue, from 1.
    pub(crate) receive: u32,
}

const BYTES: usize = 20;

impl Receipt {
    pub(crate) fn encode(self) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend(self.queue.to_be_bytes());
        bytes.extend(self.key.to_be_bytes());
        bytes.extend(self.receive.to_be_bytes());
        BASE64.encode(bytes)
    }

    pub(crate) fn decode(handle: &str) -> Result<Self, AwsError> {
        if handle.is_empty() {
            return Err(error::missing("ReceiptHandle"));
        }
        Self::parse(handle).ok_or_else(|| error::invalid_handle(handle))
    }

    fn parse(handle: &str) -> Option<Self> {
        let bytes: [u8; BYTES] = BASE64.decode(handle).ok()?.try_into().ok()?;
        let (queue, rest) = bytes.split_first_chunk()?;
        let (key, rest) = rest.split_first_chunk()?;
        let (receive, _) = rest.split_first_chunk()?;
        Some(Self {
            queue: u64::from_be_bytes(*queue),
            key: u64::from_be_bytes(*key),
            receive: u32::from_be_bytes(*receive),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Receipt;

    #[test]
    fn a_handle_gives_back_what_it_was_made_of() {
        let receipt = Receipt { queue: 7, key: u64::MAX, receive: 3 };
        assert_eq!(Receipt::decode(&receipt.encode()), Ok(receipt));
    }

    #[test]
    fn anything_else_is_no_handle() {
        let longer = format!("{}AAAA", Receipt { queue: 0, key: 0, receive: 1 }.encode());
        for handle in ["x", "not base64!", "AAAA", &longer] {
            let error = Receipt::decode(handle).unwrap_err();
            assert_eq!(error.short_code(), "ReceiptHandleIsInvalid");
        }
        assert_eq!(Receipt::decode("").unwrap_err().short_code(), "MissingParameter");
    }
}
