//! What a row shows of its order.

use catalogue::Event;
use event_envelope::{Delivery, FromEnvelope};
use runtime::Done;
use serde_json::json;
use testkit::Harness;

use crate::{
    order::{
        ORDER, created, everything, five, happy, mails, no_payment, no_stock, payment, seven,
        shipment, stock, stuck_payment, stuck_shipment,
    },
    world::{Row, World, fold, versions},
};

#[tokio::test]
async fn an_order_that_goes_well_is_shown_whole() {
    let world = World::new().await;
    world.deliver_all(&happy()).await;
    world.deliver_all(&[&stock()[..1], &payment()[..1], &shipment()[..1], &mails()].concat()).await;
    let expected = json!({
        "orderId": "order-123", "userId": "user-456", "status": "completed", "version": 4,
        "correlationId": created(ORDER).envelope.correlation_id,
        "createdAt": "2025-11-17T10:30:01.250Z", "updatedAt": "2025-11-17T10:30:04.250Z",
        "placedAt": "2025-11-17T10:30:01.250Z#order-123",
        "items": [
            {
                "productId": "prod-001", "quantity": 2,
                "unitPrice": { "amount": 2999, "currency": "USD" },
            },
            {
                "productId": "prod-002", "quantity": 1,
                "unitPrice": { "amount": 4999, "currency": "USD" },
            },
        ],
        "total": { "amount": 10_997, "currency": "USD" },
        "paymentId": "pi_1", "carrier": "Local Parcel", "trackingNumber": "LP123456789",
        "inventory": "reserved", "inventoryVersion": 1,
        "payment": "completed", "paymentVersion": 1,
        "shipping": "created", "shippingVersion": 1,
        "orderReceivedMail": "sent", "orderReceivedVersion": 1,
        "paymentReceivedMail": "failed", "paymentReceivedVersion": 2,
        "orderShippedMail": "sent", "orderShippedVersion": 3,
        "orderCancelledMail": "failed", "orderCancelledVersion": 4,
    });
    assert_eq!(world.row().await, expected);
}

#[tokio::test]
async fn what_failed_is_shown_with_its_reason() {
    let world = World::new().await;
    world.deliver_all(&five()).await;
    world.deliver_all(&[vec![no_stock(), no_payment()], shipment()].concat()).await;
    let row = world.row().await;
    assert_eq!(
        (&row["status"], &row["cancelReason"]),
        (&json!("cancelled"), &json!("shippingFailed"))
    );
    assert_eq!(row["inventory"], "unavailable");
    let shortage = json!([{ "productId": "prod-002", "requested": 6, "available": 5 }]);
    assert_eq!(row["shortages"], shortage);
    assert_eq!(row["paymentFailure"], "Your card was declined.");
    assert_eq!(row["shippingFailure"], "the parcel is lost");
}

#[tokio::test]
async fn what_took_too_long_is_shown() {
    let world = World::new().await;
    world.deliver_all(&seven()).await;
    let row = world.row().await;
    assert_eq!((&row["awaited"], &row["version"]), (&json!("shipment"), &json!(7)));
    assert_eq!(row["updatedAt"], "2025-11-17T10:30:07.250Z");
}

#[tokio::test]
async fn a_review_is_shown_until_its_service_publishes_another_event() {
    let world = World::new().await;
    world.deliver_all(&payment()[..2]).await;
    let stuck = json!({
        "orderId": "order-123", "payment": "needsReview", "paymentVersion": 2,
        "paymentReview": "open", "paymentReviewSince": "2025-11-17T10:30:02.250Z#order-123",
        "paymentReviewStep": "refund", "paymentReviewAttempts": 8,
        "paymentReviewReason": "the provider answers 503",
    });
    assert_eq!(world.row().await, stuck);
    world.deliver(&payment()[2]).await.unwrap();
    let settled = json!({
        "orderId": "order-123", "payment": "refunded", "paymentVersion": 3, "refundId": "re_1",
    });
    assert_eq!(world.row().await, settled);
    // It was late, and is over.
    assert_eq!(world.deliver(&payment()[1]).await.unwrap(), Done::Duplicate);
    assert_eq!(world.row().await, settled);
}

