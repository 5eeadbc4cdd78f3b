//! What becomes of the effect when nothing goes wrong on the way.

use event_envelope::Delivery;
use runtime::Done;
use serde_json::Value;

use super::{
    Order, SideEffect, assert_nothing_stays, assert_performed, assert_undone, cancelled, created,
    events, orders_of,
};
use crate::{orders, permutations};

/// Hands over each event twice.
async fn deliver_twice<S: SideEffect>(world: &S, deliveries: &[Delivery<catalogue::Event>]) {
    for delivery in deliveries {
        assert_eq!(world.deliver(delivery).await.unwrap(), Done::Handled);
        assert_eq!(world.deliver(delivery).await.unwrap(), Done::Duplicate);
    }
}

/// Every order of the two inputs ends in the same state, and each of them twice changes nothing.
pub async fn the_effect_is_performed_once_in_whichever_order_its_inputs_come_twice<
    S: SideEffect,
>() {
    let mut endings = Vec::new();
    for deliveries in permutations(&[created::<S>(), S::trigger()]) {
        let world = S::open().await;
        deliver_twice(&world, &deliveries).await;
        assert_performed(&world, 1);
        assert_eq!(events(&world), [S::SPEC.performed.1]);
        assert_eq!(world.bed().status().await, S::SPEC.performed.0);
        endings.push(world.bed().state().await);
    }
    assert!(endings.windows(2).all(|pair| pair[0] == pair[1]), "{endings:?}");
}

/// With cancellations, and an operator's resume wherever it comes: the effect is performed if all
/// that it waits for came before the first cancellation, and never stays.
pub async fn every_order_of_all_inputs_leaves_nothing<S: SideEffect>() {
    let cancellations = S::cancellations();
    let inputs = [vec![created::<S>(), S::trigger(), orders::resumed()], cancellations].concat();
    let mut endings = [Value::Null, Value::Null];
    for order in orders_of(inputs.len()) {
        let world = S::open().await;
        let deliveries: Vec<_> = order.iter().map(|place| inputs[*place].clone()).collect();
        deliver_twice(&world, &deliveries).await;
        assert_nothing_stays(&world);

        // The first two are what it waits for, the third is the resume.
        let at = |place: usize| order.iter().position(|it| *it == place).unwrap();
        let cancelled_at = (3..inputs.len()).map(at).min().unwrap();
        let is_performed = at(0).max(at(1)) < cancelled_at;
        assert_eq!(world.performed().len(), usize::from(is_performed), "{order:?}");

        // Either way, it ends alike.
        let state = world.bed().state().await;
        let ending = &mut endings[usize::from(is_performed)];
        if ending.is_null() {
            *ending = state;
        } else {
            assert_eq!(state, *ending, "{order:?}");
        }
    }
}

/// One of the two inputs is not enough.
pub async fn nothing_is_performed_before_all_inputs_came<S: SideEffect>() {
    for delivery in [created::<S>(), S::trigger()] {
        let world = S::open().await;
        world.deliver(&delivery).await.unwrap();
        assert_performed(&world, 0);
        assert_eq!(world.bed().gate.calls(), 0);
        assert_eq!(world.bed().status().await, "waiting");
    }
}

/// What is cancelled before it is known is never performed.
pub async fn a_cancellation_before_everything_else_is_remembered<S: SideEffect>() {
    for cancellation in S::cancellations() {
        let world = S::open().await;
        world.complete_all(&[cancellation, created::<S>(), S::trigger()]).await;
        assert_performed(&world, 0);
        assert_eq!(events(&world), [] as [&str; 0]);
    }
}

/// Whatever cancels the order.
pub async fn what_was_performed_is_undone_when_the_order_is_cancelled<S: SideEffect>() {
    for cancellation in S::cancellations() {
        let world = S::open().await;
        world.complete_all(&[created::<S>(), S::trigger(), cancellation]).await;
        assert_undone(&world);
        assert_eq!(events(&world), [S::SPEC.performed.1, S::SPEC.undone.1]);
        assert_eq!(world.bed().status().await, S::SPEC.undone.0);
    }
}

/// A refusal is a rejection once, and then the end.
pub async fn what_the_provider_refuses_is_published_with_its_reason_and_stays_refused<
    S: SideEffect,
>() {
    let world = S::open().await;
    let created = S::created(Order::Refused);
    world.deliver(&created).await.unwrap();
    assert_eq!(world.deliver(&S::trigger()).await.unwrap(), Done::Rejected);
    // What comes after it is no rejection any more.
    assert_eq!(world.deliver(&cancelled::<S>()).await.unwrap(), Done::Handled);
    assert_eq!(world.deliver(&S::trigger()).await.unwrap(), Done::Duplicate);
    let (code, reason) = S::SPEC.refusal;
    assert_eq!(world.bed().status().await, S::SPEC.refused.0);
    assert_eq!(world.bed().progress("code").await, code);
    assert_eq!(world.bed().progress("reason").await, reason);
    world.complete_all(&[created, S::trigger(), cancelled::<S>()]).await;
    assert_performed(&world, 0);
    assert_eq!(events(&world), [S::SPEC.refused.1]);
}

/// It is acknowledged, and nothing is written.
pub async fn an_event_that_means_nothing_to_the_machine_leaves_no_trace<S: SideEffect>() {
    let world = S::open().await;
    let delivery = orders::delivery(orders::order_paid(), 1);
    assert_eq!(world.deliver(&delivery).await.unwrap(), Done::Ignored);
    assert_eq!(world.bed().state().await, Value::Null);
}

/// The same id with another payload.
pub async fn an_event_whose_contents_changed_is_a_permanent_failure<S: SideEffect>() {
    let world = S::open().await;
    world.deliver(&created::<S>()).await.unwrap();
    let failure = world.deliver(&S::created(Order::Changed)).await.unwrap_err();
    assert!(!failure.is_retry(), "{failure}");
}
