use catalogue::{
    CancelReason, Event, Money, OrderCancelled, OrderCompleted, OrderCreated, OrderPaid,
    OrderResumed, OrderShipped,
};
use event_envelope::{AggregateId, CorrelationId};
use time::macros::datetime;

use super::*;

const PLACED: OffsetDateTime = datetime!(2025-11-17 10:30 UTC);
const DEADLINES: Deadlines = Deadlines { pay_within: 900, ship_within: 86_400 };
const TOTAL: Money = Money::usd(5998);

fn id() -> AggregateId {
    AggregateId::parse("order-123").unwrap()
}

fn created() -> Event {
    OrderCreated {
        order_id: id(),
        user_id: id(),
        items: vec![],
        total: TOTAL,
        payment_method_id: None,
        delivery_address_id: None,
    }
    .into()
}

fn paid() -> Event {
    OrderPaid { order_id: id(), payment_id: "pi_1".to_owned(), amount: TOTAL }.into()
}

fn shipped() -> Event {
    let [shipment_id, carrier, tracking_number] = ["shp_1", "UPS", "1Z1"].map(str::to_owned);
    OrderShipped { order_id: id(), shipment_id, carrier, tracking_number }.into()
}

fn resumed() -> Event {
    OrderResumed { order_id: id() }.into()
}

fn completed() -> Event {
    OrderCompleted { order_id: id(), total: Some(TOTAL) }.into()
}

fn cancelled() -> Event {
    OrderCancelled { order_id: id(), reason: CancelReason::CustomerRequest }.into()
}

/// A stream whose events happened ten seconds one after the other.
fn stream(events: Vec<Event>) -> Vec<Envelope> {
    let envelope = |(sequence, event): (u64, Event)| {
        let at = deadline(PLACED, 10 * (sequence - 1));
        event.draft(id(), sequence, at).root(CorrelationId::of("order-123"), None)
    };
    (1..).zip(events).map(envelope).collect()
}

fn at(seconds: u64) -> OffsetDateTime {
    deadline(PLACED, seconds)
}

fn check(stream: &[Envelope], seconds: u64) -> Found<'_> {
    DEADLINES.check(stream, at(seconds)).unwrap()
}

fn late(awaited: Awaited, within: u64, since: &Envelope) -> Found<'_> {
    Found::Late { command: Command::TimeOut { awaited, within }, since }
}

#[test]
fn an_order_may_wait_for_its_payment_since_it_was_placed() {
    let stream = stream(vec![created()]);
    assert_eq!(check(&stream, 0), Found::Waiting(at(900)));
    assert_eq!(check(&stream, 899), Found::Waiting(at(900)));
    assert_eq!(check(&stream, 900), late(Awaited::Payment, 900, &stream[0]));
    assert_eq!(check(&stream, 1_000_000), late(Awaited::Payment, 900, &stream[0]));
}

#[test]
fn an_order_may_wait_for_its_shipment_since_it_was_paid() {
    let stream = stream(vec![created(), paid()]);
    let until = 10 + 86_400;
    assert_eq!(check(&stream, 900), Found::Waiting(at(until)));
    assert_eq!(check(&stream, until - 1), Found::Waiting(at(until)));
    assert_eq!(check(&stream, until), late(Awaited::Shipment, 86_400, &stream[1]));
}

#[test]
fn an_operator_who_resumes_an_order_gives_it_no_more_time() {
    let created = stream(vec![created(), resumed()]);
    assert_eq!(check(&created, 900), late(Awaited::Payment, 900, &created[0]));
    let paid = stream(vec![super::tests::created(), paid(), resumed()]);
    assert_eq!(check(&paid, 10), Found::Waiting(at(10 + 86_400)));
}

#[test]
fn what_is_on_its_way_done_or_off_need_not_be_checked_again() {
    let on_its_way = vec![created(), paid(), shipped()];
    let done = completed();
    let off = [vec![created(), cancelled()], vec![created(), paid(), cancelled(), resumed()]];
    let done = [on_its_way.clone(), vec![done]].concat();
    for events in [vec![on_its_way, done], off.to_vec()].concat() {
        assert_eq!(check(&stream(events), 1_000_000_000), Found::Settled);
    }
}

#[test]
fn a_stream_that_is_invalid_is_not_judged() {
    for events in [vec![], vec![paid()]] {
        let stream = stream(events);
        let error = DEADLINES.check(&stream, PLACED).unwrap_err();
        assert!(matches!(error, Unreadable::NotCreated), "{error}");
    }
    let mut stream = stream(vec![created(), paid()]);
    stream[1].event_type = "OrderLost".to_owned();
    let error = DEADLINES.check(&stream, PLACED).unwrap_err();
    assert!(matches!(error, Unreadable::Event { sequence: 2, .. }), "{error}");
}

#[test]
fn a_deadline_that_no_calendar_has_is_the_last_time_there_is() {
    let last = deadline(PLACED, u64::MAX);
    assert_eq!(deadline(last, 1), last);
}
