use std::{sync::Arc, time::Duration};

use crate::support::{Bus, EAGER, Fate, envelope, envelopes, publisher};
use event_envelope::EVENT_BYTES_MAX;
use local_eventbridge::{
    ArchiveSpec, Attribute, BusSpec, Deliver, Delivery, EventBridge, Options, Topology,
};
use outbox::{Limits, NotPublished};
use proptest::prelude::*;
use serde_json::{Value, json};

const ACCEPT: fn(usize, &Value) -> Option<&'static str> = |_, _| None;

#[tokio::test]
async fn an_entry_has_the_fields_of_its_envelope() {
    let bus = Bus::judging(ACCEPT);
    let event = envelope(1, json!({ "orderId": "order-123" }));
    publisher(bus.clone(), EAGER).publish(std::slice::from_ref(&event)).await.remove(0).unwrap();
    let entry = bus.entries().remove(0);
    assert_eq!(entry["EventBusName"], "orderly");
    assert_eq!(entry["Source"], "order-service");
    assert_eq!(entry["DetailType"], "OrderCreated");
    assert_eq!(entry["Time"], 1_763_375_400.25);
    assert_eq!(entry["Resources"], json!(["order-123"]));
    let trace = "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1";
    assert_eq!(entry["TraceHeader"], trace);
    let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail, json!(event));
}

#[tokio::test]
async fn a_call_has_ten_entries_and_less_than_a_megabyte() {
    let bus = Bus::judging(ACCEPT);
    let outcomes = publisher(bus.clone(), EAGER).publish(&envelopes(25)).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(bus.calls(), [10, 10, 5]);

    let bus = Bus::judging(ACCEPT);
    let large: Vec<_> = (1..=7).map(|it| envelope(it, "x".repeat(190 * 1024).into())).collect();
    let outcomes = publisher(bus.clone(), EAGER).publish(&large).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(bus.calls(), [5, 2]);
}

