//! The state machines of the template, over the functions of the stack.

use std::{collections::BTreeMap, sync::Arc};

use local_iam::{Caller, Request};
use local_lambda::LambdaHost;
use local_states::{
    Invocation, InvokeError, Invoked, Options, StateMachineSpec, StepFunctions, Tasks,
};
use local_template::Template;

use super::StackError;

/// The one version of a function, which its name and its ARN may end in.
const LATEST: &str = ":$LATEST";
/// What a task needs.
const INVOKE: &str = "lambda:InvokeFunction";

/// Builds the state machines. None of their tasks names a function that is not there.
pub(super) fn start(
    template: &Template,
    functions: &LambdaHost,
) -> Result<StepFunctions, StackError> {
    let spec = |it: &local_template::StateMachine| StateMachineSpec {
        name: it.name.clone(),
        role_arn: it.role.arn.clone(),
        definition: it.definition.clone(),
    };
    let specs = template.state_machines.iter().map(spec).collect();
    let tasks = Arc::new(Functions {
        names: names(template),
        refused: refused_functions(template),
        host: functions.clone(),
    });
    let state_machines = StepFunctions::new(specs, tasks.clone(), Options::default())?;
    for (state_machine, definition) in state_machines.definitions() {
        for function in definition.functions() {
            if tasks.name_of(function).is_none() {
                let known: Vec<_> = template.functions.iter().map(|it| it.name.as_str()).collect();
                return Err(StackError::UnknownTask {
                    state_machine: state_machine.to_owned(),
                    function: function.to_owned(),
                    known: known.join(", "),
                });
            }
        }
    }
    Ok(state_machines)
}

/// The functions that tasks can name. The host knows them by more names than AWS does: that of the
/// binary, for one. A definition that uses one of those would fail once it is deployed.
struct Functions {
    /// Names by what a definition may say: a name, or an ARN.
    names: BTreeMap<String, String>,
    /// Those that no state machine's role may invoke, by name, and its refusal. Which of them
    /// asks is not known where a task is worked on.
    refused: BTreeMap<String, String>,
    host: LambdaHost,
}

fn names(template: &Template) -> BTreeMap<String, String> {
    let functions = template.functions.iter();
    functions
        .flat_map(|it| [(it.name.clone(), it.name.clone()), (it.arn.clone(), it.name.clone())])
        .collect()
}

fn refused_functions(template: &Template) -> BTreeMap<String, String> {
    let authority = template.authority();
    let may = |machine: &local_template::StateMachine, function: &local_template::Function| {
        let caller = Caller::Role { role: &machine.role, session: &machine.name };
        authority.decide(&caller, &Request::new(INVOKE, &function.arn)).is_ok()
    };
    let refused = template
        .functions
        .iter()
        .filter(|function| !template.state_machines.iter().any(|machine| may(machine, function)));
    let refusals = refused.map(|function| {
        let roles: Vec<_> = template.state_machines.iter().map(|it| it.role.arn.as_str()).collect();
        let refusal = format!(
            "User: {} is not authorized to perform: {INVOKE} on resource: {} \
             because no identity-based policy allows the {INVOKE} action",
            roles.join(", "),
            function.arn
        );
        (function.name.clone(), refusal)
    });
    refusals.collect()
}

impl Functions {
    fn name_of(&self, function: &str) -> Option<&str> {
        let bare = function.strip_suffix(LATEST).unwrap_or(function);
        self.names.get(bare).map(String::as_str)
    }
}

impl Tasks for Functions {
    fn invoke<'a>(&'a self, function: &'a str, payload: bytes::Bytes) -> Invocation<'a> {
        Box::pin(async move {
            let Some(name) = self.name_of(function) else {
                return Err(InvokeError::NotFound(format!("Function not found: {function}")));
            };
            if let Some(refusal) = self.refused.get(name) {
                return Err(InvokeError::AccessDenied(refusal.clone()));
            }
            let answer = self.host.invoke(name, payload).await.map_err(refused)?;
            Ok(Invoked {
                request_id: answer.request_id,
                payload: answer.payload,
                function_error: answer.function_error,
            })
        })
    }
}

fn refused(error: local_lambda::InvokeError) -> InvokeError {
    let message = error.to_string();
    match error {
        local_lambda::InvokeError::UnknownFunction { .. } => InvokeError::NotFound(message),
        local_lambda::InvokeError::PayloadTooLarge { .. } => InvokeError::PayloadTooLarge(message),
        local_lambda::InvokeError::TooManyRequests { .. } => InvokeError::TooManyRequests(message),
        local_lambda::InvokeError::ShuttingDown => InvokeError::Unreachable(message),
        // What a task hands over is JSON: nothing that the definition's author could have done.
        local_lambda::InvokeError::InvalidPayload { .. } => InvokeError::Service(message),
        _ => InvokeError::Service(message),
    }
}
