//! Effects whose retries are exhausted: they wait for a review, and an operator resumes them.

use provider_stubs::Outcome;
use runtime::Done;
use serde_json::json;

use super::{
    ATTEMPTS, BUSY, DOWN, SideEffect, Step, WELL, ask, assert_nothing_stays, assert_performed,
    assert_undone, cancelled, created, events, fails, perform,
};
use crate::{
    TestBed,
    orders::{resumed, resumed_at},
};

/// What the errors of an unavailable provider and of a busy one begin with.
const OUTAGES: [&str; 2] = ["the provider is down: 503", "the provider is throttling: 429"];

/// A function that has tried in vain to undo an effect, as often as it may. The provider is well
/// again.
async fn undoing_abandoned<S: SideEffect>(outcome: Outcome) -> S {
    let mut world = S::open().await;
    perform(&world).await;
    world.script(Step::Undo, outcome);
    for _ in 1..ATTEMPTS {
        fails(&world, &cancelled::<S>()).await;
        world = world.on(TestBed::with_new_client);
    }
    assert_eq!(world.deliver(&cancelled::<S>()).await.unwrap(), Done::Handled);
    world.script(Step::Undo, WELL);
    world
}

/// Nothing is tried before an operator has resumed it, and then at once.
pub async fn an_undoing_that_keeps_failing_is_abandoned_and_resumed<S: SideEffect>() {
    let outages = [DOWN, BUSY].into_iter().zip(OUTAGES);
    for (outcome, error) in outages {
        let world = undoing_abandoned::<S>(outcome).await;
        assert_eq!(events(&world), [S::SPEC.performed.1, S::SPEC.review]);
        let (step, attempts, reason) = world.bed().reviews().remove(0);
        assert_eq!((step.as_str(), attempts), (S::SPEC.steps.0, ATTEMPTS.to_string()));
        assert!(reason.starts_with(error), "{reason}");

        let calls = world.bed().gate.calls();
        for delivery in [cancelled::<S>(), S::trigger()] {
            assert_eq!(world.deliver(&delivery).await.unwrap(), Done::Duplicate);
        }
        for cancellation in &S::cancellations()[1..] {
            assert_eq!(world.deliver(cancellation).await.unwrap(), Done::Handled);
        }
        assert_eq!(world.bed().gate.calls(), calls);
        assert_performed(&world, 1);

        assert_eq!(world.deliver(&resumed()).await.unwrap(), Done::Handled);
        assert_eq!(world.deliver(&resumed()).await.unwrap(), Done::Duplicate);
        assert_undone(&world);
        assert_eq!(events(&world), [S::SPEC.performed.1, S::SPEC.review, S::SPEC.undone.1]);
    }
}

/// How a provider is unavailable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outage {
    /// It answers questions, and does nothing.
    OfWrites,
    /// It answers nothing at all.
    OfAll,
}

/// Whether the provider answers questions meanwhile or not.
pub async fn a_prevention_that_keeps_failing_is_abandoned_and_resumed<S: SideEffect>() {
    for outage in [Outage::OfWrites, Outage::OfAll] {
        let world = S::open().await;
        world.script(Step::Perform, DOWN);
        world.deliver(&created::<S>()).await.unwrap();
        fails(&world, &S::trigger()).await;
        let world = world.on(|bed| bed.with_outage(outage == Outage::OfAll));
        for _ in 1..ATTEMPTS {
            fails(&world, &cancelled::<S>()).await;
        }
        assert_eq!(world.deliver(&cancelled::<S>()).await.unwrap(), Done::Handled);
        assert_eq!(world.deliver(&S::trigger()).await.unwrap(), Done::Duplicate);
        let (step, attempts, _) = world.bed().reviews().remove(0);
        assert_eq!((step.as_str(), attempts), (S::SPEC.steps.1, ATTEMPTS.to_string()));
        assert_performed(&world, 0);

        world.script(Step::Perform, WELL);
        let world = world.on(|bed| bed.with_outage(false));
        world.complete(&resumed()).await;
        assert_nothing_stays(&world);
        assert_eq!(world.bed().status().await, S::SPEC.prevented.0, "{outage:?}");
        assert_eq!(events(&world), [S::SPEC.review, S::SPEC.prevented.1], "{outage:?}");
    }
}

/// Wherever it comes.
pub async fn a_resume_before_anything_was_abandoned_changes_nothing<S: SideEffect>() {
    for place in 0..3 {
        let world = S::open().await;
        let mut story = vec![created::<S>(), S::trigger(), cancelled::<S>()];
        story.insert(place, resumed());
        world.complete_all(&story).await;
        assert_undone(&world);
        assert_eq!(events(&world), [S::SPEC.performed.1, S::SPEC.undone.1]);
    }
}

/// More often than triggers are kept that changed nothing.
pub async fn however_often_an_order_is_resumed_its_cancellation_takes_effect<S: SideEffect>() {
    let world = S::open().await;
    world.script(Step::Perform, DOWN);
    world.deliver(&created::<S>()).await.unwrap();
    fails(&world, &S::trigger()).await;
    for sequence in 100..250 {
        fails(&world, &resumed_at(sequence)).await;
    }
    fails(&world, &cancelled::<S>()).await;
    world.script(Step::Perform, WELL);
    let again = [cancelled::<S>(), S::trigger(), resumed_at(249), resumed_at(100)];
    world.complete_all(&again).await;
    assert_nothing_stays(&world);
    assert_eq!(world.bed().status().await, S::SPEC.prevented.0);
    assert_eq!(events(&world), [S::SPEC.prevented.1]);
}

/// Each resume has it tried as often as the first one.
pub async fn what_was_abandoned_again_is_resumed_once_more<S: SideEffect>() {
    let world = undoing_abandoned::<S>(BUSY).await;
    let abandoned = world.bed().status().await;
    world.script(Step::Undo, BUSY);
    for resumed in [resumed_at(100), resumed_at(101)] {
        for _ in 1..ATTEMPTS {
            fails(&world, &resumed).await;
        }
        assert_eq!(world.deliver(&resumed).await.unwrap(), Done::Handled);
        assert_eq!(world.bed().status().await, abandoned);
    }
    world.script(Step::Undo, WELL);
    world.complete(&resumed_at(102)).await;
    assert_undone(&world);
    let reviews = [S::SPEC.review; 3];
    let expected = [&[S::SPEC.performed.1][..], &reviews, &[S::SPEC.undone.1]].concat();
    assert_eq!(events(&world), expected);
}

/// A workflow waits for the operator, too.
pub async fn a_task_is_answered_with_a_review_until_it_is_resumed<S: SideEffect>() {
    let world = S::open().await;
    ask(&world, Step::Perform).await.unwrap();
    world.script(Step::Undo, BUSY);
    for _ in 1..ATTEMPTS {
        assert!(ask(&world, Step::Undo).await.unwrap_err().is_retry());
    }
    for _ in 0..2 {
        let answer = ask(&world, Step::Undo).await.unwrap();
        assert_eq!(answer, json!({ "status": "needsReview" }));
    }
    assert_eq!(events(&world), [S::SPEC.performed.1, S::SPEC.review]);
    world.script(Step::Undo, WELL);
    world.complete(&resumed()).await;
    assert_eq!(ask(&world, Step::Undo).await.unwrap(), world.answer(Step::Undo));
    assert_undone(&world);
}
