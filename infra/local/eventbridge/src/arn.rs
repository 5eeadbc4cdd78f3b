//! The names that resources go by.

use local_core::{ACCOUNT, REGION};

/// The bus that every account has.
pub(crate) const DEFAULT_BUS: &str = "default";

/// The ARN of a bus.
pub fn bus_arn(bus: &str) -> String {
    arn(&format!("event-bus/{bus}"))
}

/// The ARN of a rule; rules of the default bus leave the bus out.
pub fn rule_arn(bus: &str, rule: &str) -> String {
    if bus == DEFAULT_BUS {
        arn(&format!("rule/{rule}"))
    } else {
        arn(&format!("rule/{bus}/{rule}"))
    }
}

/// The ARN of an archive.
pub fn archive_arn(archive: &str) -> String {
    arn(&format!("archive/{archive}"))
}

pub(crate) fn replay_arn(replay: &str) -> String {
    arn(&format!("replay/{replay}"))
}

/// The name in `name_or_arn`, which may be an ARN of a resource of this `kind`.
pub(crate) fn name_of<'n>(kind: &str, name_or_arn: &'n str) -> &'n str {
    let prefix = arn(&format!("{kind}/"));
    name_or_arn.strip_prefix(&prefix).unwrap_or(name_or_arn)
}

fn arn(resource: &str) -> String {
    format!("arn:aws:events:{REGION}:{ACCOUNT}:{resource}")
}

#[cfg(test)]
mod tests {
    use super::{bus_arn, name_of, rule_arn};

    #[test]
    fn a_bus_goes_by_name_or_arn() {
        assert_eq!(name_of("event-bus", &bus_arn("orders")), "orders");
        assert_eq!(name_of("event-bus", "orders"), "orders");
        let elsewhere = "arn:aws:events:eu-west-1:123456789012:event-bus/orders";
        assert_eq!(name_of("event-bus", elsewhere), elsewhere);
    }

    #[test]
    fn rules_of_the_default_bus_leave_it_out() {
        assert_eq!(rule_arn("default", "r"), "arn:aws:events:us-east-1:000000000000:rule/r");
        assert_eq!(rule_arn("b", "r"), "arn:aws:events:us-east-1:000000000000:rule/b/r");
    }
}
