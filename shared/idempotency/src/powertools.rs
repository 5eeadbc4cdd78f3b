//! What Powertools for AWS Lambda (Python) writes, to the byte.

use md5::{Digest, Md5};
use serde::Serialize;
use serde_json::{Serializer, Value, ser::Formatter};
use std::io;

use event_envelope::canonical;

/// The hash of `value` as Powertools has it in keys and in `validation`: MD5 over
/// `json.dumps(value, sort_keys=True)`.
pub(crate) fn hash(value: &Value) -> String {
    hex::encode(Md5::digest(dumps(value)))
}

/// What Python's `json.dumps` writes, with sorted keys.
fn dumps(value: &Value) -> Vec<u8> {
    // Canonical JSON has its keys sorted; reading it again keeps them so, whatever map is below.
    let sorted: Value = serde_json::from_str(&canonical(value)).unwrap_or(Value::Null);
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, Python);
    // Writing a JSON value to memory does not fail.
    let _written = sorted.serialize(&mut serializer);
    text
}

/// A blank after each comma and colon, nothing but ASCII, and floats as Python shows them.
struct Python;

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for character in fragment.chars() {
            if matches!(character, ' '..='~') {
                write!(writer, "{character}")?;
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(float(value).as_bytes())
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
    use serde_json::json;

    use super::*;

    fn dumped(value: &Value) -> String {
        String::from_utf8(dumps(value)).unwrap()
    }

    #[test]
    fn json_is_written_as_python_writes_it() {
        let value = json!({
            "b": [1, 2.0, "ü\u{1f980}\"\n\u{7f}"], "a": { "d": null, "c": true }, "e": {}, "f": [],
        });
        let expected = "{\"a\": {\"c\": true, \"d\": null}, \
                        \"b\": [1, 2.0, \"\\u00fc\\ud83e\\udd80\\\"\\n\\u007f\"], \"e\": {}, \"f\": []}";
        assert_eq!(dumped(&value), expected);
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
        // python3 -c 'import hashlib, json; print(hashlib.md5(json.dumps("o-1").encode()).hexdigest())'
        assert_eq!(hash(&json!("o-1")), "cbcbdb948de16bfe7e49a81f91500ab1");
    }
}
