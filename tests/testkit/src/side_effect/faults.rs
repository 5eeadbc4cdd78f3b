//! Every story again, with a fault at every call to the database and at every call to the provider.

use catalogue::Event;
use event_envelope::Delivery;
use local_dynamodb::FaultPlan;
use serde_json::Value;

use super::{Order, SideEffect, Step, assert_undone, cancelled, created, events};
use crate::{Again, ProviderCase, ProviderFault, cases, sweep::tell};

/// What is left of a story.
#[derive(Debug, PartialEq)]
struct Ending {
    state: Value,
    performed: Vec<String>,
    undone: Vec<String>,
    /// The types and the contents of the events.
    published: Vec<(String, Value)>,
}

impl Ending {
    async fn of<S: SideEffect>(world: &S) -> Self {
        let published = world.bed().published().into_iter();
        Self {
            state: world.bed().state().await,
            performed: world.performed(),
            undone: world.undone(),
            published: published.map(|event| (event.event_type, event.data)).collect(),
        }
    }
}

/// Compares what is left with what is left when nothing fails; the last says what failed.
type Check = fn(&Ending, &Ending, &str);

/// Every run ends in the same state.
fn same(found: &Ending, expected: &Ending, failed: &str) {
    assert_eq!(found, expected, "{failed}");
}

/// One effect at most, which was undone.
fn nothing_stays(found: &Ending, _: &Ending, failed: &str) {
    assert!(found.performed.len() <= 1, "{failed}: {found:?}");
    assert_eq!(found.undone, found.performed, "{failed}: {found:?}");
}

/// Every fault at each of so many calls to the provider.
fn provider_cases(calls: usize) -> impl Iterator<Item = ProviderCase> {
    assert!(calls > 0, "the provider was not asked");
    let all = ProviderFault::ALL.into_iter();
    all.flat_map(move |fault| (0..calls).map(move |call| ProviderCase { fault, call }))
}

/// Checks what is left of `story` after each fault at each call to the database.
async fn sweep_database<S: SideEffect>(story: &[Delivery<Event>], again: Again, check: Check) {
    let compare = async |undisturbed: &S, disturbed: &S, case| {
        let (found, expected) = (Ending::of(disturbed).await, Ending::of(undisturbed).await);
        check(&found, &expected, &format!("{case}, again {again:?}"));
    };
    crate::sweep(S::open, story, again, compare).await;
}

/// As [`sweep_database`], and after each fault at each call to the provider.
async fn sweep<S: SideEffect>(story: &[Delivery<Event>], again: Again, check: Check) {
    sweep_database::<S>(story, again, check).await;
    let undisturbed = tell(S::open().await, story, &FaultPlan::none(), again).await;
    let expected = Ending::of(&undisturbed).await;
    for case in provider_cases(undisturbed.bed().gate.calls()) {
        let world = S::open().await;
        world.bed().gate.meet(case);
        let disturbed = tell(world, story, &FaultPlan::none(), again).await;
        let failed = format!("{case}, again {again:?}");
        check(&Ending::of(&disturbed).await, &expected, &failed);
    }
}

/// Whatever fails, in either order of the inputs, and whenever they come again.
pub async fn the_effect_is_performed_once_whatever_fails<S: SideEffect>() {
    for again in [Again::AtOnce, Again::MuchLater] {
        sweep::<S>(&[created::<S>(), S::trigger()], again, same).await;
    }
    sweep::<S>(&[S::trigger(), created::<S>()], Again::Last, same).await;
}

/// A refusal is the end, also if nobody could write it down.
pub async fn what_is_refused_stays_refused_whatever_fails<S: SideEffect>() {
    sweep::<S>(&[S::created(Order::Refused), S::trigger()], Again::AtOnce, same).await;
}

/// Whatever cancels the order.
pub async fn the_effect_is_undone_once_whatever_fails<S: SideEffect>() {
    for cancellation in S::cancellations() {
        let story = [created::<S>(), S::trigger(), cancellation];
        sweep::<S>(&story, Again::AtOnce, same).await;
    }
    let story = [created::<S>(), S::trigger(), cancelled::<S>()];
    sweep::<S>(&story, Again::MuchLater, same).await;
}

/// The cancellation comes while it is not known what became of the attempt.
pub async fn a_cancellation_that_overtakes_a_failed_attempt_leaves_nothing<S: SideEffect>() {
    let (created, trigger, cancelled) = (created::<S>(), S::trigger(), cancelled::<S>());
    let story = [created.clone(), trigger.clone(), cancelled.clone()];
    sweep::<S>(&story, Again::Last, nothing_stays).await;
    // The provider is asked only if the cancellation comes late.
    let story = [trigger, cancelled, created];
    sweep_database::<S>(&story, Again::Last, nothing_stays).await;
}

/// Asks until there is an answer, as a workflow does.
async fn settled<S: SideEffect>(world: &S, step: Step) -> Value {
    for _ in 0..100 {
        match super::ask(world, step).await {
            Ok(answer) => return answer,
            Err(failure) => assert!(failure.is_retry(), "{failure}"),
        }
        world.recover().await;
    }
    panic!("{step:?} is never done");
}

/// Has the effect performed and undone by tasks, of which the first attempts meet a fault.
async fn work_through<S: SideEffect>(world: &S, plan: &FaultPlan, failed: &str) {
    let process = world.process(plan);
    for step in [Step::Perform, Step::Undo] {
        if let Err(failure) = S::work(&process, S::SPEC.task(step), &created::<S>()).await {
            assert!(failure.is_retry(), "{failed}: {failure}");
            world.recover().await;
        }
        assert_eq!(settled(world, step).await, world.answer(step), "{failed}");
    }
    assert_undone(world);
    assert_eq!(events(world), [S::SPEC.performed.1, S::SPEC.undone.1], "{failed}");
}

/// Both tasks are answered as if nothing had failed.
pub async fn a_workflow_has_its_answers_whatever_fails<S: SideEffect>() {
    let (undisturbed, calls) = (S::open().await, FaultPlan::none());
    work_through(&undisturbed, &calls, "nothing").await;
    for case in cases(&calls) {
        work_through(&S::open().await, &case.plan(), &case.to_string()).await;
    }
    for case in provider_cases(undisturbed.bed().gate.calls()) {
        let world = S::open().await;
        world.bed().gate.meet(case);
        work_through(&world, &FaultPlan::none(), &case.to_string()).await;
    }
}
