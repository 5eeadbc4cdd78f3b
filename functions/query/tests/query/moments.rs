//! An order as it was, and what changed in it.

use event_envelope::{Envelope, instant};
use proptest::{prelude::*, test_runner::RngSeed};
use serde_json::{Value, json};
use testkit::{
    Samples,
    http::{Answer, Request},
};

use crate::{
    request::{USER, detail},
    streams::{WAYS, block_on, stream, ways},
    world::World,
};

const ORDER: &str = "order-123";

fn as_of(moment: impl ToString) -> Request {
    detail(ORDER).query("asOf", &moment.to_string())
}

async fn between(world: &World, from: impl ToString, to: impl ToString) -> Answer {
    world.ask(&detail(ORDER).query("from", &from.to_string()).query("to", &to.to_string())).await
}

#[tokio::test]
async fn an_order_is_shown_as_it_was_at_a_version_and_at_an_instant() {
    let world = World::new().await;
    // Placed at 10:30:01, paid at 10:30:11, and so on.
    let way = ["paid", "shipped", "completed"];
    world.store(&stream(ORDER, USER, &way, &[1, 10, 10, 10])).await;
    let paid = world.ask(&as_of(2)).await.ok();
    assert_eq!((&paid["status"], &paid["version"]), (&json!("paid"), &json!(2)));
    assert_eq!(paid["total"], json!({ "amount": 5998, "currency": "USD" }), "as it was sold");
    assert_eq!(paid["shipping"], json!({ "status": "unknown" }), "others do not tell");
    let moments = [
        "2025-11-17T10:30:11Z",
        "2025-11-17T10:30:20.999Z",
        "2025-11-17T11:30:15+01:00",
        "2025-11-17T10:30:15.123456789Z",
    ];
    for moment in moments {
        assert_eq!(world.ask(&as_of(moment)).await.ok(), paid, "{moment}");
    }
    assert_eq!(world.ask(&as_of("2999-01-01T00:00:00Z")).await.ok()["status"], "completed");
    for moment in ["0", "2025-11-17T10:30:00.999Z", "1970-01-01T00:00:00Z"] {
        assert_eq!(world.ask(&as_of(moment)).await.problem(404), None, "{moment}");
    }
    world.ask(&as_of(5)).await.refuses(409, "asOf");
    between(&world, 5, 4).await.refuses(409, "from");
    between(&world, 1, 5).await.refuses(409, "to");
    between(&world, 3, 2).await.refuses(400, "from");
}

#[tokio::test]
async fn what_changed_is_told_field_by_field() {
    let world = World::new().await;
    world.store(&stream(ORDER, USER, &["paid", "cancelled"], &[])).await;
    let changed = |field: &str, before: Value, after: Value| json!({ "field": field, "before": before, "after": after });
    let expected = json!({
        "orderId": ORDER, "from": 1, "to": 3,
        "changes": [
            { "field": "/cancelReason", "after": "customerRequest" },
            { "field": "/payment/paymentId", "after": "pi_1" },
            changed("/status", "created".into(), "cancelled".into()),
            changed("/updatedAt", "2025-11-17T10:30:01.000Z".into(), "2025-11-17T10:30:03.000Z".into()),
            changed("/version", 1.into(), 3.into()),
        ],
    });
    assert_eq!(between(&world, 1, 3).await.ok(), expected);
    let instants = between(&world, "2025-11-17T10:30:01Z", "2025-11-17T11:00:00Z").await;
    assert_eq!(instants.ok(), expected);
    assert_eq!(world.ask(&detail(ORDER).query("from", "1")).await.ok(), expected, "until now");
    assert_eq!(between(&world, 2, 2).await.ok()["changes"], json!([]));
    let all = world.ask(&detail(ORDER).query("to", "3")).await.ok();
    assert!(all["changes"].as_array().unwrap().iter().all(|it| it.get("before").is_none()));
}

#[tokio::test]
async fn what_is_no_moment_is_refused() {
    let world = World::new().await;
    world.place(ORDER, USER).await;
    let texts = [
        "",
        "-1",
        "+1",
        "1.5",
        "x",
        "now",
        "2025-11-17",
        "2025-11-17T10:30:00",
        "10:30:00Z",
        "2025-11-17T10:30:00 01:00",
        "2025-13-17T10:30:00Z",
        "18446744073709551616",
    ];
    for text in texts {
        for name in ["asOf", "from", "to"] {
            world.ask(&detail(ORDER).query(name, text)).await.refuses(400, name);
        }
    }
    for name in ["from", "to"] {
        world.ask(&as_of(1).query(name, "1")).await.refuses(400, "asOf");
    }
}

