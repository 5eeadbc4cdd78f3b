//! Which queue may be the dead-letter queue of which.

use local_core::AwsError;
use serde::Deserialize;

use crate::{error, names::queue_arn, spec::QueueSpec, store::Store};

/// The value of the attribute `RedriveAllowPolicy`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AllowPolicy {
    redrive_permission: Permission,
    #[serde(default)]
    source_queue_arns: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Permission {
    AllowAll,
    DenyAll,
    ByQueue,
}

impl AllowPolicy {
    const SOURCES_MAX: usize = 10;

    pub(crate) fn parse(json: &str) -> Result<Self, AwsError> {
        let refuse = |reason: &str| error::invalid("RedriveAllowPolicy", json, reason);
        let policy: Self =
            serde_json::from_str(json).map_err(|error| refuse(&error.to_string()))?;
        let listed = policy.source_queue_arns.len();
        match policy.redrive_permission {
            Permission::ByQueue if (1..=Self::SOURCES_MAX).contains(&listed) => Ok(policy),
            Permission::ByQueue => Err(refuse("byQueue takes 1 to 10 sourceQueueArns.")),
            Permission::AllowAll | Permission::DenyAll if listed == 0 => Ok(policy),
            Permission::AllowAll | Permission::DenyAll => {
                Err(refuse("only byQueue takes sourceQueueArns."))
            }
        }
    }

    fn accepts(&self, source: &str) -> bool {
        match self.redrive_permission {
            Permission::AllowAll => true,
            Permission::DenyAll => false,
            Permission::ByQueue => self.source_queue_arns.contains(&queue_arn(source)),
        }
    }
}

impl Store {
    /// Whether the redrive policy of `spec` leads to a queue that takes its messages.
    pub(crate) fn check_redrive(&self, spec: &QueueSpec) -> Result<(), AwsError> {
        let Some(redrive) = &spec.redrive else { return Ok(()) };
        let target = &redrive.dead_letter_queue;
        let refuse = |reason: &str| {
            let value = format!("{target} of queue {}", spec.name);
            Err(error::invalid("RedrivePolicy", value, reason))
        };
        let Some(queue) = self.queues.get(target) else {
            return refuse("Dead letter target does not exist.");
        };
        if queue.spec.fifo != spec.fifo {
            return refuse("Dead-letter queue must be same type of queue as the source.");
        }
        let allow = queue.spec.further.get("RedriveAllowPolicy");
        let allow = allow.map(|json| AllowPolicy::parse(json)).transpose()?;
        if allow.is_some_and(|policy| !policy.accepts(&spec.name)) {
            return refuse("Dead-letter queue does not allow this source in RedriveAllowPolicy.");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::AllowPolicy;

    #[test]
    fn a_policy_lets_through_whom_it_names() {
        let accepts = |json: &str| AllowPolicy::parse(json).unwrap().accepts("orders");
        assert!(accepts(r#"{"redrivePermission":"allowAll"}"#));
        assert!(!accepts(r#"{"redrivePermission":"denyAll"}"#));
        let by_queue = |name: &str| {
            let arn = crate::queue_arn(name);
            format!(r#"{{"redrivePermission":"byQueue","sourceQueueArns":["{arn}"]}}"#)
        };
        assert!(accepts(&by_queue("orders")));
        assert!(!accepts(&by_queue("others")));
    }

    #[test]
    fn a_policy_that_contradicts_itself_is_refused() {
        for json in [
            "",
            r#"{"redrivePermission":"some"}"#,
            r#"{"redrivePermission":"byQueue"}"#,
            r#"{"redrivePermission":"denyAll","sourceQueueArns":["a"]}"#,
        ] {
            assert!(AllowPolicy::parse(json).is_err(), "{json}");
        }
    }
}
