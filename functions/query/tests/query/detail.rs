//! What a customer sees of one order.

use catalogue::Money;
use runtime::Done;
use serde_json::{Value, json};
use testkit::End;

use crate::{
    request::{OTHER_USER, USER, detail, list},
    world::{World, abandon, created},
};

const AT: &str = "2025-11-17T10:30:00.000Z";

#[tokio::test]
async fn a_new_order_is_shown_as_it_was_placed() {
    let world = World::new().await;
    world.project(&created("order-123", USER, AT)).await;
    let items = [("prod-001", 2, 2999), ("prod-002", 1, 4999)].map(|(product, quantity, cents)| {
        json!({ "productId": product, "quantity": quantity, "unitPrice": Money::usd(cents) })
    });
    assert_eq!(
        world.ask(&detail("order-123")).await.ok(),
        json!({
            "orderId": "order-123",
            "status": "created",
            "items": items,
            "total": { "amount": 10_997, "currency": "USD" },
            "createdAt": AT,
            "updatedAt": AT,
            "version": 1,
            "correlationId": "corr_67890",
            "inventory": {},
            "payment": {},
            "shipping": {},
            "notifications": {},
        })
    );
}

/// The row of an order, with `more` set by later events.
fn later(more: &Value) -> Value {
    let mut row = created("order-123", USER, AT);
    for (attribute, value) in more.as_object().unwrap() {
        row[attribute] = value.clone();
    }
    row
}

#[tokio::test]
async fn a_completed_order_shows_how_far_each_part_of_it_has_come() {
    let world = World::new().await;
    let row = later(&json!({
        "status": "completed", "version": 4, "updatedAt": "2025-11-17T10:30:09.000Z",
        "inventory": "reserved", "inventoryVersion": 1,
        "payment": "completed", "paymentVersion": 1, "paymentId": "pi_1",
        "shipping": "created", "shippingVersion": 1, "carrier": "UPS", "trackingNumber": "1Z1",
        "orderReceivedMail": "sent", "orderReceivedVersion": 1,
        "paymentReceivedMail": "failed", "paymentReceivedVersion": 1,
        "orderShippedMail": "sent", "orderShippedVersion": 1,
    }));
    world.project(&row).await;
    let view = world.ask(&detail("order-123")).await.ok();
    assert_eq!((&view["status"], &view["version"]), (&json!("completed"), &json!(4)));
    assert_eq!(view["inventory"], json!({ "status": "reserved" }));
    assert_eq!(view["payment"], json!({ "status": "completed", "paymentId": "pi_1" }));
    let shipping = json!({ "status": "created", "carrier": "UPS", "trackingNumber": "1Z1" });
    assert_eq!(view["shipping"], shipping);
    let notifications =
        json!({ "orderReceived": "sent", "paymentReceived": "failed", "orderShipped": "sent" });
    assert_eq!(view["notifications"], notifications);
    let text = view.to_string();
    for inner in ["placedAt", "userId", "inventoryVersion"] {
        assert!(!text.contains(inner), "{inner} is internal");
    }
}

#[tokio::test]
async fn a_cancelled_order_shows_why_and_what_was_undone() {
    let world = World::new().await;
    let shortages = json!([{ "productId": "prod-001", "requested": 2, "available": 1 }]);
    let row = later(&json!({
        "status": "cancelled", "version": 2, "cancelReason": "shippingFailed",
        "inventory": "unavailable", "inventoryVersion": 1, "shortages": shortages,
        "payment": "refunded", "paymentVersion": 2, "refundId": "re_1",
        "paymentFailure": "declined at first",
        "shipping": "failed", "shippingVersion": 1, "shippingFailure": "no caller there",
        "orderCancelledMail": "sent", "orderCancelledVersion": 1,
    }));
    world.project(&row).await;
    let view = world.ask(&detail("order-123")).await.ok();
    assert_eq!(view["cancelReason"], "shippingFailed");
    assert_eq!(view["inventory"], json!({ "status": "unavailable", "shortages": shortages }));
    let payment =
        json!({ "status": "refunded", "refundId": "re_1", "reason": "declined at first" });
    assert_eq!(view["payment"], payment);
    assert_eq!(view["shipping"], json!({ "status": "failed", "reason": "no caller there" }));
    assert_eq!(view["notifications"], json!({ "orderCancelled": "sent" }));
}

#[tokio::test]
async fn an_order_that_took_too_long_shows_what_it_waited_for() {
    let world = World::new().await;
    let late = json!({ "status": "cancelled", "cancelReason": "timedOut", "awaited": "payment" });
    world.project(&later(&late)).await;
    let view = world.ask(&detail("order-123")).await.ok();
    assert_eq!((&view["cancelReason"], &view["awaited"]), (&json!("timedOut"), &json!("payment")));
}

