//! DynamoDB's typed JSON as plain JSON.

use serde_json::{Map, Value};

/// The item `item`, in DynamoDB's JSON, without its type marks; null if it is no item.
pub(super) fn plain_item(item: &Value) -> Value {
    item.as_object().map_or(Value::Null, members)
}

fn members(attributes: &Map<String, Value>) -> Value {
    attributes.iter().map(|(name, value)| (name.clone(), plain(value))).collect()
}

fn plain(attribute: &Value) -> Value {
    let Some((kind, value)) = attribute.as_object().and_then(|it| it.iter().next()) else {
        return Value::Null;
    };
    match (kind.as_str(), value) {
        ("N", Value::String(number)) => serde_json::from_str(number).unwrap_or_default(),
        ("M", Value::Object(attributes)) => members(attributes),
        ("L", Value::Array(elements)) => elements.iter().map(plain).collect(),
        ("NULL", _) => Value::Null,
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_go_and_values_stay() {
        let item = json!({
            "id": { "S": "order-1" },
            "paid": { "BOOL": true },
            "total": { "M": { "amount": { "N": "10997" }, "note": { "NULL": true } } },
            "lines": { "L": [{ "S": "a" }, { "N": "1.5" }] },
        });
        let expected = json!({
            "id": "order-1", "paid": true,
            "total": { "amount": 10997, "note": null }, "lines": ["a", 1.5],
        });
        assert_eq!(plain_item(&item), expected);
    }
}
