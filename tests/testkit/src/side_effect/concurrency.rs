//! Several processes at once.

use std::time::Duration;

use provider_stubs::Outcome;
use tokio::join;

use super::{
    SideEffect, Step, ask, assert_performed, assert_undone, cancelled, created, events, perform,
    performing,
};

/// Long enough for another process to come in between.
const SLOW: Outcome = Outcome::Slow(Duration::from_millis(200));

/// A function whose order is known, and whose provider takes its time.
async fn slow<S: SideEffect>() -> S {
    let world = S::open().await;
    world.script(Step::Perform, SLOW);
    world.deliver(&created::<S>()).await.unwrap();
    world
}

/// The others are to come again, and do not ask the provider.
pub async fn of_several_handlers_at_once_one_performs_the_effect<S: SideEffect>() {
    let alone = S::open().await;
    perform(&alone).await;
    let world = S::open().await;
    world.script(Step::Perform, SLOW);
    let (created, trigger) = (created::<S>(), S::trigger());
    let (one, other, third) =
        join!(world.deliver(&created), world.deliver(&trigger), world.deliver(&trigger));
    assert!([&one, &other, &third].iter().any(|done| done.is_ok()));
    for failure in [one, other, third].into_iter().filter_map(Result::err) {
        assert!(failure.is_retry(), "{failure}");
    }
    world.complete_all(&[created, trigger]).await;
    assert_performed(&world, 1);
    assert_eq!(world.bed().gate.calls(), alone.bed().gate.calls());
    assert_eq!(events(&world), [S::SPEC.performed.1]);
}

/// What was performed meanwhile is undone by the same process.
pub async fn a_cancellation_during_an_attempt_wins<S: SideEffect>() {
    let world = slow::<S>().await;
    let (trigger, cancelled) = (S::trigger(), cancelled::<S>());
    let cancel = async {
        performing(&world).await;
        world.deliver(&cancelled).await
    };
    let (performed, cancelled) = join!(world.deliver(&trigger), cancel);
    performed.unwrap();
    cancelled.unwrap();
    assert_undone(&world);
    assert_eq!(events(&world), S::SPEC.overtaken);
}

/// The answer is that of the machine at last.
pub async fn a_workflow_learns_of_a_cancellation_during_its_attempt<S: SideEffect>() {
    let world = S::open().await;
    world.script(Step::Perform, SLOW);
    let cancelled = cancelled::<S>();
    let cancel = async {
        performing(&world).await;
        world.deliver(&cancelled).await
    };
    let (answer, cancelled) = join!(ask(&world, Step::Perform), cancel);
    cancelled.unwrap();
    assert_eq!(answer.unwrap(), super::tasks::cancelled());
    assert_undone(&world);
    assert_eq!(events(&world), S::SPEC.overtaken);
}

/// It is the other process's to end.
pub async fn a_task_while_another_process_is_at_it_is_to_be_tried_again<S: SideEffect>() {
    let world = slow::<S>().await;
    let trigger = S::trigger();
    let task = async {
        performing(&world).await;
        ask(&world, Step::Perform).await
    };
    let (delivered, asked) = join!(world.deliver(&trigger), task);
    delivered.unwrap();
    let failure = asked.unwrap_err();
    assert!(failure.is_retry() && failure.to_string().contains("under way"), "{failure}");
    assert_eq!(ask(&world, Step::Perform).await.unwrap(), world.answer(Step::Perform));
    assert_performed(&world, 1);
}
