//! Asynchronous events: accepted now, handled later, tried again, and recorded when they fail.
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    VERSION,
    destination::{self, Condition, Failure},
    function::Function,
    invocation::{Invocation, InvokeError, Request},
    pool,
    state::Inner,
};

/// Sees one event through to its end.
pub(crate) async fn deliver(host: Arc<Inner>, function: Arc<Function>, request: Request) {
    if let Some(failed) = attempt_all(&host, &function, &request).await {
        function.count(|stats| stats.async_failures += 1);
        record(&host, &function, &request, &failed);
    }
    function.count(|stats| stats.async_pending -= 1);
}

/// An event whose retries are exhausted.
struct Failed {
    condition: Condition,
    attempts: u32,
    last: Invocation,
}

/// Tries until the function succeeds, or retries are exhausted.
async fn attempt_all(
    host: &Arc<Inner>,
    function: &Arc<Function>,
    request: &Request,
) -> Option<Failed> {
    let config = &function.spec.asynchronous;
    let expires = Instant::now() + config.event_age_max;
    let mut attempts = 0;
    loop {
        let last = attempt(host, function, request).await?;
        attempts += 1;
        if last.is_ok() {
            return None;
        }
        if attempts > config.retries_max {
            return Some(Failed { condition: Condition::RetriesExhausted, attempts, last });
        }
        let delay = host.options.retry_delay * attempts;
        if Instant::now() + delay > expires {
            return Some(Failed { condition: Condition::EventAgeExceeded, attempts, last });
        }
        sleep(delay).await;
        function.count(|stats| stats.async_retries += 1);
    }
}

/// One attempt, for which a throttled event waits its turn; nothing once the host shuts down.
async fn attempt(
    host: &Arc<Inner>,
    function: &Arc<Function>,
    request: &Request,
) -> Option<Invocation> {
    // Lambda backs off from one second to five minutes; here the queue drains faster.
    const THROTTLE_DELAY: Duration = Duration::from_millis(100);
    loop {
        match pool::submit(host, function, request.clone()) {
            Ok(answer) => return answer.await.ok(),
            Err(InvokeError::TooManyRequests { .. }) => sleep(THROTTLE_DELAY).await,
            Err(
                InvokeError::ShuttingDown
                | InvokeError::UnknownFunction { .. }
                | InvokeError::PayloadTooLarge { .. }
                | InvokeError::InvalidPayload { .. },
            ) => return None,
        }
    }
}

fn record(host: &Inner, function: &Function, request: &Request, failed: &Failed) {
    let name = &function.spec.name;
    let Some(queue_arn) = &function.spec.asynchronous.on_failure else {
        tracing::warn!(function = name, request_id = request.id, "event dropped: no destination");
        return;
    };
    let failure = Failure {
        request_id: &request.id,
        function_arn: &format!("{}:{VERSION}", function.spec.arn()),
        condition: failed.condition,
        attempts: failed.attempts,
        function_error: failed.last.function_error.as_deref(),
    };
    let members = json!({
        "requestPayload": destination::json_or_text(&request.payload),
        "responsePayload": destination::json_or_text(&failed.last.payload),
    });
    destination::send(host.options.queues.as_ref(), queue_arn, &failure, members);
}
