//! Where a workflow carries orders on, each order has one.

use std::collections::BTreeMap;

use local_states::Status;

use super::{Evidence, Finding};

/// Every order that was placed in this run has exactly one execution, named after it, and that one
/// has ended.
pub(super) fn end(evidence: &Evidence) -> Vec<Finding> {
    let Some(executions) = &evidence.executions else { return Vec::new() };
    let mut of_order: BTreeMap<&str, Vec<Status>> = BTreeMap::new();
    for execution in executions {
        of_order.entry(&execution.name).or_default().push(execution.status);
    }
    let placed = evidence.published.iter().filter(|it| it.envelope.event_type == "OrderCreated");
    let mut findings = Vec::new();
    for order in placed {
        let found = of_order.remove(order.order_id()).unwrap_or_default();
        if found.len() != 1 || found.contains(&Status::Running) {
            findings.push(Finding::new(order.order_id(), format!("executions: {found:?}")));
        }
    }
    let others = of_order.into_keys();
    findings.extend(others.map(|name| Finding::new(name, "an execution, and no such order")));
    findings
}
