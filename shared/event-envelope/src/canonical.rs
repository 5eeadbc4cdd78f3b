use std::fmt::Write;

use serde_json::{Map, Value};

/// `value` as JSON text that is the same for equal values, whatever the order of their keys.
///
/// `serde_json` sorts keys unless some crate of the build enables `preserve_order`; a hash must not
/// depend on that.
///
/// ```
/// use event_envelope::canonical;
/// use serde_json::json;
///
/// assert_eq!(canonical(&json!({ "b": [1, null], "a": "x" })), r#"{"a":"x","b":[1,null]}"#);
/// ```
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    text
}

/// [`canonical`] for an object.
#[cfg(feature = "aws")]
pub(crate) fn canonical_object(object: &Map<String, Value>) -> String {
    let mut text = String::new();
    write_object(&mut text, object);
    text
}

fn write_value(text: &mut String, value: &Value) {
    match value {
        Value::Object(members) => write_object(text, members),
        Value::Array(elements) => {
            write_list(text, ['[', ']'], elements, write_value);
        }
        // Writing to a text does not fail.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            _ = write!(text, "{value}");
        }
    }
}

fn write_object(text: &mut String, object: &Map<String, Value>) {
    let mut members: Vec<_> = object.iter().collect();
    members.sort_by_key(|(key, _)| *key);
    write_list(text, ['{', '}'], members, |text, (key, value)| {
        _ = write!(text, "{}:", Value::from(key.as_str()));
        write_value(text, value);
    });
}

fn write_list<T>(
    text: &mut String,
    [open, close]: [char; 2],
    elements: impl IntoIterator<Item = T>,
    write_one: impl Fn(&mut String, T),
) {
    text.push(open);
    for (index, element) in elements.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_one(text, element);
    }
    text.push(close);
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

    #[test]
    fn the_text_is_json_without_spaces() {
        let text = r#"{"":[],"\"\\\n":{},"a":[null,true,-1,0.5,"é\u0000"],"b":{"c":[[1]]}}"#;
        assert_eq!(canonical(&serde_json::from_str(text).unwrap()), text);
    }
}
