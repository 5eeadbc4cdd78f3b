//! Where the bus hands its events over: the queues and functions of the template.

use std::{collections::BTreeMap, sync::Arc};

use local_core::AwsError;
use local_eventbridge::{Attribute, Deliver, Delivery, DeliveryError};
use local_lambda::{InvokeError, LambdaHost};
use local_sqs::{OutgoingMessage, Sqs};
use local_template::Template;

use super::{StackContext, StackError};

/// Everything a rule may lead to, by ARN.
pub(super) struct Targets {
    by_arn: BTreeMap<String, Target>,
    queues: Sqs,
    functions: LambdaHost,
    /// The observer of what was handed over.
    observer: Arc<dyn StackContext>,
}

#[derive(Debug, Clone)]
enum Target {
    Queue(String),
    Function(String),
}

impl Targets {
    /// # Errors
    ///
    /// When a rule leads to something that is not in the template.
    pub(super) fn new(
        template: &Template,
        queues: Sqs,
        functions: LambdaHost,
        observer: Arc<dyn StackContext>,
    ) -> Result<Self, StackError> {
        let by_arn = by_arn(template)?;
        Ok(Self { by_arn, queues, functions, observer })
    }

    fn send(&self, queue: &str, message: OutgoingMessage) -> Result<(), DeliveryError> {
        self.queues.send(queue, message).map(drop).map_err(|error| queue_error(&error))
    }
}

impl Deliver for Targets {
    fn deliver<'a>(&'a self, target_arn: &'a str, event: &'a str) -> Delivery<'a> {
        Box::pin(async move {
            match self.by_arn.get(target_arn) {
                Some(Target::Queue(queue)) => self.send(queue, OutgoingMessage::new(event))?,
                Some(Target::Function(function)) => self
                    .functions
                    .invoke_async(function, event.to_owned().into())
                    .map(drop)
                    .map_err(|error| function_error(&error))?,
                None => return Err(DeliveryError::Permanent(format!("no target {target_arn}"))),
            }
            self.observer.delivered(event);
            Ok(())
        })
    }

    fn dead_letter<'a>(
        &'a self,
        queue_arn: &'a str,
        event: &'a str,
        attributes: &'a [Attribute],
    ) -> Delivery<'a> {
        Box::pin(async move {
            let Some(Target::Queue(queue)) = self.by_arn.get(queue_arn) else {
                return Err(DeliveryError::Permanent(format!("no queue {queue_arn}")));
            };
            self.send(queue, OutgoingMessage::with_texts(event, attributes.to_vec()))
        })
    }
}

fn by_arn(template: &Template) -> Result<BTreeMap<String, Target>, StackError> {
    let queues = template.queues.iter().map(|it| (it.arn.clone(), Target::Queue(it.name.clone())));
    let functions =
        template.functions.iter().map(|it| (it.arn.clone(), Target::Function(it.name.clone())));
    let by_arn: BTreeMap<String, Target> = queues.chain(functions).collect();
    for rule in &template.rules {
        for target in &rule.targets {
            let unknown = [Some(&target.arn), target.dead_letter_arn.as_ref()]
                .into_iter()
                .flatten()
                .find(|arn| !by_arn.contains_key(*arn));
            if let Some(arn) = unknown {
                return Err(StackError::UnknownTarget {
                    rule: rule.logical_id.clone(),
                    target: target.id.clone(),
                    arn: arn.clone(),
                });
            }
        }
    }
    Ok(by_arn)
}

fn queue_error(error: &AwsError) -> DeliveryError {
    match error.short_code() {
        "QueueDoesNotExist" | "InvalidMessageContents" | "InvalidParameterValue" => {
            DeliveryError::Permanent(error.to_string())
        }
        _ => DeliveryError::Retryable(error.to_string()),
    }
}

fn function_error(error: &InvokeError) -> DeliveryError {
    let passes = matches!(error, InvokeError::TooManyRequests { .. } | InvokeError::ShuttingDown);
    if passes {
        DeliveryError::Retryable(error.to_string())
    } else {
        DeliveryError::Permanent(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use local_template::{RetryPolicy, Rule};

    use serde_json::Value;

    use super::*;

    fn template(target_arn: &str) -> Template {
        let target = local_template::Target {
            id: "audit".to_owned(),
            arn: target_arn.to_owned(),
            retry: RetryPolicy { age_max: std::time::Duration::from_secs(60), retries_max: 0 },
            dead_letter_arn: None,
        };
        let rule = Rule {
            logical_id: "EveryEvent".to_owned(),
            name: "local-every".to_owned(),
            arn: "arn:aws:events:us-east-1:000000000000:rule/every".to_owned(),
            bus: "default".to_owned(),
            enabled: true,
            pattern: Value::Null,
            targets: vec![target],
        };
        Template { rules: vec![rule], ..Template::default() }
    }

    #[test]
    fn a_rule_that_leads_nowhere_is_refused_by_name() {
        let error = by_arn(&template("arn:aws:sqs:us-east-1:000000000000:gone")).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("EveryEvent") && error.contains("audit"), "{error}");
        assert!(error.contains("gone"), "{error}");
    }
}
