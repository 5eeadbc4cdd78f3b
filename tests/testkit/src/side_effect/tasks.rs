//! What a workflow asks for, and what it is answered.

use catalogue::Event;
use event_envelope::Delivery;
use local_dynamodb::FaultPlan;
use provider_stubs::Outcome;
use runtime::Done;
use serde_json::{Value, json};

use super::{
    Order, SideEffect, Spec, Step, ask, assert_nothing_stays, assert_performed, assert_undone,
    cancelled as cancellation, created, events, orders_of,
};
use crate::permutations;

/// The answer to a task of an order that was cancelled.
pub(super) fn cancelled() -> Value {
    json!({ "status": "calledOff" })
}

/// The answer to a task to undo what never was.
fn nothing(spec: &Spec) -> Value {
    json!({ "status": spec.nothing })
}

/// Whatever comes over the queue meanwhile.
pub async fn a_task_to_perform_is_answered_alike_however_often_it_is_asked_for<S: SideEffect>() {
    let world = S::open().await;
    let answer = ask(&world, Step::Perform).await.unwrap();
    assert_eq!(answer, world.answer(Step::Perform));
    assert_eq!(ask(&world, Step::Perform).await.unwrap(), answer);
    world.complete_all(&[created::<S>(), S::trigger()]).await;
    assert_eq!(ask(&world, Step::Perform).await.unwrap(), answer);
    assert_performed(&world, 1);
    assert_eq!(events(&world), [S::SPEC.performed.1]);
}

/// A task does nothing that was done.
pub async fn what_an_event_asked_for_first_is_answered_from_what_it_led_to<S: SideEffect>() {
    for inputs in permutations(&[created::<S>(), S::trigger()]) {
        let world = S::open().await;
        world.complete_all(&inputs).await;
        assert_eq!(ask(&world, Step::Perform).await.unwrap(), world.answer(Step::Perform));
        assert_performed(&world, 1);
    }
}

/// A refusal is no failure of the task.
pub async fn a_refusal_is_an_answer_and_nothing_to_undo<S: SideEffect>() {
    let world = S::open().await;
    let ask = async |step| {
        let process = world.process(&FaultPlan::none());
        S::work(&process, S::SPEC.task(step), &S::created(Order::Refused)).await.unwrap()
    };
    let (code, reason) = S::SPEC.refusal;
    for _ in 0..2 {
        let refused = json!({ "status": S::SPEC.refused.0, "code": code, "reason": reason });
        assert_eq!(ask(Step::Perform).await, refused);
    }
    assert_eq!(ask(Step::Undo).await, nothing(&S::SPEC));
    assert_performed(&world, 0);
    assert_eq!(events(&world), [S::SPEC.refused.1]);
}

/// The workflow is answered.
pub async fn what_was_cancelled_before_is_not_performed_for_a_workflow<S: SideEffect>() {
    let world = S::open().await;
    world.complete(&cancellation::<S>()).await;
    assert_eq!(ask(&world, Step::Perform).await.unwrap(), cancelled());
    assert_eq!(ask(&world, Step::Undo).await.unwrap(), nothing(&S::SPEC));
    assert_performed(&world, 0);
    assert_eq!(world.bed().gate.calls(), 0);
}

/// Whatever comes over the queue meanwhile.
pub async fn a_task_to_undo_is_answered_alike_however_often_it_is_asked_for<S: SideEffect>() {
    let world = S::open().await;
    ask(&world, Step::Perform).await.unwrap();
    for _ in 0..2 {
        let answer = ask(&world, Step::Undo).await.unwrap();
        assert_eq!(answer, world.answer(Step::Undo));
        world.complete(&cancellation::<S>()).await;
    }
    assert_eq!(ask(&world, Step::Perform).await.unwrap(), cancelled());
    assert_undone(&world);
    assert_eq!(events(&world), [S::SPEC.performed.1, S::SPEC.undone.1]);
}

/// The task is a cancellation.
pub async fn undoing_what_was_never_performed_prevents_it<S: SideEffect>() {
    let world = S::open().await;
    assert_eq!(ask(&world, Step::Undo).await.unwrap(), nothing(&S::SPEC));
    world.complete_all(&[created::<S>(), S::trigger()]).await;
    assert_eq!(ask(&world, Step::Perform).await.unwrap(), cancelled());
    assert_performed(&world, 0);
}

/// Step Functions tries again.
pub async fn a_task_is_tried_again_while_the_provider_is_unavailable<S: SideEffect>() {
    let world = S::open().await;
    world.script(Step::Perform, Outcome::Down(2));
    for _ in 0..2 {
        let failure = ask(&world, Step::Perform).await.unwrap_err();
        assert!(failure.is_retry(), "{failure}");
    }
    assert_eq!(ask(&world, Step::Perform).await.unwrap(), world.answer(Step::Perform));
    assert_performed(&world, 1);
}

/// Another event, or a task of another function, is the workflow's mistake.
pub async fn a_task_works_on_the_order_itself<S: SideEffect>() {
    let world = S::open().await;
    let process = world.process(&FaultPlan::none());
    let trigger = S::trigger();
    let failure = S::work(&process, S::SPEC.tasks.0, &trigger).await.unwrap_err();
    assert!(!failure.is_retry());
    let expected = format!("event type {:?} is unknown here", trigger.envelope.event_type);
    assert!(failure.to_string().contains(&expected), "{failure}");
    let failure = S::work(&process, "fold", &created::<S>()).await.unwrap_err();
    assert!(!failure.is_retry());
    assert_performed(&world, 0);
    assert_eq!(world.bed().gate.calls(), 0);
}

/// Something that a machine is given.
#[derive(Debug, Clone)]
enum Given {
    Delivered(Box<Delivery<Event>>),
    Asked(Step),
}

/// A workflow's tasks and the events with the same meaning, each of them twice.
pub async fn tasks_and_events_in_any_order_perform_the_effect_once<S: SideEffect>() {
    let delivered = [created::<S>(), S::trigger(), cancellation::<S>()];
    let delivered = delivered.map(|delivery| Given::Delivered(Box::new(delivery)));
    let all = [&delivered[..], &[Step::Perform, Step::Undo].map(Given::Asked)].concat();
    for order in orders_of(all.len()) {
        let world = S::open().await;
        for place in &order {
            match &all[*place] {
                Given::Delivered(delivery) => {
                    assert_eq!(world.deliver(delivery).await.unwrap(), Done::Handled);
                    assert_eq!(world.deliver(delivery).await.unwrap(), Done::Duplicate);
                }
                Given::Asked(step) => {
                    let answer = ask(&world, *step).await.unwrap();
                    assert_eq!(ask(&world, *step).await.unwrap(), answer);
                }
            }
        }
        let at = |place: usize| order.iter().position(|it| *it == place).unwrap();
        let ready_at = at(0).max(at(1)).min(at(3));
        let is_performed = ready_at < at(2).min(at(4));
        assert_eq!(world.performed().len(), usize::from(is_performed), "{order:?}");
        assert_nothing_stays(&world);
        assert_eq!(ask(&world, Step::Perform).await.unwrap(), cancelled());
        let undone = if is_performed { world.answer(Step::Undo) } else { nothing(&S::SPEC) };
        assert_eq!(ask(&world, Step::Undo).await.unwrap(), undone, "{order:?}");
    }
}
