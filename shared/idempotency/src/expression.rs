//! Keys by JMESPath expressions.

use std::sync::LazyLock;

use base64::{Engine, prelude::BASE64_STANDARD};
use event_envelope::{canonical, fingerprint};
use jmespath::{
    Context, ErrorReason, Expression, JmespathError, Rcvar, Runtime, Variable,
    functions::{ArgumentType, CustomFunction, Signature},
};
use outcome::BoxError;
use serde::Serialize;
use serde_json::Value;

use crate::{IdempotencyError, Identify, Identity, key::json};

/// Where an EventBridge event says that an archive sends it again.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html>.
const REPLAY_NAME: &str = "replay-name";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut runtime = Runtime::new();
    runtime.register_builtin_functions();
    let mut register = |name: &str, function: fn(&str) -> Result<Value, BoxError>| {
        let signature = Signature::new(vec![ArgumentType::String], None);
        let evaluate = move |arguments: &[Rcvar], context: &mut Context<'_>| {
            let text = arguments.first().and_then(|it| it.as_string().cloned());
            let value = function(&text.unwrap_or_default())
                .and_then(|value| Variable::try_from(value).map_err(BoxError::from));
            value.map(Rcvar::new).map_err(|error| {
                let reason = ErrorReason::Parse(error.to_string());
                JmespathError::new(context.expression, context.offset, reason)
            })
        };
        let function = CustomFunction::new(signature, Box::new(evaluate));
        runtime.register_function(name, Box::new(function));
    };
    register("powertools_json", |text| Ok(serde_json::from_str(text)?));
    register("powertools_base64", |text| {
        Ok(Value::String(String::from_utf8(BASE64_STANDARD.decode(text)?)?))
    });
    runtime
});

/// How what an expression selects becomes a key or a payload hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hashing {
    /// SHA-256 over canonical JSON.
    #[default]
    Sha256,
    /// MD5 over JSON as Python writes it, which is what Powertools for AWS Lambda (Python) has in
    /// its tables. To recognise a request, not to withstand somebody who forges one.
    #[cfg(feature = "powertools")]
    PowertoolsPython,
}

/// Finds the key of a request, and what of it has to stay the same, by JMESPath expressions over
/// its JSON.
///
/// Besides the functions of JMESPath, `powertools_json(text)` reads JSON within a string, such as
/// the body of an API's or a queue's event, and `powertools_base64(text)` decodes one. A request
/// with a member `replay-name`, as EventBridge has it, is known to be sent again by an archive.
///
/// ```
/// use idempotency::{ByJmespath, Identify};
/// use serde_json::json;
///
/// let by = ByJmespath::key("powertools_json(body).[user, orderId]")?;
/// let event = json!({ "body": "{\"user\":\"u-1\",\"orderId\":\"o-1\"}" });
/// assert!(by.identify(&event)?.is_some());
/// assert!(by.identify(&json!({ "body": "{}" }))?.is_none(), "it selects nothing");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ByJmespath {
    key: Expression<'static>,
    payload: Option<Expression<'static>>,
    hashing: Hashing,
}

impl ByJmespath {
    /// Requests of which `expression` selects the same are the same. The key is a hash of what it
    /// selects, so that it may be long, and need not be shown in a table.
    ///
    /// # Errors
    ///
    /// When the expression is none; say so when the process starts.
    pub fn key(expression: &str) -> Result<Self, IdempotencyError> {
        Ok(Self { key: compile(expression)?, payload: None, hashing: Hashing::default() })
    }

    /// What `expression` selects has to be the same in every request with the same key.
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
        let request = json(request)?;
        let key = select(&self.key, &request)?;
        if is_missing(&key) {
            return Ok(None);
        }
        let payload = self.payload.as_ref().map(|payload| select(payload, &request)).transpose()?;
        let replay_name = request.get(REPLAY_NAME).and_then(Value::as_str).map(str::to_owned);
        Ok(Some(Identity {
            replay_name,
            payload_hash: payload.map(|payload| self.hashing.hash(&payload)),
            ..Identity::new(self.hashing.hash(&key))
        }))
    }
}

impl Hashing {
    fn hash(self, value: &Value) -> String {
        match self {
            Self::Sha256 => fingerprint(&[canonical(value).as_bytes()]),
            #[cfg(feature = "powertools")]
            Self::PowertoolsPython => crate::powertools::hash(value),
        }
    }
}

fn compile(expression: &str) -> Result<Expression<'static>, IdempotencyError> {
    RUNTIME.compile(expression).map_err(|error| IdempotencyError::UnreadableKey(error.into()))
}

fn select(expression: &Expression<'_>, request: &Value) -> Result<Value, IdempotencyError> {
    let unreadable = |error: BoxError| IdempotencyError::UnreadableKey(error);
    let selected = expression.search(request).map_err(|error| unreadable(error.into()))?;
    serde_json::to_value(&selected).map_err(|error| unreadable(error.into()))
}

/// Nothing, or a selection of several things none of which is there.
fn is_missing(selected: &Value) -> bool {
    match selected {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.iter().all(Value::is_null),
        Value::Object(members) => members.values().all(Value::is_null),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