#[tokio::test]
async fn only_what_was_throttled_is_sent_again() {
    let is_odd = |entry: &Value| entry["Detail"].as_str().unwrap().contains("\"odd\"");
    let bus = Bus::judging(move |call, entry| match call {
        0 if is_odd(entry) => Some("ThrottlingException"),
        1 if is_odd(entry) => Some("InternalFailure"),
        2 if is_odd(entry) => Some("SomethingNobodyHasHeardOf"),
        _ => None,
    });
    let name = |number| if number % 2 == 1 { "odd" } else { "even" };
    let events: Vec<_> = (1..=10).map(|number| envelope(number, name(number).into())).collect();
    let outcomes = publisher(bus.clone(), EAGER).publish(&events).await;
    assert_eq!(bus.calls(), [10, 5, 5, 5]);
    for (event, outcome) in events.iter().zip(outcomes) {
        assert_eq!(bus.accepted(event.event_id.as_str()), [outcome.unwrap().entry_id]);
    }
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_sent_again() {
    for code in ["AccessDeniedException", "MalformedDetail", "NotAuthorizedForSourceException"] {
        let bus = Bus::judging(move |_, _| Some(code));
        let outcome = publisher(bus.clone(), EAGER).publish(&envelopes(1)).await.remove(0);
        let error = outcome.unwrap_err();
        assert_eq!(
            error,
            NotPublished::Refused { code: code.into(), message: "as scripted".into() }
        );
        assert!(!error.is_retryable());
        assert_eq!(bus.calls(), [1]);
    }
}

#[tokio::test]
async fn a_bus_that_stays_throttled_exhausts_the_attempts() {
    let bus = Bus::judging(|_, _| Some("ThrottlingException"));
    let outcomes = publisher(bus.clone(), EAGER).publish(&envelopes(3)).await;
    assert_eq!(bus.calls(), [3, 3, 3, 3]);
    assert!(outcomes.iter().all(|it| matches!(it, Err(NotPublished::Throttled { .. }))));
}

#[tokio::test]
async fn an_event_too_large_does_not_keep_back_the_others() {
    let bus = Bus::judging(ACCEPT);
    let mut events = envelopes(3);
    events[1].data = "x".repeat(EVENT_BYTES_MAX).into();
    let outcomes = publisher(bus.clone(), EAGER).publish(&events).await;
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    assert!(matches!(outcomes[1], Err(NotPublished::TooLarge(_))));
    assert_eq!(bus.calls(), [2]);
}

#[tokio::test]
async fn a_bus_that_is_unavailable_opens_the_circuit() {
    let bus = Bus::new(|_| Fate::Refused, ACCEPT);
    let limits = Limits { failures_max: 3, rest: Duration::from_secs(3600), ..EAGER };
    let publisher = publisher(bus.clone(), limits);
    let outcomes = publisher.publish(&envelopes(50)).await;
    assert_eq!(bus.calls(), [10, 10, 10]);
    let unanswered = |it: &Result<_, _>| matches!(it, Err(NotPublished::Unanswered { .. }));
    assert!(outcomes[..30].iter().all(unanswered));
    assert!(outcomes[30..].iter().all(|it| *it == Err(NotPublished::CircuitOpen)));
    let clone = publisher.clone();
    assert_eq!(clone.publish(&envelopes(1)).await, [Err(NotPublished::CircuitOpen)]);
}

#[tokio::test]
async fn events_reach_the_archive_of_a_real_bus() {
    let spec = ArchiveSpec {
        name: "all".into(),
        bus: "orderly".into(),
        pattern: None,
        retention_days: 365,
    };
    let topology = Topology {
        buses: vec![BusSpec { name: "orderly".into() }],
        rules: vec![],
        archives: vec![spec],
    };
    let bus = EventBridge::new(topology, Arc::new(NoTargets), Options::default()).unwrap();
    let events = envelopes(12);
    let outcomes = publisher(Arc::new(bus.clone()), EAGER).publish(&events).await;
    assert!(outcomes.iter().all(Result::is_ok));
    let archived: Vec<_> =
        bus.archived().into_iter().map(|it| it.event["detail"].clone()).collect();
    assert_eq!(archived, events.iter().map(|event| json!(event)).collect::<Vec<_>>());
}

/// Nothing is behind the rules of a bus that has none.
struct NoTargets;

impl Deliver for NoTargets {
    fn deliver<'a>(&'a self, target_arn: &'a str, _: &'a str) -> Delivery<'a> {
        panic!("{target_arn} is a target of no rule")
    }

    fn dead_letter<'a>(
        &'a self,
        queue_arn: &'a str,
        _: &'a str,
        _: &'a [Attribute],
    ) -> Delivery<'a> {
        panic!("{queue_arn} is the dead-letter queue of no rule")
    }
}

/// Error codes of entries, none being acceptance; half of the entries are accepted.
const CODES: [Option<&str>; 6] = [
    None,
    None,
    None,
    Some("ThrottlingException"),
    Some("InternalFailure"),
    Some("MalformedDetail"),
];
const FATES: [Fate; 6] = [
    Fate::Answered,
    Fate::Answered,
    Fate::Answered,
    Fate::Refused,
    Fate::AnswerLost,
    Fate::AnswerCut,
];

proptest! {
    #[test]
    fn every_event_is_published_or_reported(
        count in 0_u64..40,
        chances in prop::collection::vec(0_usize..6, 97),
        attempts_max in 1_u32..5,
        failures_max in 1_u32..6,
    ) {
        let fates = chances.clone();
        let bus = Bus::new(
            move |call| FATES[fates[call % fates.len()]],
            move |call, entry| {
                let salt = entry["Detail"].as_str().unwrap().bytes().map(usize::from).sum::<usize>();
                CODES[chances[(salt * 31 + call * 7) % chances.len()]]
            },
        );
        let limits = Limits { attempts_max, failures_max, rest: Duration::from_secs(3600), ..EAGER };
        let publisher = publisher(bus.clone(), limits);
        let events = envelopes(count);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let outcomes = runtime.block_on(publisher.publish(&events));

        prop_assert_eq!(outcomes.len(), events.len());
        for (event, outcome) in events.iter().zip(outcomes) {
            let accepted = bus.accepted(event.event_id.as_str());
            prop_assert!(accepted.len() <= 1, "sent again although it was accepted");
            match outcome {
                Ok(published) => prop_assert_eq!(accepted, [published.entry_id]),
                // An answer that was lost may have been a yes.
                Err(NotPublished::Unanswered { .. }) => (),
                Err(error) => prop_assert!(accepted.is_empty(), "{} but accepted", error),
            }
        }
    }
}