#[tokio::test]
async fn a_review_is_shown_to_the_customer_without_its_reason() {
    let world = World::new().await;
    let mut row = later(&json!({ "status": "cancelled", "paymentId": "pi_1" }));
    for service in ["payment", "shipping"] {
        abandon(&mut row, service, AT);
    }
    world.project(&row).await;
    let view = world.ask(&detail("order-123")).await.ok();
    let payment = json!({ "status": "beingLookedInto", "paymentId": "pi_1" });
    assert_eq!(view["payment"], payment);
    assert_eq!(view["shipping"], json!({ "status": "beingLookedInto" }));
    let text = view.to_string();
    for inner in ["eview", "503", "ttempts"] {
        assert!(!text.contains(inner), "{inner} is the operators' business: {text}");
    }
}

#[tokio::test]
async fn an_order_that_is_not_projected_yet_is_being_processed() {
    let world = World::new().await;
    world.place("order-123", USER).await;
    let early = json!({ "orderId": "order-123", "inventory": "reserved", "inventoryVersion": 1 });
    for row in [None, Some(early)] {
        if let Some(row) = row {
            world.project(&row).await;
        }
        let answer = world.ask(&detail("order-123")).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        assert_eq!(answer.headers["retry-after"], "1");
        assert_eq!(answer.headers["location"], "/orders/order-123");
        assert_eq!(answer.body, json!({ "orderId": "order-123", "status": "processing" }));
        assert_eq!(world.ask(&detail("order-123").of(OTHER_USER)).await.problem(404), None);
    }
}

#[tokio::test]
async fn an_order_whose_row_is_lost_is_shown_from_its_events() {
    let world = World::new().await.aged(time::Duration::minutes(3));
    world.place("order-123", USER).await;
    let answer = world.ask(&detail("order-123")).await.ok();
    let unknown = json!({ "status": "unknown" });
    let items = [("prod-001", 2, 2999), ("prod-002", 1, 4999)].map(|(product, quantity, cents)| {
        json!({ "productId": product, "quantity": quantity, "unitPrice": Money::usd(cents) })
    });
    let expected = json!({
        "isPartial": true, "orderId": "order-123", "status": "paid", "version": 2, "items": items,
        "total": { "amount": 10_997, "currency": "USD" }, "createdAt": AT, "updatedAt": AT,
        "correlationId": answer["correlationId"], "inventory": unknown,
        "payment": { "status": "unknown", "paymentId": "pi_1" },
        "shipping": unknown, "notifications": unknown,
    });
    assert_eq!(answer, expected);
    assert_eq!(world.ask(&detail("order-123").of(OTHER_USER)).await.problem(404), None);
    // Once the row is there again, it is what is shown.
    world.project(&created("order-123", USER, AT)).await;
    let answer = world.ask(&detail("order-123")).await.ok();
    assert_eq!((&answer["status"], &answer["isPartial"]), (&json!("created"), &Value::Null));
}

#[tokio::test]
async fn a_lost_row_is_written_again_by_the_projector_when_it_is_asked_for() {
    let world = World::new().await.aged(time::Duration::minutes(3));
    world.place("order-123", USER).await;
    assert_eq!(world.ask(&list()).await.ok()["orders"], json!([]));
    // A customer who may not see it repairs nothing.
    world.ask(&detail("order-123").of(OTHER_USER)).await.problem(404);
    assert!(world.repairs().is_empty());
    let partial = world.ask(&detail("order-123")).await.ok();
    world.ask(&detail("order-123")).await.ok();
    let handled = [Done::Handled, Done::Duplicate].map(End::Done);
    assert_eq!(world.project_repairs().await, handled, "asked twice, repaired once");
    let mut whole = world.ask(&detail("order-123")).await.ok();
    assert_eq!(whole["isPartial"], Value::Null);
    for part in ["inventory", "payment", "shipping", "notifications"] {
        whole[part] = partial[part].clone();
    }
    whole["isPartial"] = true.into();
    assert_eq!(whole, partial, "the same of the order itself");
    assert_eq!(world.ask(&list()).await.ok()["orders"][0]["orderId"], "order-123");
    assert_eq!(world.repairs().len(), 2, "what is there is not repaired");
}

#[tokio::test]
async fn without_the_projectors_queue_a_lost_order_is_shown_all_the_same() {
    let world = World::new().await.aged(time::Duration::minutes(3));
    world.place("order-123", USER).await;
    world.lose_queue();
    assert_eq!(world.ask(&detail("order-123")).await.ok()["isPartial"], true);
}

#[tokio::test]
async fn another_customers_order_is_answered_like_none() {
    let world = World::new().await;
    world.project(&created("order-123", USER, AT)).await;
    world.place("order-123", USER).await;
    let others = world.ask(&detail("order-123").of(OTHER_USER)).await;
    let unknown = world.ask(&detail("order-124")).await;
    assert_eq!((others.problem(404), unknown.problem(404)), (None, None));
    let text = unknown.body.to_string().replace("order-124", "order-123");
    assert_eq!(others.body.to_string(), text);
}

#[tokio::test]
async fn events_of_other_services_do_not_make_an_order() {
    let world = World::new().await;
    let row = json!({ "orderId": "order-123", "payment": "completed", "paymentVersion": 1 });
    world.project(&row).await;
    assert_eq!(world.ask(&detail("order-123")).await.problem(404), None);
}
