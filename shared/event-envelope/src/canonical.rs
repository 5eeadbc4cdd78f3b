use serde_json::{Map, Value};

/// `value` as JSON text that is the same for equal values, whatever the order of their keys.
///
/// `serde_json` sorts keys unless some crate of the build asks it not to; a hash must not depend
/// on that.
pub fn canonical(value: &Value) -> String {
    sorted(value).to_string()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            let members = members.into_iter().map(|(key, value)| (key.clone(), sorted(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(elements) => Value::Array(elements.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let read = |text: &str| canonical(&serde_json::from_str(text).unwrap());
        assert_eq!(
            read(r#"{"b":{"d":1,"c":[{"z":1,"y":2}]},"a":2}"#),
            read(r#"{"a":2,"b":{"c":[{"y":2,"z":1}],"d":1}}"#)
        );
        assert_ne!(read("[1,2]"), read("[2,1]"));
    }
}
