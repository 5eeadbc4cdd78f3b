//! Items and transactions that DynamoDB would refuse for their size, named before it is called.

use aws_sdk_dynamodb::types::AttributeValue;

use super::Write;
use crate::{IdempotencyError, Item};

/// The most actions of one transaction.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>.
const ACTIONS_MAX: usize = 100;
/// The largest transaction, in bytes of all its items. Source: as above.
const TRANSACTION_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The largest item, names included.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>.
const ITEM_BYTES_MAX: usize = 400 * 1024;

/// # Errors
///
/// When the record is larger than an item may be; the error names its largest part.
pub(super) fn check_record(
    item: &Item,
    result: &str,
    outgoing: &str,
) -> Result<(), IdempotencyError> {
    let bytes = item_bytes(item);
    if bytes <= ITEM_BYTES_MAX {
        return Ok(());
    }
    let part = |name: &str| item.get(name).map_or(0, value_bytes);
    let what = format!(
        "the record (its result has {} bytes, its events to publish {})",
        part(result),
        part(outgoing)
    );
    Err(IdempotencyError::TooLarge { what, bytes, max: ITEM_BYTES_MAX })
}

/// # Errors
///
/// When there are too many writes, one puts an item that is too large, or all of them are. The
/// result of an update is known to DynamoDB alone, which then refuses it.
pub(super) fn check(writes: &[Write]) -> Result<(), IdempotencyError> {
    if writes.len() > ACTIONS_MAX {
        return Err(IdempotencyError::TooManyWrites { writes: writes.len(), max: ACTIONS_MAX });
    }
    let mut all = 0;
    for (index, write) in writes.iter().enumerate() {
        let bytes = write_bytes(write);
        if let Some(put) = write.0.put()
            && bytes > ITEM_BYTES_MAX
        {
            let what = format!("write {index}, an item of table {},", put.table_name);
            return Err(IdempotencyError::TooLarge { what, bytes, max: ITEM_BYTES_MAX });
        }
        all += bytes;
    }
    if all > TRANSACTION_BYTES_MAX {
        return Err(IdempotencyError::TooLarge {
            what: format!("the transaction of {} writes", writes.len()),
            bytes: all,
            max: TRANSACTION_BYTES_MAX,
        });
    }
    Ok(())
}

/// The content of a write: the item that it puts, or the values that it updates with.
fn write_bytes(write: &Write) -> usize {
    let action = &write.0;
    let puts = action.put().map(|put| item_bytes(&put.item));
    let updates = action
        .update()
        .and_then(|update| update.expression_attribute_values.as_ref())
        .map(|values| values.values().map(value_bytes).sum());
    puts.or(updates).unwrap_or(0)
}

fn item_bytes(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

/// By DynamoDB's own rules.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>.
#[expect(clippy::wildcard_enum_match_arm, reason = "a type that comes to be later is small")]
fn value_bytes(value: &AttributeValue) -> usize {
    /// A list or a map has three bytes of its own, and one for each element.
    const NESTED: usize = 3;
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => number_bytes(digits),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|number| number_bytes(number)).sum(),
        AttributeValue::Bs(all) => all.iter().map(|bytes| bytes.as_ref().len()).sum(),
        AttributeValue::L(values) => {
            NESTED + values.iter().map(|value| 1 + value_bytes(value)).sum::<usize>()
        }
        AttributeValue::M(members) => NESTED + members.len() + item_bytes(members),
        // Bool and Null.
        _ => 1,
    }
}

/// About one byte for two digits, and one.
fn number_bytes(digits: &str) -> usize {
    digits.bytes().filter(u8::is_ascii_digit).count().div_ceil(2) + 1
}
