//! A request of a function to AWS, and what comes back.

use bytes::Bytes;
use event_envelope::canonical;
use local_core::AwsError;
use serde_json::Value;

use crate::fault::Site;

/// What came back: a status and a body.
pub(crate) type Answer = (u16, Bytes);

/// The answer that AWS gives for `error`.
pub(crate) fn answer_of(error: &AwsError) -> Answer {
    (error.status, error.body().into())
}

/// A request as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// The function that sent it, by its binary.
    pub(crate) binary: String,
    /// `X-Amz-Target`; none with services that have paths instead.
    pub(crate) target: Option<String>,
    pub(crate) path: String,
    pub(crate) body: Bytes,
}

impl Sent {
    /// The name of the operation, of SES its path.
    pub(crate) fn operation(&self) -> &str {
        let target = self.target.as_deref();
        target.map_or("SendEmail", |it| it.rsplit('.').next().unwrap_or_default())
    }

    pub(crate) fn site(&self) -> Site {
        match self.target.as_deref().and_then(|it| it.split_once('.')) {
            None => Site::Mail,
            Some(("AmazonSQS", _)) => Site::Queue,
            Some(("AWSEvents", _)) => Site::Publish,
            Some(("AWSStepFunctions", _)) => Site::Start,
            Some((_, "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems")) => {
                Site::Write
            }
            Some(_) if self.is_eventual() => Site::EventualRead,
            Some(_) => Site::Read,
        }
    }

    /// Whether this read may answer what was true a moment ago: it does not ask for more. Of an
    /// index no table can.
    fn is_eventual(&self) -> bool {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let is_eventual = |read: &Value| read["ConsistentRead"] != true;
        match self.operation() {
            "GetItem" | "Query" | "Scan" => is_eventual(&body),
            "BatchGetItem" => {
                let tables = body["RequestItems"].as_object();
                tables.is_some_and(|tables| tables.values().all(is_eventual))
            }
            _ => false,
        }
    }

    /// Makes every condition hold.
    pub(crate) fn disarm(&mut self) {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let Some(members) = body.as_object_mut() else { return };
        if let Some(items) = members.get_mut("TransactItems").and_then(Value::as_array_mut) {
            let writes = items.iter_mut().filter_map(Value::as_object_mut);
            writes.flat_map(|it| it.values_mut()).for_each(always);
        }
        always(&mut body);
        self.body = body.to_string().into();
    }

    /// The body without what differs from one run to the next: the order of members.
    pub(crate) fn canonical(&self) -> String {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        if let Some(members) = body.as_object_mut() {
            members.remove("ClientRequestToken");
        }
        sort_texts(&mut body);
        canonical(&body)
    }
}

/// Sorts the members of the JSON that is text within `value`, such as the detail of an event.
fn sort_texts(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Ok(mut inner @ Value::Object(_)) = serde_json::from_str(text) {
                sort_texts(&mut inner);
                *text = canonical(&inner);
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(sort_texts),
        Value::Object(members) => members.values_mut().for_each(sort_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

/// Makes the condition of a write hold, if it has one.
fn always(write: &mut Value) {
    if let Some(condition) = write["ConditionExpression"].as_str() {
        let condition = format!("({condition}) OR attribute_not_exists(neverThere)");
        write["ConditionExpression"] = condition.into();
    }
}
