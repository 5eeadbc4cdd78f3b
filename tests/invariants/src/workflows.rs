//! Where a workflow drives orders, each order has one.

use std::collections::BTreeMap;

use local_states::Status;

use crate::{Finding, Snapshot};

/// Every order that was placed in this run has exactly one execution, named after it, and that one
/// has ended.
pub(crate) fn end(snapshot: &Snapshot) -> Vec<Finding> {
    let mut of_order: BTreeMap<&str, Vec<Status>> = BTreeMap::new();
    for execution in snapshot.executions.iter() {
        of_order.entry(&execution.name).or_default().push(execution.status);
    }
    let placed = snapshot.published.iter().filter(|it| it.envelope.event_type == "OrderCreated");
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
