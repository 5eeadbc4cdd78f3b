//! JSON from outside, read strictly: no duplicate keys, and a limit on everything that grows.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// How much JSON is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole text.
    pub bytes_max: usize,
    /// Levels of arrays and objects inside each other.
    pub depth_max: usize,
    /// Elements of one array, and members of one object.
    pub length_max: usize,
}

impl Default for Limits {
    /// What fits a DynamoDB item (400 KB) with room for indexes and a second copy.
    fn default() -> Self {
        Self { bytes_max: 200 * 1024, depth_max: 32, length_max: 10_000 }
    }
}

/// Why a text was not taken.
#[derive(Debug, thiserror::Error)]
pub enum StrictError {
    /// The text is longer than the limit.
    #[error("{bytes} bytes are more than the limit of {bytes_max}")]
    TooLarge {
        /// The size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The text is not JSON, repeats a key, or breaks another limit.
    #[error("{0}")]
    Invalid(#[from] serde_json::Error),
}

/// Reads `text` within `limits`.
///
/// # Errors
///
/// When the text breaks a limit, repeats a key of an object, or is not JSON; the caller should
/// refuse it for good.
pub fn parse(text: &[u8], limits: Limits) -> Result<Value, StrictError> {
    if text.len() > limits.bytes_max {
        return Err(StrictError::TooLarge { bytes: text.len(), bytes_max: limits.bytes_max });
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict { limits, depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Strict {
    limits: Limits,
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == self.limits.depth_max {
            return Err(E::custom(format!("more than {} levels deep", self.limits.depth_max)));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn check_length<E: serde::de::Error>(self, length: usize) -> Result<(), E> {
        if length > self.limits.length_max {
            return Err(E::custom(format!("more than {} elements", self.limits.length_max)));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(inner)? {
            array.push(element);
            self.check_length(array.len())?;
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("key {key:?} is there twice")));
            }
            let value = members.next_value_seed(inner)?;
            object.insert(key, value);
            self.check_length(object.len())?;
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refuse(text: &str, reason: &str) {
        let error = parse(text.as_bytes(), Limits::default()).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn ordinary_json_is_read_as_it_stands() {
        let text = r#"{"a":[1,-2,0.5,true,null,"x"],"b":{"c":18446744073709551615}}"#;
        let value = parse(text.as_bytes(), Limits::default()).unwrap();
        assert_eq!(value.to_string(), text);
    }

    #[test]
    fn what_could_be_misread_is_refused() {
        refuse(r#"{"a":1,"a":2}"#, "\"a\" is there twice");
        refuse(r#"{"a":{"b":1,"\u0062":2}}"#, "\"b\" is there twice");
        refuse("1e999", "number out of range");
        refuse("NaN", "expected");
        refuse("", "EOF");
        refuse("{} {}", "trailing");
        refuse("\"\\ud800\"", "hex escape");
    }

    #[test]
    fn everything_that_grows_has_a_limit() {
        refuse(&"[".repeat(33), "32 levels");
        refuse(&format!("[{}]", vec!["1"; 10_001].join(",")), "10000 elements");
        refuse(&format!("\"{}\"", "x".repeat(200 * 1024)), "limit of 204800");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(parse(&text, Limits::default()));
        }

        #[test]
        fn it_agrees_with_the_ordinary_reader(text in "[\\[\\]{}:,\"a-c0-9.eE+-]{0,40}") {
            if let Ok(value) = parse(text.as_bytes(), Limits::default()) {
                prop_assert_eq!(value, serde_json::from_str::<Value>(&text).unwrap());
            }
        }
    }
}
