//! What a DynamoDB table cannot hold, named before DynamoDB is called.

use serde_json::{Number, Value};

use crate::{Decimal, Envelope, excerpt::start};

/// How many levels an attribute may have: a text is one, a list or map is one more than what it
/// holds.
/// Source, for numbers too: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>.
pub const LEVELS_MAX: usize = 32;
/// How many significant digits a number may have.
const DIGITS_MAX: usize = 38;
/// From 1e-130 to 9.99…e125, and zero.
const EXPONENTS: std::ops::RangeInclusive<i64> = -130..=125;
/// How much of a path or a number an error repeats, in characters.
const EXCERPT_CHARS_MAX: usize = 200;

/// What of an event cannot be stored. A retry does not help with any of these: the
/// publisher has to change the event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unstorable {
    /// Lists and objects are nested too deep.
    #[error("{path} is more than {levels_max} levels deep: make it flatter, or store it as a text")]
    TooDeep {
        /// What would be one level too deep.
        path: String,
        /// How many levels there may be from `data` on, itself and the values at the end included.
        levels_max: usize,
    },
    /// A member has no name.
    #[error("{path} has a member with an empty name: give it one")]
    EmptyName {
        /// The path of the object, from `data` on.
        path: String,
    },
    /// A number is too large, or too close to zero.
    #[error("{path} is {number}: a number is from 1e-130 to 9.9e125, or a text")]
    NumberOutOfRange {
        /// Its path in the event.
        path: String,
        /// The number as JSON has it, shortened.
        number: String,
    },
    /// A number has too many digits.
    #[error("{path} is {number}: a number has {DIGITS_MAX} digits at most, or is a text")]
    TooManyDigits {
        /// Its path in the event.
        path: String,
        /// The number as JSON has it, shortened.
        number: String,
    },
}

impl Envelope<Value> {
    /// Whether a DynamoDB item can hold the event: its `data` with no more than [`LEVELS_MAX`]
    /// levels in all, no empty names, and no numbers that a table does not have.
    ///
    /// `levels_around` counts the lists and maps that are around `data` in the item: none where the
    /// event is the item, two where it is an element of a list.
    ///
    /// # Errors
    ///
    /// The first thing that cannot be stored, with its path.
    pub fn check_storable(&self, levels_around: usize) -> Result<(), Unstorable> {
        let levels_max = LEVELS_MAX.saturating_sub(levels_around);
        Check { levels_max }.value(&self.data, &mut "data".to_owned(), 0)
    }
}

struct Check {
    levels_max: usize,
}

impl Check {
    /// `value` has `levels` around it within `data`.
    fn value(&self, value: &Value, path: &mut String, levels: usize) -> Result<(), Unstorable> {
        let nests = matches!(value, Value::Array(_) | Value::Object(_));
        // A published event is JSON with `data` in it, and is read within the same limit.
        if levels >= self.levels_max || (nests && levels + 1 >= LEVELS_MAX) {
            return Err(Unstorable::TooDeep { path: excerpt(path), levels_max: self.levels_max });
        }
        let parent = path.len();
        match value {
            Value::Null | Value::Bool(_) | Value::String(_) => {}
            Value::Number(number) => check_number(number, path)?,
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    path.push_str(&format!("[{index}]"));
                    self.value(element, path, levels + 1)?;
                    path.truncate(parent);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    if name.is_empty() {
                        return Err(Unstorable::EmptyName { path: excerpt(path) });
                    }
                    path.push('.');
                    path.push_str(name);
                    self.value(member, path, levels + 1)?;
                    path.truncate(parent);
                }
            }
        }
        Ok(())
    }
}

fn check_number(number: &Number, path: &str) -> Result<(), Unstorable> {
    let literal = number.to_string();
    let path = excerpt(path);
    let number = excerpt(&literal);
    match Decimal::parse(&literal) {
        Some(read) if read.exponent().is_none_or(|exponent| EXPONENTS.contains(&exponent)) => {
            if read.significant_digits() > DIGITS_MAX {
                return Err(Unstorable::TooManyDigits { path, number });
            }
            Ok(())
        }
        Some(_) | None => Err(Unstorable::NumberOutOfRange { path, number }),
    }
}

fn excerpt(text: &str) -> String {
    start(text, EXCERPT_CHARS_MAX).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::OffsetDateTime;

    use super::*;
    use crate::{AggregateId, CorrelationId, Draft, Version};

    fn event(data: Value) -> Envelope {
        Draft {
            event_type: "Happened".into(),
            event_version: Version::new(1, 0),
            source: "a-service".into(),
            timestamp: OffsetDateTime::UNIX_EPOCH,
            aggregate_id: AggregateId::parse("thing-1").unwrap(),
            sequence_number: 1,
            data,
        }
        .root(CorrelationId::of("thing-1"), None)
    }

    /// A value of `levels` lists and objects inside each other.
    fn deep(levels: usize) -> Value {
        (0..levels).fold(json!(1), |inner, level| match level % 2 {
            0 => json!([0, inner]),
            _ => json!({ "in": inner }),
        })
    }

    #[track_caller]
    fn refuse(data: &str, reason: &str) {
        let event = event(serde_json::from_str(data).unwrap());
        assert_eq!(event.check_storable(2).unwrap_err().to_string(), reason);
    }

    #[test]
    fn levels_count_with_those_around() {
        // The value at the end is a level, too.
        for (around, nested_max) in [(0, 31), (1, 30), (2, 29)] {
            event(deep(nested_max)).check_storable(around).unwrap();
            let error = event(deep(nested_max + 1)).check_storable(around).unwrap_err();
            let Unstorable::TooDeep { levels_max, path } = error else { panic!("{error:?}") };
            assert_eq!(levels_max, LEVELS_MAX - around);
            assert!(path.starts_with("data"), "{path}");
        }
        event(json!(1)).check_storable(40).unwrap_err();
        // What may be stored can be read, too.
        let json = event(deep(31)).to_json().unwrap();
        assert_eq!(Envelope::from_json(json.as_bytes()).unwrap().data, deep(31));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        refuse(r#"{"a":[{"":1}]}"#, "data.a[0] has a member with an empty name: give it one");
        refuse(r#"{"":{}}"#, "data has a member with an empty name: give it one");
        let range = "a number is from 1e-130 to 9.9e125, or a text";
        refuse(r#"{"n":1e300}"#, &format!("data.n is {}: {range}", json!(1e300)));
        refuse("[0,[-1e-200]]", &format!("data[1][0] is {}: {range}", json!(-1e-200)));
        let name = "n".repeat(5_000);
        let long = event(json!({ name: 1e126 })).check_storable(0).unwrap_err().to_string();
        assert!(long.len() < 400, "{long}");
    }

    #[test]
    fn the_edges_of_numbers_are_those_of_the_table() {
        for fits in [
            "9.9e125",
            "-9.99999e125",
            "1e-130",
            "0",
            "-0.0",
            "18446744073709551615",
            "0.30000000000000004",
        ] {
            event(serde_json::from_str(fits).unwrap()).check_storable(0).unwrap();
        }
        for beyond in ["1e126", "9.9e-131", "-1e126", "5e-324", "1.7976931348623157e308"] {
            event(serde_json::from_str(beyond).unwrap()).check_storable(0).unwrap_err();
        }
    }

    #[test]
    fn odd_names_and_texts_are_held() {
        let odd =
            json!({ "a": "", "b": {}, "c": [], "d": "\u{0}", "ttl": null, "😀": "é", ".": 1 });
        event(odd).check_storable(2).unwrap();
    }
}