#[tokio::test]
async fn however_a_step_ends_its_review_is_closed_and_a_resume_closes_none() {
    let ends = [payment()[0].clone(), no_payment(), payment()[2].clone(), shipment()[2].clone()];
    for end in ends {
        let world = World::new().await;
        world.store(&seven()).await;
        world.deliver_all(&[stuck_payment(1), stuck_shipment(1)]).await;
        // The last of them resumes the order.
        world.deliver_all(&seven()).await;
        let row = world.row().await;
        assert_eq!(
            (&row["paymentReview"], &row["shippingReview"]),
            (&json!("open"), &json!("open"))
        );
        let mut ended = end.clone();
        let event = end.event.entry().event_type;
        ended.envelope.sequence_number = 2;
        world.deliver(&ended).await.unwrap();
        let row = world.row().await;
        let closed = ["paymentReview", "shippingReview"].map(|it| row.get(it).is_none());
        assert_eq!(closed, [event != "ShippingFailed", event == "ShippingFailed"], "{event}");
    }
}

#[tokio::test]
async fn services_wait_for_a_person_each_for_itself() {
    let world = World::new().await;
    world.deliver_all(&[stuck_payment(1), stuck_shipment(1)]).await;
    world.deliver(&shipment()[2]).await.unwrap();
    let row = world.row().await;
    assert_eq!((&row["payment"], &row["shipping"]), (&json!("needsReview"), &json!("failed")));
    assert_eq!((&row["paymentReview"], row.get("shippingReview")), (&json!("open"), None));
}

#[tokio::test]
async fn an_event_that_comes_twice_changes_nothing() {
    let world = World::new().await;
    for delivery in &everything() {
        assert_eq!(world.deliver(delivery).await.unwrap(), Done::Handled);
        let row = world.row().await;
        assert_eq!(world.deliver(delivery).await.unwrap(), Done::Duplicate);
        assert_eq!(world.row().await, row);
    }
    assert_eq!(world.row().await, fold(&everything()));
}

#[tokio::test]
async fn what_is_missing_is_pulled_from_the_event_store() {
    let world = World::new().await;
    let history = happy();
    world.store(&history[..3]).await;
    assert_eq!(world.deliver(&history[0]).await.unwrap(), Done::Handled);
    assert_eq!(world.deliver(&history[2]).await.unwrap(), Done::Handled);
    assert_eq!(world.row().await, fold(&history[..3]));
    assert_eq!(world.deliver(&history[1]).await.unwrap(), Done::Duplicate);
    assert_eq!(world.row().await, fold(&history[..3]));
}

#[tokio::test]
async fn what_is_missing_is_pulled_over_many_pages() {
    let world = World::new().await;
    // Ten events of a hundred kilobytes: a page of a query has one megabyte at most.
    let long = |sequence| {
        let mut delivery = created(ORDER);
        delivery.envelope.sequence_number = sequence;
        delivery.envelope.data["paymentMethodId"] = "x".repeat(100 * 1024).into();
        delivery
    };
    let history: Vec<_> = (1..=20).map(long).collect();
    world.store(&history).await;
    assert_eq!(world.deliver(&history[19]).await.unwrap(), Done::Handled);
    assert_eq!(world.row().await["version"], 20);
}

#[tokio::test]
async fn an_event_before_its_predecessors_waits_for_them() {
    let world = World::new().await;
    let history = happy();
    let failure = world.deliver(&history[2]).await.unwrap_err();
    assert!(failure.is_retry(), "{failure}");
    assert_eq!(world.row().await, Row::Null);
    world.store(&history[..3]).await;
    world.deliver(&history[2]).await.unwrap();
    assert_eq!(world.row().await, fold(&history[..3]));
}

#[tokio::test]
async fn an_event_that_the_store_has_lost_is_not_lost_to_the_row() {
    let world = World::new().await;
    let history = happy();
    // As after a restore from a backup: the bus is ahead of the store.
    world.store(&history[..2]).await;
    assert_eq!(world.deliver(&history[2]).await.unwrap(), Done::Handled);
    assert_eq!(world.row().await, fold(&history[..3]));
}

