//! What a template says of all its functions.

use serde_json::Value;

use crate::resolver;

/// The properties of a function as written: `Globals.Function` beneath its own.
pub(crate) fn with_globals(globals: &Value, own: &Value) -> Value {
    match (globals, own) {
        (Value::Object(globals), Value::Object(fields)) if resolver::function(fields).is_none() => {
            let mut merged = globals.clone();
            for (name, value) in fields {
                let beneath = globals.get(name).unwrap_or(&Value::Null);
                merged.insert(name.clone(), with_globals(beneath, value));
            }
            Value::Object(merged)
        }
        // SAM appends a function's list to the global one.
        (Value::Array(globals), Value::Array(items)) => {
            Value::Array(globals.iter().chain(items).cloned().collect())
        }
        (globals, Value::Null) => globals.clone(),
        (_, own) => own.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_function_says_itself_comes_before_the_globals() {
        let globals = json!({
            "Timeout": 3, "Layers": ["a"], "Environment": { "Variables": { "A": "1", "B": "1" } },
        });
        let own = json!({
            "Timeout": 5, "Layers": ["b"], "Environment": { "Variables": { "B": { "Ref": "P" } } },
        });
        let merged = json!({
            "Timeout": 5,
            "Layers": ["a", "b"],
            "Environment": { "Variables": { "A": "1", "B": { "Ref": "P" } } },
        });
        assert_eq!(with_globals(&globals, &own), merged);
        assert_eq!(with_globals(&Value::Null, &own), own);
        assert_eq!(with_globals(&globals, &Value::Null), globals);
    }
}
