//! Hashes of Powertools for AWS Lambda (Python), byte for byte.

use std::fmt::Write;

use md5::{Digest, Md5};

use crate::json::{Json, JsonError};

/// The hash of `value` as Powertools has it in keys and in `validation`: MD5 over
/// `json.dumps(value, sort_keys=True)`.
///
/// # Errors
///
/// When there is a number that Python has no finite float for.
pub(crate) fn hash(value: &Json) -> Result<String, JsonError> {
    let mut text = String::new();
    dump(&mut text, value)?;
    Ok(hex::encode(Md5::digest(text)))
}

/// Whether `selected` is no key for Powertools. (To Python an object with any member is a key;
/// here one member has to be non-null.)
pub(crate) fn is_missing(selected: &Json) -> bool {
    let is_null = |value: &Json| *value == Json::Null;
    match selected {
        Json::Null => true,
        Json::Text(text) => text.is_empty(),
        Json::List(values) => values.iter().all(is_null),
        Json::Object(members) => members.values().all(is_null),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

/// The output of Python's `json.dumps`, with sorted keys: a blank after each comma and colon,
/// nothing but ASCII, whole numbers with all digits and floats as Python shows them.
fn dump(text: &mut String, value: &Json) -> Result<(), JsonError> {
    match value {
        Json::Null => text.push_str("null"),
        Json::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Json::Number(literal) => text.push_str(&number(literal)?),
        Json::Text(value) => quote(text, value),
        Json::List(values) => {
            text.push('[');
            for (index, value) in values.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                dump(text, value)?;
            }
            text.push(']');
        }
        Json::Object(members) => {
            text.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                quote(text, name);
                text.push_str(": ");
                dump(text, value)?;
            }
            text.push('}');
        }
    }
    Ok(())
}

fn quote(text: &mut String, value: &str) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a text does not fail.
                    _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text.push('"');
}

/// A whole number is one to Python if it has neither a point nor an exponent.
fn number(literal: &str) -> Result<String, JsonError> {
    if literal == "-0" {
        return Ok("0".to_owned());
    }
    if !literal.contains(['.', 'e', 'E']) {
        return Ok(literal.to_owned());
    }
    match literal.parse() {
        Ok(value) if f64::is_finite(value) => Ok(float(value)),
        _ => Err(JsonError::Number(literal.chars().take(64).collect())),
    }
}

/// `repr(value)` of Python: the shortest digits that read back as the same, in scientific notation
/// below 1e-4 and from 1e16 on, with a sign and two digits at least in the exponent.
/// Source: <https://docs.python.org/3/library/functions.html#repr>, `float_repr_style`.
fn float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if value == 0.0 || (-4..16).contains(&exponent) {
        let plain = value.to_string();
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn dumped(text: &str) -> String {
        let mut dumped = String::new();
        dump(&mut dumped, &json::read(text.as_bytes()).unwrap()).unwrap();
        dumped
    }

    #[test]
    fn json_is_written_as_python_writes_it() {
        let text = r#"{"b":[1,2.0,"ü\ud83e\udd80\"\n\u007f\b\f\r\t\\\u0001"],
            "a":{"d":null,"c":true},"e":{},"f":[]}"#;
        let expected = "{\"a\": {\"c\": true, \"d\": null}, \
                        \"b\": [1, 2.0, \"\\u00fc\\ud83e\\udd80\\\"\\n\\u007f\\b\\f\\r\\t\\\\\\u0001\"], \
                        \"e\": {}, \"f\": []}";
        assert_eq!(dumped(text), expected);
    }

    #[test]
    fn numbers_are_those_of_python() {
        for (text, python) in [
            ("-0", "0"),
            ("18446744073709551617", "18446744073709551617"),
            (
                "-100000000000000000000000000000000000000001",
                "-100000000000000000000000000000000000000001",
            ),
            ("0.10000000000000000001", "0.1"),
            ("1E2", "100.0"),
            ("1e20", "1e+20"),
        ] {
            assert_eq!(dumped(text), python);
        }
        hash(&Json::Number("1e999".to_owned())).unwrap_err();
    }

    #[test]
    fn floats_are_written_as_python_shows_them() {
        let shown = [
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (100.0, "100.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (-123_456_789.125, "-123456789.125"),
        ];
        for (value, text) in shown {
            assert_eq!(float(value), text);
        }
    }

    #[test]
    fn the_hash_is_the_one_that_powertools_makes() {
        // python3 -c 'import hashlib, json;
        // print(hashlib.md5(json.dumps("o-1").encode()).hexdigest())'
        assert_eq!(
            hash(&Json::Text("o-1".to_owned())).unwrap(),
            "cbcbdb948de16bfe7e49a81f91500ab1"
        );
    }
}
