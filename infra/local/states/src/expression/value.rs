//! Between the values of JSON and those of `JSONata`, whose numbers are doubles.

use jsonata_core::value::JValue;
use serde_json::{Map, Value};

/// Whole numbers up to here are exact in a double.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A value that JSON has no place for: a function, or a number beyond doubles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotJson;

/// The value as JSON.
pub(super) fn to_json(value: &JValue) -> Result<Value, NotJson> {
    match value {
        // Only inside of arrays: nothing at all is seen before.
        JValue::Null | JValue::Undefined => Ok(Value::Null),
        JValue::Bool(flag) => Ok(Value::Bool(*flag)),
        JValue::Number(number) => self::number(*number),
        JValue::String(text) => Ok(Value::String(text.as_ref().to_owned())),
        JValue::Array(items) => items.iter().map(to_json).collect(),
        JValue::Object(members) => {
            let members = members.iter().map(|(key, value)| Ok((key.clone(), to_json(value)?)));
            Ok(Value::Object(members.collect::<Result<Map<_, _>, _>>()?))
        }
        JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => Err(NotJson),
    }
}

fn number(number: f64) -> Result<Value, NotJson> {
    if !number.is_finite() {
        return Err(NotJson);
    }
    if number.fract() == 0.0 && number.abs() <= EXACT_MAX {
        // Exact, as has just been seen; and 2 should not become 2.0 on its way through.
        return Ok(Value::from(number as i64));
    }
    Ok(Value::from(number))
}

/// What `JSONata` calls the type of a value.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use jsonata_core::value::JValue;
    use serde_json::json;

    use super::{NotJson, to_json};

    #[test]
    fn a_value_comes_back_as_it_was() {
        let value = json!({"a": [null, true, "x", 2, -3, 0.1, 1e300], "b": {}, "c": []});
        assert_eq!(to_json(&JValue::from(value.clone())), Ok(value));
    }

    #[test]
    fn whole_numbers_stay_whole() {
        let text = |number: f64| to_json(&JValue::Number(number)).unwrap().to_string();
        assert_eq!(text(42.0), "42");
        assert_eq!(text(-0.5), "-0.5");
        assert_eq!(text(9_007_199_254_740_992.0), "9007199254740992");
        assert_eq!(text(1e300), "1e+300");
    }

    #[test]
    fn what_json_cannot_hold_is_refused() {
        let function = JValue::object([("f".to_owned(), JValue::builtin("sum"))].into());
        for value in [function, JValue::Number(f64::INFINITY), JValue::regex("a", "")] {
            assert_eq!(to_json(&value), Err(NotJson));
        }
    }
}
