//! From version 1, the book's, to the current one, step by step.

use event_envelope::DecodeError;
use serde_json::{Map, Value, json};

use crate::{Currency, Money};

/// The data of an event of version 1 in the shape of version 2.
///
/// # Errors
///
/// When version 1 had no such type, or its data is not what the book shows.
pub(crate) fn from_1(event_type: &str, data: Value) -> Result<Value, DecodeError> {
    let Value::Object(mut data) = data else {
        return Err(DecodeError::field("data", "not a JSON object"));
    };
    match event_type {
        "OrderCreated" => created(&mut data)?,
        "InventoryReserved" => reserved(&mut data)?,
        // These said the same as now, only less.
        "InventoryReservationFailed" | "PaymentCompleted" | "PaymentFailed" => (),
        _ => {
            return Err(DecodeError::field(
                "eventVersion",
                format!("{event_type} has no version 1"),
            ));
        }
    }
    Ok(Value::Object(data))
}

/// Prices were floats without a currency: dollars, read from their decimal digits.
fn created(data: &mut Map<String, Value>) -> Result<(), DecodeError> {
    dollars(data, "total", "total", "data.total")?;
    for (index, item) in items(data)?.iter_mut().enumerate() {
        let path = format!("data.items[{index}]");
        let item =
            item.as_object_mut().ok_or_else(|| DecodeError::field(&path, "not an object"))?;
        dollars(item, "price", "unitPrice", &format!("{path}.price"))?;
    }
    Ok(())
}

/// The reserved items repeated the prices of the order.
fn reserved(data: &mut Map<String, Value>) -> Result<(), DecodeError> {
    for item in items(data)?.iter_mut().filter_map(Value::as_object_mut) {
        item.remove("price");
    }
    Ok(())
}

fn items(data: &mut Map<String, Value>) -> Result<&mut Vec<Value>, DecodeError> {
    data.get_mut("items")
        .and_then(Value::as_array_mut)
        .ok_or_else(|| DecodeError::field("data.items", "missing, or not a list"))
}

fn dollars(
    object: &mut Map<String, Value>,
    old: &str,
    new: &str,
    path: &str,
) -> Result<(), DecodeError> {
    let value = object.remove(old).unwrap_or_default();
    let Value::Number(number) = value else {
        return Err(DecodeError::field(path, "missing, or not a number"));
    };
    let money = Money::from_decimal(&number, Currency::USD)
        .map_err(|error| DecodeError::field(path, error))?;
    object.insert(new.to_owned(), json!(money));
    Ok(())
}
