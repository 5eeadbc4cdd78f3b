use event_store::scenario::given;
use events::LineItem;
use proptest::prelude::*;

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
    Command::RecordPayment { payment_id: "pi_1".into(), amount: Some(Money::usd(5998)) }
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
    OrderEvent::Completed(OrderCompleted { order_id: id("order-123") })
}

fn cancelled(reason: CancelReason) -> OrderEvent {
    OrderEvent::Cancelled(OrderCancelled { order_id: id("order-123"), reason })
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
fn a_payment_that_does_not_name_its_amount_pays_the_total() {
    let silent = Command::RecordPayment { payment_id: "pi_1".into(), amount: None };
    given::<Order>([created()]).when(silent).then([paid()]);
}

#[test]
fn a_payment_of_another_amount_is_refused() {
    let captured = Money::usd(1);
    let wrong = Command::RecordPayment { payment_id: "pi_1".into(), amount: Some(captured) };
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
fn news_that_came_too_early_may_come_again() {
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
fn nobody_cancels_what_nobody_placed() {
    given::<Order>([]).when(Command::Cancel).then_rejected(Rule::Absent);
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::Place(order())),
        Just(Command::Cancel),
        Just(payment()),
        Just(Command::RecordPaymentFailure),
        Just(Command::RecordRefund),
        Just(Command::RecordShortage),
        Just(Command::RecordShipment(shipment())),
        Just(Command::RecordShippingFailure),
    ]
}

proptest! {
    #[test]
    fn an_order_ends_once_and_never_both_ways(
        commands in prop::collection::vec(any_command(), 0..40),
    ) {
        let mut history = Vec::new();
        for command in &commands {
            let decided = Order::replay(&history).decide(command).unwrap_or_default();
            history.extend(decided);
        }
        let count = |wanted: fn(&OrderEvent) -> bool| history.iter().filter(|it| wanted(it)).count();
        let cancelled = count(|it| matches!(it, OrderEvent::Cancelled(_)));
        let completed = count(|it| matches!(it, OrderEvent::Completed(_)));
        let shipped = count(|it| matches!(it, OrderEvent::Shipped(_)));
        let paid = count(|it| matches!(it, OrderEvent::Paid(_)));
        prop_assert!(cancelled + completed <= 1);
        prop_assert!(shipped == completed && shipped <= paid && paid <= 1);
    }
}