#[tokio::test]
async fn an_event_far_beyond_the_store_waits() {
    let world = World::new().await;
    let history = happy();
    world.store(&history[..1]).await;
    let failure = world.deliver(&history[3]).await.unwrap_err();
    assert!(failure.is_retry(), "{failure}");
    assert_eq!(versions(&world.row().await)[0], 1, "what could be pulled is there");
    world.deliver_all(&history[1..]).await;
    assert_eq!(world.row().await, fold(&history));
}

#[tokio::test]
async fn sections_are_independent() {
    let everything = everything();
    let sections = [stock(), payment(), shipment(), mails()];
    for section in sections {
        let world = World::new().await;
        let others: Vec<_> = everything.iter().filter(|it| !section.contains(it)).collect();
        for delivery in &others {
            world.deliver(delivery).await.unwrap();
        }
        assert_eq!(world.row().await, fold(others));
        world.deliver_all(&section).await;
        assert_eq!(world.row().await, fold(&everything));
    }
}

#[tokio::test]
async fn an_order_that_is_not_known_yet_has_no_owner() {
    let world = World::new().await;
    world.deliver_all(&payment()[..1]).await;
    let early = json!({ "orderId": ORDER, "payment": "completed", "paymentVersion": 1 });
    assert_eq!(world.row().await, early);
    assert_eq!(world.orders_of("user-456").await, [] as [Row; 0]);

    world.deliver(&created(ORDER)).await.unwrap();
    assert_eq!(world.row().await, fold(&[created(ORDER), payment()[0].clone()]));
    let [listed] = world.orders_of("user-456").await.try_into().unwrap();
    assert_eq!((&listed["orderId"], &listed["status"]), (&json!(ORDER), &json!("created")));
    assert_eq!(listed["total"], json!({ "amount": 10_997, "currency": "USD" }));
    assert_eq!(listed.get("payment"), None, "the list has what a list shows");
}

#[tokio::test]
async fn a_customers_orders_are_listed_by_time() {
    let world = World::new().await;
    for (order, millis) in [("order-b", 500), ("order-c", 0), ("order-a", 90)] {
        let mut delivery = created(order);
        let at = delivery.envelope.timestamp;
        delivery.envelope.timestamp = at.replace_millisecond(millis).unwrap();
        world.deliver(&delivery).await.unwrap();
    }
    let listed = world.orders_of("user-456").await;
    let ids: Vec<_> = listed.iter().map(|it| it["orderId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["order-b", "order-a", "order-c"]);
}

#[tokio::test]
async fn a_row_is_rebuilt_from_nothing() {
    let world = World::new().await;
    world.store(&seven()).await;
    world.deliver_all(&everything()).await;
    let row = world.row().await;
    world.forget().await;
    assert_eq!(world.row().await, Row::Null);

    let stream = world.stream().await.into_iter().map(|envelope| {
        let event = Event::from_envelope(&envelope).unwrap();
        Delivery { envelope, event, replay: Some("rebuild".into()) }
    });
    world.deliver_all(&stream.collect::<Vec<_>>()).await;
    world.deliver_all(&[stock(), payment(), shipment(), mails()].concat()).await;
    assert_eq!(world.row().await, row);
}

#[tokio::test]
async fn the_last_event_alone_rebuilds_the_order() {
    let world = World::new().await;
    world.store(&five()).await;
    world.deliver(&five()[4]).await.unwrap();
    assert_eq!(world.row().await, fold(&five()));
}

#[tokio::test]
async fn a_stream_with_a_gap_is_dead_lettered_rather_than_guessed_at() {
    let world = World::new().await;
    let history = happy();
    world.store(&[history[0].clone(), history[2].clone()]).await;
    let failure = world.deliver(&history[2]).await.unwrap_err();
    assert!(!failure.is_retry(), "{failure}");
    assert_eq!(world.row().await, Row::Null);
}

#[tokio::test]
async fn rows_of_orders_do_not_touch() {
    let world = World::new().await;
    world.deliver(&created(ORDER)).await.unwrap();
    world.deliver(&created("order-124")).await.unwrap();
    assert_eq!(world.row().await, fold(&[created(ORDER)]));
    assert_eq!(world.orders_of("user-456").await.len(), 2);
}
