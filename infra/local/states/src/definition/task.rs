//! Tasks: functions that are invoked.

use serde_json::Value;

use super::{
    DefinitionError, Handlers, Leave, Place,
    fields::{Fields, require},
};
use crate::{
    expression::{Template, Visible},
    limits::SECONDS_MAX,
};

/// The one resource that a task may have: Lambda's Invoke, whose result is the whole response.
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html>.
const RESOURCE: &str = "arn:aws:states:::lambda:invoke";

pub(crate) const SECONDS_EXPECTED: &str = "a whole number 1 to 99999999";

/// Invokes a function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Task {
    /// An object with `FunctionName` and perhaps `Payload`.
    pub(crate) arguments: Template,
    pub(crate) timeout: Option<Template>,
    pub(crate) handlers: Handlers,
    pub(crate) leave: Leave,
}

impl Task {
    pub(super) fn read(fields: &mut Fields) -> Result<Self, DefinitionError> {
        let place = fields.place().child("Resource");
        let resource = fields.text("Resource")?;
        if resource != RESOURCE {
            let arn = "must be the ARN of a resource";
            let what = format!("the resource {resource}");
            let is_arn = resource.starts_with("arn:");
            return Err(if is_arn {
                place.unsupported(what, RESOURCE)
            } else {
                place.invalid(arn)
            });
        }
        let reason = "TimeoutSeconds, as a function that is invoked sends no heartbeats";
        fields.refuse("HeartbeatSeconds", reason)?;
        fields.refuse("Credentials", "the role of the state machine")?;
        let place = fields.place().child("TimeoutSeconds");
        let timeout = fields.template("TimeoutSeconds", Visible::INPUT)?;
        let problem = format!("must be {SECONDS_EXPECTED}, or an expression");
        Ok(Self {
            arguments: read_arguments(fields)?,
            timeout: require(timeout, &place, &problem, |it| timeout_seconds(it).is_some())?,
            handlers: Handlers::read(fields)?,
            leave: Leave::read(fields, Visible::RESULT)?,
        })
    }

    /// The function's name, if it is always the same.
    pub(super) fn function(&self) -> Option<&Value> {
        match &self.arguments {
            Template::Constant(arguments) => arguments.get("FunctionName"),
            Template::Object(members) => {
                let function = members.iter().find(|(key, _)| key == "FunctionName");
                function.and_then(|(_, name)| name.constant())
            }
            Template::Array(_) | Template::Expression(_) => None,
        }
    }
}

/// The seconds that a task may take, if `value` is a number of them.
pub(crate) fn timeout_seconds(value: &Value) -> Option<u64> {
    value.as_u64().filter(|seconds| (1..=SECONDS_MAX).contains(seconds))
}

/// `Arguments`, of which the members must be seen before the machine runs.
fn read_arguments(fields: &mut Fields) -> Result<Template, DefinitionError> {
    let place = fields.place().child("Arguments");
    let value = fields.required("Arguments")?;
    let mut members = match &value {
        Value::Object(_) => Fields::new(place.clone(), value.clone())?,
        Value::String(_) => {
            let supported = "an object with FunctionName and Payload, which may be expressions";
            return Err(place.unsupported("an expression for all arguments", supported));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            return Err(place.invalid("must be an object with FunctionName and Payload"));
        }
    };
    let name = place.child("FunctionName");
    function_name(members.required("FunctionName")?, &name)?;
    members.take("Payload");
    let invocation = members.text_if_any("InvocationType")?;
    if let Some(other) = invocation.filter(|it| it != "RequestResponse") {
        let place = place.child("InvocationType");
        return Err(place.unsupported(format!("the invocation type {other}"), "RequestResponse"));
    }
    members.refuse("Qualifier", "FunctionName, which may end in :<version>")?;
    members.refuse("ClientContext", "Payload")?;
    members.refuse("LogType", "the function's own log")?;
    members.done()?;
    Template::parse(value, &place, Visible::INPUT)
}

fn function_name(value: Value, place: &Place) -> Result<(), DefinitionError> {
    match value.as_str() {
        Some(name) if !name.is_empty() => Ok(()),
        Some(_) | None => Err(place.invalid("must be the name or the ARN of a function")),
    }
}
