//! What each invariant makes of a run in which something is not well.

mod well;

use std::collections::BTreeSet;

use local_states::{ExecutionReport, Status};
use provider_stubs::{Carrier, EntryKind, ShipmentStatus};
use serde_json::{Value, json};

use self::well::{AT, ORDER, entry, event, execution, good, mail, restocking, shipment, shown};
use super::*;

/// What does not hold once `spoil` was at work.
fn broken(spoil: impl FnOnce(&mut Snapshot)) -> Vec<String> {
    let mut snapshot = good();
    spoil(&mut snapshot);
    Report::of(&snapshot).broken().map(|row| row.name.clone()).collect()
}

#[track_caller]
fn breaks(name: &str, spoil: impl FnOnce(&mut Snapshot)) {
    let broken = broken(spoil);
    assert!(broken.iter().any(|it| it.starts_with(name)), "{name:?} is not among {broken:?}");
}

#[test]
fn a_good_run_breaks_nothing() {
    assert_eq!(Report::of(&good()).not_observed().count(), 0);
    assert_eq!(broken(|_| ()), Vec::<String>::new());
}

#[test]
fn stock_that_goes_missing_is_found() {
    breaks("stock is conserved", |it| *it.available.get_mut("prod-1").unwrap() = 7);
    breaks("stock is never negative", |it| *it.available.get_mut("prod-1").unwrap() = -1);
    for status in ["released", "reserved", "failed", "withdrawn"] {
        breaks("stock follows the order", |it| {
            it.reservations.get_mut(ORDER).unwrap().status = status.into()
        });
    }
    breaks("stock follows the order", cancel);
    breaks("stock follows the order", |it| it.reservations.clear());
}

#[test]
fn goods_that_come_in_twice_or_not_at_all_are_found() {
    let name = "stock adds up";
    breaks(name, |it| *it.moved.get_mut("prod-1").unwrap() = 6);
    breaks(name, |it| it.moved.clear());
    breaks(name, |it| *it.moved.entry("prod-2".to_owned()).or_default() += 1);
    breaks(name, |it| it.restocked.push(restocking(-1, true)));
    for pieces in [-3, 3] {
        let unanswered = |it: &mut Snapshot| it.restocked.push(restocking(pieces, false));
        assert_eq!(broken(unanswered), Vec::<String>::new());
        let done = |it: &mut Snapshot| {
            unanswered(it);
            *it.moved.get_mut("prod-1").unwrap() += pieces;
        };
        assert_eq!(broken(done), Vec::<String>::new());
        breaks(name, |it| {
            done(it);
            *it.moved.get_mut("prod-1").unwrap() += pieces;
        });
    }
}

#[test]
fn answers_that_go_back_or_show_too_much_are_found() {
    let name = "an answer never goes back";
    for (status, version) in
        [("completed", Some(1)), ("paid", Some(2)), ("cancelled", Some(3)), ("odd", Some(3))]
    {
        breaks(name, |it| it.shown.push(shown(status, version)));
    }
    assert_eq!(broken(|it| it.shown.push(shown("created", None))), Vec::<String>::new());
    let name = "customers see their own orders only";
    breaks(name, |it| it.shown[3].customer = "user-2".to_owned());
    breaks(name, |it| it.shown[3].order = "order-2".to_owned());
    breaks("what is resumed ends", |it| it.reviews.push(format!("{ORDER} payment")));
}

#[test]
fn money_that_moves_wrongly_is_found() {
    breaks("an order is charged at most once", |it| it.ledger.push(entry(EntryKind::Capture, 1)));
    breaks("refunds stay", |it| it.ledger.push(entry(EntryKind::Refund, 10_998)));
    breaks("what is charged", |it| it.ledger[0].amount = 10_996);
    breaks("no charge without", |it| {
        it.reservations.get_mut(ORDER).unwrap().status = "failed".into()
    });
    breaks("money follows the order", cancel);
    breaks("money follows the order", |it| it.ledger.clear());
}

/// The same order, cancelled at its end, with nothing given back.
fn cancel(snapshot: &mut Snapshot) {
    let last = snapshot.streams.get_mut(ORDER).unwrap().last_mut().unwrap();
    last.event_type = "OrderCancelled".to_owned();
}

#[test]
fn parcels_that_should_not_go_out_are_found() {
    breaks("an order is shipped at most once", |it| it.shipments.push(shipment()));
    breaks("nothing is shipped without", |it| it.ledger.clear());
    breaks("nothing is shipped without", |it| {
        it.shipments[0].status = ShipmentStatus::Voided;
        it.ledger.clear();
    });
    breaks("shipments follow the order", cancel);
    breaks("shipments follow the order", |it| it.shipments = Carrier::default().shipments().into());
}

