//! Given events in any order, then one timeline.

use catalogue::{CATALOGUE, DECODER};
use event_envelope::Delivery;
use proptest::prelude::*;
use serde_json::Value;
use testkit::Samples;

use super::*;

const SAMPLES: Samples = Samples::of("timeline");
const STREAMS: [&str; 2] = ["completed", "cancelled-and-resumed"];

/// The events of a sample, as they lie in its batch.
fn stream(name: &str) -> Vec<Delivery<Event>> {
    let batch: Value = SAMPLES.read(name);
    let records = batch["Records"].as_array().unwrap();
    let bodies = records.iter().map(|record| record["body"].as_str().unwrap());
    bodies.map(|body| DECODER.decode(body.as_bytes()).unwrap()).collect()
}

fn entries(events: &[Delivery<Event>]) -> Vec<Entry> {
    events.iter().map(|it| Entry::of(&it.event, &it.envelope)).collect()
}

fn kinds(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.event_type.as_str()).collect()
}

/// What comes before its cause, or before an earlier event of its own service.
fn too_early(entries: &[Entry]) -> Vec<&EventId> {
    let place = |id: &EventId| entries.iter().position(|it| it.event_id == *id);
    let is_early = |(here, entry): &(usize, &Entry)| {
        let cause = entry.caused_by.as_ref().and_then(place);
        let own = entries
            .iter()
            .position(|it| it.service == entry.service && it.sequence + 1 == entry.sequence);
        [cause, own].into_iter().flatten().any(|before| before > *here)
    };
    entries.iter().enumerate().filter(is_early).map(|(_, entry)| &entry.event_id).collect()
}

/// The clock of payment is behind that of stock, and shipping's is ten minutes ahead.
#[test]
fn a_completed_order_is_told_in_the_order_of_causes_although_clocks_differ() {
    let told = in_order(entries(&stream("completed")));
    assert_eq!(
        kinds(&told),
        [
            "OrderCreated",
            "InventoryReserved",
            "PaymentCompleted",
            "NotificationSent",
            "OrderPaid",
            "NotificationSent",
            "ShipmentCreated",
            "OrderShipped",
            "OrderCompleted",
            "NotificationSent",
        ]
    );
}

#[test]
fn a_refund_comes_after_the_command_that_resumed_it() {
    let told = in_order(entries(&stream("cancelled-and-resumed")));
    let last = ["PaymentNeedsReview", "OrderResumed", "PaymentRefunded"];
    assert_eq!(kinds(&told)[7..], last);
    assert_eq!(kinds(&told)[5..7], ["OrderCancelled", "InventoryReleased"]);
}

#[test]
fn an_entry_whose_cause_is_not_there_yet_comes_after_the_order_was_placed() {
    let mut events = stream("completed");
    events.retain(|it| it.envelope.event_type != "InventoryReserved");
    assert_eq!(kinds(&in_order(entries(&events)))[..2], ["OrderCreated", "PaymentCompleted"]);
}

#[test]
fn causes_that_go_round_in_a_circle_lose_no_entry() {
    let mut circle = entries(&stream("completed"));
    let first = circle.iter().position(|it| it.event_type == "OrderCreated").unwrap();
    let last = circle.iter().find(|it| it.event_type == "OrderCompleted").unwrap();
    circle[first].caused_by = Some(last.event_id.clone());
    let told = in_order(circle.clone());
    assert_eq!(told.len(), circle.len());
    circle.reverse();
    assert_eq!(in_order(circle), told);
}

#[test]
fn a_copy_in_another_version_is_no_second_entry() {
    let mut twice = entries(&stream("completed"));
    let mut copy = twice[0].clone();
    copy.version = "1.0".to_owned();
    twice.push(copy);
    assert_eq!(in_order(twice).len(), stream("completed").len());
}

#[test]
fn an_order_is_of_the_customer_who_placed_it_and_of_no_one_before() {
    let id = |text| AggregateId::parse(text).unwrap();
    let mut all = entries(&stream("completed"));
    assert!(is_of(&all, &id("user-456")) && !is_of(&all, &id("user-789")));
    all.retain(|entry| entry.event_type != "OrderCreated");
    assert!(!is_of(&all, &id("user-456")));
}

