//! Conditions: which are known, and whether they hold.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.

use serde_json::Value;

use crate::{
    access::Context,
    error::PolicyError,
    text::{arn_like, like, texts},
};

/// The keys that requests here have one value of, in small letters. `kms:ViaService` is one of
/// statements that allow the use of a key, which no request here asks for.
const SINGLE_KEYS: [&str; 10] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:securetransport",
    "aws:sourceaccount",
    "aws:sourcearn",
    "events:detail-type",
    "events:source",
    "kms:viaservice",
    "ses:fromaddress",
];
/// The keys that have several values, and of which a condition must say what it means.
const LIST_KEYS: [&str; 1] = ["dynamodb:leadingkeys"];

/// What must hold for a statement to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    operator: Operator,
    key: String,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Operator {
    of: Quantity,
    test: Test,
    /// Whether it holds because the test does not.
    is_negated: bool,
    /// Whether it holds of a request that has no such key.
    if_exists: bool,
}

/// Of which values of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantity {
    TheOne,
    All,
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Equals,
    EqualsIgnoringCase,
    Like,
    Arn,
    Bool,
    Null,
}

impl Operator {
    fn parse(name: &str) -> Option<Self> {
        let (of, rest) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Quantity::All, rest),
            Some(("ForAnyValue", rest)) => (Quantity::Any, rest),
            Some(_) => return None,
            None => (Quantity::TheOne, name),
        };
        let (rest, if_exists) =
            rest.strip_suffix("IfExists").map_or((rest, false), |rest| (rest, true));
        let (test, is_negated) = match rest {
            "StringEquals" => (Test::Equals, false),
            "StringNotEquals" => (Test::Equals, true),
            "StringEqualsIgnoreCase" => (Test::EqualsIgnoringCase, false),
            "StringNotEqualsIgnoreCase" => (Test::EqualsIgnoringCase, true),
            "StringLike" => (Test::Like, false),
            "StringNotLike" => (Test::Like, true),
            // Of ARNs equal and like mean the same.
            "ArnEquals" | "ArnLike" => (Test::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
            "Bool" => (Test::Bool, false),
            "Null" if !if_exists && of == Quantity::TheOne => (Test::Null, false),
            _ => return None,
        };
        Some(Self { of, test, is_negated, if_exists })
    }
}

/// The conditions of a statement, all of which must hold.
pub(crate) fn parse(written: &Value) -> Result<Vec<Condition>, PolicyError> {
    let Value::Object(operators) = written else {
        return Err(PolicyError::new("", "must be an object"));
    };
    let mut conditions = Vec::new();
    for (name, keys) in operators {
        let operator = Operator::parse(name).ok_or_else(|| {
            PolicyError::new(name, "is no operator that is followed here; teach local-iam")
        })?;
        let Value::Object(keys) = keys else {
            return Err(PolicyError::new(name, "must be an object of keys"));
        };
        for (key, values) in keys {
            let at = format!("{name}.{key}");
            conditions.push(condition(operator, key, values).map_err(|it| it.within(&at))?);
        }
    }
    Ok(conditions)
}

fn condition(operator: Operator, key: &str, values: &Value) -> Result<Condition, PolicyError> {
    let key = key.to_ascii_lowercase();
    let is_list = LIST_KEYS.contains(&key.as_str());
    if !is_list && !SINGLE_KEYS.contains(&key.as_str()) {
        let problem = "is no key that requests have here; teach local-iam";
        return Err(PolicyError::new("", problem));
    }
    if is_list && operator.of == Quantity::TheOne && operator.test != Test::Null {
        let problem = "has several values: write ForAllValues: or ForAnyValue: before the operator";
        return Err(PolicyError::new("", problem));
    }
    let values = texts(values)?;
    for value in &values {
        if matches!(operator.test, Test::Bool | Test::Null) && value != "true" && value != "false" {
            return Err(PolicyError::new("", format!("is {value:?}, must be true or false")));
        }
    }
    Ok(Condition { operator, key, values })
}

impl Condition {
    pub(crate) fn holds(&self, context: &Context) -> bool {
        let Operator { of, test, is_negated, if_exists } = self.operator;
        let actual = context.get(&self.key);
        if test == Test::Null {
            let is_absent = actual.is_empty().to_string();
            return self.values.contains(&is_absent);
        }
        if actual.is_empty() {
            // Nothing is all of nothing, and no value is not the one that is named.
            return if_exists || of == Quantity::All || (is_negated && of == Quantity::TheOne);
        }
        let passes = |value: &String| self.names(value) != is_negated;
        match of {
            Quantity::TheOne | Quantity::All => actual.iter().all(passes),
            Quantity::Any => actual.iter().any(passes),
        }
    }

    /// Whether the condition names this value.
    fn names(&self, actual: &str) -> bool {
        self.values.iter().any(|named| match self.operator.test {
            Test::Equals => named == actual,
            Test::EqualsIgnoringCase | Test::Bool => named.eq_ignore_ascii_case(actual),
            Test::Like => like(named, actual),
            Test::Arn => arn_like(named, actual),
            Test::Null => false,
        })
    }
}
