//! Whether rules may send to their queues, and API Gateway to its functions.
//!
//! AWS lets a template pass whose queue policy forbids it, and then loses every event: a delivery
//! without permission is not tried again, and a dead-letter queue needs the same permission.
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>.

use local_iam::{Caller, Request, ResourcePolicy, Statement, resource_policy};
use serde_json::Value;

use crate::{
    Template,
    error::{Place, TemplateError},
    physical::function_name,
    properties::Properties,
    role::of_policy,
};

/// The service that hands over the events of rules.
const BUS: &str = "events.amazonaws.com";

/// The service that sends requests to functions.
const GATEWAY: &str = "apigateway.amazonaws.com";

/// An `AWS::SQS::QueuePolicy`: statements that hold for some queues.
#[derive(Debug)]
pub(crate) struct QueuePolicy {
    queue_urls: Vec<Value>,
    statements: Vec<Statement>,
}

pub(crate) fn read(mut properties: Properties) -> Result<QueuePolicy, TemplateError> {
    let queue_urls = properties.list("Queues")?.into_iter().map(|(_, url)| url).collect();
    let place = properties.place().child("PolicyDocument");
    let document = properties.required("PolicyDocument")?;
    properties.done()?;
    let statements = resource_policy(&document).map_err(|error| of_policy(error, &place))?;
    Ok(QueuePolicy { queue_urls, statements })
}

/// What API Gateway may invoke, by the `AWS::Lambda::Permission`s of the template: without one it
/// answers 500, and nothing says so before. SAM writes them for events of functions.
#[derive(Debug, Default)]
pub(crate) struct Invocations(Vec<(String, String)>);

impl Invocations {
    pub(crate) fn add(&mut self, mut properties: Properties) -> Result<(), TemplateError> {
        let function = properties.text("FunctionName")?;
        let principal = properties.text("Principal")?;
        let source = properties.text_if_any("SourceArn")?;
        if properties.text("Action")? != "lambda:InvokeFunction" || principal != GATEWAY {
            return Ok(());
        }
        let source = source.unwrap_or_else(|| "*".to_owned());
        let requests = source.rsplit_once(':').map_or(source.as_str(), |(_, it)| it).to_owned();
        self.0.push((function_name(&function).to_owned(), requests));
        Ok(())
    }

    /// Whether one covers `request`: an API, a stage, a method and a path with `*` for variables.
    pub(crate) fn allow(&self, function: &str, request: &str) -> bool {
        self.0.iter().any(|(of, pattern)| of == function && matches(pattern, request))
    }
}

/// `*` in a pattern stands for any text, as in the ARNs of policies.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    true
}

/// Gives queues their policies, and refuses a rule whose events could reach neither the queue nor
/// the dead-letter queue.
pub(crate) fn settle(
    template: &mut Template,
    policies: Vec<QueuePolicy>,
) -> Result<(), TemplateError> {
    for QueuePolicy { queue_urls, statements } in policies {
        let is_of = |url: &str| queue_urls.iter().any(|it| it == url);
        let queues = template.queues.iter().filter(|queue| is_of(&queue.url));
        let of_queues = queues.map(|queue| ResourcePolicy {
            resource: queue.arn.clone(),
            statements: statements.clone(),
        });
        template.resource_policies.extend(of_queues);
    }
    check(template)
}

fn check(template: &Template) -> Result<(), TemplateError> {
    let authority = template.authority();
    for rule in &template.rules {
        let caller = Caller::Service { name: BUS, source_arn: &rule.arn };
        for (index, target) in rule.targets.iter().enumerate() {
            let arns = [Some(&target.arn), target.dead_letter_arn.as_ref()];
            let queues = arns.into_iter().flatten().filter_map(|arn| template.queue(arn));
            for queue in queues {
                let request = Request::new("sqs:SendMessage", &queue.arn);
                if authority.decide(&caller, &request).is_err() {
                    let place = Place::at(&rule.logical_id).child("Targets").item(index);
                    let problem = format!(
                        "no AWS::SQS::QueuePolicy lets {BUS} send to {} for this rule",
                        queue.logical_id
                    );
                    return Err(place.invalid(problem));
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, matching) in [
            ("Api/*/GET/orders", "Api/$default/GET/orders", true),
            ("Api/*/GET/orders/*", "Api/$default/GET/orders/*", true),
            ("Api/*/GET/orders/*", "Api/$default/GET/orders", false),
            ("Api/*/GET/orders", "Api/$default/POST/orders", false),
            ("Api/*", "Other/$default/GET/orders", false),
            ("*", "Api/$default/GET/orders", true),
            ("Api", "Api/x", false),
        ] {
            assert_eq!(matches(pattern, text), matching, "{pattern} {text}");
        }
    }
}
