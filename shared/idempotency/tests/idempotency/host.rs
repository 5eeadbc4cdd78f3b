//! What a hosted machine hears, and what it says.

use std::convert::Infallible;

use event_envelope::{AggregateId, DEPTH_MAX, Draft, Envelope, EventId};
use idempotency::Machine;
use outcome::Done;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    parcel::{Depot, Effect, Fact, LIFE, cause, first, named, parcel},
    world::{MACHINES, assert_poison, event, number, text},
};

const FACTS: [Fact; 3] = [Fact::Packed, Fact::Paid, Fact::Recalled];
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

#[tokio::test]
async fn facts_in_every_order_and_repeated_end_alike() {
    let mut ends = Vec::new();
    for order in ORDERS {
        let depot = Depot::new().await;
        for index in order {
            assert_eq!(depot.hear(FACTS[index]).await.unwrap(), Done::Handled);
            for seen in order.into_iter().take_while(|it| *it != index) {
                assert_eq!(depot.hear(FACTS[seen]).await.unwrap(), Done::Duplicate);
            }
            assert_eq!(depot.hear(FACTS[index]).await.unwrap(), Done::Duplicate);
        }
        assert_eq!(depot.carrier.asked(), [first(Effect::Send), first(Effect::Fetch)]);
        assert_eq!(depot.said().concat(), named(&LIFE), "{order:?}");
        ends.push(depot.state().await);
    }
    assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "{ends:?}");
}

#[tokio::test]
async fn a_write_says_what_follows_from_it_and_nothing_else() {
    let depot = Depot::new().await;
    for fact in FACTS {
        depot.hear(fact).await.unwrap();
    }
    let said = [
        vec![],
        // The lease on the effect is in the write that makes it due.
        named(&LIFE[..1]),
        named(&LIFE[1..3]),
        vec![],
        named(&LIFE[3..]),
    ];
    assert_eq!(depot.said(), said);
    assert!(!depot.world.item(MACHINES, "parcel-1").await.unwrap().contains_key("lease"));
}

#[tokio::test]
async fn a_row_keeps_what_its_earlier_writes_said() {
    let depot = Depot::new().await;
    for fact in FACTS {
        depot.hear(fact).await.unwrap();
    }
    depot.hear(Fact::Kept).await.unwrap();
    let row = depot.row().await;
    assert!(!row.contains_key("outgoing"), "the last write said nothing");
    let kept: Vec<Envelope> = serde_dynamo::from_attribute_value(row["earlier"].clone()).unwrap();
    assert_eq!(kept, depot.world.outgoing(MACHINES).concat(), "each as it was said, once");
}

