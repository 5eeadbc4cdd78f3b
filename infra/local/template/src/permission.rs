//! Whether rules may send to their queues.
//!
//! AWS lets a template pass whose queue policy forbids it, and then loses every event: a delivery
//! without permission is not tried again, and a dead-letter queue needs the same permission.
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>.

use local_iam::{Caller, Request, ResourcePolicy, Statement, resource_policy};
use serde_json::Value;

use crate::{
    Template,
    error::{Place, TemplateError},
    properties::Properties,
    role::of_policy,
};

/// The service that hands over the events of rules.
const BUS: &str = "events.amazonaws.com";

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
