//! What a machine takes, and what it emits.

use std::convert::Infallible;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use event_envelope::{AggregateId, DEPTH_MAX, Draft, Envelope, EventId, unpack};
use idempotency::Item;
use runtime::Done;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use state_machine::StateMachine;
use time::OffsetDateTime;

use crate::{
    parcel::{Command, Depot, Input, LIFE, Parcel, cause, first, named, parcel},
    world::{MACHINES, assert_permanent, event, number, text},
};

const INPUTS: [Input; 3] = [Input::Packed, Input::Paid, Input::Recalled];
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

#[tokio::test]
async fn inputs_in_every_order_and_repeated_end_alike() {
    let mut ends = Vec::new();
    for order in ORDERS {
        let depot = Depot::new().await;
        for index in order {
            assert_eq!(depot.handle(INPUTS[index]).await.unwrap(), Done::Handled);
            for seen in order.into_iter().take_while(|it| *it != index) {
                assert_eq!(depot.handle(INPUTS[seen]).await.unwrap(), Done::Duplicate);
            }
            assert_eq!(depot.handle(INPUTS[index]).await.unwrap(), Done::Duplicate);
        }
        assert_eq!(depot.carrier.asked(), [first(Command::Send), first(Command::Fetch)]);
        assert_eq!(depot.published().concat(), named(&LIFE), "{order:?}");
        ends.push(depot.state().await);
    }
    assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "{ends:?}");
}

#[tokio::test]
async fn a_write_publishes_what_follows_from_it_and_nothing_else() {
    let depot = Depot::new().await;
    for input in INPUTS {
        depot.handle(input).await.unwrap();
    }
    let published = [
        vec![],
        // The lease on the command is in the write that makes it pending.
        named(&LIFE[..1]),
        named(&LIFE[1..3]),
        vec![],
        named(&LIFE[3..]),
    ];
    assert_eq!(depot.published(), published);
    assert!(!depot.world.item("parcel-1").await.unwrap().contains_key("lease"));
}

#[tokio::test]
async fn an_item_keeps_the_events_of_its_earlier_writes() {
    let depot = Depot::new().await;
    for input in INPUTS {
        depot.handle(input).await.unwrap();
    }
    depot.handle(Input::Kept).await.unwrap();
    let row = depot.row().await;
    assert!(!row.contains_key("outboxAdded"), "the last write published nothing");
    assert_eq!(kept(&row), depot.world.outgoing().concat(), "each as it was published, once");
}

/// Every event that a row keeps.
fn kept(row: &Item) -> Vec<Envelope> {
    unpack(row["outbox"].as_b().unwrap().as_ref()).unwrap()
}

