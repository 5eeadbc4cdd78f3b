//! The ARNs of state machines and executions.

use local_core::{ACCOUNT, REGION};

use crate::error::ApiError;

const MACHINE: &str = "stateMachine";
const EXECUTION: &str = "execution";

/// The ARN of the state machine `name`.
pub fn state_machine_arn(name: &str) -> String {
    arn(&format!("{MACHINE}:{name}"))
}

pub(crate) fn execution_arn(machine: &str, name: &str) -> String {
    arn(&format!("{EXECUTION}:{machine}:{name}"))
}

fn arn(resource: &str) -> String {
    format!("arn:aws:states:{REGION}:{ACCOUNT}:{resource}")
}

/// The name of the state machine that `arn` stands for; `None` if it is not one of this account
/// and region.
///
/// # Errors
/// `InvalidArn` for what is no ARN of a state machine.
pub(crate) fn machine_of(arn: &str) -> Result<Option<&str>, ApiError> {
    check(arn, MACHINE)?;
    Ok(arn.strip_prefix(&state_machine_arn("")).filter(|name| !name.contains(':')))
}

/// The state machine and the name of the execution that `arn` stands for; `None` if it is not one
/// of this account and region.
///
/// # Errors
/// `InvalidArn` for what is no ARN of an execution.
pub(crate) fn execution_of(arn: &str) -> Result<Option<(&str, &str)>, ApiError> {
    check(arn, EXECUTION)?;
    let own = format!("arn:aws:states:{REGION}:{ACCOUNT}:{EXECUTION}:");
    let names = arn.strip_prefix(&own).and_then(|names| names.split_once(':'));
    Ok(names.filter(|(_, name)| !name.contains(':')))
}

fn check(arn: &str, resource_type: &str) -> Result<(), ApiError> {
    let mut parts = arn.split(':');
    if parts.next() != Some("arn") {
        return Err(ApiError::InvalidArn { problem: format!("Invalid ARN prefix: {arn}") });
    }
    match (parts.nth(1), parts.nth(2)) {
        (Some("states"), Some(kind)) if kind == resource_type => Ok(()),
        (Some("states"), Some(kind)) => {
            let kind = kind.to_lowercase();
            let problem = format!("Resource type not valid in this context: {kind}");
            Err(ApiError::InvalidArn { problem })
        }
        (_, _) => {
            let problem = format!("Not an ARN of Step Functions: {arn}");
            Err(ApiError::InvalidArn { problem })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{execution_arn, execution_of, machine_of, state_machine_arn};

    #[test]
    fn names_come_back_from_their_arns() {
        assert_eq!(machine_of(&state_machine_arn("orders")), Ok(Some("orders")));
        assert_eq!(execution_of(&execution_arn("orders", "o-1")), Ok(Some(("orders", "o-1"))));
    }

    #[test]
    fn what_is_elsewhere_or_qualified_is_nothing_here() {
        let elsewhere = "arn:aws:states:eu-west-1:123456789012:stateMachine:orders";
        assert_eq!(machine_of(elsewhere), Ok(None));
        assert_eq!(machine_of(&format!("{}:1", state_machine_arn("orders"))), Ok(None));
    }

    #[test]
    fn what_is_no_arn_of_the_kind_is_refused() {
        let execution = execution_arn("orders", "o-1");
        let machine = state_machine_arn("orders");
        let queue = "arn:aws:sqs:us-east-1:000000000000:orders";
        for (message, says) in [
            (machine_of("orders").unwrap_err().to_string(), "Invalid ARN prefix: orders"),
            (
                machine_of(&execution).unwrap_err().to_string(),
                "not valid in this context: execution",
            ),
            (execution_of(&machine).unwrap_err().to_string(), "in this context: statemachine"),
            (execution_of(queue).unwrap_err().to_string(), "Not an ARN of Step Functions"),
        ] {
            assert!(message.contains(says), "{message}");
        }
    }
}