/// Every prefix, by its version and by the instant of its last event, equals the answer of a world
/// in which no more has happened; and what changed leads from each to each.
async fn check(events: &[Envelope]) {
    let world = World::new().await;
    let order = events[0].aggregate_id.as_str();
    let ask = async |parameters: &[(&str, String)]| {
        let request = detail(order).of(events[0].data["userId"].as_str().unwrap());
        let add = |request: Request, (name, value): &(&str, String)| request.query(name, value);
        world.ask(&parameters.iter().fold(request, add)).await.ok()
    };
    let mut prefixes = vec![json!({})];
    for event in events {
        world.store(std::slice::from_ref(event)).await;
        // Without the row, what is shown is the fold of the stream.
        prefixes.push(ask(&[("minVersion", event.sequence_number.to_string())]).await);
    }
    for (version, prefix) in prefixes.iter().enumerate().skip(1) {
        assert_eq!(ask(&[("asOf", version.to_string())]).await, *prefix);
        // Of several events in one instant it is the last.
        let at = events[version - 1].timestamp;
        let last = events.iter().rposition(|event| event.timestamp == at).unwrap();
        assert_eq!(ask(&[("asOf", instant(at))]).await, prefixes[last + 1]);
    }
    for (from, before) in prefixes.iter().enumerate() {
        for (to, after) in prefixes.iter().enumerate().skip(from) {
            let answer = ask(&[("from", from.to_string()), ("to", to.to_string())]).await;
            assert_eq!(applied(before, &answer["changes"]), told(after), "{from} to {to}");
        }
    }
}

/// What `view` is after these changes.
fn applied(view: &Value, changes: &Value) -> Value {
    let mut view = told(view);
    for change in changes.as_array().unwrap() {
        let field = change["field"].as_str().unwrap();
        assert_eq!(view.get(field), change.get("before"), "{field}");
        view[field] = change["after"].clone();
    }
    view
}

/// The fields of a view by their pointers, without what others tell.
fn told(view: &Value) -> Value {
    let mut fields = json!({});
    for (name, value) in view.as_object().unwrap() {
        match name.as_str() {
            "isPartial" | "inventory" | "notifications" => (),
            "payment" | "shipping" => {
                let parts = value.as_object().unwrap().iter().filter(|it| it.0 != "status");
                parts.for_each(|(part, it)| fields[format!("/{name}/{part}")] = it.clone());
            }
            _ => fields[format!("/{name}")] = value.clone(),
        }
    }
    fields
}

/// The streams that the projector's samples are of.
const SAMPLED: [&[&str]; 4] = [
    &["order-created", "order-paid", "order-shipped", "order-completed"],
    &["order-created", "order-paid", "order-shipped", "order-completed-with-total"],
    &["order-created-out-of-stock", "order-cancelled"],
    &["order-created-late", "order-timed-out", "order-cancelled-timed-out", "order-resumed"],
];

#[test]
fn of_every_sample_stream_each_prefix_is_what_was_shown_then() {
    for names in SAMPLED {
        let event = |name: &&str| {
            let batch: Value = Samples::of("projector").read(name);
            let body = batch["Records"][0]["body"].as_str().unwrap();
            let event: Value = serde_json::from_str(body).unwrap();
            serde_json::from_value(event["detail"].clone()).unwrap()
        };
        block_on(check(&names.iter().map(event).collect::<Vec<_>>()));
    }
}

#[test]
fn of_every_way_of_an_order_each_prefix_is_what_was_shown_then() {
    for way in WAYS {
        block_on(check(&stream(ORDER, USER, way, &[])));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16,
        rng_seed: RngSeed::Fixed(20_251_130),
        ..ProptestConfig::default()
    })]

    #[test]
    fn of_every_drawn_history_each_prefix_is_what_was_shown_then((way, pauses) in ways()) {
        block_on(check(&stream(ORDER, USER, way, &pauses)));
    }
}
