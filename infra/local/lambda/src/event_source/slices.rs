//! Batches that fit into an invocation.

use serde_json::Value;

use crate::SYNC_PAYLOAD_BYTES_MAX;

/// What surrounds the records of a batch: `{"Records":[]}`, generously.
const ENVELOPE_BYTES: usize = 64;

/// Cuts `records` where an event of them would become larger than a payload may be. A record that
/// is too large by itself stands alone.
pub(super) fn by_size<T>(records: Vec<T>, record: impl Fn(&T) -> &Value) -> Vec<Vec<T>> {
    let mut slices: Vec<Vec<T>> = Vec::new();
    let mut bytes = 0;
    for item in records {
        let size = record(&item).to_string().len() + 1;
        match slices.last_mut() {
            Some(slice) if bytes + size <= SYNC_PAYLOAD_BYTES_MAX => {
                bytes += size;
                slice.push(item);
            }
            Some(_) | None => {
                bytes = ENVELOPE_BYTES + size;
                slices.push(vec![item]);
            }
        }
    }
    slices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_as_large_as_a_payload_may_be() {
        let records = vec![Value::from("x".repeat(SYNC_PAYLOAD_BYTES_MAX / 3)); 7];
        let slices = by_size(records, |record| record);
        assert_eq!(slices.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2, 1]);
        for slice in slices {
            assert!(
                serde_json::json!({ "Records": slice }).to_string().len() <= SYNC_PAYLOAD_BYTES_MAX
            );
        }
        assert_eq!(by_size(Vec::<Value>::new(), |record| record), Vec::<Vec<Value>>::new());
    }
}
