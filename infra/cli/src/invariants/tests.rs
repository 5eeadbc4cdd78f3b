//! A run in which all is well, and what each invariant makes of a run in which something is not.

use std::collections::BTreeMap;

use event_envelope::Envelope;
use local_ses::SentMail;
use local_states::{ExecutionReport, Status};
use provider_stubs::{Carrier, EntryKind, LedgerEntry, Shipment};
use serde_json::{Value, json};
use time::macros::datetime;

use super::*;
use crate::timeline::Published;

const ORDER: &str = "order-1";
const AT: time::OffsetDateTime = datetime!(2026-01-01 00:00 UTC);

fn event(id: &str, event_type: &str, source: &str, sequence: u64, cause: Option<&str>) -> Envelope {
    serde_json::from_value(json!({
        "eventId": id, "eventType": event_type, "eventVersion": "2.0",
        "timestamp": "2026-01-01T00:00:00Z", "source": source,
        "correlationId": "corr-1", "causationId": cause, "aggregateId": ORDER,
        "sequenceNumber": sequence,
        "data": { "orderId": ORDER, "total": { "amount": 10_997, "currency": "USD" } },
    }))
    .unwrap()
}

fn mail(template: &str) -> SentMail {
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

fn entry(kind: EntryKind, amount: u64) -> LedgerEntry {
    LedgerEntry {
        order_id: Some(ORDER.to_owned()),
        payment_intent: "pi_1".to_owned(),
        kind,
        amount,
        currency: "usd".to_owned(),
        at: AT,
    }
}

fn shipment() -> Shipment {
    serde_json::from_value(json!({
        "id": "shp_1", "reference": ORDER, "addressId": "addr_1", "carrier": "UPS",
        "trackingNumber": "1Z", "status": "created", "createdAt": "2026-01-01T00:00:00Z",
    }))
    .unwrap()
}

fn execution() -> ExecutionReport {
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

/// One order that went through.
fn good() -> Evidence {
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
        "orderId": ORDER, "status": "reserved", "items": [{ "productId": "prod-1", "quantity": 2 }],
    });
    Evidence {
        stocked: BTreeMap::from([("prod-1".to_owned(), 10)]),
        available: BTreeMap::from([("prod-1".to_owned(), 8)]),
        reservations: read(of_order(reservation)),
        said: published.iter().map(|it| (it.envelope.event_id.to_string(), "t".into())).collect(),
        views: read(of_order(json!({ "orderId": ORDER, "status": "completed", "version": 2 }))),
        streams: BTreeMap::from([(ORDER.to_owned(), stream)]),
        published,
        ledger: vec![entry(EntryKind::Capture, 10_997)],
        shipments: vec![shipment()],
        mails: vec![mail("orderReceived"), mail("paymentReceived")],
        figures: vec![Figure { orders: 1, amount: 10_997 }],
        executions: Some(vec![execution()]),
        waiting: BTreeMap::from([("orderly-queue".to_owned(), 0)]),
        parked: BTreeMap::from([("orderly-dlq".to_owned(), 0)]),
        acknowledged: [ORDER.to_owned()].into(),
        addresses: vec!["ada@example.com".to_owned()],
        ..Evidence::default()
    }
}

fn read<T: for<'de> serde::Deserialize<'de>>(rows: BTreeMap<String, Value>) -> BTreeMap<String, T> {
    rows.into_iter().map(|(id, row)| (id, serde_json::from_value(row).unwrap())).collect()
}

/// What does not hold once `spoil` was at work.
fn broken(spoil: impl FnOnce(&mut Evidence)) -> Vec<String> {
    let mut evidence = good();
    spoil(&mut evidence);
    let rows = Report::of(&evidence).rows.into_iter();
    rows.filter(|(_, findings)| !findings.is_empty()).map(|(name, _)| name).collect()
}

#[track_caller]
fn breaks(name: &str, spoil: impl FnOnce(&mut Evidence)) {
    let broken = broken(spoil);
    assert!(broken.iter().any(|it| it.starts_with(name)), "{name:?} is not among {broken:?}");
}

#[test]
fn a_good_run_breaks_nothing() {
    assert_eq!(broken(|_| ()), Vec::<String>::new());
}

#[test]
fn stock_that_goes_missing_is_found() {
    breaks("stock is conserved", |it| *it.available.get_mut("prod-1").unwrap() = 7);
    breaks("stock is never negative", |it| *it.available.get_mut("prod-1").unwrap() = -1);
    breaks("a completed order holds", |it| {
        it.reservations.get_mut(ORDER).unwrap().status = "released".into()
    });
}

#[test]
fn money_that_moves_wrongly_is_found() {
    breaks("an order is charged at most once", |it| it.ledger.push(entry(EntryKind::Capture, 1)));
    breaks("refunds stay", |it| it.ledger.push(entry(EntryKind::Refund, 10_998)));
    breaks("what is charged", |it| it.ledger[0].amount = 10_996);
    breaks("nobody is charged", |it| {
        it.reservations.get_mut(ORDER).unwrap().status = "failed".into()
    });
    breaks("a completed order is paid", cancel);
    breaks("a completed order is paid", |it| it.ledger.clear());
}

