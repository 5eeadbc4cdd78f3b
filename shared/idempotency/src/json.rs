//! JSON as it is in a text: numbers to the last digit, and no name twice.
//!
//! Two requests are the same when their values are. A reader that rounds numbers, or takes one of
//! two members of the same name, would find two different ones to be the same.

mod reader;

use std::collections::BTreeMap;

use event_envelope::Decimal;
use serde_json::Value;

use reader::Reader;

/// How many levels are read, as by `serde_json`.
const DEPTH_MAX: usize = 127;
/// The name under which [`Json::into_value`] keeps a number that a [`Value`] cannot hold.
#[cfg(feature = "jmespath")]
const EXACT: &str = "$idempotency::exact";
/// How much of a name or a number an error repeats, in characters.
const EXCERPT_MAX: usize = 64;

/// A value as the text has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// Its literal, as the text has it.
    Number(String),
    Text(String),
    List(Vec<Self>),
    Object(BTreeMap<String, Self>),
}

/// Why a text is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    #[error("not JSON, from byte {0} on")]
    Syntax(usize),
    #[error("the name {0:?} is there twice: send it once")]
    Repeated(String),
    #[cfg(feature = "jmespath")]
    #[error("the name {0:?} is reserved: take another one")]
    Reserved(String),
    #[error("more than {DEPTH_MAX} levels deep")]
    TooDeep,
    #[error("the number {0} cannot be read: send it as a text")]
    Number(String),
    #[error("the number {0} may have lost digits when it was read: send it as a text")]
    Rounded(String),
}

/// Reads `text`.
///
/// # Errors
///
/// When it is not JSON, or could be read in two ways.
pub(crate) fn read(text: &[u8]) -> Result<Json, JsonError> {
    let text = str::from_utf8(text).map_err(|error| JsonError::Syntax(error.valid_up_to()))?;
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.blanks();
    if reader.at == text.len() { Ok(value) } else { Err(JsonError::Syntax(reader.at)) }
}

/// The text that is the same for equal values, and for no others.
pub(crate) fn canonical(value: &Json) -> String {
    let mut text = String::new();
    write(&mut text, value);
    text
}

fn write(text: &mut String, value: &Json) {
    match value {
        Json::Null => text.push_str("null"),
        Json::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Json::Number(literal) => match Decimal::parse(literal) {
            Some(number) => text.push_str(&number.to_string()),
            None => text.push_str(literal),
        },
        Json::Text(value) => text.push_str(&quoted(value)),
        Json::List(values) => {
            text.push('[');
            for (index, value) in values.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                write(text, value);
            }
            text.push(']');
        }
        Json::Object(members) => {
            text.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                text.push_str(&quoted(name));
                text.push(':');
                write(text, value);
            }
            text.push('}');
        }
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

impl Json {
    /// # Errors
    ///
    /// When there is a number that is a double in place of a whole number beyond 64 bits, as
    /// `serde_json` reads one: the number that it was is lost.
    pub(crate) fn check_not_rounded(&self) -> Result<(), JsonError> {
        match self {
            Self::Number(literal) if may_be_rounded(literal) => {
                Err(JsonError::Rounded(excerpt(literal)))
            }
            Self::List(values) => values.iter().try_for_each(Self::check_not_rounded),
            Self::Object(members) => members.values().try_for_each(Self::check_not_rounded),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => Ok(()),
        }
    }
}

fn may_be_rounded(literal: &str) -> bool {
    let beyond = |number: &Decimal| {
        let plain = number.to_string();
        number.is_whole() && plain.parse::<u64>().is_err() && plain.parse::<i64>().is_err()
    };
    // With other digits than the shortest for its double it was not written from a double.
    let double =
        literal.parse::<f64>().ok().and_then(|double| Decimal::parse(&format!("{double:e}")));
    let number = Decimal::parse(literal).filter(beyond);
    literal.contains(['.', 'e', 'E']) && number.is_some() && number == double
}

fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_MAX).collect()
}

