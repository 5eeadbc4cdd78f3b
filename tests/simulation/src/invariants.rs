//! What must hold when nothing moves any more, whatever went wrong: ARCHITECTURE.md, "What always
//! holds". Each is a function of the evidence and says what breaks it.

mod goods;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{evidence::Evidence, run::Finding};

/// Mails by the event that calls for them.
const MAILS: [(&str, &str); 4] = [
    ("OrderCreated", "orderReceived"),
    ("PaymentCompleted", "paymentReceived"),
    ("ShipmentCreated", "orderShipped"),
    ("OrderCancelled", "orderCancelled"),
];
/// The longest chain of causes.
const DEPTH_MAX: u64 = event_envelope::DEPTH_MAX as u64;

/// What breaks an invariant, each a sentence.
type Broken = Vec<String>;
/// An invariant: what must hold, and what breaks it.
type Invariant = (&'static str, fn(&Evidence) -> Broken);

const INVARIANTS: &[Invariant] = &[
    ("roles allow what functions need", |evidence| evidence.refused.clone()),
    ("customers are told the truth", tells_customers_the_truth),
    ("every order ends", ends),
    ("streams are gapless and append-only", streams_are_whole),
    ("stock is conserved and never negative", goods::stock_is_conserved),
    ("stock follows the order", goods::stock_follows_the_order),
    ("money moves once and for good reason", goods::money_moves_once),
    ("money follows the order", goods::money_follows_the_order),
    ("parcels go out once, paid for and wanted", goods::parcels_follow_the_order),
    ("what is stored is published, and nothing else", stored_is_published),
    ("every event has a real cause and its order's correlation", causes_are_real),
    ("the read model is the fold of the stream", views_agree),
    ("the figures count each completed order once", figures_count_once),
    ("every customer is told of everything, and once", mails_are_sent_once),
    ("queues are empty, and only poison is parked", nothing_is_left),
];

pub(crate) fn check(evidence: &Evidence) -> Vec<Finding> {
    let broken = INVARIANTS.iter().flat_map(|(invariant, check)| {
        check(evidence).into_iter().map(|what| Finding { invariant, what })
    });
    broken.collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Completed,
    Cancelled,
}

fn ending(events: &[Value]) -> Option<Ending> {
    events.iter().find_map(|event| match event["eventType"].as_str()? {
        "OrderCompleted" => Some(Ending::Completed),
        "OrderCancelled" => Some(Ending::Cancelled),
        _ => None,
    })
}

fn total(events: &[Value]) -> u64 {
    events.first().and_then(|it| it["data"]["total"]["amount"].as_u64()).unwrap_or_default()
}

fn tells_customers_the_truth(evidence: &Evidence) -> Broken {
    let mut broken = evidence.told.wrong.clone();
    let missing = evidence.told.placed.iter().filter(|it| !evidence.streams.contains_key(*it));
    broken.extend(missing.map(|order| format!("{order} was acknowledged and is not stored")));
    let cancelled = evidence.told.cancelled.iter();
    let going_on = cancelled.filter(|order| {
        evidence.streams.get(*order).and_then(|it| ending(it)) != Some(Ending::Cancelled)
    });
    broken.extend(going_on.map(|order| format!("{order} was cancelled, and went on")));
    broken
}

fn ends(evidence: &Evidence) -> Broken {
    let open = evidence.streams.iter().filter(|(_, events)| ending(events).is_none());
    let mut broken: Broken = open.map(|(order, _)| format!("{order} never ended")).collect();
    if !evidence.is_over && broken.is_empty() {
        broken.push("something is under way for ever".to_owned());
    }
    broken
}

fn streams_are_whole(evidence: &Evidence) -> Broken {
    let mut broken = evidence.tampered.clone();
    for (order, events) in &evidence.streams {
        let numbers: Vec<_> = events.iter().map(|it| it["sequenceNumber"].as_u64()).collect();
        let expected: Vec<_> = (1..).take(events.len()).map(Some).collect();
        if numbers != expected {
            broken.push(format!("{order} has the events {numbers:?}"));
        }
        let endings = events.iter().filter(|it| ending(std::slice::from_ref(it)).is_some());
        if endings.count() > 1 {
            broken.push(format!("{order} ended twice"));
        }
    }
    broken
}

fn stored_is_published(evidence: &Evidence) -> Broken {
    let published: BTreeSet<&str> =
        evidence.published.iter().filter_map(|(_, it)| it["eventId"].as_str()).collect();
    let mut broken = Vec::new();
    for (id, event) in &evidence.said {
        if !published.contains(id.as_str()) {
            broken.push(format!("{id}, {}, was never published", event["eventType"]));
        }
    }
    for (_, event) in &evidence.published {
        let id = event["eventId"].as_str().unwrap_or_default();
        let stored = evidence.said.get(id);
        if stored.is_none_or(|stored| stored["data"] != event["data"]) {
            broken.push(format!("{id}, {}, is not what was stored", event["eventType"]));
        }
    }
    if evidence.dropped > 0 {
        broken.push(format!("the bus dropped {} events", evidence.dropped));
    }
    broken
}

fn causes_are_real(evidence: &Evidence) -> Broken {
    let known: BTreeSet<&str> =
        evidence.published.iter().filter_map(|(_, it)| it["eventId"].as_str()).collect();
    let mut correlations: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut broken = Vec::new();
    for (_, event) in &evidence.published {
        let id = &event["eventId"];
        if let Some(cause) = event["causationId"].as_str()
            && !known.contains(cause)
        {
            broken.push(format!("{id} follows from the unknown {cause}"));
        }
        if event["metadata"]["depth"].as_u64().unwrap_or_default() > DEPTH_MAX {
            broken.push(format!("{id} is too deep"));
        }
        let correlation = &event["correlationId"];
        if *correlations.entry(order_of(event)).or_insert(correlation) != correlation {
            broken.push(format!("{id} has another correlation than its order"));
        }
    }
    broken
}

/// The order that an event is about.
pub(crate) fn order_of(event: &Value) -> &str {
    event["data"]["orderId"].as_str().or(event["aggregateId"].as_str()).unwrap_or_default()
}

fn views_agree(evidence: &Evidence) -> Broken {
    let mut broken = Vec::new();
    for (order, events) in &evidence.streams {
        let status = events.iter().rev().find_map(|event| match event["eventType"].as_str()? {
            "OrderCreated" => Some("created"),
            "OrderPaid" => Some("paid"),
            "OrderShipped" => Some("shipped"),
            "OrderCompleted" => Some("completed"),
            "OrderCancelled" => Some("cancelled"),
            _ => None,
        });
        let view = evidence.views.get(order).unwrap_or(&Value::Null);
        if view["status"].as_str() != status || view["version"].as_u64() != last_number(events) {
            let seen = format!("{} at {}", view["status"], view["version"]);
            broken
                .push(format!("{order} is {status:?} at {:?}, shown {seen}", last_number(events)));
        }
    }
    broken
}

fn last_number(events: &[Value]) -> Option<u64> {
    events.last()?["sequenceNumber"].as_u64()
}

fn figures_count_once(evidence: &Evidence) -> Broken {
    let completed = evidence.streams.values().filter(|it| ending(it) == Some(Ending::Completed));
    let amounts: Vec<u64> = completed.map(|it| total(it)).collect();
    let expected = (
        i64::try_from(amounts.len()).unwrap(),
        i64::try_from(amounts.iter().sum::<u64>()).unwrap(),
    );
    let figures = evidence.figures;
    if figures == expected {
        return Vec::new();
    }
    vec![format!("{expected:?} orders and cents are completed, counted {figures:?}")]
}

/// The mail service has no idempotency keys: a mail whose sender never heard that it went out goes
/// out again. So there may be as many copies as faults struck the function that sends them.
fn mails_are_sent_once(evidence: &Evidence) -> Broken {
    let struck = |name: &&str| evidence.injected.get(*name).copied().unwrap_or_default();
    let excuse: usize = ["notification", "orderly-notification-queue"].iter().map(struck).sum();
    let mut sent: BTreeMap<(String, String), usize> = BTreeMap::new();
    for mail in &evidence.mails {
        let tag = |name: &str| {
            let tag = mail.tags.iter().find(|(tag, _)| tag == name);
            tag.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        *sent.entry((tag("order"), tag("template"))).or_default() += 1;
    }
    let mut broken = Vec::new();
    for (_, event) in &evidence.published {
        let call = MAILS.iter().find(|(event_type, _)| event["eventType"] == *event_type);
        let Some((_, template)) = call else { continue };
        let news = (order_of(event).to_owned(), (*template).to_owned());
        let copies = sent.remove(&news).unwrap_or_default();
        if copies == 0 || copies > 1 + excuse {
            broken.push(format!("{}: {copies} mails {template}", news.0));
        }
    }
    broken.extend(sent.into_keys().map(|news| format!("{news:?} was sent for no reason")));
    broken
}

fn nothing_is_left(evidence: &Evidence) -> Broken {
    let full = evidence.depths.iter().filter(|(_, depth)| **depth > 0);
    let mut broken: Broken = full.map(|(queue, depth)| format!("{depth} in {queue}")).collect();
    let (thrown_in, parked) = evidence.poison;
    if parked < thrown_in {
        broken.push(format!("{parked} parked of {thrown_in} that are poison"));
    }
    broken
}
