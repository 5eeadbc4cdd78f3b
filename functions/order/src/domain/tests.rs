mod properties;

use catalogue::LineItem;
use event_store::scenario::given;

use super::*;

fn id(text: &str) -> AggregateId {
    AggregateId::parse(text).unwrap()
}

fn order() -> OrderCreated {
    OrderCreated {
        order_id: id("order-123"),
        user_id: id("user-456"),
        items: vec![LineItem {
            product_id: id("prod-001"),
            quantity: 2,
            unit_price: Money::usd(2999),
        }],
        total: Money::usd(5998),
        payment_method_id: None,
        delivery_address_id: None,
    }
}

fn shipment() -> ShipmentCreated {
    ShipmentCreated {
        order_id: id("order-123"),
        shipment_id: "shp_1".into(),
        carrier: "UPS".into(),
        tracking_number: "1Z1".into(),
    }
}

fn payment() -> Command {
    Command::RecordPayment { payment_id: "pi_1".into(), amount: Money::usd(5998) }
}

fn created() -> OrderEvent {
    OrderEvent::Created(order())
}

fn paid() -> OrderEvent {
    OrderEvent::Paid(OrderPaid {
        order_id: id("order-123"),
        payment_id: "pi_1".into(),
        amount: Money::usd(5998),
    })
}

fn shipped() -> OrderEvent {
    OrderEvent::Shipped(OrderShipped {
        order_id: id("order-123"),
        shipment_id: "shp_1".into(),
        carrier: "UPS".into(),
        tracking_number: "1Z1".into(),
    })
}

fn completed() -> OrderEvent {
    OrderEvent::Completed(OrderCompleted {
        order_id: id("order-123"),
        total: Some(Money::usd(5998)),
    })
}

fn cancelled(reason: CancelReason) -> OrderEvent {
    OrderEvent::Cancelled(OrderCancelled { order_id: id("order-123"), reason })
}

const WITHIN: u64 = 900;

fn late(awaited: Awaited) -> Command {
    Command::TimeOut { awaited, within: WITHIN }
}

fn timed_out(awaited: Awaited) -> [OrderEvent; 2] {
    let late = OrderTimedOut { order_id: id("order-123"), awaited, within: WITHIN };
    [OrderEvent::TimedOut(late), cancelled(CancelReason::TimedOut)]
}

fn resume() -> Command {
    Command::Resume(id("order-123"))
}

fn resumed() -> OrderEvent {
    OrderEvent::Resumed(OrderResumed { order_id: id("order-123") })
}