#[test]
fn holes_in_streams_are_found() {
    breaks("an acknowledged order", |it| it.acknowledged.extend(["order-2".into()]));
    breaks("a confirmed cancellation", |it| it.cancelled.extend([ORDER.into()]));
    breaks("a confirmed cancellation", |it| it.cancelled.extend(["order-2".into()]));
    breaks("streams are gapless", |it| it.streams.get_mut(ORDER).unwrap()[1].sequence_number = 3);
    breaks("streams are append-only", |it| it.tampered.push("MODIFY".into()));
    breaks("every order ends", |it| drop(it.streams.get_mut(ORDER).unwrap().pop()));
    breaks("every order ends", |it| {
        let again = event("evt_9", "OrderCancelled", "order-service", 3, None);
        it.streams.get_mut(ORDER).unwrap().push(again);
    });
    let resumed = |it: &mut Snapshot| {
        let resumed = event("evt_9", "OrderResumed", "order-service", 3, None);
        it.streams.get_mut(ORDER).unwrap().push(resumed);
    };
    assert!(!broken(resumed).iter().any(|it| it == "every order ends"));
    breaks("the read model", |it| it.views.get_mut(ORDER).unwrap().version = Some(1));
    breaks("the read model", |it| it.views.clear());
    breaks("the read model", |it| {
        let view = View { order_id: "order-2".into(), status: None, version: None };
        it.views.insert("order-2".into(), view);
    });
}

#[test]
fn events_that_are_lost_or_made_up_are_found() {
    breaks("what is stored is published", |it| drop(it.published.pop()));
    breaks("what is published is stored", |it| drop(it.stored.remove("evt_3")));
    breaks("what is published is stored", |it| {
        it.stored.get_mut("evt_3").unwrap().envelope.data["total"] = 1.into();
    });
    breaks("what is published is stored", |it| it.foreign.push("{}".into()));
    breaks("what is published is stored", |it| it.streams.clear());
    breaks("every cause", |it| drop(it.published.remove(0)));
    breaks("an order's events share", |it| {
        let other = event("evt_9", "X", "order-service", 1, None);
        let mut other: Value = json!(other);
        other["correlationId"] = "corr-2".into();
        it.published[0].envelope = serde_json::from_value(other).unwrap();
    });
    breaks("chains of causes", |it| it.published[0].envelope.metadata.depth = 99);
    breaks("no address in logs", |it| it.logs.push("mail to ada@example.com failed".into()));
    breaks("no address in events", |it| {
        it.published[0].envelope.data["note"] = "ada@example.com".into();
    });
    breaks("no address in events", |it| {
        it.stored.get_mut("evt_1").unwrap().envelope.data["note"] = "ada@example.com".into();
    });
    breaks("no address in events", |it| it.foreign.push("from ada@example.com".into()));
}

#[test]
fn a_timeline_that_lacks_an_event_or_has_another_is_found() {
    let name = "a timeline has each published event once";
    breaks(name, |it| drop(it.timelines.pop()));
    breaks(name, |it| {
        let again = it.timelines[0].clone();
        it.timelines.push(again);
    });
    breaks(name, |it| it.timelines[0].order_id = "order-2".to_owned());
    breaks(name, |it| it.timelines[0].correlation_id = "corr-2".to_owned());
    breaks(name, |it| it.timelines[1].caused_by = None);
    breaks(name, |it| it.timelines[0].event_id = "evt_9".to_owned());
    // Where there are no timelines, none is asked for.
    assert_eq!(broken(|it| Part::Timelines.forget(it)), Vec::<String>::new());
}

#[test]
fn what_is_counted_twice_or_not_at_all_is_found() {
    breaks("figures are those", |it| it.totals.clear());
    breaks("figures are those", |it| it.totals[0].completed = 2);
    breaks("figures are those", |it| it.totals[1].payments = 2);
    breaks("figures are those", |it| it.totals[1].revenue = 10_998);
    breaks("figures are those", |it| it.totals[1].quarter = "00:15#USD#1".to_owned());
    breaks("figures are those", |it| it.totals[0].day = "2025-12-31".to_owned());
    breaks("what is sold", |it| it.sales.clear());
    breaks("what is sold", |it| it.sales[0].units = 3);
    breaks("what is sold", |it| it.sales[0].product = "prod-2#USD".to_owned());
}

