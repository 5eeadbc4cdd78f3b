use catalogue::{
    CancelReason, Currency, Event, Money, OrderCancelled, OrderCompleted, OrderCreated,
    PaymentCompleted, PaymentRefunded,
};
use event_envelope::{AggregateId, CorrelationId, Envelope};
use jiff::tz::TimeZone;
use proptest::{prelude::*, test_runner::RngSeed};
use time::macros::datetime;

use super::*;
use crate::{
    days,
    domain::{Addition, AnalyticsEvent},
};

/// When the histories begin: in the middle of a UTC day, before the clocks of Berlin change.
const BEGINNING: OffsetDateTime = datetime!(2025-10-24 13:07 UTC);
const MINUTES_MAX: i64 = 4 * 24 * 60;
const ZONES: [&str; 5] =
    ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Chatham", "America/New_York"];

type Happened = (AnalyticsEvent, Envelope);

fn happened(order: usize, event: impl Into<Event>, minute: i64) -> Happened {
    let (event, id) = (event.into(), order_id(order));
    let at = BEGINNING + Duration::minutes(minute) + Duration::seconds(59);
    let envelope = event.draft(id, 1, at).root(CorrelationId::of("order"), None);
    (event.try_into().unwrap(), envelope)
}

fn order_id(order: usize) -> AggregateId {
    AggregateId::parse(format!("order-{order}")).unwrap()
}

/// What happens to an order: it is placed, and perhaps paid for, and ends in one of the ways.
fn history(order: usize, steps: &[i64; 4], amount: i64, is_euro: bool, way: u8) -> Vec<Happened> {
    let currency = Currency::parse(if is_euro { "EUR" } else { "USD" }).unwrap();
    let (total, order_id) = (Money::new(amount, currency), order_id(order));
    let created = OrderCreated {
        order_id: order_id.clone(),
        user_id: order_id.clone(),
        items: Vec::new(),
        total,
        payment_method_id: None,
        delivery_address_id: None,
    };
    let payment_id = "pi_1".to_owned();
    let paid = PaymentCompleted {
        order_id: order_id.clone(),
        payment_id: payment_id.clone(),
        amount: Some(total),
    };
    let cancelled =
        OrderCancelled { order_id: order_id.clone(), reason: CancelReason::ShippingFailed };
    let refunded = PaymentRefunded {
        order_id: order_id.clone(),
        payment_id,
        refund_id: "re_1".to_owned(),
        amount: total,
    };
    let completed = OrderCompleted { order_id, total: Some(total) };
    let [first, second, third, fourth] = *steps;
    let mut events = vec![happened(order, created, first)];
    if way != 0 {
        events.push(happened(order, paid, second));
    }
    match way {
        1 => events.push(happened(order, completed, third)),
        _ => events.push(happened(order, cancelled, third)),
    }
    if way > 1 {
        events.push(happened(order, refunded, fourth));
    }
    events
}

fn histories() -> impl Strategy<Value = Vec<Happened>> {
    let steps = prop::array::uniform4(0..MINUTES_MAX);
    let order = (steps, 1..100_000_i64, any::<bool>(), 0..4_u8);
    prop::collection::vec(order, 1..20).prop_map(|orders| {
        let orders = orders.into_iter().enumerate();
        let of =
            |(order, (steps, amount, is_euro, way))| history(order, &steps, amount, is_euro, way);
        orders.flat_map(of).collect()
    })
}

fn cells(events: &[Happened]) -> Vec<Cell> {
    let cell = |(event, envelope): &Happened| {
        let Addition { quarter, currency, counts, .. } = Addition::of(event, envelope);
        Cell { quarter, currency, counts }
    };
    events.iter().map(cell).collect()
}

