//! How long what only met others is tried again: within the time that the invocation has left.

use std::time::Duration;

use idempotency::IdempotencyError;
use local_dynamodb::{Fault, FaultPlan};
use runtime::{Failure, with_deadline};
use tokio::time::Instant;

use crate::{
    handlers::{count, deliver, publish_only},
    world::{World, delivery},
};

/// How a delivery ends that meets `fault` again and again, how long that took, and how often the
/// store was asked.
async fn stubborn(fault: Fault, with_writes: bool) -> (Failure, Duration, usize) {
    let (world, plan) = (World::new().await, FaultPlan::always(fault));
    let layer = world.transactional(plan.clone());
    let begun = Instant::now();
    let reply = if with_writes {
        deliver(&layer, delivery(), count).await
    } else {
        deliver(&layer, delivery(), publish_only).await
    };
    (reply.unwrap_err(), begun.elapsed(), plan.calls())
}

#[track_caller]
fn assert_unavailable(failure: &Failure) {
    assert!(failure.is_retry());
    let error = IdempotencyError::of(failure);
    assert!(matches!(error, Some(IdempotencyError::Unavailable(_))), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn contention_is_met_with_more_and_more_patience_and_then_handed_back() {
    for fault in [Fault::Conflict, Fault::Throttle] {
        for with_writes in [true, false] {
            let (failure, took, asked) = stubborn(fault, with_writes).await;
            assert_unavailable(&failure);
            assert!((1..=5).contains(&took.as_secs()), "{took:?}");
            // The pauses double from 40 ms to 640 ms, each half of that on average.
            assert!((5..60).contains(&asked), "{fault:?}: asked {asked} times in {took:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_invocation_that_is_short_of_time_hands_back_sooner() {
    for left in [900, 700, 501] {
        let left = Duration::from_millis(left);
        let (failure, took, _) = with_deadline(left, stubborn(Fault::Conflict, true)).await;
        assert_unavailable(&failure);
        assert!(took <= left - Duration::from_millis(500), "{took:?} of {left:?}");
    }
    let short = with_deadline(Duration::from_millis(400), stubborn(Fault::Conflict, true));
    let (failure, took, asked) = short.await;
    assert_unavailable(&failure);
    assert_eq!((took, asked), (Duration::ZERO, 1), "there is no time for a second try");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_contention_is_left_to_the_next_delivery() {
    let (failure, took, _) = stubborn(Fault::CrashBefore, true).await;
    assert_unavailable(&failure);
    assert!(took < Duration::from_secs(1), "the SDK's own tries: {took:?}");
}
