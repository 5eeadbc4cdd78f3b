//! What becomes of the effect when the provider, or the way to it, fails.

use local_dynamodb::FaultPlan;
use provider_stubs::Outcome;
use runtime::{Done, Failure, Wait};

use super::{
    DOWN, LATER, LONG, SideEffect, Step, WAIT_MAX, WELL, assert_nothing_stays, assert_performed,
    assert_undone, cancelled, created, events, fails, perform,
};
use crate::{ProviderCase, ProviderFault, orders::resumed};

/// A function whose provider performs the effect, with an answer that comes too late.
async fn performed_without_answer<S: SideEffect>() -> S {
    let world = S::open().await.on(|bed| bed.with_timeout(WAIT_MAX));
    world.script(Step::Perform, Outcome::Timeout(LONG));
    world.deliver(&created::<S>()).await.unwrap();
    fails(&world, &S::trigger()).await;
    assert_performed(&world, 1);
    assert_eq!(world.bed().status().await, S::SPEC.performing);
    assert_eq!(events(&world), [] as [&str; 0]);
    world
}

/// Whenever the input comes again.
pub async fn an_effect_whose_answer_was_lost_is_found<S: SideEffect>() {
    for later in LATER {
        let world = performed_without_answer::<S>().await;
        world.pass(later);
        world.complete(&S::trigger()).await;
        assert_performed(&world, 1);
        assert_eq!(events(&world), [S::SPEC.performed.1]);
    }
}

/// Whenever the cancellation comes again.
pub async fn an_undoing_whose_answer_was_lost_is_found<S: SideEffect>() {
    for later in LATER {
        let world = S::open().await.on(|bed| bed.with_timeout(WAIT_MAX));
        world.script(Step::Undo, Outcome::Timeout(LONG));
        perform(&world).await;
        fails(&world, &cancelled::<S>()).await;
        assert_undone(&world);
        world.pass(later);
        world.complete(&cancelled::<S>()).await;
        assert_undone(&world);
        assert_eq!(events(&world), [S::SPEC.performed.1, S::SPEC.undone.1]);
    }
}

/// For the effect and for undoing it alike.
pub async fn a_provider_that_is_unavailable_or_busy_is_asked_again<S: SideEffect>() {
    for outcome in [Outcome::Down(2), Outcome::Throttle(2)] {
        let world = S::open().await;
        world.script(Step::Perform, outcome);
        world.deliver(&created::<S>()).await.unwrap();
        for _ in 0..2 {
            fails(&world, &S::trigger()).await;
            assert_performed(&world, 0);
        }
        world.complete(&S::trigger()).await;
        assert_performed(&world, 1);

        world.script(Step::Undo, outcome);
        for _ in 0..2 {
            fails(&world, &cancelled::<S>()).await;
            assert_performed(&world, 1);
        }
        world.complete(&cancelled::<S>()).await;
        assert_undone(&world);
    }
}

/// The call to the provider that performs the effect is the last one of an undisturbed attempt.
async fn performing_call<S: SideEffect>() -> usize {
    let world = S::open().await;
    perform(&world).await;
    world.bed().gate.calls() - 1
}

/// A function whose process died when the provider had performed the effect.
async fn performed_by_a_process_that_died<S: SideEffect>() -> S {
    let call = performing_call::<S>().await;
    let world = S::open().await;
    world.deliver(&created::<S>()).await.unwrap();
    world.bed().gate.meet(ProviderCase { fault: ProviderFault::CrashAfter, call });
    let dying = world.process(&FaultPlan::none());
    S::handle(&dying, &S::trigger()).await.unwrap_err();
    assert_performed(&world, 1);
    assert_eq!(world.bed().status().await, S::SPEC.performing);
    world
}

/// No idempotency key of the provider's is needed.
pub async fn a_redrive_after_the_provider_forgot_the_key_performs_nothing_again<S: SideEffect>() {
    for later in LATER {
        let world = performed_by_a_process_that_died::<S>().await;
        world.pass(later);
        world.complete(&S::trigger()).await;
        assert_performed(&world, 1);
        assert_eq!(events(&world), [S::SPEC.performed.1]);
    }
}

/// Whether its process died or its answer was lost, and whenever that is.
pub async fn an_effect_that_was_not_recorded_is_undone_when_the_order_is_cancelled<
    S: SideEffect,
>() {
    for later in LATER {
        for world in
            [performed_without_answer::<S>().await, performed_by_a_process_that_died().await]
        {
            world.pass(later);
            world.complete_all(&[cancelled::<S>(), S::trigger()]).await;
            assert_undone(&world);
            assert_eq!(events(&world), S::SPEC.overtaken);
        }
    }
}

/// However long: the retries of the effect are never exhausted. Whatever comes next has it tried
/// again.
pub async fn while_the_provider_is_unavailable_the_effect_waits_and_is_performed_once<
    S: SideEffect,
>() {
    for (next, duplicate) in [(resumed(), S::trigger()), (S::trigger(), created::<S>())] {
        let world = S::open().await;
        world.script(Step::Perform, DOWN);
        world.deliver(&created::<S>()).await.unwrap();
        // More often than anything whose retries can be exhausted is tried.
        for _ in 0..20 {
            let failure = world.deliver(&S::trigger()).await.unwrap_err();
            // The queue lets a record wait longer each time that it is unknown how long it takes.
            assert!(matches!(failure, Failure::Retry { wait: Wait::Unknown, .. }), "{failure}");
        }
        assert_eq!(world.bed().status().await, S::SPEC.performing);
        assert_eq!(events(&world), [] as [&str; 0]);
        assert_nothing_stays(&world);

        world.script(Step::Perform, WELL);
        assert_eq!(world.deliver(&next).await.unwrap(), Done::Handled);
        assert_eq!(world.deliver(&duplicate).await.unwrap(), Done::Duplicate);
        assert_performed(&world, 1);
        assert_eq!(events(&world), [S::SPEC.performed.1]);
    }
}
