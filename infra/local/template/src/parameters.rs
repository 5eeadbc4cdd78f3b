//! The values of a template's parameters: what was given, else the default, within what the
//! template allows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{document::Document, error::TemplateError, properties::Properties};

/// Parameter values by name. All are text, as in CloudFormation.
pub(crate) type Values = BTreeMap<String, String>;

/// What the parameters come to.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) values: Values,
    /// The values of those with `NoEcho`.
    pub(crate) secrets: BTreeSet<String>,
}

/// Settles every parameter of `document`.
///
/// `AllowedPattern` and the numeric and length limits but `MinLength` are left to CloudFormation.
pub(crate) fn settle(document: &mut Document, given: &Values) -> Result<Settled, TemplateError> {
    let declared = std::mem::take(&mut document.parameters);
    if let Some(unknown) = given.keys().find(|name| !declared.contains_key(*name)) {
        return Err(wrong(unknown, "is not a parameter of the template"));
    }
    let mut settled = Settled::default();
    for (name, declaration) in declared {
        let (value, is_secret) = settle_one(&name, declaration, given.get(&name))?;
        if is_secret {
            settled.secrets.insert(value.clone());
        }
        settled.values.insert(name, value);
    }
    Ok(settled)
}

/// The value of one parameter, and whether it is not to be shown.
pub(crate) fn settle_one(
    name: &str,
    mut declaration: Properties,
    given: Option<&String>,
) -> Result<(String, bool), TemplateError> {
    let is_secret = declaration.flag("NoEcho")?.unwrap_or(false);
    Ok((value(name, declaration, given)?, is_secret))
}

fn value(
    name: &str,
    mut declaration: Properties,
    given: Option<&String>,
) -> Result<String, TemplateError> {
    let kind = declaration.text("Type")?;
    if !matches!(kind.as_str(), "String" | "Number") {
        return Err(wrong(name, format!("its type {kind} is not followed on one machine")));
    }
    let default = declaration.text_if_any("Default")?;
    let value = given.cloned().or(default).ok_or_else(|| wrong(name, "has no default, give it"))?;
    if kind == "Number" && value.parse::<f64>().is_err() {
        return Err(wrong(name, format!("is {value:?}, must be a number")));
    }
    let allowed = declaration.list("AllowedValues")?;
    if !allowed.is_empty() && !allowed.iter().any(|(_, it)| is(it, &value)) {
        let allowed: Vec<String> = allowed.iter().map(|(_, it)| it.to_string()).collect();
        return Err(wrong(name, format!("is {value:?}, allowed are {}", allowed.join(", "))));
    }
    let length_min = declaration.whole("MinLength", 0..=u32::MAX)?.unwrap_or(0);
    if u32::try_from(value.chars().count()).is_ok_and(|length| length < length_min) {
        return Err(wrong(name, format!("must have at least {length_min} characters")));
    }
    Ok(value)
}

fn is(allowed: &Value, value: &str) -> bool {
    match allowed {
        Value::String(text) => text == value,
        Value::Number(number) => number.to_string() == value,
        Value::Bool(flag) => flag.to_string() == value,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

fn wrong(name: &str, problem: impl Into<String>) -> TemplateError {
    TemplateError::Parameter { name: name.to_owned(), problem: problem.into() }
}
