//! Identifiers: ASCII letters, digits, `_` and `-`, at most 64 of them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use sha2::{Digest, Sha256};

use crate::excerpt::excerpt;

/// The longest identifier, in bytes.
pub const ID_BYTES_MAX: usize = 64;
/// How many bytes of a hash an identifier shows: 128 bits, so that collisions do not occur.
const HASH_BYTES: usize = 16;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an identifier: 1 to {ID_BYTES_MAX} of A-Z a-z 0-9 _ -")]
pub struct InvalidId {
    /// The start of the offending text.
    pub text: String,
}

fn check(text: &str) -> Result<(), InvalidId> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(())
    } else {
        Err(InvalidId { text: excerpt(text).to_owned() })
    }
}

/// A hash of `parts` as lower-case hex. Each part is preceded by its length, so that no two lists
/// of parts run together.
pub fn fingerprint(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut hex = format!("{:x}", hash.finalize());
    hex.truncate(2 * HASH_BYTES);
    hex
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(String);

        impl $name {
            /// Parses a text that came from outside.
            ///
            /// # Errors
            ///
            /// When it is empty, longer than 64 bytes, or holds anything but ASCII letters,
            /// digits, `_` and `-`; the caller should reject the input.
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                check(&text).map(|()| Self(text))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

id! {
    /// Names one event, for ever: every copy of it carries the same.
    EventId
}
id! {
    /// Names the command that started a chain of events; the same for all of them.
    CorrelationId
}
id! {
    /// Names the aggregate whose history an event belongs to.
    AggregateId
}

impl EventId {
    /// The id of the event at `sequence` in the history of `aggregate` that `source` keeps.
    pub fn of_sequence(source: &str, aggregate: &AggregateId, sequence: u64) -> Self {
        Self::hashed(&[source.as_bytes(), aggregate.0.as_bytes(), &sequence.to_be_bytes()])
    }

    /// The id of the event that `consumer` publishes as its `index`-th answer to `cause`.
    pub fn of_output(consumer: &str, cause: &EventId, index: u64) -> Self {
        Self::hashed(&[b"output", consumer.as_bytes(), cause.0.as_bytes(), &index.to_be_bytes()])
    }

    /// An id made of content, for events that came without one.
    pub fn of_content(parts: &[&[u8]]) -> Self {
        Self::hashed(parts)
    }

    fn hashed(parts: &[&[u8]]) -> Self {
        Self(format!("evt_{}", fingerprint(parts)))
    }
}

impl CorrelationId {
    /// The correlation of everything that follows from the command on `subject`.
    pub fn of(subject: &str) -> Self {
        Self(format!("corr_{}", fingerprint(&[b"correlation", subject.as_bytes()])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_plain_ascii_is_an_id() {
        for good in ["a", "order-123", "evt_12345", &"x".repeat(64)] {
            assert_eq!(EventId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", " a", "a b", "a\n", "é", "a/b", "a#b", "\u{202e}a", &"x".repeat(65)] {
            EventId::parse(bad).unwrap_err();
        }
    }

    #[test]
    fn the_same_place_in_a_history_has_the_same_id() {
        let order = AggregateId::parse("order-1").unwrap();
        let id = |source, sequence| EventId::of_sequence(source, &order, sequence);
        assert_eq!(id("order-service", 1), id("order-service", 1));
        assert_ne!(id("order-service", 1), id("order-service", 2));
        assert_ne!(id("order-service", 1), id("payment-service", 1));
    }

    #[test]
    fn derived_ids_are_the_same_for_ever() {
        let order = AggregateId::parse("order-1").unwrap();
        let event = EventId::of_sequence("order-service", &order, 2);
        assert_eq!(event.as_str(), "evt_34a7ad0213a50a8ebc1d5e1f59e7a513");
        let cause = EventId::parse("evt_1").unwrap();
        let output = EventId::of_output("relay", &cause, 0);
        assert_eq!(output.as_str(), "evt_c987507df715ba62fbfcfd4b6481748e");
        let correlation = CorrelationId::of("order-123");
        assert_eq!(correlation.as_str(), "corr_a44d29a4fe6ae1129cac2f8618e81e3f");
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(fingerprint(&[b"ab", b"c"]), fingerprint(&[b"a", b"bc"]));
    }
}
