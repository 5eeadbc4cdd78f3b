//! `orderly trace` and `orderly metrics`: what the functions of a stack that is up have reported.

use std::time::Duration;

use local_stack::{
    METRICS_PATH,
    console::{aside, say},
    telemetry::{MetricTable, SpanTree},
};

use super::check::{self, NoStack};
use crate::shop::ORDERS_PATH;

/// Nothing is waited for.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Shows how an order went through the functions. False if nothing is known of it.
pub(super) async fn trace(port: u16, order: &str) -> Result<bool, NoStack> {
    let tree: SpanTree =
        check::get(port, &format!("{ORDERS_PATH}/{order}/trace"), WAIT_MAX).await?;
    if tree.0.is_empty() {
        say(aside(format_args!("no span of {order} is known")));
        return Ok(false);
    }
    say(tree.to_string().trim_end());
    Ok(true)
}

/// Shows every metric so far.
pub(super) async fn metrics(port: u16) -> Result<bool, NoStack> {
    let table: MetricTable = check::get(port, METRICS_PATH, WAIT_MAX).await?;
    say(table);
    Ok(true)
}
