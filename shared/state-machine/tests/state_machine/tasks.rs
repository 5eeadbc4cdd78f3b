//! A machine that works for a workflow: tasks in place of events, several facts at once, and looks.

use outcome::Done;
use state_machine::Cause;

use crate::{
    parcel::{Depot, Effect, Fact, LIFE, Parcel, cause, first, named},
    world::{assert_poison, number},
};

const TASK: &str = "evt_1/send";

#[tokio::test]
async fn a_task_tells_all_its_facts_in_one_write_and_takes_effect_once() {
    let depot = Depot::new().await;
    let envelope = cause(Fact::Packed);
    let task = || Cause::task(TASK, "hash".to_owned(), &envelope);
    let facts = [Fact::Packed, Fact::Paid];
    assert_eq!(depot.hear_all(task(), &facts).await.unwrap(), Done::Handled);
    assert_eq!(depot.carrier.asked(), [first(Effect::Send)]);
    assert_eq!(depot.said(), [named(&LIFE[..1]), named(&LIFE[1..3])]);
    assert_eq!(depot.row().await["revision"], number(2));

    assert_eq!(depot.hear_all(task(), &facts).await.unwrap(), Done::Duplicate);
    // The event that it works off is heard by itself, too.
    assert_eq!(depot.hear(Fact::Packed).await.unwrap(), Done::Handled);
    assert_eq!(depot.carrier.asked(), [first(Effect::Send)]);
}

#[tokio::test]
async fn what_follows_from_a_task_follows_from_its_event() {
    let depot = Depot::new().await;
    let envelope = cause(Fact::Packed);
    let task = Cause::task(TASK, "hash".to_owned(), &envelope);
    depot.hear_all(task, &[Fact::Packed, Fact::Paid]).await.unwrap();
    for said in depot.world.outgoing().concat() {
        assert_eq!(said.causation_id.as_ref(), Some(&envelope.event_id));
        assert_eq!(said.correlation_id, envelope.correlation_id);
    }
}

#[tokio::test]
async fn the_same_task_with_another_hash_is_poison() {
    let depot = Depot::new().await;
    let envelope = cause(Fact::Packed);
    let task = |hash: &str| Cause::task(TASK, hash.to_owned(), &envelope);
    depot.hear_all(task("one"), &[Fact::Packed]).await.unwrap();
    assert_poison(depot.hear_all(task("other"), &[Fact::Paid]).await, TASK);
    assert_eq!(depot.row().await["revision"], number(1));
}

#[tokio::test]
async fn a_look_shows_the_machine_and_changes_nothing() {
    let depot = Depot::new().await;
    assert_eq!(depot.look().await.unwrap(), Parcel::default());
    depot.hear(Fact::Packed).await.unwrap();
    let row = depot.row().await;
    assert_eq!(depot.look().await.unwrap(), depot.state().await);
    assert_ne!(depot.look().await.unwrap(), Parcel::default());
    assert_eq!(depot.row().await, row);
}
