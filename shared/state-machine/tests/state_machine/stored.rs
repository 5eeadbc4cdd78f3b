//! What a call returns is what it has stored, and what is stored can be read by what was there
//! before.

use std::collections::BTreeSet;

use event_envelope::Envelope;
use local_dynamodb::{Fault, FaultPlan};
use runtime::Done;

use crate::{
    parcel::{Command, Depot, Input, LIFE, Parcel, cause, first, named},
    world::LEASE,
};

fn names(events: Vec<Envelope>) -> Vec<(String, u64)> {
    events.into_iter().map(|event| (event.event_type, event.sequence_number)).collect()
}

#[tokio::test]
async fn a_call_returns_the_state_and_the_events_that_it_stored() {
    let depot = Depot::new().await;
    let steps = [
        (Input::Packed, Done::Handled, &LIFE[..0]),
        (Input::Packed, Done::Duplicate, &LIFE[..0]),
        // With the transition that makes the command pending, and the one by its result.
        (Input::Paid, Done::Handled, &LIFE[..3]),
        (Input::Paid, Done::Duplicate, &LIFE[..0]),
        (Input::Recalled, Done::Handled, &LIFE[3..]),
        (Input::Kept, Done::Handled, &LIFE[..0]),
    ];
    for (input, done, events) in steps {
        let handled = depot.handled(input).await.unwrap();
        assert_eq!((handled.done, names(handled.events)), (done, named(events)), "{input:?}");
        assert_eq!(handled.state, depot.state().await, "{input:?}");
    }
}

#[tokio::test]
async fn a_call_whose_writes_meet_conflicts_returns_what_is_stored_in_the_end() {
    let depot = Depot::new().await;
    let handled = depot.overtaken_by(Input::Packed).handled(Input::Paid).await.unwrap();
    assert_eq!(names(handled.events), named(&LIFE[..3]));
    assert_eq!(handled.state, depot.state().await);

    // The other invocation has stored all of it.
    let handled = depot.overtaken_by(Input::Recalled).handled(Input::Recalled).await.unwrap();
    assert_eq!((handled.done, handled.events), (Done::Duplicate, vec![]));
    assert_eq!(handled.state, depot.state().await);
}

#[tokio::test]
async fn a_call_that_leaves_a_command_to_its_holder_returns_the_state_with_its_input() {
    let depot = Depot::new().await;
    depot.handle(Input::Packed).await.unwrap();
    let run = async |attempt| {
        if depot.carrier.asked().is_empty() {
            let handled = depot.handled(Input::Recalled).await.unwrap();
            assert_eq!((handled.done, handled.events), (Done::Handled, vec![]));
            assert_eq!(handled.state, depot.state().await);
        }
        depot.carrier.run(attempt).await
    };
    depot.handle_with(&cause(Input::Paid), Input::Paid, run).await.unwrap();
    assert_eq!(depot.carrier.asked(), [first(Command::Send), first(Command::Fetch)]);
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_gone_on_from_without_a_read() {
    // Calls: load, save with the lease, load, save with the result, save with the next lease, load,
    // save with its result.
    for call in [1, 3, 4, 6] {
        let depot = Depot::new().await;
        for input in [Input::Packed, Input::Recalled] {
            depot.handle(input).await.unwrap();
        }
        let shaky = depot.with(FaultPlan::at(call, Fault::LoseAnswer));
        let handled = shaky.handled(Input::Paid).await.unwrap();
        assert_eq!(names(handled.events), named(&LIFE), "call {call}");
        assert_eq!(handled.state, depot.state().await, "call {call}");
        assert_eq!(depot.carrier.asked(), [first(Command::Send), first(Command::Fetch)]);
    }
}

#[tokio::test]
async fn an_input_that_comes_between_two_commands_of_a_delivery_is_not_lost() {
    let depot = Depot::new().await;
    for input in [Input::Packed, Input::Recalled] {
        depot.handle(input).await.unwrap();
    }
    let run = async |attempt: state_machine::Attempt<Command>| {
        // While the second command runs, whose lease was saved on a state that was not read again.
        if attempt.command == Command::Fetch {
            assert_eq!(depot.handle(Input::Kept).await.unwrap(), Done::Handled);
        }
        depot.carrier.run(attempt).await
    };
    depot.handle_with(&cause(Input::Paid), Input::Paid, run).await.unwrap();
    assert_eq!(depot.published().concat(), named(&LIFE));
    assert_eq!(depot.handle(Input::Kept).await.unwrap(), Done::Duplicate);
}

/// Instances that are stored already are read by these names, and by the version before.
#[tokio::test]
async fn an_item_has_the_attributes_that_it_always_had() {
    let depot = Depot::new().await;
    depot.handle(Input::Packed).await.unwrap();
    let dying = depot.with(FaultPlan::at(1, Fault::CrashAfter));
    dying.handle(Input::Paid).await.unwrap_err();
    let row = depot.row().await;
    let attributes: BTreeSet<&str> = row.keys().map(String::as_str).collect();
    let expected = [
        "attempts",
        "id",
        "lease",
        "outbox",
        "outboxAdded",
        "revision",
        "seen",
        "sequence",
        "state",
        "updatedAt",
        "writer",
    ];
    assert_eq!(attributes, expected.into());
    let lease: BTreeSet<&str> = row["lease"].as_m().unwrap().keys().map(String::as_str).collect();
    assert_eq!(lease, ["owner", "until"].into());
    depot.world.pass(LEASE);
    let handled = depot.handled(Input::Paid).await.unwrap();
    assert_ne!(handled.state, Parcel::default());
}