/// Conversions to and from the values that expressions are evaluated on.
#[cfg(feature = "jmespath")]
impl Json {
    /// As a [`Value`], in which a number that none is able to hold is an object of its own.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(literal) => match number(&literal) {
                Some(number) => Value::Number(number),
                None => Value::from_iter([(EXACT, literal)]),
            },
            Self::Text(text) => Value::String(text),
            Self::List(values) => values.into_iter().map(Self::into_value).collect(),
            Self::Object(members) => Value::Object(
                members.into_iter().map(|(name, value)| (name, value.into_value())).collect(),
            ),
        }
    }

    /// What [`Json::into_value`] made.
    pub(crate) fn of_value(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::Text(text),
            Value::Array(values) => Self::List(values.into_iter().map(Self::of_value).collect()),
            Value::Object(members) => match members.get(EXACT) {
                Some(Value::String(literal)) => Self::Number(literal.clone()),
                _ => Self::Object(
                    members
                        .into_iter()
                        .map(|(name, value)| (name, Self::of_value(value)))
                        .collect(),
                ),
            },
        }
    }
}

/// `literal` as a number of 64 bits or a double, if that is the same number.
#[cfg(feature = "jmespath")]
fn number(literal: &str) -> Option<serde_json::Number> {
    if let Ok(whole) = literal.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = literal.parse::<u64>() {
        return Some(whole.into());
    }
    if !literal.contains(['.', 'e', 'E']) {
        return None;
    }
    let double: f64 = literal.parse().ok()?;
    let is_exact = Decimal::parse(&format!("{double:e}")) == Decimal::parse(literal);
    if is_exact { serde_json::Number::from_f64(double) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        let read = |text: &str| canonical(&read(text.as_bytes()).unwrap());
        read(one) == read(other)
    }

    #[test]
    fn equal_values_have_one_text() {
        assert!(same(
            r#"{"a":1,"b":[true,null]}"#,
            "\t{ \"b\" : [true ,\r\nnull], \"\\u0061\":1.0}"
        ));
        assert!(same("[1e2, -0.0]", "[100, 0]"));
        assert!(!same("100000000000000000001", "100000000000000000002"));
        assert!(!same("0.1", "0.10000000000000000001"));
        assert!(!same("1e400", "1e401"));
        assert!(!same("1", "\"1\""));
        assert!(!same("[[1],2]", "[[1,2]]"));
    }

    #[test]
    fn ordinary_json_has_the_text_that_hashes_were_made_of_before() {
        let text = r#"{"":[],"\"\\\n":{},"a":[null,true,-1,0.5,19.99,"é\u0000"],"b":{"c":[[1]]}}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(canonical(&read(text.as_bytes()).unwrap()), event_envelope::canonical(&value));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"\u0061":2}}]"#] {
            let error = read(text.as_bytes()).unwrap_err();
            assert_eq!(error, JsonError::Repeated("a".to_owned()), "{text}");
        }
        let deep = "[".repeat(128) + &"]".repeat(128);
        assert_eq!(read(deep.as_bytes()).unwrap_err(), JsonError::TooDeep);
        assert!(read(&deep.as_bytes()[1..255]).is_ok());
    }

    #[test]
    fn it_takes_what_serde_json_takes() {
        for text in [
            "",
            " ",
            "nul",
            "nulll",
            "[",
            "[1,]",
            "[,]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "{}}",
            "1 2",
            "\"",
            "\"\\",
            "\"\\\"",
            "\"\\x\"",
            "\"\u{1}\"",
            "\"\\ud800\"",
            "01",
            "1.",
            "-",
            "+1",
            "--1",
            "[1 2]",
            "{\"a\":1 \"b\":2}",
            "'a'",
            "\u{feff}1",
            "\"a\" ,",
            "tru",
            "[true,false,null,0]",
            " {\"a\" : \"\\ud83d\\ude00\" } ",
            "1e5",
            "-0.5E-3",
            "\"\\\\\"",
            "[[],{}]",
            "é",
        ] {
            let known = serde_json::from_str::<Value>(text).is_ok();
            assert_eq!(read(text.as_bytes()).is_ok(), known, "{text:?}");
        }
        assert_eq!(read(b"\"\xff\""), Err(JsonError::Syntax(1)));
    }

    #[test]
    fn a_double_beyond_whole_numbers_may_have_been_rounded() {
        for (text, rounded) in [
            ("18446744073709551616", false),
            ("1.8446744073709552e19", true),
            ("[{\"a\":-9.223372036854775808e18}]", false),
            ("[{\"a\":-9.223372036854776e18}]", true),
            ("1e16", false),
            ("0.5", false),
        ] {
            let checked = read(text.as_bytes()).unwrap().check_not_rounded();
            assert_eq!(checked.is_err(), rounded, "{text}");
        }
    }
}