/// The same order, cancelled at its end, with nothing given back.
fn cancel(evidence: &mut Evidence) {
    let last = evidence.streams.get_mut(ORDER).unwrap().last_mut().unwrap();
    last.event_type = "OrderCancelled".to_owned();
}

#[test]
fn parcels_that_should_not_go_out_are_found() {
    breaks("an order is shipped at most once", |it| it.shipments.push(shipment()));
    breaks("nothing is shipped without", |it| it.ledger.clear());
    breaks("a completed order is shipped", cancel);
    breaks("a completed order is shipped", |it| it.shipments = Carrier::default().shipments());
}

#[test]
fn holes_in_streams_are_found() {
    breaks("an acknowledged order", |it| it.acknowledged.extend(["order-2".into()]));
    breaks("streams are gapless", |it| it.streams.get_mut(ORDER).unwrap()[1].sequence_number = 3);
    breaks("streams are append-only", |it| it.tampered.push("MODIFY".into()));
    breaks("every order ends", |it| drop(it.streams.get_mut(ORDER).unwrap().pop()));
    breaks("every order ends", |it| {
        let again = event("evt_9", "OrderCancelled", "order-service", 3, None);
        it.streams.get_mut(ORDER).unwrap().push(again);
    });
    let resumed = |it: &mut Evidence| {
        let resumed = event("evt_9", "OrderResumed", "order-service", 3, None);
        it.streams.get_mut(ORDER).unwrap().push(resumed);
    };
    assert!(!broken(resumed).iter().any(|it| it == "every order ends"));
    breaks("the read model", |it| it.views.get_mut(ORDER).unwrap().version = Some(1));
    breaks("the read model", |it| it.views.clear());
}

#[test]
fn events_that_are_lost_or_made_up_are_found() {
    breaks("what is stored is published", |it| drop(it.published.pop()));
    breaks("what is published is stored", |it| drop(it.said.remove("evt_3")));
    breaks("what is published is stored", |it| it.streams.clear());
    breaks("every cause", |it| drop(it.published.remove(0)));
    breaks("an order's events share", |it| {
        let other = event("evt_9", "X", "order-service", 1, None);
        let mut other: Value = json!(other);
        other["correlationId"] = "corr-2".into();
        it.published[0].envelope = serde_json::from_value(other).unwrap();
    });
    breaks("chains of causes", |it| it.published[0].envelope.metadata.depth = 99);
    breaks("no address", |it| it.suspects.push("mail to ada@example.com failed".into()));
}

#[test]
fn what_is_counted_twice_or_not_at_all_is_found() {
    breaks("every completed order is counted", |it| it.figures.clear());
    breaks("every completed order is counted", |it| it.figures[0].orders = 2);
    breaks("every completed order is counted", |it| it.figures[0].amount = 10_998);
}

#[test]
fn a_workflow_that_is_missing_or_one_too_many_is_found() {
    let change = |change: fn(&mut Vec<ExecutionReport>)| {
        breaks("a workflow", |it| change(it.executions.as_mut().unwrap()));
    };
    change(Vec::clear);
    change(|it| it.push(execution()));
    change(|it| it[0].status = Status::Running);
    change(|it| it.push(ExecutionReport { name: "order-2".to_owned(), ..execution() }));
    // Where the services carry orders on there are none.
    assert_eq!(broken(|it| it.executions = None), Vec::<String>::new());
}

#[test]
fn messages_left_lying_are_found() {
    breaks("queues are empty", |it| *it.waiting.get_mut("orderly-queue").unwrap() = 1);
    breaks("dead-letter queues", |it| *it.parked.get_mut("orderly-dlq").unwrap() = 1);
    breaks("the bus drops", |it| it.bus.dropped = 1);
    let parked = |it: &mut Evidence| {
        it.parked.insert("orderly-dlq".into(), 1);
        it.parked_expected.insert("orderly-dlq".into(), 1);
    };
    assert_eq!(broken(parked), Vec::<String>::new());
}

#[test]
fn a_mail_may_come_twice_only_if_its_sender_died() {
    let twice = |it: &mut Evidence| it.mails.push(mail("orderReceived"));
    breaks("every customer is told once", twice);
    breaks("every customer is told once", |it| drop(it.mails.pop()));
    breaks("every customer is told once", |it| it.mails.push(mail("orderShipped")));
    let excused = |it: &mut Evidence| {
        twice(it);
        it.mailers_lost = 1;
    };
    assert_eq!(broken(excused), Vec::<String>::new());
}

#[test]
fn a_report_shows_who_is_affected_but_not_endlessly() {
    let mut report = Report::of(&good());
    report.add("a question", (0..9).map(|it| Finding::new(format!("order-{it}"), "off")).collect());
    let text = report.to_string();
    assert!(text.contains("✓ stock is conserved"), "{text}");
    assert!(text.contains("order-4: off") && !text.contains("order-5: off"), "{text}");
    assert!(text.contains("and 4 more"), "{text}");
    assert!(!report.holds());
}
