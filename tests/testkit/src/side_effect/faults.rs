//! Every story again, with a fault at every call to the database and at every call to the provider.

use catalogue::Event;
use event_envelope::Delivery;
use local_dynamodb::{Fault, FaultPlan};
use serde_json::Value;

use super::{Order, SideEffect, Step, assert_undone, cancelled, created, events};
use crate::{
    Again, Case, ProviderCase, ProviderFault, cases,
    sweep::{StoryRun, run_story},
};

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

/// A fault at a call to the database or to the provider.
#[derive(Debug, Clone, Copy)]
enum AnyCase {
    Database(Case),
    Provider(ProviderCase),
}

impl AnyCase {
    /// Runs `story` on a process that meets it.
    async fn run<S: SideEffect>(self, story: &[Delivery<Event>], again: Again) -> StoryRun<S> {
        let world = S::open().await;
        let plan = match self {
            Self::Database(case) => case.plan(),
            Self::Provider(case) => {
                world.bed().gate.meet(case);
                FaultPlan::none()
            }
        };
        run_story(world, story, &plan, again).await
    }
}

/// Every fault at each of so many calls to the provider.
fn provider_cases(calls: usize) -> impl Iterator<Item = ProviderCase> {
    let all = ProviderFault::ALL.into_iter();
    all.flat_map(move |fault| (0..calls).map(move |call| ProviderCase { fault, call }))
}

/// How many calls a story makes, to the database and to the provider, when nothing fails.
async fn calls<S: SideEffect>(story: &[Delivery<Event>]) -> (usize, usize) {
    let plan = FaultPlan::none();
    let run = run_story(S::open().await, story, &plan, Again::AtOnce).await;
    (plan.calls(), run.harness.bed().gate.calls())
}

/// Every fault at every call of a story.
async fn cases_of<S: SideEffect>(story: &[Delivery<Event>]) -> Vec<AnyCase> {
    let (all, asked) = calls::<S>(story).await;
    assert!(all >= story.len(), "a delivery made no call");
    let of_database = Fault::ALL
        .into_iter()
        .flat_map(|fault| (0..all).map(move |call| AnyCase::Database(Case { fault, call })));
    of_database.chain(provider_cases(asked).map(AnyCase::Provider)).collect()
}

/// Checks what is left of `story` after every fault at every call, whenever failed deliveries come
/// again.
async fn sweep<S: SideEffect>(story: &[Delivery<Event>], agains: &[Again], check: Check) {
    let mut cases = cases_of::<S>(story).await;
    for &again in agains {
        let undisturbed = run_story(S::open().await, story, &FaultPlan::none(), again).await;
        let expected = Ending::of(&undisturbed.harness).await;
        let mut failing = Vec::new();
        for case in cases {
            let run = case.run::<S>(story, again).await;
            check(
                &Ending::of(&run.harness).await,
                &expected,
                &format!("{case:?}, again {again:?}"),
            );
            if run.has_failed {
                failing.push(case);
            }
        }
        // Where nothing failed, nothing comes again: the others would be this story once more.
        cases = failing;
    }
}

/// Whatever fails, in either order of the inputs, and whenever they come again.
pub async fn the_effect_is_performed_once_whatever_fails<S: SideEffect>() {
    let (created, trigger) = (created::<S>(), S::trigger());
    let story = [created.clone(), trigger.clone()];
    sweep::<S>(&story, &[Again::AtOnce, Again::MuchLater], same).await;
    sweep::<S>(&[trigger, created], &[Again::Last], same).await;
}

/// A refusal is the end, also if it could not be written down.
pub async fn what_is_refused_stays_refused_whatever_fails<S: SideEffect>() {
    sweep::<S>(&[S::created(Order::Refused), S::trigger()], &[Again::AtOnce], same).await;
}

/// Whatever cancels the order.
pub async fn the_effect_is_undone_once_whatever_fails<S: SideEffect>() {
    let story = [created::<S>(), S::trigger(), cancelled::<S>()];
    sweep::<S>(&story, &[Again::MuchLater], same).await;
    for cancellation in S::cancellations() {
        let story = [created::<S>(), S::trigger(), cancellation];
        sweep::<S>(&story, &[Again::AtOnce], same).await;
    }
}

/// The cancellation comes while it is not known what became of the attempt.
pub async fn a_cancellation_that_overtakes_a_failed_attempt_leaves_nothing<S: SideEffect>() {
    let (created, trigger, cancelled) = (created::<S>(), S::trigger(), cancelled::<S>());
    let story = [created.clone(), trigger.clone(), cancelled.clone()];
    sweep::<S>(&story, &[Again::Last], nothing_stays).await;
    sweep::<S>(&[trigger, cancelled, created], &[Again::Last], nothing_stays).await;
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
