//! A read that is given the version of a command is no older than the command.

use event_envelope::Envelope;
use local_dynamodb::FaultPlan;
use proptest::{prelude::*, test_runner::RngSeed};
use runtime::with_deadline;
use serde_json::{Value, json};
use testkit::http::Answer;

use crate::{
    request::{OTHER_USER, USER, detail, list},
    streams::{WAYS, block_on, stream, ways},
    world::{World, created},
};

const ORDER: &str = "order-123";

/// Reads the order at this version at least.
async fn at_least(world: &World, version: u64) -> Answer {
    world.ask(&detail(ORDER).query("minVersion", &version.to_string())).await
}

fn listed(page: &Value) -> Vec<(&str, &str)> {
    let orders = page["orders"].as_array().unwrap().iter();
    orders.map(|it| (it["orderId"].as_str().unwrap(), it["status"].as_str().unwrap())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_row_that_has_come_far_enough_is_the_answer() {
    let world = World::new().await;
    world.place(ORDER, USER).await;
    let mut row = created(ORDER, USER, "2025-11-17T10:30:00.000Z");
    row["version"] = 2.into();
    world.project(&row).await;
    let without = FaultPlan::none();
    let plain = world.ask_with(without.clone(), &detail(ORDER)).await.ok();
    // Which table is read, once in a while, and the row.
    assert_eq!(without.calls(), 2);
    for version in 1..=2 {
        let calls = FaultPlan::none();
        let request = detail(ORDER).query("minVersion", &version.to_string());
        assert_eq!(world.ask_with(calls.clone(), &request).await.ok(), plain);
        assert_eq!(calls.calls(), without.calls(), "no more than without");
    }
    let header = detail(ORDER).header("if-order-version", "2");
    assert_eq!(world.ask(&header).await.ok(), plain);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_behind_has_the_orders_part_from_the_stream_and_keeps_the_others() {
    let world = World::new().await;
    let events = stream(ORDER, USER, &["paid", "shipped", "completed"], &[]);
    world.store(&events).await;
    let mut row = created(ORDER, USER, "2025-11-17T10:30:00.000Z");
    row["inventory"] = "reserved".into();
    row["orderReceivedMail"] = "sent".into();
    world.project(&row).await;
    let view = at_least(&world, 3).await.ok();
    assert_eq!((&view["status"], &view["version"]), (&json!("completed"), &json!(4)));
    assert_eq!(view["inventory"], json!({ "status": "reserved" }));
    assert_eq!(view["notifications"], json!({ "orderReceived": "sent" }));
    assert_eq!(view["payment"], json!({ "paymentId": "pi_1" }));
    assert_eq!(view["shipping"], json!({ "carrier": "UPS", "trackingNumber": "1Z1" }));
    assert_eq!(view["isPartial"], Value::Null);
    assert!(world.repairs().is_empty(), "it is not lost");
    // Only of other services so far.
    let other = stream("order-9", USER, &["paid"], &[]);
    world.store(&other).await;
    world.project(&json!({ "orderId": "order-9", "inventory": "reserved" })).await;
    let view = world.ask(&detail("order-9").query("minVersion", "1")).await.ok();
    assert_eq!(
        (&view["status"], &view["inventory"]["status"]),
        (&json!("paid"), &json!("reserved"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_row_that_comes_meanwhile_is_waited_for() {
    let world = World::new().await;
    let events = stream(ORDER, USER, &["paid"], &[]);
    world.store(&events).await;
    let project = async {
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        world.deliver(&events[1]).await;
    };
    let (answer, ()) = tokio::join!(at_least(&world, 2), project);
    let answer = answer.ok();
    assert_eq!((&answer["version"], &answer["isPartial"]), (&json!(2), &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn a_read_waits_two_seconds_at_most_and_no_longer_than_its_invocation_lasts() {
    let world = World::new().await;
    world.place(ORDER, USER).await;
    for (left, most) in [(5_000, 2_000), (2_500, 500), (1_000, 0), (60_000, 2_000)] {
        let before = tokio::time::Instant::now();
        let left = std::time::Duration::from_millis(left);
        let answer = with_deadline(left, at_least(&world, 2)).await.ok();
        assert_eq!((&answer["status"], &answer["isPartial"]), (&json!("paid"), &json!(true)));
        let waited = before.elapsed().as_millis();
        assert!(waited <= most + 50, "{waited} ms of {left:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn events_that_the_read_model_has_lost_are_not_waited_for_and_asked_for_again() {
    let world = World::new().await.aged(time::Duration::minutes(3));
    world.place(ORDER, USER).await;
    world.project(&created(ORDER, USER, "2025-11-17T10:30:00.000Z")).await;
    let before = tokio::time::Instant::now();
    assert_eq!(at_least(&world, 2).await.ok()["status"], "paid");
    assert!(before.elapsed().as_millis() < 50);
    world.project_repairs().await;
    assert_eq!(world.ask(&detail(ORDER)).await.ok()["version"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_the_order_has_not_come_to_is_a_conflict_that_says_so() {
    let world = World::new().await;
    world.place(ORDER, USER).await;
    for row in [None, Some(created(ORDER, USER, "2025-11-17T10:30:00.000Z"))] {
        if let Some(row) = row {
            world.project(&row).await;
        }
        for version in [3, 1_000, u64::MAX] {
            let answer = at_least(&world, version).await;
            answer.refuses(409, "minVersion");
            assert_eq!(answer.body["type"], "urn:orderly:problem:version-not-reached");
            assert!(answer.text.contains("leave it out"), "{}", answer.text);
            let header = detail(ORDER).header("if-order-version", &version.to_string());
            world.ask(&header).await.refuses(409, "If-Order-Version");
            let after = list().query("after", &format!("{ORDER}:{version}"));
            world.ask(&after).await.refuses(409, "after");
            let past = detail(ORDER).query("asOf", "1").query("minVersion", &version.to_string());
            world.ask(&past).await.refuses(409, "minVersion");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_version_is_refused() {
    let world = World::new().await;
    world.place(ORDER, USER).await;
    for text in ["", "0", "-1", "+1", " 1", "1.0", "1e1", "x", "0x1", "18446744073709551616"] {
        world.ask(&detail(ORDER).query("minVersion", text)).await.refuses(400, "minVersion");
        let header = detail(ORDER).header("if-order-version", text);
        world.ask(&header).await.refuses(400, "If-Order-Version");
        let after = list().query("after", &format!("{ORDER}:{text}"));
        world.ask(&after).await.refuses(400, "after");
    }
    let many = vec![format!("{ORDER}:1"); 11].join(",");
    for text in ["", ",", ":", ":1", ORDER, "a b:1", "order-123:1,", "order-123:1:2", &many] {
        world.ask(&list().query("after", text)).await.refuses(400, "after");
    }
    let ten = vec![format!("{ORDER}:1"); 10].join(",");
    assert_eq!(listed(&world.ask(&list().query("after", &ten)).await.ok()), [(ORDER, "paid")]);
}

#[tokio::test(start_paused = true)]
async fn another_customers_order_is_no_order_whatever_the_token() {
    let world = World::new().await;
    world.place(ORDER, OTHER_USER).await;
    for row in [None, Some(created(ORDER, OTHER_USER, "2025-11-17T10:30:00.000Z"))] {
        if let Some(row) = row {
            world.project(&row).await;
        }
        let parameters = [
            ("minVersion", "1"),
            ("minVersion", "2"),
            ("minVersion", "9"),
            ("asOf", "1"),
            ("asOf", "9"),
            ("from", "1"),
            ("to", "9"),
        ];
        for (name, value) in parameters {
            let theirs = world.ask(&detail(ORDER).query(name, value)).await;
            let none = world.ask(&detail("order-124").query(name, value)).await;
            assert_eq!(theirs.problem(404), None, "{name}={value}");
            assert_eq!(theirs.text, none.text.replace("order-124", ORDER));
        }
        for version in [1, 2, 9] {
            let of = |order: &str| list().query("after", &format!("{order}:{version}"));
            let (theirs, none) = (world.ask(&of(ORDER)).await, world.ask(&of("order-124")).await);
            theirs.refuses(400, "after");
            assert_eq!(theirs.text, none.text.replace("order-124", ORDER));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_of_a_token_is_in_its_place_of_its_page() {
    let world = World::new().await;
    // The sample order is placed at half past.
    for (order, minute) in [("a", 10), ("b", 20), ("c", 40), ("d", 50)] {
        let at = format!("2025-11-17T10:{minute}:00.000Z");
        world.project(&created(order, USER, &at)).await;
    }
    world.place(ORDER, USER).await;
    let ask = async |limit: &str, cursor: Option<&str>| {
        let mut request = list().query("after", "order-123:2").query("limit", limit);
        if let Some(cursor) = cursor {
            request = request.query("cursor", cursor);
        }
        world.ask(&request).await.ok()
    };
    let ids = |page: &Value| listed(page).iter().map(|it| it.0.to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(&ask("20", None).await), ["d", "c", ORDER, "b", "a"]);
    // It is on the second page, and pushes nothing off the list.
    for limit in ["1", "2", "3", "4", "5"] {
        let mut page = ask(limit, None).await;
        let mut all = ids(&page);
        while let Some(cursor) = page["cursor"].as_str().map(str::to_owned) {
            page = ask(limit, Some(&cursor)).await;
            assert!(ids(&page).len() <= limit.parse().unwrap());
            all.extend(ids(&page));
        }
        assert_eq!(all, ["d", "c", ORDER, "b", "a"], "{limit} a page");
    }
    // One that is listed as it was before is shown as it is.
    world.project(&created(ORDER, USER, "2025-11-17T10:30:00.000Z")).await;
    let page = ask("20", None).await;
    assert_eq!(listed(&page)[2], (ORDER, "paid"));
    assert_eq!(listed(&page).len(), 5);
}

/// What a customer sees who has been answered `version`: the version of the order, and its status in
/// the list.
async fn seen(world: &World, version: u64) -> (u64, String) {
    let answer = at_least(world, version).await.ok();
    let list = world.ask(&list().query("after", &format!("{ORDER}:{version}"))).await.ok();
    let status = listed(&list)[0].1.to_owned();
    (answer["version"].as_u64().unwrap(), status)
}

/// The status of the order at a version.
fn status_of(events: &[Envelope], version: u64) -> String {
    let of = |event: &Envelope| match event.event_type.as_str() {
        "OrderCreated" => Some("created"),
        "OrderPaid" => Some("paid"),
        "OrderShipped" => Some("shipped"),
        "OrderCompleted" => Some("completed"),
        "OrderCancelled" => Some("cancelled"),
        _ => None,
    };
    let version = usize::try_from(version).unwrap();
    events[..version].iter().rev().find_map(of).unwrap().to_owned()
}

/// The order, as the stream grows and the projector has whatever it has, in any order and twice.
async fn grow(events: &[Envelope], deliveries: &[usize]) {
    let world = World::new().await;
    let mut last = 0;
    let mut deliveries = deliveries.iter();
    for (index, event) in events.iter().enumerate() {
        world.store(std::slice::from_ref(event)).await;
        let version = event.sequence_number;
        let (shown, status) = seen(&world, version).await;
        assert!(shown >= version && shown >= last, "{shown} after {version} and {last}");
        assert_eq!(status, status_of(events, version), "the list lacks {version}");
        last = shown;
        for delivery in deliveries.by_ref().take(3) {
            world.deliver(&events[delivery % (index + 1)]).await;
            let (shown, status) = seen(&world, last).await;
            assert!(shown >= last, "{shown} after {last}");
            assert_eq!(status, status_of(events, shown));
            last = shown;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_projector_no_read_with_the_token_lacks_a_write() {
    for way in WAYS {
        grow(&stream(ORDER, USER, way, &[]), &[]).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 32,
        rng_seed: RngSeed::Fixed(20_251_130),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_read_with_the_token_lacks_a_write_and_none_goes_back(
        (way, pauses) in ways(),
        deliveries in prop::collection::vec(any::<usize>(), 0..18),
    ) {
        block_on(grow(&stream(ORDER, USER, way, &pauses), &deliveries));
    }
}
