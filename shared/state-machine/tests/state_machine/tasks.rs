//! A machine that works for a workflow: tasks in place of events, several inputs at once, and
//! loads.

use runtime::Done;
use state_machine::Trigger;

use crate::{
    parcel::{Command, Depot, Input, LIFE, Parcel, cause, first, named},
    world::{assert_permanent, number},
};

const TASK: &str = "evt_1/send";

#[tokio::test]
async fn a_task_applies_all_its_inputs_in_one_write_and_takes_effect_once() {
    let depot = Depot::new().await;
    let envelope = cause(Input::Packed);
    let task = || Trigger::task(TASK, "hash".to_owned(), &envelope);
    let inputs = [Input::Packed, Input::Paid];
    assert_eq!(depot.handle_all(task(), &inputs).await.unwrap(), Done::Handled);
    assert_eq!(depot.carrier.asked(), [first(Command::Send)]);
    assert_eq!(depot.published(), [named(&LIFE[..1]), named(&LIFE[1..3])]);
    assert_eq!(depot.row().await["revision"], number(2));

    assert_eq!(depot.handle_all(task(), &inputs).await.unwrap(), Done::Duplicate);
    // The event that it works off is consumed by itself, too.
    assert_eq!(depot.handle(Input::Packed).await.unwrap(), Done::Handled);
    assert_eq!(depot.carrier.asked(), [first(Command::Send)]);
}

#[tokio::test]
async fn what_follows_from_a_task_follows_from_its_event() {
    let depot = Depot::new().await;
    let envelope = cause(Input::Packed);
    let task = Trigger::task(TASK, "hash".to_owned(), &envelope);
    depot.handle_all(task, &[Input::Packed, Input::Paid]).await.unwrap();
    for published in depot.world.outgoing().concat() {
        assert_eq!(published.causation_id.as_ref(), Some(&envelope.event_id));
        assert_eq!(published.correlation_id, envelope.correlation_id);
    }
}

#[tokio::test]
async fn the_same_task_with_another_hash_is_a_permanent_failure() {
    let depot = Depot::new().await;
    let envelope = cause(Input::Packed);
    let task = |hash: &str| Trigger::task(TASK, hash.to_owned(), &envelope);
    depot.handle_all(task("one"), &[Input::Packed]).await.unwrap();
    assert_permanent(depot.handle_all(task("other"), &[Input::Paid]).await, TASK);
    assert_eq!(depot.row().await["revision"], number(1));
}

#[tokio::test]
async fn a_load_shows_the_machine_and_changes_nothing() {
    let depot = Depot::new().await;
    assert_eq!(depot.loaded().await.unwrap(), Parcel::default());
    depot.handle(Input::Packed).await.unwrap();
    let row = depot.row().await;
    assert_eq!(depot.loaded().await.unwrap(), depot.state().await);
    assert_ne!(depot.loaded().await.unwrap(), Parcel::default());
    assert_eq!(depot.row().await, row);
}