/// The figures as an accountant would count them, event by event.
fn counted<'e>(events: impl Iterator<Item = &'e Happened>) -> Figures {
    let mut figures = Figures::default();
    let mut amounts: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for (event, _) in events {
        match event {
            AnalyticsEvent::OrderCreated(_) => figures.placed += 1,
            AnalyticsEvent::OrderCompleted(_) => figures.completed += 1,
            AnalyticsEvent::OrderCancelled(_) => figures.cancelled += 1,
            AnalyticsEvent::PaymentCompleted(it) => {
                figures.payments += 1;
                let amount = it.amount.unwrap();
                amounts.entry(amount.currency.into()).or_default().0 += amount.amount;
            }
            AnalyticsEvent::PaymentRefunded(it) => {
                figures.refunds += 1;
                amounts.entry(it.amount.currency.into()).or_default().1 += it.amount.amount;
            }
        }
    }
    let amount = |(currency, (revenue, refunded))| {
        let net = revenue - refunded;
        Amounts { currency, revenue, refunded, net }
    };
    figures.amounts = amounts.into_iter().map(amount).collect();
    figures
}

fn days_of(zone: &str) -> Vec<Day> {
    let [from, to] = ["2025-10-24", "2025-10-29"].map(|text| days::read(text).unwrap());
    days::between(from, to, &TimeZone::get(zone).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        rng_seed: RngSeed::Fixed(20_251_117),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_day_in_any_zone_is_the_sum_of_its_events_in_any_order(
        (events, shuffled) in histories().prop_flat_map(|events| {
            (Just(events.clone()), Just(events).prop_shuffle())
        }),
    ) {
        for zone in ZONES {
            let days = days_of(zone);
            let figures = of_days(&days, cells(&shuffled));
            for (day, figures) in days.iter().zip(figures) {
                let of_day = |it: &&Happened| (day.start..day.end).contains(&it.1.timestamp);
                prop_assert_eq!(figures, counted(events.iter().filter(of_day)), "{}", zone);
            }
        }
    }

    #[test]
    fn the_figures_of_any_quarter_are_those_of_the_events_until_then(
        events in histories(),
        minute in 0..MINUTES_MAX,
    ) {
        let as_of = Quarter::of(BEGINNING + Duration::minutes(minute)).start();
        let all = Day { name: String::new(), start: BEGINNING - Duration::DAY, end: as_of };
        let figures = of_days(&[all], cells(&events)).remove(0);
        prop_assert_eq!(figures, counted(events.iter().filter(|it| it.1.timestamp < as_of)));
    }

    #[test]
    fn the_board_shows_the_orders_of_the_last_hour_in_any_order(
        events in histories().prop_shuffle(),
        minute in 0..MINUTES_MAX,
    ) {
        let now = BEGINNING + Duration::minutes(minute) + Duration::seconds(59);
        let counted = events.iter().map(|(event, envelope)| {
            let Addition { quarter, currency, counts, minute, .. } = Addition::of(event, envelope);
            let Counts { placed: orders, revenue, .. } = counts;
            Minute { start: quarter.start_of(minute), currency, orders, revenue }
        });
        let board = Board::of(now, counted.filter(|it| it.start <= now));
        let within = |it: &&Happened| {
            it.1.timestamp <= now && it.1.timestamp > now - Duration::HOUR
        };
        let expected = super::tests::counted(events.iter().filter(within));
        prop_assert_eq!(board.orders(), expected.placed);
        let revenue = expected.amounts.iter().filter(|it| it.revenue != 0);
        let revenue = revenue.map(|it| (it.currency.clone(), it.revenue)).collect();
        prop_assert_eq!(board.revenue, revenue);
    }
}

#[test]
fn a_board_has_sixty_minutes_and_shows_when_it_is_old() {
    let now = datetime!(2025-11-18 0:20:30 UTC);
    let minute =
        |start, orders| Minute { start, currency: "USD".to_owned(), orders, revenue: 100 * orders };
    let before = datetime!(2025-11-17 23:20 UTC);
    let board = Board::of(now, [minute(before, 7)]);
    assert_eq!((board.minutes.len(), board.orders()), (60, 0));
    assert_eq!(board.newest, Some(before));
    assert_eq!(board.minutes[0].0, before + Duration::MINUTE);
    assert_eq!(board.minutes[59].0, datetime!(2025-11-18 0:20 UTC));
    let board = Board::of(now, [minute(before, 7), minute(datetime!(2025-11-18 0:20 UTC), 2)]);
    assert_eq!(board.minutes[59].1, 2);
    assert_eq!(board.revenue, BTreeMap::from([("USD".to_owned(), 200)]));
    assert_eq!(Board::of(now, []).newest, None);
}
