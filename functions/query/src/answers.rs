//! What the answers of both functions have in common.

use std::time::Duration;

use event_envelope::AggregateId;
use http_api::Problem;
use runtime::Failure;

/// When to ask again: the store is available by then, and the read model has caught up, most often.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The owner in the cursors of a list that belongs to no customer.
pub(crate) fn all_of_them(name: &str) -> Result<AggregateId, Problem> {
    AggregateId::parse(name).map_err(|_| Problem::internal())
}

pub(crate) fn unavailable(failure: impl Into<Failure>) -> Problem {
    let failure = failure.into();
    tracing::error!(%failure, "request not answered");
    if failure.is_retry() {
        Problem::unavailable("the store is busy", RETRY_AFTER)
    } else {
        Problem::internal()
    }
}

pub(crate) fn no_such_order(order: &AggregateId) -> Problem {
    Problem::not_found(format!("there is no order {order}"))
}
