//! What the table holds.

use runtime::Done;
use serde_json::json;
use testkit::{Again, Harness, sweep};
use time::Duration;

use crate::world::{World, stream};

#[tokio::test]
async fn an_event_that_comes_again_is_the_same_item() {
    let world = World::new().await;
    for event in stream("completed") {
        assert_eq!(world.deliver(&event).await.unwrap(), Done::Handled);
    }
    let items = world.items().await;
    assert_eq!(items.len(), 10);
    for mut event in stream("completed") {
        event.replay = Some("friday".to_owned());
        assert_eq!(world.deliver(&event).await.unwrap(), Done::Duplicate);
    }
    assert_eq!(world.items().await, items);
}

#[tokio::test]
async fn an_event_costs_one_write_unit_and_no_read() {
    let world = World::new().await;
    world.complete_all(&stream("completed")).await;
    let spent = world.capacity();
    assert_eq!((spent.write_units, spent.read_units, spent.write_requests), (10.0, 0.0, 10));
}

#[tokio::test]
async fn items_are_kept_for_ever_unless_a_retention_is_set() {
    let for_ever = World::new().await;
    for_ever.complete_all(&stream("completed")).await;
    assert!(for_ever.items().await.iter().all(|item| item.get("expiresAt").is_none()));
    let for_a_day = World::keeping(Duration::DAY).await;
    for_a_day.complete_all(&stream("completed")).await;
    let expires = json!({ "N": "86400" });
    assert!(for_a_day.items().await.iter().all(|item| item["expiresAt"] == expires));
}

#[tokio::test]
async fn each_event_is_one_item_whatever_fails() {
    for name in ["completed", "cancelled-and-resumed"] {
        for again in [Again::AtOnce, Again::Last] {
            let compare = async |calm: &World, disturbed: &World, case| {
                let (expected, found) = (calm.items().await, disturbed.items().await);
                assert_eq!(found, expected, "{name}: {case}, again {again:?}");
            };
            sweep(World::new, &stream(name), again, compare).await;
        }
    }
}
