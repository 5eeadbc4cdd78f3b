//! Stories of deliveries, run with a fault at every call to the database.

use std::{fmt, time::Duration};

use catalogue::Event;
use event_envelope::Delivery;
use local_dynamodb::{Fault, FaultPlan};
use runtime::{Done, Failure};

/// How often a record is delivered before a test fails.
const DELIVERIES_MAX: usize = 100;
/// No function remembers an idempotency key for longer.
pub(crate) const YEAR: Duration = Duration::from_hours(366 * 24);

/// What a story is delivered to: a function with all that it works on.
pub trait Harness {
    /// One process of the function.
    type Process;

    /// Starts a process whose calls to the database meet `plan`.
    fn process(&self, plan: &FaultPlan) -> Self::Process;

    /// Hands `delivery` to a process.
    fn handle(
        process: &Self::Process,
        delivery: &Delivery<Event>,
    ) -> impl Future<Output = Result<Done, Failure>>;

    /// Lets time pass. What has no clock passes none.
    fn pass(&self, _time: Duration) {}

    /// Waits until nothing that a dead process began stands in the way of the next delivery.
    fn recover(&self) -> impl Future<Output = ()> {
        std::future::ready(())
    }

    /// Hands `delivery` to a new process that meets no fault.
    fn deliver(&self, delivery: &Delivery<Event>) -> impl Future<Output = Result<Done, Failure>> {
        async move { Self::handle(&self.process(&FaultPlan::none()), delivery).await }
    }

    /// Delivers again and again until it is done.
    ///
    /// # Panics
    ///
    /// When it fails for good, or is never done.
    fn complete(&self, delivery: &Delivery<Event>) -> impl Future<Output = Done> {
        async move {
            for _ in 0..DELIVERIES_MAX {
                match self.deliver(delivery).await {
                    Ok(done) => return done,
                    Err(failure) => assert!(failure.is_retry(), "{failure}"),
                }
                self.recover().await;
            }
            panic!("{} is never done", delivery.envelope.event_type);
        }
    }

    /// Settles one after the other.
    fn complete_all(&self, deliveries: &[Delivery<Event>]) -> impl Future<Output = ()> {
        async move {
            for delivery in deliveries {
                self.complete(delivery).await;
            }
        }
    }
}

/// When a delivery that failed comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Before the next one.
    AtOnce,
    /// Before the next one, when all idempotency keys have expired.
    MuchLater,
    /// After all the others.
    Last,
}

/// A fault at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// What happens to the call.
    pub fault: Fault,
    /// Which call it is, counted from 0.
    pub call: usize,
}

impl Case {
    /// The plan of a process that meets it.
    pub fn plan(self) -> FaultPlan {
        FaultPlan::at(self.call, self.fault)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at call {}", self.fault, self.call)
    }
}

/// Every fault at each of as many calls as `calls` has counted.
///
/// # Panics
///
/// When it has counted none: nothing would be tested.
pub fn cases(calls: &FaultPlan) -> Vec<Case> {
    let calls = calls.calls();
    assert!(calls > 0, "no call was counted");
    Fault::ALL.iter().flat_map(|&fault| (0..calls).map(move |call| Case { fault, call })).collect()
}

/// Runs `story` without a fault, and then with each fault at each call of its first process, each
/// time on a new harness. `check` gets the undisturbed harness, the disturbed one, and what disturbed
/// it.
///
/// A delivery that failed comes again to processes without faults, as `again` says. When the
/// story is over, each of its events is a duplicate.
///
/// # Panics
///
/// When a delivery fails for good, or one has an effect when it comes again at last.
pub async fn sweep<S: Harness>(
    open: impl AsyncFn() -> S,
    story: &[Delivery<Event>],
    again: Again,
    check: impl AsyncFn(&S, &S, Case),
) {
    let calls = FaultPlan::none();
    let undisturbed = run_story(open().await, story, &calls, again).await.harness;
    // What has no effect at all is not worth a story.
    assert!(calls.calls() >= story.len(), "a delivery made no call");
    for case in cases(&calls) {
        let disturbed = run_story(open().await, story, &case.plan(), again).await.harness;
        check(&undisturbed, &disturbed, case).await;
    }
}

/// A story that was run.
pub(crate) struct StoryRun<S> {
    pub(crate) harness: S,
    /// Whether a delivery failed. If none did, it makes no difference when one would come again.
    pub(crate) has_failed: bool,
}

pub(crate) async fn run_story<S: Harness>(
    harness: S,
    story: &[Delivery<Event>],
    plan: &FaultPlan,
    again: Again,
) -> StoryRun<S> {
    let process = harness.process(plan);
    let mut has_failed = false;
    for delivery in story {
        let Err(failure) = S::handle(&process, delivery).await else { continue };
        assert!(failure.is_retry(), "{failure}");
        has_failed = true;
        match again {
            Again::AtOnce => (),
            Again::MuchLater => harness.pass(YEAR),
            Again::Last => continue,
        }
        harness.complete(delivery).await;
    }
    if again == Again::Last && has_failed {
        harness.complete_all(story).await;
    }
    for delivery in story {
        assert_eq!(harness.deliver(delivery).await.unwrap(), Done::Duplicate);
    }
    StoryRun { harness, has_failed }
}

#[cfg(test)]
mod tests;