/// The texts in `value` that stand at these names.
fn texts<'a>(value: &'a Value, names: &[&str]) -> Vec<&'a str> {
    let members = value.as_object().into_iter().flatten();
    let named = members.filter(|(name, _)| names.contains(&name.as_str()));
    named.filter_map(|(_, it)| it.as_str()).collect()
}

/// Of each event of the catalogue, in each version that was ever published.
#[test]
fn no_text_that_people_wrote_is_kept_and_nothing_of_cards_and_addresses() {
    for entry in CATALOGUE {
        for published in entry.versions {
            let path = format!(
                "{}/../../events/contracts/golden/{}/{}.json",
                env!("CARGO_MANIFEST_DIR"),
                entry.event_type,
                published.version
            );
            let golden = std::fs::read_to_string(path).unwrap();
            let delivery: Delivery<Event> = DECODER.decode(golden.as_bytes()).unwrap();
            let data = delivery.event.data();
            let mut forbidden = texts(&data, &["paymentMethodId", "deliveryAddressId"]);
            // A cancellation's reason is one of a few codes.
            if entry.event_type != "OrderCancelled" {
                forbidden.extend(texts(&data, &["reason"]));
            }
            forbidden.extend(delivery.envelope.metadata.reason.as_deref());
            let kept = json!(Entry::of(&delivery.event, &delivery.envelope)).to_string();
            for text in forbidden {
                let name = entry.event_type;
                assert!(!kept.contains(text), "{name} {}: {text:?}", published.version);
            }
        }
    }
}

#[test]
fn an_item_of_an_event_takes_one_write_unit() {
    for name in STREAMS {
        for entry in entries(&stream(name)) {
            let bytes = json!(entry).to_string().len();
            assert!(bytes < 1000, "{} has {bytes} bytes", entry.event_type);
        }
    }
}

/// Each event of a stream once or more often, in any order.
fn arrivals() -> impl Strategy<Value = (Vec<Entry>, Vec<Entry>)> {
    prop::sample::select(STREAMS.to_vec()).prop_flat_map(|name| {
        let all = entries(&stream(name));
        let again = prop::collection::vec(prop::sample::select(all.clone()), 0..10);
        (
            Just(all.clone()),
            again.prop_flat_map(move |again| Just([all.clone(), again].concat()).prop_shuffle()),
        )
    })
}

/// A stream whose events happened at any time, as far as their services' clocks tell.
fn skewed() -> impl Strategy<Value = Vec<Entry>> {
    prop::sample::select(STREAMS.to_vec()).prop_flat_map(|name| {
        let all = entries(&stream(name));
        prop::collection::vec(0..100_u32, all.len()).prop_map(move |seconds| {
            let mut all = all.clone();
            for (entry, second) in all.iter_mut().zip(seconds) {
                entry.at = format!("2025-11-17T10:{:02}:{:02}.000Z", second / 60, second % 60);
            }
            all
        })
    })
}

proptest! {
    #[test]
    fn however_events_arrive_and_arrive_again((events, arrived) in arrivals()) {
        prop_assert_eq!(in_order(arrived), in_order(events));
    }

    #[test]
    fn a_cause_never_comes_after_its_effect(events in skewed()) {
        let told = in_order(events.clone());
        prop_assert_eq!(told.len(), events.len());
        prop_assert_eq!(too_early(&told), Vec::<&EventId>::new());
    }

    #[test]
    fn a_customer_is_shown_no_operator_and_nothing_internal(
        events in skewed(),
        actor in "[0-9]{12}/AROA[A-Z]{12}",
    ) {
        for mut entry in events {
            entry.actor = Some(actor.clone());
            entry.internal.insert("code".to_owned(), json!("card_stolen"));
            let seen = entry.seen_by(Audience::Customer).to_string();
            prop_assert!(!seen.contains(&actor) && !seen.contains("card_stolen"), "{}", seen);
            let whole = entry.seen_by(Audience::Operator).to_string();
            prop_assert!(whole.contains(&actor) && whole.contains("card_stolen"), "{}", whole);
        }
    }
}