/// Such as one of a version that did not keep them, or one that somebody has written by hand.
#[tokio::test]
async fn a_row_without_earlier_events_goes_on() {
    for outgoing in [None, Some(text("nothing that was ever said"))] {
        let depot = Depot::new().await;
        depot.hear(Fact::Packed).await.unwrap();
        let mut row = depot.row().await;
        assert!(!row.contains_key("earlier"));
        row.extend(outgoing.map(|it| ("outgoing".to_owned(), it)));
        let put = depot.world.database.client().put_item().table_name(MACHINES);
        put.set_item(Some(row)).send().await.unwrap();
        depot.hear(Fact::Paid).await.unwrap();
        assert_eq!(depot.carrier.asked(), [first(Effect::Send)]);
        assert_eq!(depot.row().await["earlier"].as_l().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn an_event_is_named_by_its_place_and_follows_from_its_cause() {
    let depot = Depot::new().await;
    for fact in FACTS {
        depot.hear(fact).await.unwrap();
    }
    let said = depot.world.outgoing(MACHINES).concat();
    let causes = [Fact::Paid, Fact::Paid, Fact::Paid, Fact::Recalled].map(cause);
    for ((event, cause), sequence) in said.iter().zip(&causes).zip(1..) {
        assert_eq!(event.event_id, EventId::of_sequence("parcels", &parcel(), sequence));
        assert_eq!(event.causation_id.as_ref(), Some(&cause.event_id));
        assert_eq!(event.correlation_id, cause.correlation_id);
    }
}

#[tokio::test]
async fn a_duplicate_with_nothing_due_writes_nothing() {
    let depot = Depot::new().await;
    depot.hear(Fact::Packed).await.unwrap();
    let before = depot.world.database.capacity().write_requests;
    assert_eq!(depot.hear(Fact::Packed).await.unwrap(), Done::Duplicate);
    assert_eq!(depot.world.database.capacity().write_requests, before);
    assert_eq!(depot.row().await["revision"], number(1));
}

#[tokio::test]
async fn the_same_event_id_with_another_payload_is_poison() {
    let depot = Depot::new().await;
    depot.hear(Fact::Packed).await.unwrap();
    let mut forged = cause(Fact::Packed);
    forged.data = json!({ "fact": "Paid" });
    let perform = async |due| depot.carrier.perform(due).await;
    assert_poison(depot.hear_with(&forged, Fact::Paid, perform).await, "another payload");
    assert_eq!(depot.row().await["revision"], number(1));
}

/// A machine that counts: everything changes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Tally(u32);

impl Machine for Tally {
    type Fact = ();
    type Effect = ();
    type Event = Infallible;

    fn apply(self, (): &()) -> (Self, Vec<Infallible>) {
        (Self(self.0 + 1), Vec::new())
    }

    fn due(&self) -> Option<()> {
        None
    }

    fn draft(event: &Infallible, _: AggregateId, _: u64, _: OffsetDateTime) -> Draft<Value> {
        match *event {}
    }
}

#[tokio::test]
async fn what_changes_nothing_drives_out_no_note_of_what_took_effect() {
    let depot = Depot::new().await;
    for fact in FACTS {
        depot.hear(fact).await.unwrap();
    }
    let state = depot.state().await;
    let hear = async |sequence: u64| {
        let perform = async |due| depot.carrier.perform(due).await;
        depot.hear_with(&event(sequence, json!({})), Fact::Packed, perform).await.unwrap()
    };
    for sequence in 11..=260 {
        assert_eq!(hear(sequence).await, Done::Handled);
        assert_eq!(hear(sequence).await, Done::Duplicate);
    }
    assert_eq!(depot.state().await, state);
    assert_eq!(depot.row().await["seen"].as_m().unwrap().len(), FACTS.len() + 20);
    for fact in FACTS {
        assert_eq!(depot.hear(fact).await.unwrap(), Done::Duplicate);
    }
    assert_eq!(depot.hear(Fact::Kept).await.unwrap(), Done::Handled);
}

#[tokio::test]
async fn a_full_row_refuses_nothing_and_forgets_the_oldest_first() {
    let depot = Depot::new().await;
    let host = depot.host();
    let hear = async |sequence: u64| {
        let event = event(sequence, json!({}));
        host.handle::<Tally, _>(&parcel(), &event, (), async |_| Ok(())).await.unwrap()
    };
    for sequence in 1..=300 {
        assert_eq!(hear(sequence).await, Done::Handled, "{sequence}");
        for earlier in [sequence.saturating_sub(20).max(1), sequence] {
            assert_eq!(hear(earlier).await, Done::Duplicate, "{earlier} after {sequence}");
        }
    }
    assert_eq!(depot.row().await["seen"].as_m().unwrap().len(), 80);
    let tally: Tally = host.look(&parcel()).await.unwrap();
    assert_eq!(tally, Tally(300));
    for sequence in 221..=300 {
        assert_eq!(hear(sequence).await, Done::Duplicate, "{sequence}");
    }
    let mut forged = event(300, json!({}));
    forged.data = json!({ "another": true });
    let refused = host.handle::<Tally, _>(&parcel(), &forged, (), async |_| Ok(())).await;
    assert_poison(refused, "another payload");
}

#[tokio::test]
async fn a_chain_of_causes_that_is_too_long_is_poison_before_any_effect() {
    let depot = Depot::new().await;
    depot.hear(Fact::Packed).await.unwrap();
    let mut deep = cause(Fact::Paid);
    deep.metadata.depth = DEPTH_MAX;
    let perform = async |due| depot.carrier.perform(due).await;
    assert_poison(depot.hear_with(&deep, Fact::Paid, perform).await, "limit is 32");
    assert_eq!(depot.carrier.asked(), []);
    assert_eq!(depot.row().await["revision"], number(1));
}
