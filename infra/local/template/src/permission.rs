//! Whether rules may send to their queues.
//!
//! AWS lets a template pass whose queue policy forbids it, and then loses every event: a delivery
//! without permission is not tried again, and a dead-letter queue needs the same permission.
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>.
//!
//! Only what grants is read. A `Deny` is passed over: those of the template refuse what does not come
//! over TLS, which nothing does on one machine.

use local_protocol::ACCOUNT;
use serde_json::Value;

use crate::{
    Template,
    error::{Place, TemplateError},
    properties::Properties,
};

/// An `AWS::SQS::QueuePolicy`: statements that hold for some queues.
#[derive(Debug)]
pub(crate) struct QueuePolicy {
    queue_urls: Vec<Value>,
    statements: Vec<Value>,
}

pub(crate) fn read(mut properties: Properties) -> Result<QueuePolicy, TemplateError> {
    let queue_urls = properties.list("Queues")?.into_iter().map(|(_, url)| url).collect();
    let document = properties.object("PolicyDocument")?;
    let mut document = document
        .ok_or_else(|| properties.place().child("PolicyDocument").invalid("is required"))?;
    let statements = document.required("Statement")?;
    document.pass_over(&["Version", "Id"]);
    document.done()?;
    properties.done()?;
    Ok(QueuePolicy { queue_urls, statements: items(&statements).to_vec() })
}

/// Refuses a rule whose events could reach neither the queue nor the dead-letter queue.
pub(crate) fn check(template: &Template, policies: &[QueuePolicy]) -> Result<(), TemplateError> {
    for rule in &template.rules {
        for (index, target) in rule.targets.iter().enumerate() {
            let arns = [Some(&target.arn), target.dead_letter_arn.as_ref()];
            let queues = arns.into_iter().flatten().filter_map(|arn| template.queue(arn));
            for queue in queues {
                let granted = policies.iter().any(|policy| {
                    policy.queue_urls.iter().any(|url| *url == queue.url.as_str())
                        && policy.statements.iter().any(|it| grants(it, &queue.arn, &rule.arn))
                });
                if !granted {
                    let place = Place::at(&rule.logical_id).child("Targets").item(index);
                    let problem = format!(
                        "no AWS::SQS::QueuePolicy lets events.amazonaws.com send to {} for this rule",
                        queue.logical_id
                    );
                    return Err(place.invalid(problem));
                }
            }
        }
    }
    Ok(())
}

fn grants(statement: &Value, queue_arn: &str, rule_arn: &str) -> bool {
    let has = |field: &str, wanted: &str| {
        items(&statement[field]).iter().filter_map(Value::as_str).any(|it| like(it, wanted))
    };
    let principals = items(&statement["Principal"]["Service"]);
    statement["Effect"] == "Allow"
        && principals.iter().any(|service| service == "events.amazonaws.com")
        && has("Action", "sqs:SendMessage")
        && has("Resource", queue_arn)
        && conditions_hold(&statement["Condition"], rule_arn)
}

/// A condition that is not known does not hold.
fn conditions_hold(conditions: &Value, rule_arn: &str) -> bool {
    let Value::Object(operators) = conditions else { return conditions.is_null() };
    operators.iter().all(|(operator, keys)| {
        let with_wildcards = match operator.as_str() {
            // For ARNs, equal and like mean the same.
            "ArnEquals" | "ArnLike" | "StringLike" => true,
            "StringEquals" => false,
            _ => return false,
        };
        keys.as_object().is_some_and(|keys| {
            keys.iter().all(|(key, allowed)| {
                let actual = match key.to_ascii_lowercase().as_str() {
                    "aws:sourcearn" => rule_arn,
                    "aws:sourceaccount" => ACCOUNT,
                    _ => return false,
                };
                items(allowed).iter().filter_map(Value::as_str).any(|allowed| {
                    if with_wildcards { like(allowed, actual) } else { allowed == actual }
                })
            })
        })
    })
}

/// Policies write a list of one as the one.
fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        Value::Null => &[],
        single @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            std::slice::from_ref(single)
        }
    }
}

/// Whether `text` is what `pattern` says, in which `*` stands for any run of characters.
fn like(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    (0..=text.len())
        .filter(|at| text.is_char_boundary(*at))
        .any(|at| text.get(at..).is_some_and(|text| like(rest, text)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:q";
    const RULE: &str = "arn:aws:events:us-east-1:000000000000:rule/bus/stack-q-Paid";

    fn granted(condition: &Value) -> bool {
        let statement = json!({
            "Effect": "Allow",
            "Principal": { "Service": "events.amazonaws.com" },
            "Action": "sqs:SendMessage",
            "Resource": QUEUE,
            "Condition": condition,
        });
        grants(&statement, QUEUE, RULE)
    }

    #[test]
    fn a_condition_on_the_rule_is_followed() {
        assert!(granted(&Value::Null));
        assert!(granted(&json!({ "ArnEquals": { "aws:SourceArn": RULE } })));
        assert!(granted(&json!({ "ArnLike": { "AWS:SourceArn": ["x", "*:rule/bus/stack-q-*"] } })));
        assert!(!granted(&json!({ "ArnLike": { "aws:SourceArn": "*:rule/bus/stack-other-*" } })));
        assert!(!granted(&json!({ "StringEquals": { "aws:SourceArn": "*" } })));
        assert!(!granted(&json!({ "Unknown": { "aws:SourceArn": "*" } })));
    }

    #[test]
    fn a_statement_for_others_grants_nothing() {
        let statement = json!({
            "Effect": "Allow",
            "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "sqs:*",
            "Resource": "*",
        });
        assert!(!grants(&statement, QUEUE, RULE));
    }
}
