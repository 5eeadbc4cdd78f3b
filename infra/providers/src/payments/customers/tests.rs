use serde_json::{Value, json};

use super::super::tests::Gateway;
use crate::{Payments, testing::read};

impl Gateway {
    async fn posted(&self, path: &str, form: &[(&str, &str)], key: &str) -> (u16, Value) {
        let request = self.post(path, form).header("Idempotency-Key", key);
        read(request.send().await.unwrap()).await
    }

    /// The id of the customer that we call `name`.
    async fn enrolled(&self, name: &str) -> String {
        let form = [("metadata[customer_id]", name)];
        let (status, customer) = self.posted("/v1/customers", &form, name).await;
        assert_eq!(status, 200, "{customer}");
        customer["id"].as_str().unwrap().to_owned()
    }

    async fn pays(&self, customer: &str, method: &str) -> (u16, Value) {
        let mut form = vec![("amount", "500"), ("currency", "usd"), ("confirm", "true")];
        form.extend([("customer", customer), ("payment_method", method)]);
        self.posted("/v1/payment_intents", &form, &format!("{customer}-{method}")).await
    }

    async fn saved(&self, customer: &str) -> Vec<String> {
        let (_, list) = self.get(&format!("/v1/customers/{customer}/payment_methods")).await;
        let ids = list["data"].as_array().unwrap().iter();
        ids.map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_customer_is_created_once_and_found_by_the_name_it_has_with_us() {
    let gateway = Gateway::start().await;
    let ann = gateway.enrolled("ann").await;
    assert_eq!(gateway.enrolled("ann").await, ann);
    gateway.enrolled("bob").await;
    assert_eq!(gateway.payments.customers(), 2);
    let query = "/v1/customers/search?query=metadata['customer_id']:'ann'";
    let (_, found) = gateway.get(query).await;
    assert_eq!((&found["data"][0]["id"], &found["data"][1]), (&json!(ann), &Value::Null));
    assert_eq!(gateway.get(&format!("/v1/customers/{ann}")).await.1["object"], "customer");
    let (status, refused) = gateway.get("/v1/customers/cus_none").await;
    assert_eq!((status, &refused["error"]["code"]), (404, &json!("resource_missing")));
}

#[tokio::test]
async fn a_customer_who_does_not_exist_is_charged_nothing() {
    let gateway = Gateway::start().await;
    let (status, refused) = gateway.pays("user-456", "pm_card_visa").await;
    assert_eq!(status, 400);
    assert_eq!(refused["error"]["code"], "resource_missing");
    assert_eq!(refused["error"]["param"], "customer");
    assert_eq!(gateway.payments.ledger(), []);
}

#[tokio::test]
async fn a_saved_card_pays_for_its_customer_alone() {
    let gateway = Gateway::start().await;
    let (ann, bob) = (gateway.enrolled("ann").await, gateway.enrolled("bob").await);
    assert_eq!(gateway.saved(&ann).await, [] as [&str; 0]);
    let (status, none) = gateway.pays(&ann, "").await;
    assert_eq!(status, 400);
    assert_eq!(none["error"]["code"], "payment_intent_unexpected_state");

    let form = [("customer", ann.as_str())];
    let path = "/v1/payment_methods/pm_card_mastercard/attach";
    let (_, card) = gateway.posted(path, &form, "attach").await;
    let card = card["id"].as_str().unwrap();
    assert_eq!(gateway.saved(&ann).await, [card]);
    assert_eq!(gateway.get(&format!("/v1/payment_methods/{card}")).await.1["customer"], *ann);
    let (status, intent) = gateway.pays(&ann, card).await;
    assert_eq!((status, &intent["payment_method"]), (200, &json!(card)));
    assert_eq!(gateway.pays(&bob, card).await.0, 400);
    assert_eq!(gateway.payments.ledger().len(), 1);
}

#[tokio::test]
async fn where_customers_have_cards_a_new_one_has_one() {
    let gateway = Gateway::of(Payments::default().with_saved_cards()).await;
    let ann = gateway.enrolled("ann").await;
    let saved = gateway.saved(&ann).await;
    assert_eq!(saved.len(), 1);
    assert_eq!(gateway.pays(&ann, &saved[0]).await.0, 200);
}
