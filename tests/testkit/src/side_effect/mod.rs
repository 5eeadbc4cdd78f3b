//! The tests of a state machine with a side effect at a provider, for any such machine.
//!
//! Two inputs, an order's creation and a trigger, have the effect performed; a cancellation has it
//! undone, or prevented if it is not known what became of it. Whatever order inputs come in, however
//! often, and whatever fails on the way: the effect is performed once at most, and every run ends
//! in the same state. A function declares by [`SideEffect`] what it works on, and has the tests by
//! [`side_effect_tests`](crate::side_effect_tests).

pub mod concurrency;
pub mod faults;
pub mod provider_errors;
pub mod reviews;
pub mod stories;
pub mod tasks;

use std::time::Duration;

use catalogue::Event;
use event_envelope::Delivery;
use local_dynamodb::FaultPlan;
use provider_stubs::Outcome;
use runtime::Failure;
use serde_json::Value;
use tokio::task::yield_now;

use crate::{Harness, TestBed, permutations, sweep::YEAR};

/// Longer than a provider's work takes, shorter than [`LONG`].
const WAIT_MAX: Duration = Duration::from_millis(250);
/// What a provider takes that is set to be slow.
const LONG: Duration = Duration::from_secs(1);
/// Some providers forget their idempotency keys after a day, others after a year.
const LATER: [Duration; 3] = [Duration::ZERO, Duration::from_hours(25), YEAR];
/// How often an effect that is undone is tried before its retries are exhausted.
const ATTEMPTS: usize = 8;
/// The provider as it should be.
const WELL: Outcome = Outcome::Slow(Duration::ZERO);
/// The provider, unavailable for as long as any caller tries.
const DOWN: Outcome = Outcome::Down(u32::MAX);

/// The provider, busy for as long as any caller tries.
const BUSY: Outcome = Outcome::Throttle(u32::MAX);

/// What can be asked of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To perform the effect.
    Perform,
    /// To undo it.
    Undo,
}

/// An order as the machine sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// One as any other.
    Plain,
    /// The same with other contents, which no service may publish under the same id.
    Changed,
    /// One that the provider refuses for good.
    Refused,
}

/// The words of a machine.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// What one effect looks like in [`SideEffect::performed`] and [`SideEffect::undone`].
    pub effect: &'static str,
    /// Its status while the effect is pending.
    pub performing: &'static str,
    /// Its status when the effect is performed, and the event that it publishes.
    pub performed: (&'static str, &'static str),
    /// Its status when the effect is undone, and the event that it publishes.
    pub undone: (&'static str, &'static str),
    /// Its status when the effect was prevented, and the event that it publishes.
    pub prevented: (&'static str, &'static str),
    /// Its status when the provider refused, and the event that it publishes.
    pub refused: (&'static str, &'static str),
    /// Why the provider refused, for programs and for people.
    pub refusal: (&'static str, &'static str),
    /// What it publishes of an effect that was cancelled while it was performed.
    pub overtaken: &'static [&'static str],
    /// The event by which it asks for a review.
    pub review: &'static str,
    /// What it calls undoing in a review, and preventing.
    pub steps: (&'static str, &'static str),
    /// A workflow's tasks to perform and to undo.
    pub tasks: (&'static str, &'static str),
    /// How it answers the task to undo what was never performed.
    pub nothing: &'static str,
}

impl Spec {
    /// The task that asks for `step`.
    const fn task(&self, step: Step) -> &'static str {
        match step {
            Step::Perform => self.tasks.0,
            Step::Undo => self.tasks.1,
        }
    }
}

/// A function whose state machine has a side effect at a provider, with all that it works on.
pub trait SideEffect: Harness + Sized {
    /// The machine's words.
    const SPEC: Spec;

    /// A function on which nothing has happened yet.
    fn open() -> impl Future<Output = Self>;

    /// What it works on.
    fn bed(&self) -> &TestBed;

    /// The same function, on what `change` makes of what it works on.
    #[must_use]
    fn on(self, change: impl FnOnce(TestBed) -> TestBed) -> Self;

    /// An order is placed.
    fn created(order: Order) -> Delivery<Event>;

    /// What the effect waits for beside the order.
    fn trigger() -> Delivery<Event>;

    /// Whatever cancels an order. The first is a customer's.
    fn cancellations() -> Vec<Delivery<Event>>;

    /// Sets how calls of the provider for `step` end.
    fn script(&self, step: Step, outcome: Outcome);

    /// The effects that the provider has performed, whether or not they were undone.
    fn performed(&self) -> Vec<String>;

    /// The effects that it has undone.
    fn undone(&self) -> Vec<String>;

    /// Hands a process the task `name` of the workflow of the order that was created so, and gives
    /// the answer as the workflow sees it.
    fn work(
        process: &Self::Process,
        name: &str,
        created: &Delivery<Event>,
    ) -> impl Future<Output = Result<Value, Failure>>;

    /// The whole answer to a task of which the effect was performed, or undone.
    fn answer(&self, step: Step) -> Value;
}

fn created<S: SideEffect>() -> Delivery<Event> {
    S::created(Order::Plain)
}

fn cancelled<S: SideEffect>() -> Delivery<Event> {
    S::cancellations().remove(0)
}

/// The types of the events that were published.
fn events<S: SideEffect>(world: &S) -> Vec<String> {
    world.bed().events()
}

/// Has a new process do the task for `step`.
async fn ask<S: SideEffect>(world: &S, step: Step) -> Result<Value, Failure> {
    let process = world.process(&FaultPlan::none());
    S::work(&process, S::SPEC.task(step), &created::<S>()).await
}

