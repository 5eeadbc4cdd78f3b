//! What operators are shown, over the real SDK.

use analytics::{api::AnalyticsApi, config::Tables};
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use catalogue::{Currency, Event, Money};
use event_envelope::Delivery;
use local_dynamodb::{Fault, FaultPlan};
use runtime::Clock;
use serde_json::{Value, json};
use testkit::{
    Harness, Samples,
    http::{Answer, Request},
};
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::world::{FIGURES, PRODUCTS, World, cancelled, completed, created, paid, refunded};

const SAMPLES: Samples = Samples::of("analytics-api");
const NOW: OffsetDateTime = datetime!(2025-11-17 23:20:30 UTC);

fn request(route: &str) -> Request {
    Request::new(route, "").of_operator()
}

fn figures(parameters: &[(&str, &str)]) -> Request {
    with("GET /admin/figures", parameters)
}

fn products(parameters: &[(&str, &str)]) -> Request {
    with("GET /admin/figures/products", parameters)
}

fn with(route: &str, parameters: &[(&str, &str)]) -> Request {
    parameters.iter().fold(request(route), |request, (name, value)| request.query(name, value))
}

fn api(world: &World, plan: FaultPlan) -> AnalyticsApi {
    let tables = Tables { figures: FIGURES.to_owned(), products: PRODUCTS.to_owned() };
    AnalyticsApi::new(world.client(plan), tables, Clock::fixed(NOW))
}

async fn ask_with(world: &World, plan: FaultPlan, request: &Request) -> Answer {
    api(world, plan).handle(request.event()).await.into()
}

async fn ask(world: &World, request: &Request) -> Answer {
    ask_with(world, FaultPlan::none(), request).await
}

/// An order before midnight in Berlin, one after it that is cancelled the next morning, and two in
/// the same minute of the last hour.
fn events() -> Vec<Delivery<Event>> {
    let before = datetime!(2025-11-17 22:50 UTC);
    let after = datetime!(2025-11-17 23:10 UTC);
    let morning = datetime!(2025-11-18 8:00 UTC);
    let yen = Money::new(500, Currency::parse("JPY").unwrap());
    vec![
        created("order-1", 1, Money::usd(1_000), before),
        paid("order-1", Some(Money::usd(3_000)), before),
        completed("order-1", Some(Money::usd(3_000)), before + Duration::minutes(5)),
        created("order-2", 2, Money::usd(1_000), after),
        paid("order-2", Some(Money::usd(6_000)), after),
        cancelled("order-2", morning),
        refunded("order-2", Money::usd(6_000), morning),
        created("order-3", 9, yen, after),
        paid("order-3", Some(Money::new(13_500, yen.currency)), after),
        completed("order-3", Some(Money::new(13_500, yen.currency)), morning),
    ]
}

async fn world() -> World {
    let world = World::of(&events()).await;
    world.complete_all(&events()).await;
    // In whatever order, and twice.
    for event in events().iter().rev() {
        world.complete(event).await;
    }
    world
}

fn amount(currency: &str, revenue: i64, refunded: i64) -> Value {
    let net = revenue - refunded;
    json!({ "currency": currency, "revenue": revenue, "refunded": refunded, "net": net })
}

/// The samples in `events/analytics-api`: a request, its status, and the field at fault or the list
/// in the answer with its length.
const EXCHANGES: &[(&str, u64, &str, usize)] = &[
    ("get-board", 200, "minutes", 60),
    ("get-figures", 200, "days", 1),
    ("get-figures-bad-zone", 400, "zone", 0),
    ("get-figures-of-a-customer", 403, "", 0),
    ("get-figures-of-two-days", 200, "days", 2),
    ("list-products-bad-by", 400, "by", 0),
    ("list-products-of-a-day", 200, "products", 1),
    ("list-products-of-a-month", 200, "products", 4),
];

#[tokio::test]
async fn every_request_is_answered_as_its_name_states() {
    let world = world().await;
    for (name, status, member, count) in EXCHANGES {
        let event: ApiGatewayV2httpRequest = SAMPLES.read(name);
        let answer: Answer = api(&world, FaultPlan::none()).handle(event).await.into();
        assert_eq!(answer.status, *status, "{name}: {}", answer.text);
        match status {
            200 => assert_eq!(answer.body[member].as_array().unwrap().len(), *count, "{name}"),
            _ => assert_eq!(answer.problem(*status).unwrap_or_default(), *member, "{name}"),
        }
    }
    SAMPLES.assert_all_used(EXCHANGES.iter().map(|exchange| exchange.0));
}

