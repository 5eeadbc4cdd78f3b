//! How services refuse.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>.

use local_core::AwsError;

use crate::{
    access::{Request, Service},
    caller::Caller,
    decision::Reason,
};

pub(crate) fn refused(
    service: Service,
    caller: &Caller<'_>,
    request: &Request,
    reason: Reason,
) -> AwsError {
    let (who, resource) = (caller.arn(), &request.resource);
    // The queues' service writes its actions small.
    let action = match service {
        Service::Sqs => request.action.to_lowercase(),
        Service::DynamoDb | Service::Json | Service::Ses | Service::Rest => request.action.clone(),
    };
    let why = match reason {
        Reason::NothingAllows => {
            format!("because no identity-based policy allows the {action} action")
        }
        Reason::DeniedByIdentity => "with an explicit deny in an identity-based policy".to_owned(),
        Reason::DeniedByResource => "with an explicit deny in a resource-based policy".to_owned(),
    };
    let message = match service {
        // In words of its own.
        Service::Ses => {
            format!("User `{who}' is not authorized to perform `{action}' on resource `{resource}'")
        }
        Service::DynamoDb | Service::Sqs | Service::Json | Service::Rest => {
            format!(
                "User: {who} is not authorized to perform: {action} on resource: {resource} {why}"
            )
        }
    };
    error(service, "AccessDeniedException", message)
}

/// The answer to an access key that does not exist.
pub(crate) fn unknown_key(service: Service) -> AwsError {
    let message = "The security token included in the request is invalid.".to_owned();
    error(service, "UnrecognizedClientException", message)
}

fn error(service: Service, code: &str, message: String) -> AwsError {
    match service {
        Service::DynamoDb => AwsError::client(namespaced(code), message),
        Service::Sqs => AwsError { status: 403, ..AwsError::client(namespaced(code), message) },
        Service::Json => AwsError::client(code, message),
        Service::Ses | Service::Rest => AwsError { status: 403, ..AwsError::client(code, message) },
    }
}

fn namespaced(code: &str) -> String {
    format!("com.amazon.coral.service#{code}")
}
