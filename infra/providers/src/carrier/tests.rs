use reqwest::{Client, RequestBuilder};

use super::*;
use crate::testing::{client, persist, read, serve};

struct Post {
    carrier: Carrier,
    base: String,
    client: Client,
}

impl Post {
    async fn start() -> Self {
        let carrier = Carrier::default();
        Self { base: serve(carrier.router()).await, carrier, client: client() }
    }

    fn ship(&self, order: &str, address: &str, key: &str) -> RequestBuilder {
        let lines = json!([{"productId": "prod-001", "quantity": 2}]);
        let body = json!({"reference": order, "addressId": address, "lines": lines});
        let request = self.client.post(format!("{}/v1/shipments", self.base)).json(&body);
        request.bearer_auth("key").header("Idempotency-Key", key)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let request = self.client.get(format!("{}{path}", self.base)).bearer_auth("key");
        read(request.send().await.unwrap()).await
    }

    async fn void(&self, id: &str) -> (u16, Value) {
        let request = self.client.delete(format!("{}/v1/shipments/{id}", self.base));
        read(request.bearer_auth("key").send().await.unwrap()).await
    }
}

#[tokio::test]
async fn a_shipment_is_created_once_per_key() {
    let post = Post::start().await;
    let (status, shipment) = read(post.ship("order-1", "addr_1", "k").send().await.unwrap()).await;
    assert_eq!((status, &shipment["status"]), (201, &json!("created")));
    assert_eq!((&shipment["reference"], &shipment["carrier"]), (&json!("order-1"), &json!("UPS")));
    let tracking = shipment["trackingNumber"].as_str().unwrap();
    assert!(tracking.starts_with("1Z") && tracking.len() == 18, "{tracking}");
    let again = post.ship("order-1", "addr_1", "k").send().await.unwrap();
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(read(again).await, (201, shipment.clone()));
    let (status, other) = read(post.ship("order-2", "addr_1", "k").send().await.unwrap()).await;
    assert_eq!((status, &other["code"]), (422, &json!("idempotency_key_reused")));
    assert_eq!(json!(post.carrier.shipments()), json!([shipment]));
    assert_eq!(post.get("/_sandbox/ledger").await, (200, json!([shipment])));
}

#[tokio::test]
async fn shipments_are_found_by_id_and_by_reference() {
    let post = Post::start().await;
    let (_, shipment) = read(post.ship("order-1", "addr_1", "k1").send().await.unwrap()).await;
    post.ship("order-2", "addr_1", "k2").send().await.unwrap();
    let id = shipment["id"].as_str().unwrap();
    assert_eq!(post.get(&format!("/v1/shipments/{id}")).await, (200, shipment.clone()));
    let found = post.get("/v1/shipments?reference=order-1").await;
    assert_eq!(found, (200, json!({"shipments": [shipment]})));
    let none = post.get("/v1/shipments?reference=order-9").await;
    assert_eq!(none, (200, json!({"shipments": []})));
    assert_eq!(post.get("/v1/shipments/shp_none").await.0, 404);
}

#[tokio::test]
async fn a_void_is_idempotent_and_stays_in_the_ledger() {
    let post = Post::start().await;
    let (_, shipment) = read(post.ship("order-1", "addr_1", "k").send().await.unwrap()).await;
    let id = shipment["id"].as_str().unwrap();
    post.carrier.script("void:order-1", Outcome::Down(1));
    assert_eq!(post.void(id).await.0, 503);
    assert_eq!(post.carrier.shipments()[0].status, ShipmentStatus::Created);
    for _ in 0..2 {
        let (status, voided) = post.void(id).await;
        assert_eq!((status, &voided["status"]), (200, &json!("voided")));
    }
    assert_eq!(post.carrier.shipments()[0].status, ShipmentStatus::Voided);
    assert_eq!(post.void("shp_none").await.0, 404);
}

#[tokio::test]
async fn what_cannot_be_shipped_is_refused() {
    let post = Post::start().await;
    post.carrier.script("order-2", Outcome::Decline);
    for (order, address) in
        [("order-1", "addr_undeliverable"), ("order-2", "addr_1"), ("order-3", "addr_1_decline")]
    {
        let (status, body) = read(post.ship(order, address, order).send().await.unwrap()).await;
        assert_eq!((status, &body["code"]), (422, &json!("address_undeliverable")), "{order}");
    }
    let url = format!("{}/v1/shipments", post.base);
    let send = async |body: &str| {
        let request = post.client.post(&url).bearer_auth("key").header("Idempotency-Key", "k");
        read(request.body(body.to_owned()).send().await.unwrap()).await
    };
    for (field, body) in [
        ("body", "{"),
        ("reference", r#"{"addressId": "a"}"#),
        ("addressId", r#"{"reference": "o", "addressId": ""}"#),
        ("lines", r#"{"reference": "o", "addressId": "a", "lines": []}"#),
    ] {
        let (status, refused) = send(body).await;
        assert_eq!((status, &refused["code"]), (400, &json!("invalid_request")));
        assert!(refused["message"].as_str().unwrap().starts_with(field), "{refused}");
    }
    let anonymous = post.client.post(&url).body("{}").send().await.unwrap();
    assert_eq!(anonymous.status(), 401);
    let keyless = post.client.post(&url).bearer_auth("key").body("{}").send().await.unwrap();
    assert_eq!(read(keyless).await.1["code"], "idempotency_key_missing");
    assert_eq!(post.carrier.shipments(), []);
}

#[tokio::test]
async fn a_shipment_whose_answer_got_lost_exists_once() {
    let post = Post::start().await;
    post.carrier.script("order-1", "timeout".parse().unwrap());
    for (order, address) in [("order-1", "addr_1"), ("order-2", "addr_2_timeout")] {
        let answer = persist(|| post.ship(order, address, order)).await;
        assert_eq!(answer.status(), 201);
    }
    let references: Vec<_> = post.carrier.shipments().into_iter().map(|it| it.reference).collect();
    assert_eq!(references, ["order-1", "order-2"]);
}

#[tokio::test]
async fn a_carrier_that_is_down_creates_nothing() {
    let post = Post::start().await;
    for status in [503, 503, 201] {
        let answer = post.ship("order-1", "addr_1_down_2", "k").send().await.unwrap();
        assert_eq!(answer.status(), status);
    }
    let answer = post.ship("order-2", "addr_1_slow_20", "k2").send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(post.carrier.shipments().len(), 2);
}