#[tokio::test]
async fn figures_are_those_of_days_in_a_zone() {
    let world = world().await;
    let answer = ask(&world, &figures(&[("from", "2025-11-17"), ("to", "2025-11-18")])).await.ok();
    let expected = json!({
        "zone": "UTC",
        "days": [
            {
                "day": "2025-11-17",
                "from": "2025-11-17T00:00:00.000Z", "until": "2025-11-18T00:00:00.000Z",
                "placed": 3, "completed": 1, "cancelled": 0, "payments": 3, "refunds": 0,
                "amounts": [amount("JPY", 13_500, 0), amount("USD", 9_000, 0)],
            },
            {
                "day": "2025-11-18",
                "from": "2025-11-18T00:00:00.000Z", "until": "2025-11-19T00:00:00.000Z",
                "placed": 0, "completed": 1, "cancelled": 1, "payments": 0, "refunds": 1,
                "amounts": [amount("USD", 0, 6_000)],
            },
        ],
    });
    assert_eq!(answer, expected);

    let berlin = [("from", "2025-11-17"), ("to", "2025-11-18"), ("zone", "Europe/Berlin")];
    let answer = ask(&world, &figures(&berlin)).await.ok();
    assert_eq!(answer["zone"], "Europe/Berlin");
    let [first, second] = answer["days"].as_array().unwrap().as_slice() else { panic!() };
    assert_eq!(first["until"], "2025-11-17T23:00:00.000Z");
    assert_eq!((&first["placed"], &first["completed"]), (&json!(1), &json!(1)));
    assert_eq!(first["amounts"], json!([amount("USD", 3_000, 0)]));
    assert_eq!((&second["placed"], &second["cancelled"]), (&json!(2), &json!(1)));
    assert_eq!(second["amounts"], json!([amount("JPY", 13_500, 0), amount("USD", 6_000, 6_000)]));
}

#[tokio::test]
async fn figures_as_of_an_instant_lack_what_happened_since_the_quarter_of_it() {
    let world = world().await;
    for (as_of, shown, placed, revenue) in [
        ("2025-11-17T22:45:00Z", "2025-11-17T22:45:00.000Z", 0, json!([])),
        ("2025-11-17T23:14:59Z", "2025-11-17T23:00:00.000Z", 1, json!([amount("USD", 3_000, 0)])),
        (
            "2025-11-18T00:15:00+01:00",
            "2025-11-17T23:15:00.000Z",
            3,
            json!([amount("JPY", 13_500, 0), amount("USD", 9_000, 0)]),
        ),
    ] {
        let answer = ask(&world, &figures(&[("from", "2025-11-17"), ("asOf", as_of)])).await.ok();
        assert_eq!(answer["asOf"], shown);
        let [day] = answer["days"].as_array().unwrap().as_slice() else { panic!("{answer}") };
        assert_eq!((&day["placed"], &day["amounts"]), (&json!(placed), &revenue), "{as_of}");
    }
}

#[tokio::test]
async fn a_parameter_that_is_wrong_is_named() {
    let world = World::new().await;
    let day = ("from", "2025-11-17");
    for (parameters, field) in [
        (&[][..], "from"),
        (&[("from", "")], "from"),
        (&[("from", "yesterday")], "from"),
        (&[("from", "2025-02-29")], "from"),
        (&[("from", "1999-12-31")], "from"),
        (&[day, ("to", "2025-11-16")], "to"),
        (&[day, ("to", "2025-12-18")], "to"),
        (&[day, ("to", "x")], "to"),
        (&[day, ("zone", "Berlin")], "zone"),
        (&[day, ("zone", "")], "zone"),
        (&[day, ("zone", "+01:00")], "zone"),
        (&[day, ("asOf", "2025-11-17")], "asOf"),
        (&[day, ("asOf", "2025-11-17T10:30:00")], "asOf"),
    ] {
        let answer = ask(&world, &figures(parameters)).await;
        assert_eq!(answer.problem(400), Some(field), "{parameters:?}");
    }
    let answer = ask(&world, &figures(&[day, ("to", "2025-12-17")])).await.ok();
    assert_eq!(answer["days"].as_array().unwrap().len(), 31);
    let day = ("day", "2025-11-17");
    for (parameters, field) in [
        (&[][..], "day"),
        (&[("day", "2025-11")], "day"),
        (&[("month", "2025-13")], "month"),
        (&[("month", "2025-11-17")], "month"),
        (&[day, ("month", "2025-11")], "month"),
        (&[day, ("by", "price")], "by"),
        (&[day, ("currency", "EUR")], "currency"),
        (&[day, ("by", "revenue"), ("currency", "euro")], "currency"),
        (&[day, ("limit", "0")], "limit"),
        (&[day, ("limit", "101")], "limit"),
    ] {
        let answer = ask(&world, &products(parameters)).await;
        assert_eq!(answer.problem(400), Some(field), "{parameters:?}");
    }
}

