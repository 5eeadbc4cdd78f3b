//! A run in which all is well.

use std::collections::{BTreeMap, BTreeSet};

use event_envelope::Envelope;
use local_ses::SentMail;
use local_states::{ExecutionReport, Status};
use provider_stubs::{EntryKind, LedgerEntry, Shipment};
use serde_json::{Value, json};
use time::macros::datetime;

use super::super::*;

pub(super) const ORDER: &str = "order-1";
pub(super) const AT: time::OffsetDateTime = datetime!(2026-01-01 00:00 UTC);

pub(super) fn event(
    id: &str,
    event_type: &str,
    source: &str,
    sequence: u64,
    cause: Option<&str>,
) -> Envelope {
    serde_json::from_value(json!({
        "eventId": id, "eventType": event_type, "eventVersion": "2.0",
        "timestamp": "2026-01-01T00:00:00Z", "source": source,
        "correlationId": "corr-1", "causationId": cause, "aggregateId": ORDER,
        "sequenceNumber": sequence,
        "data": {
            "orderId": ORDER, "userId": "user-1", "total": { "amount": 10_997, "currency": "USD" },
            "amount": { "amount": 10_997, "currency": "USD" },
            "items": [{
                "productId": "prod-1", "quantity": 2,
                "unitPrice": { "amount": 5_000, "currency": "USD" },
            }],
        },
    }))
    .unwrap()
}

pub(super) fn mail(template: &str) -> SentMail {
    SentMail {
        message_id: template.to_owned(),
        from: "orders@example.com".to_owned(),
        to: vec!["ada@example.com".to_owned()],
        cc: Vec::new(),
        bcc: Vec::new(),
        subject: String::new(),
        text: None,
        html: None,
        headers: Vec::new(),
        tags: vec![("order".into(), ORDER.into()), ("template".into(), template.into())],
        configuration_set: None,
        bounced: false,
        at: AT,
    }
}

pub(super) fn entry(kind: EntryKind, amount: u64) -> LedgerEntry {
    LedgerEntry {
        order_id: Some(ORDER.to_owned()),
        payment_intent: "pi_1".to_owned(),
        kind,
        amount,
        currency: "usd".to_owned(),
        at: AT,
    }
}

pub(super) fn shipment() -> Shipment {
    serde_json::from_value(json!({
        "id": "shp_1", "reference": ORDER, "addressId": "addr_1", "carrier": "UPS",
        "trackingNumber": "1Z", "status": "created", "createdAt": "2026-01-01T00:00:00Z",
    }))
    .unwrap()
}

pub(super) fn execution() -> ExecutionReport {
    ExecutionReport {
        state_machine: "fulfilment".to_owned(),
        name: ORDER.to_owned(),
        arn: String::new(),
        status: Status::Succeeded,
        transitions: 11,
        started: AT,
        ended: Some(AT),
    }
}

pub(super) fn restocking(pieces: i64, is_confirmed: bool) -> Restocking {
    Restocking { product: "prod-1".to_owned(), pieces, is_confirmed }
}

pub(super) fn shown(status: &str, version: Option<u64>) -> Shown {
    Shown {
        customer: "user-1".to_owned(),
        order: ORDER.to_owned(),
        status: status.to_owned(),
        version,
    }
}

/// What is counted of it, in two items.
fn totals() -> Vec<Total> {
    let item = |shard: &str| Total {
        day: "2026-01-01".to_owned(),
        quarter: format!("00:00#USD#{shard}"),
        ..Total::default()
    };
    vec![
        Total { placed: 1, completed: 1, ..item("0") },
        Total { payments: 1, revenue: 10_997, ..item("1") },
    ]
}

/// What was sold by it.
fn sale() -> Sale {
    Sale {
        day: "2026-01-01".to_owned(),
        product: "prod-1#USD".to_owned(),
        units: 2,
        revenue: 10_000,
    }
}

/// One order that went through.
pub(super) fn good() -> Snapshot {
    let stream = vec![
        event("evt_1", "OrderCreated", "order-service", 1, None),
        event("evt_2", "OrderCompleted", "order-service", 2, Some("evt_3")),
    ];
    let paid = event("evt_3", "PaymentCompleted", "payment-service", 1, Some("evt_1"));
    let published = stream.iter().chain([&paid]).cloned();
    let published: Vec<_> =
        published.map(|envelope| Published { at: AT, copies: 1, envelope }).collect();
    let of_order = |value: Value| BTreeMap::from([(ORDER.to_owned(), value)]);
    let reservation = json!({
        "orderId": ORDER, "status": "shipped", "items": [{ "productId": "prod-1", "quantity": 2 }],
    });
    let stored = |it: &Published| {
        let stored = Stored { table: "t".to_owned(), envelope: it.envelope.clone() };
        (it.envelope.event_id.to_string(), stored)
    };
    let stored: BTreeMap<_, _> = published.iter().map(stored).collect();
    let told = |it: &Published| TimelineEntry {
        order_id: ORDER.to_owned(),
        event_id: it.envelope.event_id.to_string(),
        event_type: it.envelope.event_type.clone(),
        caused_by: it.envelope.causation_id.as_ref().map(ToString::to_string),
        correlation_id: "corr-1".to_owned(),
    };
    let timelines: Vec<_> = published.iter().map(told).collect();
    let views = of_order(json!({ "orderId": ORDER, "status": "completed", "version": 2 }));
    Snapshot {
        stocked: BTreeMap::from([("prod-1".to_owned(), 10)]).into(),
        moved: BTreeMap::from([("prod-1".to_owned(), 3)]).into(),
        restocked: vec![restocking(3, true)].into(),
        available: BTreeMap::from([("prod-1".to_owned(), 8)]).into(),
        reservations: read(of_order(reservation)).into(),
        ledger: vec![entry(EntryKind::Capture, 10_997)].into(),
        shipments: vec![shipment()].into(),
        streams: BTreeMap::from([(ORDER.to_owned(), stream)]).into(),
        tampered: Vec::new().into(),
        stored: stored.into(),
        published: published.into(),
        foreign: Vec::new().into(),
        logs: vec!["a line without an address @".to_owned()].into(),
        addresses: vec!["ada@example.com".to_owned()].into(),
        acknowledged: BTreeSet::from([ORDER.to_owned()]).into(),
        cancelled: BTreeSet::new().into(),
        wrong_answers: Vec::new().into(),
        shown: [
            ("processing", Some(0)),
            ("created", Some(1)),
            ("completed", Some(2)),
            ("paid", None),
        ]
        .map(|(status, version)| shown(status, version))
        .to_vec()
        .into(),
        reviews: Vec::new().into(),
        mails: vec![mail("orderReceived"), mail("paymentReceived")].into(),
        mailer_failures: 0.into(),
        unreachable: BTreeSet::from([ORDER.to_owned()]).into(),
        views: read(views).into(),
        timelines: timelines.into(),
        totals: totals().into(),
        sales: vec![sale()].into(),
        executions: vec![execution()].into(),
        at_rest: true.into(),
        waiting: BTreeMap::from([("orderly-queue".to_owned(), 0)]).into(),
        dead_letters: BTreeMap::from([("orderly-dlq".to_owned(), DeadLetters::default())]).into(),
        poison: Poison { sent: 1, dead_lettered: 1 }.into(),
        dropped: 0.into(),
        refusals: Vec::new().into(),
    }
}

fn read<T: for<'de> serde::Deserialize<'de>>(rows: BTreeMap<String, Value>) -> BTreeMap<String, T> {
    rows.into_iter().map(|(id, row)| (id, serde_json::from_value(row).unwrap())).collect()
}
