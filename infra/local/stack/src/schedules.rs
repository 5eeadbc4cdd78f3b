//! The schedules of the template, over the functions and queues of the stack.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use local_lambda::{InvokeError, LambdaHost};
use local_scheduler::{
    DeadLetter, Options, Refusal, ScheduleDescription, SchedulePace, ScheduleSpec, Scheduler,
    Targets,
};
use local_sqs::{OutgoingMessage, Sqs, queue_name_of_arn};
use local_states::StepFunctions;
use local_template::{Function, Schedule, Template};

/// Starts every schedule that is enabled. Each invokes its function at once.
pub(super) fn start(
    template: &Template,
    functions: &LambdaHost,
    queues: &Sqs,
    pace: SchedulePace,
) -> Scheduler {
    let enabled = template.schedules.iter().filter(|schedule| schedule.enabled);
    let specs = enabled.filter_map(|it| spec(template, it));
    let targets = Arc::new(Behind { functions: functions.clone(), queues: queues.clone() });
    Scheduler::start(specs.collect(), targets, Options { pace, ..Options::default() })
}

/// The schedules of the template as clients are told of them.
pub(super) fn descriptions(template: &Template) -> Vec<ScheduleDescription> {
    let description = |it: &Schedule| {
        Some(ScheduleDescription { spec: spec(template, it)?, enabled: it.enabled })
    };
    template.schedules.iter().filter_map(description).collect()
}

/// The template's reader has made each schedule from an event of its function.
fn spec(template: &Template, schedule: &Schedule) -> Option<ScheduleSpec> {
    let function = template.function(&schedule.function)?;
    Some(ScheduleSpec {
        name: schedule.name.clone(),
        arn: schedule.arn.clone(),
        function_arn: function.arn.clone(),
        every: schedule.every,
        input: schedule.input.clone(),
        retry: schedule.retry,
        dead_letter_arn: schedule.dead_letter_arn.clone(),
    })
}

/// The names of the functions that nothing but a schedule invokes.
pub(super) fn only_scheduled(
    template: &Template,
    state_machines: &StepFunctions,
) -> BTreeSet<String> {
    let tasks = state_machines.functions();
    let is_awaited = |function: &Function| {
        let names = [function.name.as_str(), function.arn.as_str()];
        let targets = template.rules.iter().flat_map(|rule| &rule.targets);
        template.mappings.iter().any(|it| it.function == function.name)
            || template.routes.iter().any(|it| it.function == function.name)
            || targets.into_iter().any(|it| it.arn == function.arn)
            || tasks.iter().any(|it| names.contains(it))
    };
    let scheduled = template.schedules.iter().filter(|schedule| schedule.enabled);
    scheduled
        .filter_map(|schedule| template.function(&schedule.function))
        .filter(|function| !is_awaited(function))
        .map(|function| function.name.clone())
        .collect()
}

/// What stands behind schedules.
struct Behind {
    functions: LambdaHost,
    queues: Sqs,
}

impl Targets for Behind {
    fn invoke(&self, function_arn: &str, payload: Bytes) -> Result<(), Refusal> {
        self.functions
            .invoke_async(function_arn, payload)
            .map(drop)
            .map_err(|error| refused(&error))
    }

    fn is_busy(&self, function_arn: &str) -> bool {
        let name = self.functions.function(function_arn).map(|function| function.name.clone());
        let stats = self.functions.stats();
        name.is_ok_and(|name| stats.get(&name).is_some_and(|it| it.async_pending > 0))
    }

    fn dead_letter(&self, queue_arn: &str, letter: DeadLetter) -> Result<(), String> {
        let message = OutgoingMessage::with_texts(letter.payload, letter.attributes);
        let queue = queue_name_of_arn(queue_arn).map_err(|error| error.to_string())?;
        self.queues.send(queue, message).map(drop).map_err(|error| error.to_string())
    }
}

fn refused(error: &InvokeError) -> Refusal {
    let message = error.to_string();
    match error {
        InvokeError::TooManyRequests { .. } => {
            Refusal::Passing { code: "TooManyRequestsException", message }
        }
        InvokeError::ShuttingDown => Refusal::Passing { code: "ServiceException", message },
        InvokeError::UnknownFunction { .. } => {
            Refusal::Lasting { code: "ResourceNotFoundException", message }
        }
        InvokeError::PayloadTooLarge { .. } => {
            Refusal::Lasting { code: "RequestTooLargeException", message }
        }
        InvokeError::InvalidPayload { .. } => {
            Refusal::Lasting { code: "InvalidRequestContentException", message }
        }
        _ => Refusal::Lasting { code: "ServiceException", message },
    }
}

#[cfg(test)]
mod tests {
    use local_states::{Invocation, Tasks};
    use local_template::LoadOptions;

    use super::*;

    /// Two functions with a schedule. `Mapped` works on a queue as well.
    const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    Events:
      Often: { Type: ScheduleV2, Properties: { ScheduleExpression: rate(1 minute) } }
Resources:
  Queue: { Type: AWS::SQS::Queue }
  Mapped:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: mapped } }
  Alone:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: alone } }
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: { FunctionName: !Ref Mapped, EventSourceArn: !GetAtt Queue.Arn }
";

    struct NoTasks;

    impl Tasks for NoTasks {
        fn invoke<'a>(&'a self, _: &'a str, _: Bytes) -> Invocation<'a> {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn a_function_with_other_work_is_waited_for() {
        let parameters = std::collections::BTreeMap::new();
        let options = LoadOptions { stack_name: "small", endpoint: "", parameters: &parameters };
        let mut template = Template::parse(TEMPLATE, &options).unwrap();
        let none = StepFunctions::new(Vec::new(), Arc::new(NoTasks), Default::default()).unwrap();
        assert_eq!(only_scheduled(&template, &none), BTreeSet::from(["small-Alone".to_owned()]));
        template.mappings.clear();
        assert_eq!(only_scheduled(&template, &none).len(), 2);
        template.schedules.iter_mut().for_each(|schedule| schedule.enabled = false);
        assert!(only_scheduled(&template, &none).is_empty());
    }
}
