//! Statements of policies, as they are written.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>.

use serde_json::{Map, Value};

use crate::{
    condition::{self, Condition},
    error::PolicyError,
    text::texts,
};

const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

/// What a statement does with the requests that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub(crate) effect: Effect,
    /// Whom it is about; none in a policy of a role, which is about the role.
    pub(crate) principals: Option<Vec<Principal>>,
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) conditions: Vec<Condition>,
}

/// Whom a statement of a resource's policy is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principal {
    Anyone,
    Aws(String),
    Service(String),
}

/// The statements of a policy of a role.
///
/// # Errors
///
/// When it says something that is not followed here, or that AWS would refuse.
pub fn identity_policy(document: &Value) -> Result<Vec<Statement>, PolicyError> {
    policy(document, false)
}

/// The statements of a policy of a resource, which say whom they are about.
///
/// # Errors
///
/// As [`identity_policy`].
pub fn resource_policy(document: &Value) -> Result<Vec<Statement>, PolicyError> {
    policy(document, true)
}

fn policy(document: &Value, has_principals: bool) -> Result<Vec<Statement>, PolicyError> {
    let Value::Object(members) = document else {
        return Err(PolicyError::new("", "must be an object"));
    };
    let known = |it: &str| matches!(it, "Version" | "Id" | "Statement");
    if let Some(unknown) = members.keys().find(|it| !known(it)) {
        return Err(PolicyError::new(unknown, "is no element of a policy"));
    }
    if let Some(version) = members.get("Version")
        && !version.as_str().is_some_and(|it| VERSIONS.contains(&it))
    {
        return Err(PolicyError::new("Version", format!("is {version}, no version of policies")));
    }
    let statements = match members.get("Statement") {
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(single @ Value::Object(_)) => std::slice::from_ref(single),
        Some(_) => return Err(PolicyError::new("Statement", "must be a statement or a list")),
        None => return Err(PolicyError::new("Statement", "is required")),
    };
    let read = statements.iter().enumerate().map(|(index, it)| {
        statement(it, has_principals).map_err(|error| error.within(&format!("Statement[{index}]")))
    });
    read.collect()
}

fn statement(written: &Value, has_principals: bool) -> Result<Statement, PolicyError> {
    let Value::Object(members) = written else {
        return Err(PolicyError::new("", "must be an object"));
    };
    let known = |it: &str| {
        matches!(it, "Sid" | "Effect" | "Action" | "Resource" | "Condition")
            || (has_principals && it == "Principal")
    };
    if let Some(unknown) = members.keys().find(|it| !known(it)) {
        return Err(PolicyError::new(unknown, "is no element that is followed here"));
    }
    let effect = match members.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err(PolicyError::new("Effect", "must be Allow or Deny")),
    };
    let principals = match members.get("Principal") {
        Some(written) => Some(principals(written).map_err(|it| it.within("Principal"))?),
        None if has_principals => return Err(PolicyError::new("Principal", "is required")),
        None => None,
    };
    let conditions = match members.get("Condition") {
        Some(written) => condition::parse(written).map_err(|it| it.within("Condition"))?,
        None => Vec::new(),
    };
    Ok(Statement {
        effect,
        principals,
        actions: list(members, "Action", is_action)?,
        resources: list(members, "Resource", is_resource)?,
        conditions,
    })
}

fn list(
    members: &Map<String, Value>,
    name: &str,
    is_sound: fn(&str) -> bool,
) -> Result<Vec<String>, PolicyError> {
    let written = members.get(name).ok_or_else(|| PolicyError::new(name, "is required"))?;
    let texts = texts(written).map_err(|error| error.within(name))?;
    match texts.iter().find(|it| !is_sound(it)) {
        Some(text) => Err(PolicyError::new(name, format!("is {text:?}, which names none"))),
        None => Ok(texts),
    }
}

fn is_action(text: &str) -> bool {
    text == "*"
        || text.split_once(':').is_some_and(|(service, it)| !service.is_empty() && !it.is_empty())
}

fn is_resource(text: &str) -> bool {
    text == "*" || text.starts_with("arn:")
}

fn principals(written: &Value) -> Result<Vec<Principal>, PolicyError> {
    match written {
        Value::String(all) if all == "*" => Ok(vec![Principal::Anyone]),
        Value::Object(kinds) => {
            let mut principals = Vec::new();
            for (kind, names) in kinds {
                let names = texts(names).map_err(|error| error.within(kind))?.into_iter();
                match kind.as_str() {
                    "AWS" => principals.extend(names.map(|name| match name.as_str() {
                        "*" => Principal::Anyone,
                        _ => Principal::Aws(name),
                    })),
                    "Service" => principals.extend(names.map(Principal::Service)),
                    _ => return Err(PolicyError::new(kind, "is no kind that is followed here")),
                }
            }
            Ok(principals)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(PolicyError::new("", "must be * or an object"))
        }
    }
}
