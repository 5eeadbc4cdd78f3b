use catalogue::{
    CancelReason, Currency, Event, OrderCancelled, OrderCompleted, OrderCreated, OrderResumed,
    PaymentCompleted, PaymentRefunded,
};
use event_envelope::{AggregateId, CorrelationId};
use time::macros::datetime;

use super::*;

const AT: OffsetDateTime = datetime!(2025-11-17 10:37:12 UTC);

fn id(text: &str) -> AggregateId {
    AggregateId::parse(text).unwrap()
}

fn addition(event: impl Into<Event>) -> Addition {
    let event = event.into();
    let envelope = event.draft(id("order-1"), 4, AT).root(CorrelationId::of("order-1"), None);
    Addition::of(&event.try_into().unwrap(), &envelope)
}

fn line(product: &str, quantity: u32, unit_price: Money) -> LineItem {
    LineItem { product_id: id(product), quantity, unit_price }
}

fn created() -> OrderCreated {
    OrderCreated {
        order_id: id("order-1"),
        user_id: id("user-1"),
        items: Vec::new(),
        total: Money::usd(10_997),
        payment_method_id: None,
        delivery_address_id: None,
    }
}

fn paid(amount: Option<Money>) -> PaymentCompleted {
    PaymentCompleted { order_id: id("order-1"), payment_id: "pi_1".to_owned(), amount }
}

#[test]
fn each_event_adds_what_it_says() {
    let none = Counts::default();
    let refunded = PaymentRefunded {
        order_id: id("order-1"),
        payment_id: "pi_1".to_owned(),
        refund_id: "re_1".to_owned(),
        amount: Money::usd(10_997),
    };
    let cancelled =
        OrderCancelled { order_id: id("order-1"), reason: CancelReason::CustomerRequest };
    let completed = |total| OrderCompleted { order_id: id("order-1"), total };
    let captured = Counts { payments: 1, revenue: 10_997, ..none };
    for (addition, currency, counts) in [
        (addition(created()), "USD", Counts { placed: 1, ..none }),
        (addition(paid(Some(Money::usd(10_997)))), "USD", captured),
        (addition(paid(None)), UNKNOWN, Counts { payments: 1, ..none }),
        (addition(completed(Some(Money::usd(1)))), "USD", Counts { completed: 1, ..none }),
        (addition(completed(None)), UNKNOWN, Counts { completed: 1, ..none }),
        (addition(cancelled), UNKNOWN, Counts { cancelled: 1, ..none }),
        (addition(refunded), "USD", Counts { refunds: 1, refunded: 10_997, ..none }),
    ] {
        assert_eq!((addition.currency.as_str(), addition.counts), (currency, counts));
        assert_eq!((addition.quarter, addition.minute), (Quarter::of(AT), 7));
        assert!(addition.shard < SHARDS);
    }
}

#[test]
fn an_item_grows_by_what_is_counted_and_by_nothing_else() {
    let change = |name: &str, by| (name.to_owned(), by);
    assert_eq!(addition(created()).changes(), [change("placed", 1), change("orders07", 1)]);
    let paid = addition(paid(Some(Money::usd(3)))).changes();
    assert_eq!(paid, [change("payments", 1), change("revenue", 3), change("revenue07", 3)]);
}

#[test]
fn events_are_spread_over_all_items_of_a_quarter() {
    let mut found = [0_u32; SHARDS as usize];
    for number in 0..800 {
        let order = id(&format!("order-{number}"));
        let event = Event::from(OrderResumed { order_id: order.clone() });
        let envelope = event.draft(order, 4, AT).root(CorrelationId::of("order-1"), None);
        found[shard(envelope.event_id.as_str()) as usize] += 1;
    }
    assert!(found.iter().all(|count| (50..150).contains(count)), "{found:?}");
}

#[test]
fn a_product_is_there_once_in_each_currency() {
    let yen = Money::new(500, Currency::parse("JPY").unwrap());
    let lines = [
        line("prod-2", 1, Money::usd(4_999)),
        line("prod-1", 2, Money::usd(2_999)),
        line("prod-1", 1, Money::usd(3_000)),
        line("prod-1", 3, yen),
    ];
    let sold = sold(&lines, AT);
    let rows: Vec<_> = sold
        .iter()
        .map(|it| (it.product.as_str(), it.currency.as_str(), it.units, it.revenue))
        .collect();
    let expected =
        [("prod-1", "JPY", 3, 1_500), ("prod-1", "USD", 3, 8_998), ("prod-2", "USD", 1, 4_999)];
    assert_eq!(rows, expected);
    assert!(sold.iter().all(|it| it.day == "2025-11-17"));
}

#[test]
fn nothing_else_is_consumed() {
    let resumed = Event::from(OrderResumed { order_id: id("order-1") });
    assert!(AnalyticsEvent::try_from(resumed).is_err());
}
