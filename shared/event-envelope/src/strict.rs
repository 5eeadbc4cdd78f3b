//! JSON from outside, read strictly: no duplicate keys, and a limit on everything that grows.
//!
//! Duplicate keys are refused because two readers may see different events in them.
//! Source: <https://www.rfc-editor.org/rfc/rfc8259#section-4>.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use crate::excerpt::excerpt;

/// The key by which `serde_json` knows its own `RawValue` in a build that has its feature
/// `raw_value`: it reads the text there as JSON, past all limits.
/// Source: <https://docs.rs/serde_json/latest/src/serde_json/raw.rs.html>.
const RAW_VALUE_KEY: &str = "$serde_json::private::RawValue";

/// The limits within which JSON is read.
///
/// What is read takes at most about 150 bytes of memory for each byte of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole text.
    pub bytes_max: usize,
    /// Levels of arrays and objects inside each other. Never more than the 127 of `serde_json`.
    /// Where a build has `serde_json`'s feature `arbitrary_precision`, a fraction counts as one.
    pub depth_max: usize,
    /// Elements of one array, and members of one object.
    pub length_max: usize,
}

impl Default for Limits {
    /// Limits that fit a DynamoDB item (400 KB) with room for indexes and a second copy.
    fn default() -> Self {
        Self { bytes_max: 200 * 1024, depth_max: 32, length_max: 10_000 }
    }
}

/// Why a text was refused.
#[derive(Debug, thiserror::Error)]
pub enum StrictError {
    /// The text is longer than the limit.
    #[error("{bytes} bytes are more than the limit of {bytes_max}")]
    TooLarge {
        /// The size of the text, in bytes.
        bytes: usize,
        /// [`Limits::bytes_max`].
        bytes_max: usize,
    },
    /// The text is not JSON, repeats a key, or breaks another limit.
    #[error("{0}")]
    Invalid(#[from] serde_json::Error),
}

/// Reads `text` within `limits`.
///
/// ```
/// use event_envelope::strict::{self, Limits};
///
/// let error = strict::parse(br#"{"total": 1, "total": 2}"#, Limits::default()).unwrap_err();
/// assert!(error.to_string().starts_with("key \"total\" is there twice"));
/// ```
///
/// # Errors
///
/// When the text breaks a limit, repeats a key of an object, or is not JSON; the caller should
/// treat that as a permanent failure.
pub fn parse(text: &[u8], limits: Limits) -> Result<Value, StrictError> {
    if text.len() > limits.bytes_max {
        return Err(StrictError::TooLarge { bytes: text.len(), bytes_max: limits.bytes_max });
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    Check { limits, depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    // Only `serde_json` itself knows the form of its numbers in this build: with its feature
    // `arbitrary_precision`, which any other crate may ask for, they come to a visitor as maps.
    Ok(serde_json::from_slice(text)?)
}

/// Goes through a value and keeps nothing of it.
#[derive(Clone, Copy)]
struct Check {
    limits: Limits,
    depth: usize,
}

impl Check {
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

impl<'de> DeserializeSeed<'de> for Check {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Check {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut length = 0;
        while elements.next_element_seed(inner)?.is_some() {
            length += 1;
            self.check_length(length)?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut keys = BTreeSet::new();
        while let Some(key) = members.next_key::<String>()? {
            if keys.contains(&key) {
                let key = excerpt(&key);
                return Err(A::Error::custom(format!("key {key:?} is there twice")));
            }
            if key == RAW_VALUE_KEY {
                return Err(A::Error::custom(format!("key {key:?} is reserved")));
            }
            keys.insert(key);
            self.check_length(keys.len())?;
            members.next_value_seed(inner)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
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
    fn a_number_that_is_read_and_written_again_stays_the_same() {
        for text in ["2.0226072783982053e+253", "5e-324", "1.7976931348623157e+308", "-0.0"] {
            assert_eq!(parse(text.as_bytes(), Limits::default()).unwrap().to_string(), text);
        }
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
    fn a_text_is_not_taken_for_json() {
        let text = "[".repeat(100) + &"]".repeat(100);
        refuse(&format!(r#"[{{"$serde_json::private::RawValue":"{text}"}}]"#), "is reserved");
    }

    #[test]
    fn everything_that_grows_has_a_limit() {
        refuse(&"[".repeat(33), "32 levels");
        refuse(&format!("[{}]", vec!["1"; 10_001].join(",")), "10000 elements");
        refuse(&r#"{"a":"#.repeat(33), "32 levels");
        refuse(&format!("\"{}\"", "x".repeat(200 * 1024)), "limit of 204800");
        let key = "k".repeat(5000);
        let error = parse(format!(r#"{{"{key}":1,"{key}":2}}"#).as_bytes(), Limits::default());
        assert!(error.unwrap_err().to_string().len() < 200);
    }
}
