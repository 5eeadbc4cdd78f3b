//! Keys by JMESPath expressions.

mod functions;

use event_envelope::fingerprint;
use jmespath::Expression;
use serde::Serialize;
use serde_json::Value;

use crate::{
    IdempotencyError, Identify, Identity,
    json::{self, Json},
    key::{as_json, unreadable},
};
use functions::{RUNTIME, check};

/// The member of an EventBridge event that is replayed from an archive.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html>.
const REPLAY_NAME: &str = "replay-name";

/// How the selection of an expression becomes a key or a payload hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hashing {
    /// SHA-256 over canonical JSON, in which equal numbers are equal however they are written.
    #[default]
    Sha256,
    /// MD5 over JSON as Python writes it, which is what Powertools for AWS Lambda (Python) has in
    /// its tables. It identifies a request; it does not protect against a forged one.
    ///
    /// Both libraries have to hash the same, so this follows Python: `1` and `1.0` are two
    /// keys, floats are doubles, and a list is a key unless all it has are nulls.
    #[cfg(feature = "powertools")]
    PowertoolsPython,
}

/// Finds the key of a request, and the part of it that has to stay the same, by JMESPath over
/// its JSON.
///
/// Besides the functions of JMESPath, `powertools_json(text)` reads JSON within a string, such as
/// the body of an API's or a queue's event, and `powertools_base64(text)` decodes one. Of a text
/// that is not there, null or blank both make null. A request with a member `replay-name`, as
/// EventBridge has it, is known to be a replay from an archive.
///
/// A selection of which any part is nothing (null, an empty text, list or object, at any level)
/// names no key: [`MissingKey`](crate::MissingKey) sets what happens to the request then.
/// `0` and `false` are values. So select what every request has, not an object with members that
/// may be left out.
///
/// Numbers differ to the last digit, and JSON with a name twice is refused, as far as the
/// request still has them: a text within it, or a `RawValue`. A `serde_json::Value` keeps whole
/// numbers beyond 64 bits as doubles; a selection with one is refused.
///
/// ```
/// use idempotency::{ByJmespath, Identify};
/// use serde_json::json;
///
/// let by = ByJmespath::key("powertools_json(body).[user, orderId]")?;
/// let event = json!({ "body": "{\"user\":\"u-1\",\"orderId\":\"o-1\"}" });
/// assert!(by.identify(&event)?.is_some());
/// assert!(by.identify(&json!({ "body": "{}" }))?.is_none(), "it selects nothing");
/// assert!(by.identify(&json!({ "body": "{\"user\":\"u-1\"}" }))?.is_none(), "there is no order");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ByJmespath {
    key: Expression<'static>,
    payload: Option<Expression<'static>>,
    hashing: Hashing,
}

impl ByJmespath {
    /// Requests of which `expression` selects the same are the same. The key is a hash of the
    /// selection, which may be long, and is not readable in the table.
    ///
    /// # Errors
    ///
    /// When the expression is invalid, or calls a function that does not exist or takes other
    /// arguments; the process should not start.
    pub fn key(expression: &str) -> Result<Self, IdempotencyError> {
        Ok(Self { key: compile(expression)?, payload: None, hashing: Hashing::default() })
    }

    /// The selection of `expression` has to be the same in every request with the same key.
    ///
    /// # Errors
    ///
    /// As [`ByJmespath::key`].
    pub fn payload(self, expression: &str) -> Result<Self, IdempotencyError> {
        Ok(Self { payload: Some(compile(expression)?), ..self })
    }

    /// Hashes by `hashing`.
    #[must_use]
    pub fn hashing(self, hashing: Hashing) -> Self {
        Self { hashing, ..self }
    }
}

impl<T: Serialize> Identify<T> for ByJmespath {
    fn identify(&self, request: &T) -> Result<Option<Identity>, IdempotencyError> {
        let request = as_json(request)?;
        let replay_name =
            if let Json::Object(it) = &request { it.get(REPLAY_NAME).and_then(text) } else { None };
        let request = request.into_value();
        let key = select(&self.key, &request)?;
        if self.hashing.names_nothing(&key) {
            return Ok(None);
        }
        let payload = self.payload.as_ref().map(|payload| select(payload, &request)).transpose()?;
        Ok(Some(Identity {
            replay_name,
            payload_hash: payload.map(|payload| self.hashing.hash(&payload)).transpose()?,
            ..Identity::new(self.hashing.hash(&key)?)
        }))
    }
}

impl Hashing {
    fn hash(self, value: &Json) -> Result<String, IdempotencyError> {
        match self {
            Self::Sha256 => {
                value.check_not_rounded().map_err(unreadable)?;
                Ok(fingerprint(&[json::canonical(value).as_bytes()]))
            }
            #[cfg(feature = "powertools")]
            Self::PowertoolsPython => crate::powertools::hash(value).map_err(unreadable),
        }
    }

    fn names_nothing(self, selected: &Json) -> bool {
        match self {
            Self::Sha256 => has_nothing(selected),
            #[cfg(feature = "powertools")]
            Self::PowertoolsPython => crate::powertools::is_missing(selected),
        }
    }
}

fn compile(expression: &str) -> Result<Expression<'static>, IdempotencyError> {
    let compiled = RUNTIME.compile(expression).map_err(unreadable)?;
    check(compiled.as_ast()).map_err(unreadable)?;
    Ok(compiled)
}

fn select(expression: &Expression<'_>, request: &Value) -> Result<Json, IdempotencyError> {
    let selected = expression.search(request).map_err(unreadable)?;
    serde_json::to_value(&selected).map(Json::of_value).map_err(unreadable)
}

fn text(value: &Json) -> Option<String> {
    if let Json::Text(text) = value { Some(text.clone()) } else { None }
}

/// Whether `selected` is nothing, or has a part that is: requests that differ in that part alone
/// would have one key.
fn has_nothing(selected: &Json) -> bool {
    match selected {
        Json::Null => true,
        Json::Text(text) => text.is_empty(),
        Json::List(values) => values.is_empty() || values.iter().any(has_nothing),
        Json::Object(members) => members.is_empty() || members.values().any(has_nothing),
        Json::Bool(_) | Json::Number(_) => false,
    }
}
