//! Handlers to wrap in the layer, and what they write.

use aws_sdk_dynamodb::types::{ConditionCheck, ReturnValuesOnConditionCheckFailure, Update};
use event_envelope::{Delivery, Envelope};
use idempotency::{Attempt, Completion, UnitOfWork};
use runtime::Failure;
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};

use crate::world::{COUNTERS, Guarded, answer, number, text};

/// A reply of the layer under test.
pub(crate) type Reply = Result<Completion<String>, Failure>;
/// What handlers of the tests return.
pub(crate) type Decision = Result<UnitOfWork<String>, Failure>;

/// Adds one to a counter, whatever it is.
pub(crate) fn count_up(id: &str) -> Update {
    let update = Update::builder().table_name(COUNTERS).key("id", text(id));
    let update = update.update_expression("ADD #count :one");
    update
        .expression_attribute_names("#count", "count")
        .expression_attribute_values(":one", number(1))
        .build()
        .unwrap()
}

/// Holds as long as the count is zero.
pub(crate) fn uncounted(id: &str) -> ConditionCheck {
    ConditionCheck::builder()
        .table_name(COUNTERS)
        .key("id", text(id))
        .condition_expression("attribute_not_exists(id)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .unwrap()
}

/// Counts once more, and publishes that.
pub(crate) fn counting(cause: &Envelope) -> UnitOfWork<String> {
    let published = answer(cause, json!({ "counted": true }));
    UnitOfWork::new("counted".to_owned()).write(count_up("a")).publish(published)
}

/// Hands `delivery` to `handler` through `layer`.
pub(crate) async fn deliver<F, D>(layer: &Guarded, delivery: Delivery, handler: F) -> Reply
where
    F: FnMut(Attempt<Delivery>) -> D + Clone + Send + 'static,
    D: Future<Output = Decision> + Send + 'static,
{
    layer.layer(service_fn(handler)).oneshot(delivery).await
}

/// The handler that counts.
pub(crate) async fn count(attempt: Attempt<Delivery>) -> Decision {
    Ok(counting(&attempt.request.envelope))
}

/// A handler with its side effect elsewhere: it publishes an event, and writes nothing.
pub(crate) async fn publish_only(attempt: Attempt<Delivery>) -> Decision {
    let published = answer(&attempt.request.envelope, json!({ "counted": true }));
    Ok(UnitOfWork::new("counted".to_owned()).publish(published))
}

/// The handler that must not be called.
pub(crate) async fn unreachable(attempt: Attempt<Delivery>) -> Decision {
    panic!("the handler was called with {attempt:?}")
}
