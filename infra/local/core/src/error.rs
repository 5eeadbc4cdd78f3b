use serde_json::{Map, Value, json};

/// An error as an AWS service answers it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct AwsError {
    /// The HTTP status.
    pub status: u16,
    /// The `__type`, with the shape's namespace where the service has one.
    pub code: String,
    /// The message for people.
    pub message: String,
    /// Further members of the body, e.g. `CancellationReasons`. Boxed: few errors have any.
    pub members: Box<Map<String, Value>>,
}

impl AwsError {
    /// An error of the caller's making (HTTP 400).
    pub fn client(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.into(), message: message.into(), members: Box::default() }
    }

    /// A request that breaks a constraint of the API.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::client("ValidationException", message)
    }

    /// A fault of the service's own (HTTP 500).
    pub fn internal(message: impl Into<String>) -> Self {
        Self { status: 500, ..Self::client("InternalFailure", message) }
    }

    /// An operation that this service does not have.
    pub fn unknown_operation(operation: &str) -> Self {
        Self::client("UnknownOperationException", format!("no operation {operation:?} here"))
    }

    /// The code without its namespace: `QueueDoesNotExist` of `com.amazonaws.sqs#QueueDoesNotExist`.
    pub fn short_code(&self) -> &str {
        self.code.rsplit('#').next().unwrap_or(&self.code)
    }

    /// The JSON body.
    pub fn body(&self) -> String {
        let mut body = (*self.members).clone();
        body.insert("__type".to_owned(), json!(self.code));
        body.insert("message".to_owned(), json!(self.message));
        Value::Object(body).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::AwsError;

    #[test]
    fn the_body_names_type_and_message() {
        let error = AwsError::client("com.amazonaws.sqs#QueueDoesNotExist", "no such queue");
        assert_eq!(error.short_code(), "QueueDoesNotExist");
        assert_eq!(
            error.body(),
            r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no such queue"}"#
        );
    }
}