#[test]
fn a_workflow_that_is_missing_or_one_too_many_is_found() {
    let change = |change: fn(&mut Vec<ExecutionReport>)| {
        breaks("a workflow", |it| change(&mut it.executions));
    };
    change(Vec::clear);
    change(|it| it.push(execution()));
    change(|it| it[0].status = Status::Running);
    change(|it| it.push(ExecutionReport { name: "order-2".to_owned(), ..execution() }));
    // Where the services drive orders there are none.
    assert_eq!(broken(|it| Part::Executions.forget(it)), Vec::<String>::new());
}

#[test]
fn messages_that_are_left_are_found() {
    breaks("queues are empty", |it| *it.waiting.get_mut("orderly-queue").unwrap() = 1);
    let hold = |messages, expected| {
        move |it: &mut Snapshot| {
            it.dead_letters.insert("orderly-dlq".into(), DeadLetters { messages, expected });
        }
    };
    breaks("dead-letter queues", hold(1, 0));
    breaks("dead-letter queues", hold(0, 1));
    assert_eq!(broken(hold(1, 1)), Vec::<String>::new());
    breaks("poison messages", |it| it.poison.sent = 2);
    assert_eq!(broken(|it| it.poison.dead_lettered = 2), Vec::<String>::new());
    breaks("the bus drops", |it| *it.dropped = 1);
    breaks("everything comes to rest", |it| *it.at_rest = false);
}

#[test]
fn a_mail_may_come_twice_only_if_its_sender_died() {
    let twice = |it: &mut Snapshot| it.mails.push(mail("orderReceived"));
    breaks("every customer is notified once", twice);
    breaks("every customer is notified once", |it| drop(it.mails.pop()));
    breaks("every customer is notified once", |it| it.mails.push(mail("orderShipped")));
    let failed = |it: &mut Snapshot| {
        it.mails.pop();
        let mut failed = event("evt_9", "NotificationFailed", "notification-service", 1, None);
        failed.data["template"] = "paymentReceived".into();
        let mut told = it.timelines[0].clone();
        told.event_id = "evt_9".to_owned();
        told.event_type = failed.event_type.clone();
        it.timelines.push(told);
        let stored = Stored { table: "t".to_owned(), envelope: failed.clone() };
        it.stored.insert("evt_9".into(), stored);
        it.published.push(Published { at: AT, copies: 1, envelope: failed });
    };
    assert_eq!(broken(failed), Vec::<String>::new());
    breaks("a customer who can be reached is notified", |it| {
        failed(it);
        it.unreachable.clear();
    });
    let excused = |it: &mut Snapshot| {
        twice(it);
        *it.mailer_failures = 1;
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

#[test]
fn what_roles_refuse_and_no_interface_promises_is_found() {
    breaks("roles allow", |it| it.refusals.push("relay may not dynamodb:Scan".into()));
    breaks("answers are those", |it| it.wrong_answers.push("a cancellation: 418".into()));
}

#[test]
fn what_was_not_observed_is_never_reported_as_held() {
    for part in Part::ALL {
        let mut snapshot = good();
        part.forget(&mut snapshot);
        let report = Report::of(&snapshot);
        for (invariant, row) in INVARIANTS.iter().zip(&report.rows) {
            let needs_it = invariant.needs.contains(part);
            assert_eq!(row.is_observed(), !needs_it, "{} without {part}", row.name);
            // What an invariant reads without need of it, it would miss now.
            assert_eq!(row.findings, [], "{} without {part}", row.name);
        }
        assert!(report.holds() && report.not_observed().count() > 0, "no one needs {part}");
    }
    let report = Report::of(&Snapshot::default());
    assert_eq!(report.not_observed().count(), INVARIANTS.len());
    assert_eq!(
        report.verdict(),
        format!("all 0 invariants hold, {} not observed", INVARIANTS.len())
    );
    assert!(report.to_string().contains("– stock is never negative (not observed: available)"));
    assert!(!report.to_string().contains('✓'));
}

#[test]
fn a_verdict_counts_what_was_checked() {
    let mut snapshot = good();
    assert_eq!(
        Report::of(&snapshot).verdict(),
        format!("all {} invariants hold", INVARIANTS.len())
    );
    Part::Logs.forget(&mut snapshot);
    snapshot.tampered.push("MODIFY".into());
    assert_eq!(Report::of(&snapshot).verdict(), "1 invariants do not hold, 1 not observed");
}

#[test]
fn names_are_told_apart_and_promises_are_sentences() {
    let names: BTreeSet<_> = INVARIANTS.iter().map(|it| it.name).collect();
    assert_eq!(names.len(), INVARIANTS.len());
    for Invariant { name, promise, needs, .. } in INVARIANTS {
        assert!(promise.ends_with('.') && !needs.is_empty(), "{name}: {promise}");
    }
}