#[tokio::test]
async fn figures_are_for_operators() {
    let world = World::new().await;
    for route in ["GET /admin/figures", "GET /admin/figures/products", "GET /admin/board"] {
        let customer = Request::new(route, "orders:read").of("user-1");
        assert_eq!(ask(&world, &customer).await.status, 403, "{route}");
    }
    assert_eq!(ask(&world, &request("GET /admin/other")).await.status, 404);
}

#[tokio::test]
async fn products_are_those_that_were_sold_most() {
    let world = World::new().await;
    let at = datetime!(2025-11-17 10:00 UTC);
    let mut events = Vec::new();
    for (number, quantity) in (1..=4).zip([1, 4, 2, 3]) {
        let order = format!("order-{number}");
        let at = at + Duration::days(number / 3);
        events.push(created(&order, quantity, Money::usd(1_000), at));
        events.push(completed(&order, None, at));
    }
    events.push(created("order-5", 7, Money::new(1, Currency::parse("EUR").unwrap()), at));
    events.push(completed("order-5", None, at));
    world.store(&events).await;
    world.complete_all(&events).await;

    let row = |product: &str, currency: &str, units: i64, revenue: i64| {
        json!({
            "productId": product, "currency": currency, "units": units, "revenue": revenue,
        })
    };
    let shown = async |parameters: &[(&str, &str)]| {
        ask(&world, &products(parameters)).await.ok()["products"].clone()
    };
    let day = ("day", "2025-11-17");
    let expected = json!([
        row("prod-001", "EUR", 7, 7),
        row("prod-002", "EUR", 7, 14),
        row("prod-001", "USD", 5, 5_000),
        row("prod-002", "USD", 5, 10_000),
    ]);
    assert_eq!(shown(&[day]).await, expected);
    let revenue = ("by", "revenue");
    let first = json!([row("prod-002", "USD", 5, 10_000)]);
    assert_eq!(shown(&[day, revenue, ("limit", "1")]).await, first);
    let euros = json!([row("prod-002", "EUR", 7, 14), row("prod-001", "EUR", 7, 7)]);
    assert_eq!(shown(&[day, revenue, ("currency", "EUR")]).await, euros);
    let month = ("month", "2025-11");
    let of_month = json!([row("prod-002", "USD", 10, 20_000), row("prod-001", "USD", 10, 10_000)]);
    assert_eq!(shown(&[month, revenue]).await, of_month);
    assert_eq!(shown(&[month, ("limit", "1")]).await, json!([row("prod-001", "USD", 10, 10_000)]));
    assert_eq!(shown(&[("month", "2025-12")]).await, json!([]));
}

#[tokio::test]
async fn the_board_shows_the_last_hour() {
    let world = world().await;
    let board = ask(&world, &request("GET /admin/board")).await.ok();
    assert_eq!(board["orders"], 3);
    let minutes = board["minutes"].as_array().unwrap();
    assert_eq!(minutes.len(), 60);
    let busy: Vec<_> = minutes.iter().filter(|it| it["orders"] != 0).collect();
    let expected = [
        json!({ "minute": "2025-11-17T22:50:00.000Z", "orders": 1 }),
        json!({ "minute": "2025-11-17T23:10:00.000Z", "orders": 2 }),
    ];
    assert_eq!(busy, expected.iter().collect::<Vec<_>>());
    let revenue =
        json!([{ "currency": "JPY", "amount": 13_500 }, { "currency": "USD", "amount": 9_000 }]);
    assert_eq!(board["revenue"], revenue);
    assert_eq!(board["newest"], "2025-11-17T23:10:00.000Z");
    assert_eq!(board["ageSeconds"], 630);
    let empty = ask(&World::new().await, &request("GET /admin/board")).await.ok();
    assert_eq!((&empty["orders"], &empty["newest"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn a_table_that_is_unavailable_is_to_be_asked_again() {
    let world = world().await;
    let day = ("from", "2025-11-17");
    let sold = ("day", "2025-11-17");
    for request in [figures(&[day]), products(&[sold]), request("GET /admin/board")] {
        let failing = FaultPlan::always(Fault::Throttle);
        let answer = ask_with(&world, failing, &request).await;
        assert_eq!(answer.problem(503), None);
        assert_eq!(answer.headers["retry-after"], "1");
    }
}