/// Hands `delivery` to a new process, which is to fail for now.
async fn fails<S: SideEffect>(world: &S, delivery: &Delivery<Event>) {
    let failure = world.deliver(delivery).await.unwrap_err();
    assert!(failure.is_retry(), "{failure}");
}

/// Orders of `count` inputs, by their places: all of them of four, and of more every second one, in
/// which any four of the inputs still come in each of their orders.
fn orders_of(count: usize) -> Vec<Vec<usize>> {
    let mut orders = permutations(&(0..count).collect::<Vec<_>>());
    if count > 4 {
        orders.retain(|order| inversions(order).is_multiple_of(2));
    }
    orders
}

/// How many pairs are the other way round.
fn inversions(order: &[usize]) -> usize {
    let after = |at: usize| order[at..].iter().filter(move |later| **later < order[at]).count();
    (0..order.len()).map(after).sum()
}

/// Has the effect performed.
async fn perform<S: SideEffect>(world: &S) {
    world.complete_all(&[created::<S>(), S::trigger()]).await;
    assert_performed(world, 1);
}

/// Waits until the provider is asked.
async fn performing<S: SideEffect>(world: &S) {
    while world.bed().status().await != S::SPEC.performing {
        yield_now().await;
    }
}

/// The effect was performed so often, and stays.
#[track_caller]
fn assert_performed<S: SideEffect>(world: &S, times: usize) {
    assert_eq!(world.performed(), vec![S::SPEC.effect; times]);
    assert_eq!(world.undone(), Vec::<String>::new());
}

/// The effect was performed once, and undone.
#[track_caller]
fn assert_undone<S: SideEffect>(world: &S) {
    assert_eq!(world.performed(), [S::SPEC.effect]);
    assert_eq!(world.undone(), [S::SPEC.effect]);
}

/// The effect was performed once at most, and does not stay. Some machines find out by asking for
/// it once more, and undo it then.
#[track_caller]
fn assert_nothing_stays<S: SideEffect>(world: &S) {
    assert!(world.performed().len() <= 1, "{:?}", world.performed());
    assert_eq!(world.undone(), world.performed());
}

/// The tests of a machine with a side effect, for a type that implements
/// [`SideEffect`]: each by its name in [`side_effect`](crate::side_effect).
#[macro_export]
macro_rules! side_effect_tests {
    ($world:ty) => {
        $crate::side_effect_tests! { $world:
            stories {
                the_effect_is_performed_once_in_whichever_order_its_inputs_come_twice,
                every_order_of_all_inputs_leaves_nothing,
                nothing_is_performed_before_all_inputs_came,
                a_cancellation_before_everything_else_is_remembered,
                what_was_performed_is_undone_when_the_order_is_cancelled,
                what_the_provider_refuses_is_published_with_its_reason_and_stays_refused,
                an_event_that_means_nothing_to_the_machine_leaves_no_trace,
                an_event_whose_contents_changed_is_a_permanent_failure,
            }
            faults {
                the_effect_is_performed_once_whatever_fails,
                what_is_refused_stays_refused_whatever_fails,
                the_effect_is_undone_once_whatever_fails,
                a_cancellation_that_overtakes_a_failed_attempt_leaves_nothing,
                a_workflow_has_its_answers_whatever_fails,
            }
            provider_errors {
                an_effect_whose_answer_was_lost_is_found,
                an_undoing_whose_answer_was_lost_is_found,
                a_provider_that_is_unavailable_or_busy_is_asked_again,
                a_redrive_after_the_provider_forgot_the_key_performs_nothing_again,
                an_effect_that_was_not_recorded_is_undone_when_the_order_is_cancelled,
                while_the_provider_is_unavailable_the_effect_waits_and_is_performed_once,
            }
            concurrency {
                of_several_handlers_at_once_one_performs_the_effect,
                a_cancellation_during_an_attempt_wins,
                a_workflow_learns_of_a_cancellation_during_its_attempt,
                a_task_while_another_process_is_at_it_is_to_be_tried_again,
            }
            reviews {
                an_undoing_that_keeps_failing_is_abandoned_and_resumed,
                a_prevention_that_keeps_failing_is_abandoned_and_resumed,
                a_resume_before_anything_was_abandoned_changes_nothing,
                however_often_an_order_is_resumed_its_cancellation_takes_effect,
                what_was_abandoned_again_is_resumed_once_more,
                a_task_is_answered_with_a_review_until_it_is_resumed,
            }
            tasks {
                a_task_to_perform_is_answered_alike_however_often_it_is_asked_for,
                what_an_event_asked_for_first_is_answered_from_what_it_led_to,
                a_refusal_is_an_answer_and_nothing_to_undo,
                what_was_cancelled_before_is_not_performed_for_a_workflow,
                a_task_to_undo_is_answered_alike_however_often_it_is_asked_for,
                undoing_what_was_never_performed_prevents_it,
                a_task_is_tried_again_while_the_provider_is_unavailable,
                a_task_works_on_the_order_itself,
                tasks_and_events_in_any_order_perform_the_effect_once,
            }
        }
    };
    ($world:ty: $($module:ident { $($name:ident,)* })*) => {
        $($(
            #[tokio::test]
            async fn $name() {
                $crate::side_effect::$module::$name::<$world>().await;
            }
        )*)*
    };
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn any_four_inputs_come_in_each_of_their_orders() {
        for (count, orders) in [(2, 2), (4, 24), (5, 60)] {
            assert_eq!(orders_of(count).len(), orders);
        }
        for left_out in 0..5 {
            let without = |order: Vec<usize>| -> Vec<usize> {
                order.into_iter().filter(|place| *place != left_out).collect()
            };
            let orders: BTreeSet<_> = orders_of(5).into_iter().map(without).collect();
            assert_eq!(orders.len(), 24, "without {left_out}");
        }
    }
}