/// How far an order can come, each by its name in the table and what has happened.
fn states() -> [(&'static str, Vec<OrderEvent>); 6] {
    [
        ("*absent*", vec![]),
        ("created", vec![created()]),
        ("paid", vec![created(), paid()]),
        ("shipped", vec![created(), paid(), shipped()]),
        ("completed", vec![created(), paid(), shipped(), completed()]),
        ("cancelled", vec![created(), cancelled(CancelReason::CustomerRequest)]),
    ]
}

#[test]
fn placing_an_order_records_it() {
    given::<Order>([]).when(Command::Place(order())).then([created()]);
}

#[test]
fn placing_it_again_changes_nothing() {
    given::<Order>([created(), paid()]).when(Command::Place(order())).then_nothing();
}

#[test]
fn a_payment_of_the_total_pays() {
    given::<Order>([created()]).when(payment()).then([paid()]);
    given::<Order>([created(), paid()]).when(payment()).then_nothing();
}

#[test]
fn a_payment_of_another_amount_is_refused() {
    let captured = Money::usd(1);
    let wrong = Command::RecordPayment { payment_id: "pi_1".into(), amount: captured };
    let rule = Rule::AmountMismatch { captured, total: Money::usd(5998) };
    given::<Order>([created()]).when(wrong).then_rejected(rule);
}

#[test]
fn a_shipment_ships_and_completes() {
    given::<Order>([created(), paid()])
        .when(Command::RecordShipment(shipment()))
        .then([shipped(), completed()]);
    given::<Order>([created(), paid(), shipped(), completed()])
        .when(Command::RecordShipment(shipment()))
        .then_nothing();
}

#[test]
fn an_order_half_way_there_is_completed() {
    given::<Order>([created(), paid(), shipped()])
        .when(Command::RecordShipment(shipment()))
        .then([completed()]);
}

#[test]
fn an_event_that_came_too_early_may_be_delivered_again() {
    given::<Order>([]).when(payment()).then_rejected(Rule::Premature);
    given::<Order>([]).when(Command::RecordShortage).then_rejected(Rule::Premature);
    given::<Order>([created()])
        .when(Command::RecordShipment(shipment()))
        .then_rejected(Rule::Premature);
}

#[test]
fn each_failure_cancels_with_its_reason() {
    for (failure, reason) in [
        (Command::RecordShortage, CancelReason::OutOfStock),
        (Command::RecordPaymentFailure, CancelReason::PaymentFailed),
        (Command::RecordRefund, CancelReason::PaymentRefunded),
        (Command::RecordShippingFailure, CancelReason::ShippingFailed),
        (Command::Cancel, CancelReason::CustomerRequest),
    ] {
        given::<Order>([created()]).when(failure).then([cancelled(reason)]);
    }
}

#[test]
fn a_paid_order_can_be_cancelled_until_it_ships() {
    given::<Order>([created(), paid()])
        .when(Command::Cancel)
        .then([cancelled(CancelReason::CustomerRequest)]);
    given::<Order>([created(), paid(), shipped(), completed()])
        .when(Command::Cancel)
        .then_rejected(Rule::AlreadyShipped);
}

#[test]
fn nothing_follows_a_cancellation() {
    let history = [created(), cancelled(CancelReason::CustomerRequest)];
    for command in [
        Command::Cancel,
        payment(),
        Command::RecordPaymentFailure,
        Command::RecordRefund,
        Command::RecordShortage,
        Command::RecordShipment(shipment()),
        Command::RecordShippingFailure,
    ] {
        given::<Order>(history.clone()).when(command).then_nothing();
    }
}

#[test]
fn what_contradicts_the_past_is_refused() {
    given::<Order>([created(), paid()])
        .when(Command::RecordShortage)
        .then_rejected(Rule::Contradiction);
    given::<Order>([created(), paid(), shipped(), completed()])
        .when(Command::RecordRefund)
        .then_rejected(Rule::Contradiction);
}

#[test]
fn an_order_that_was_never_placed_cannot_be_cancelled() {
    given::<Order>([]).when(Command::Cancel).then_rejected(Rule::Absent);
}

#[test]
fn an_order_that_waits_too_long_is_late_and_off() {
    for (history, awaited) in [
        (vec![created()], Awaited::Payment),
        (vec![created(), paid()], Awaited::Shipment),
        // What an operator asked for in between does not give it more time.
        (vec![created(), resumed()], Awaited::Payment),
    ] {
        given::<Order>(history).when(late(awaited)).then(timed_out(awaited));
    }
}

#[test]
fn an_order_that_has_gone_on_is_not_late() {
    given::<Order>([created(), paid()]).when(late(Awaited::Payment)).then_nothing();
    given::<Order>([created()]).when(late(Awaited::Shipment)).then_nothing();
    for awaited in [Awaited::Payment, Awaited::Shipment] {
        for (_, history) in &states()[3..] {
            given::<Order>(history).when(late(awaited)).then_nothing();
        }
        let late_before = [vec![created()], timed_out(awaited).to_vec()].concat();
        given::<Order>(late_before).when(late(awaited)).then_nothing();
        given::<Order>([]).when(late(awaited)).then_rejected(Rule::Absent);
    }
}

#[test]
fn resuming_is_recorded_unless_the_goods_are_on_their_way_and_changes_nothing() {
    for (name, history) in &states()[1..] {
        let resuming = given::<Order>(history).when(resume());
        if ["shipped", "completed"].contains(name) {
            resuming.then_rejected(Rule::NothingToResume);
        } else {
            resuming.then([resumed()]);
        }
        let mut after = history.clone();
        after.push(resumed());
        assert_eq!(Order::replay(&after), Order::replay(history));
    }
    given::<Order>([]).when(resume()).then_rejected(Rule::Absent);
}

fn dated(event: OrderEvent, minute: i64) -> Dated {
    Dated { event, at: OffsetDateTime::UNIX_EPOCH + time::Duration::minutes(minute) }
}

/// In which minutes an order is resumed when an operator asks for it in each of `minutes`.
fn resumed_in(mut history: Vec<Dated>, minutes: std::ops::Range<i64>) -> (Vec<i64>, Vec<Dated>) {
    let mut resumed_in = Vec::new();
    for minute in minutes {
        let at = dated(resumed(), minute).at;
        let state = Resumption::replay(&history);
        let events = state.decide(&Resume { order_id: id("order-123"), at }).unwrap();
        resumed_in.extend(events.iter().map(|_| minute));
        history.extend(events);
    }
    (resumed_in, history)
}

#[test]
fn an_order_that_is_resumed_each_minute_is_resumed_ever_more_seldom() {
    let off = vec![dated(created(), 0), dated(cancelled(CancelReason::CustomerRequest), 1)];
    let (resumed, _) = resumed_in(off.clone(), 10..300);
    assert_eq!(resumed, [10, 11, 13, 17, 25, 41, 73, 133, 193, 253]);
    // A clock that is behind adds nothing.
    let (_, history) = resumed_in(off, 10..11);
    assert_eq!(resumed_in(history, 5..10).0, [] as [i64; 0]);
}

#[test]
fn an_order_to_which_something_has_happened_may_be_resumed_at_once() {
    let (resumed, mut history) = resumed_in(vec![dated(created(), 0)], 0..60);
    assert_eq!(resumed.len(), 6);
    history.push(dated(cancelled(CancelReason::TimedOut), 60));
    assert_eq!(resumed_in(history, 60..62).0, [60, 61]);
}

/// What a command comes to, in the words of the table. Where it is refused because there is no
/// order, or because it is on its way, a person gets an error, and an event is dead-lettered.
fn consequence(state: &Order, command: &Command, by_person: bool) -> String {
    let name = |event: &OrderEvent| match event {
        OrderEvent::Created(_) => "created",
        OrderEvent::Paid(_) => "paid",
        OrderEvent::Shipped(_) => "shipped",
        OrderEvent::Completed(_) => "completed",
        OrderEvent::Cancelled(_) => "cancelled",
        OrderEvent::TimedOut(_) => "timed out",
        OrderEvent::Resumed(_) => "resumed",
    };
    match state.decide(command) {
        Ok(events) if events.is_empty() => "–".to_owned(),
        Ok(events) => events.iter().map(name).collect::<Vec<_>>().join(", "),
        Err(Rule::Premature) => "later".to_owned(),
        Err(Rule::Absent) if by_person => "404".to_owned(),
        Err(Rule::AlreadyShipped | Rule::NothingToResume) if by_person => "409".to_owned(),
        Err(
            Rule::Absent
            | Rule::AlreadyShipped
            | Rule::NothingToResume
            | Rule::Contradiction
            | Rule::AmountMismatch { .. },
        ) => "dead-lettered".to_owned(),
    }
}

/// The table in the documentation of [`Order`] is what the code does.
#[test]
fn every_command_has_the_consequence_of_the_table() {
    let columns = [
        ("Place", Command::Place(order()), true),
        ("Cancel", Command::Cancel, true),
        ("paid", payment(), false),
        ("payment failed", Command::RecordPaymentFailure, false),
        ("out of stock", Command::RecordShortage, false),
        ("shipped", Command::RecordShipment(shipment()), false),
        ("not deliverable", Command::RecordShippingFailure, false),
        ("refunded", Command::RecordRefund, false),
        ("timed out", late(Awaited::Payment), false),
        ("resumed", resume(), true),
    ];
    let heads: Vec<_> = columns.iter().map(|(head, ..)| *head).collect();
    let mut expected = vec![format!("/// | | {} |", heads.join(" | "))];
    expected.push(format!("/// |{}", "---|".repeat(columns.len() + 1)));
    for (name, history) in states() {
        let state = Order::replay(&history);
        let cells = columns.iter().map(|(head, command, by_person)| match (*head, name) {
            ("timed out", "paid") => consequence(&state, &late(Awaited::Shipment), false),
            _ => consequence(&state, command, *by_person),
        });
        expected.push(format!("/// | {name} | {} |", cells.collect::<Vec<_>>().join(" | ")));
    }
    let documented = include_str!("../domain.rs").lines().filter(|line| line.starts_with("/// |"));
    assert_eq!(documented.collect::<Vec<_>>(), expected);
}