/// Such as one of a version that kept them in lists, or not at all, or one written by hand.
#[tokio::test]
async fn a_row_of_an_earlier_version_goes_on_and_loses_no_event() {
    let list = |sequence| {
        let draft = Parcel::draft(&"ParcelReady", parcel(), sequence, OffsetDateTime::UNIX_EPOCH);
        let event = draft.caused_by(&cause(Input::Packed)).unwrap();
        serde_dynamo::to_attribute_value::<_, AttributeValue>([event]).unwrap()
    };
    for (before, expected) in [
        (vec![], 0),
        (vec![("outgoing", list(7))], 1),
        (vec![("outgoing", list(7)), ("earlier", list(6))], 2),
        (vec![("outgoing", text("nothing that was ever published"))], 0),
        (vec![("outbox", text("nothing that was ever published"))], 0),
        (vec![("outbox", AttributeValue::B(Blob::new("no events")))], 0),
    ] {
        let depot = Depot::new().await;
        depot.handle(Input::Packed).await.unwrap();
        let mut row = depot.row().await;
        assert!(!row.contains_key("outbox"));
        row.extend(before.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let put = depot.world.database.client().put_item().table_name(MACHINES);
        put.set_item(Some(row)).send().await.unwrap();
        depot.handle(Input::Paid).await.unwrap();
        assert_eq!(depot.carrier.asked(), [first(Command::Send)]);
        let row = depot.row().await;
        assert!(!row.contains_key("outgoing") && !row.contains_key("earlier"));
        let numbers: Vec<_> = kept(&row).iter().map(|it| it.sequence_number).collect();
        assert_eq!(numbers, [&[6, 7][2 - expected..], &[1, 2, 3]].concat());
    }
}

#[tokio::test]
async fn an_event_is_named_by_its_place_and_follows_from_its_cause() {
    let depot = Depot::new().await;
    for input in INPUTS {
        depot.handle(input).await.unwrap();
    }
    let published = depot.world.outgoing().concat();
    let causes = [Input::Paid, Input::Paid, Input::Paid, Input::Recalled].map(cause);
    for ((event, cause), sequence) in published.iter().zip(&causes).zip(1..) {
        assert_eq!(event.event_id, EventId::of_sequence("parcels", &parcel(), sequence));
        assert_eq!(event.causation_id.as_ref(), Some(&cause.event_id));
        assert_eq!(event.correlation_id, cause.correlation_id);
    }
}

#[tokio::test]
async fn a_duplicate_with_nothing_due_writes_nothing() {
    let depot = Depot::new().await;
    depot.handle(Input::Packed).await.unwrap();
    let before = depot.world.database.capacity().write_requests;
    assert_eq!(depot.handle(Input::Packed).await.unwrap(), Done::Duplicate);
    assert_eq!(depot.world.database.capacity().write_requests, before);
    assert_eq!(depot.row().await["revision"], number(1));
}

#[tokio::test]
async fn the_same_event_id_with_another_payload_is_a_permanent_failure() {
    let depot = Depot::new().await;
    depot.handle(Input::Packed).await.unwrap();
    let mut forged = cause(Input::Packed);
    forged.data = json!({ "input": "Paid" });
    let run = async |attempt| depot.carrier.run(attempt).await;
    assert_permanent(depot.handle_with(&forged, Input::Paid, run).await, "another payload");
    assert_eq!(depot.row().await["revision"], number(1));
}

/// A machine that counts: everything changes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Tally(u32);

impl StateMachine for Tally {
    type Input = ();
    type Command = ();
    type Event = Infallible;

    fn transition(self, (): &()) -> (Self, Vec<Infallible>) {
        (Self(self.0 + 1), Vec::new())
    }

    fn pending(&self) -> Option<()> {
        None
    }

    fn draft(event: &Infallible, _: AggregateId, _: u64, _: OffsetDateTime) -> Draft<Value> {
        match *event {}
    }
}

#[tokio::test]
async fn what_changes_nothing_drives_out_no_note_of_what_took_effect() {
    let depot = Depot::new().await;
    for input in INPUTS {
        depot.handle(input).await.unwrap();
    }
    let state = depot.state().await;
    let handle = async |sequence: u64| {
        let run = async |attempt| depot.carrier.run(attempt).await;
        depot.handle_with(&event(sequence, json!({})), Input::Packed, run).await.unwrap()
    };
    for sequence in 11..=260 {
        assert_eq!(handle(sequence).await, Done::Handled);
        assert_eq!(handle(sequence).await, Done::Duplicate);
    }
    assert_eq!(depot.state().await, state);
    assert_eq!(depot.row().await["seen"].as_m().unwrap().len(), INPUTS.len() + 20);
    for input in INPUTS {
        assert_eq!(depot.handle(input).await.unwrap(), Done::Duplicate);
    }
    assert_eq!(depot.handle(Input::Kept).await.unwrap(), Done::Handled);
}

#[tokio::test]
async fn a_full_row_refuses_nothing_and_forgets_the_oldest_first() {
    let depot = Depot::new().await;
    let runner = depot.runner();
    let handle = async |sequence: u64| {
        let event = event(sequence, json!({}));
        runner.handle::<Tally, _>(&parcel(), &event, (), async |_| Ok(())).await.unwrap().done
    };
    for sequence in 1..=300 {
        assert_eq!(handle(sequence).await, Done::Handled, "{sequence}");
        for earlier in [sequence.saturating_sub(20).max(1), sequence] {
            assert_eq!(handle(earlier).await, Done::Duplicate, "{earlier} after {sequence}");
        }
    }
    assert_eq!(depot.row().await["seen"].as_m().unwrap().len(), 80);
    let tally: Tally = runner.state(&parcel()).await.unwrap();
    assert_eq!(tally, Tally(300));
    for sequence in 221..=300 {
        assert_eq!(handle(sequence).await, Done::Duplicate, "{sequence}");
    }
    let mut forged = event(300, json!({}));
    forged.data = json!({ "another": true });
    let refused = runner.handle::<Tally, _>(&parcel(), &forged, (), async |_| Ok(())).await;
    assert_permanent(refused, "another payload");
}

#[tokio::test]
async fn a_chain_of_causes_that_is_too_long_is_a_permanent_failure_before_any_effect() {
    let depot = Depot::new().await;
    depot.handle(Input::Packed).await.unwrap();
    let mut deep = cause(Input::Paid);
    deep.metadata.depth = DEPTH_MAX;
    let run = async |attempt| depot.carrier.run(attempt).await;
    assert_permanent(depot.handle_with(&deep, Input::Paid, run).await, "limit is 32");
    assert_eq!(depot.carrier.asked(), []);
    assert_eq!(depot.row().await["revision"], number(1));
}
