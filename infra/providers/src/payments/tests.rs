use std::sync::atomic::Ordering;

use axum::{body::Body, http::Request};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::testing::{client, manual_clock, persist, read, serve};

pub(super) struct Gateway {
    pub(super) payments: Payments,
    base: String,
    client: Client,
}

impl Gateway {
    pub(super) async fn start() -> Self {
        Self::of(Payments::default()).await
    }

    pub(super) async fn of(payments: Payments) -> Self {
        Self { base: serve(payments.router()).await, payments, client: client() }
    }

    pub(super) fn post(&self, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let url = format!("{}{path}", self.base);
        self.client.post(url).bearer_auth("sk_test_1").form(form)
    }

    /// A confirmed intent of 109.97 for `order`.
    fn charge(&self, order: &str, token: &str, key: &str) -> RequestBuilder {
        let mut form = vec![
            ("amount", "10997"),
            ("currency", "USD"),
            ("confirm", "true"),
            ("metadata[order_id]", order),
        ];
        if !token.is_empty() {
            form.push(("payment_method", token));
        }
        self.post("/v1/payment_intents", &form).header("Idempotency-Key", key)
    }

    async fn charged(&self, order: &str) -> String {
        let (status, intent) =
            read(self.charge(order, "pm_card_visa", order).send().await.unwrap()).await;
        assert_eq!(status, 200);
        intent["id"].as_str().unwrap().to_owned()
    }

    fn refund(&self, intent: &str, amount: &str, key: &str) -> RequestBuilder {
        let form = [("payment_intent", intent), ("amount", amount)];
        self.post("/v1/refunds", &form).header("Idempotency-Key", key)
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        let request = self.client.get(format!("{}{path}", self.base)).bearer_auth("sk_test_1");
        read(request.send().await.unwrap()).await
    }

    fn moved(&self) -> Vec<(EntryKind, u64)> {
        self.payments.ledger().iter().map(|entry| (entry.kind, entry.amount)).collect()
    }
}

const CAPTURED: (EntryKind, u64) = (EntryKind::Capture, 10997);

#[tokio::test]
async fn a_confirmed_intent_is_captured_and_found_again() {
    let gateway = Gateway::start().await;
    let request = gateway.charge("order-1", "pm_card_mastercard", "k");
    let (status, intent) = read(request.send().await.unwrap()).await;
    assert_eq!(status, 200);
    assert_eq!(intent["object"], "payment_intent");
    assert_eq!(intent["status"], "succeeded");
    assert_eq!((&intent["amount"], &intent["amount_received"]), (&json!(10997), &json!(10997)));
    assert_eq!(intent["currency"], "usd");
    assert_eq!(intent["payment_method"], "pm_card_mastercard");
    assert_eq!(intent["metadata"], json!({"order_id": "order-1"}));
    assert!(intent["latest_charge"].as_str().unwrap().starts_with("ch_"));
    let id = intent["id"].as_str().unwrap();
    assert!(id.starts_with("pi_"));
    assert_eq!(gateway.get(&format!("/v1/payment_intents/{id}")).await, (200, intent.clone()));
    assert_eq!(gateway.moved(), [CAPTURED]);
    assert_eq!(gateway.payments.ledger()[0].order_id.as_deref(), Some("order-1"));
    let (_, ledger) = gateway.get("/_sandbox/ledger").await;
    assert_eq!(ledger[0]["kind"], "capture");
    assert_eq!(ledger[0]["payment_intent"], id);
    let (status, missing) = gateway.get("/v1/payment_intents/pi_none").await;
    assert_eq!((status, &missing["error"]["code"]), (404, &json!("resource_missing")));
}

#[tokio::test]
async fn an_intent_is_found_by_its_order() {
    let gateway = Gateway::start().await;
    gateway.charged("order-1").await;
    let second = gateway.charged("order-2").await;
    let search = async |query: &str| {
        let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        gateway.get(&format!("/v1/payment_intents/search?query={query}")).await
    };
    let (_, found) = search("metadata['order_id']:'order-2' AND status:'succeeded'").await;
    assert_eq!(found["object"], "search_result");
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(found["data"][0]["id"], second.as_str());
    assert_eq!(search("metadata['order_id']:'none'").await.1["data"], json!([]));
    let (status, refused) = search("order-2").await;
    assert_eq!((status, &refused["error"]["param"]), (400, &json!("query")));
}

#[tokio::test]
async fn a_declined_card_is_a_402_with_the_intent_inside() {
    let gateway = Gateway::start().await;
    gateway.payments.script("order-3", Outcome::Decline);
    for (order, token, decline_code) in [
        ("order-1", "pm_card_chargeDeclined", "generic_decline"),
        ("order-2", "pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("order-3", "pm_card_visa", "generic_decline"),
        ("order-4", "pm_card_visa_decline", "generic_decline"),
    ] {
        let request = || gateway.charge(order, token, order);
        let (status, body) = read(request().send().await.unwrap()).await;
        let error = &body["error"];
        assert_eq!((status, &error["type"]), (402, &json!("card_error")));
        assert_eq!(error["code"], "card_declined");
        assert_eq!(error["decline_code"], decline_code);
        assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
        assert_eq!(error["payment_intent"]["amount_received"], 0);
        let again = request().send().await.unwrap();
        assert_eq!(again.headers()["idempotent-replayed"], "true");
        assert_eq!(read(again).await, (402, body));
    }
    assert_eq!(gateway.moved(), []);
}

#[tokio::test]
async fn what_is_malformed_is_refused_by_its_parameter_and_not_remembered() {
    let gateway = Gateway::start().await;
    let valid = [
        ("amount", "100"),
        ("currency", "usd"),
        ("confirm", "true"),
        ("payment_method", "pm_card_visa"),
    ];
    let with = |name: &'static str, value: &'static str| {
        let mut form: Vec<_> = valid.into_iter().filter(|(it, _)| *it != name).collect();
        form.push((name, value));
        form
    };
    for (param, code, form) in [
        ("amount", "parameter_missing", with("amount", "")),
        ("amount", "parameter_invalid_integer", with("amount", "1.5")),
        ("amount", "parameter_invalid_integer", with("amount", "0")),
        ("amount", "parameter_invalid_integer", with("amount", "100000000")),
        ("currency", "parameter_missing", with("currency", "")),
        ("currency", "", with("currency", "dollars")),
        ("confirm", "", with("confirm", "yes")),
        ("payment_method", "resource_missing", with("payment_method", "pm_none")),
        ("colour", "parameter_unknown", with("colour", "red")),
    ] {
        let request = gateway.post("/v1/payment_intents", &form).header("Idempotency-Key", "k");
        let (status, body) = read(request.send().await.unwrap()).await;
        assert_eq!((status, &body["error"]["type"]), (400, &json!("invalid_request_error")));
        assert_eq!(body["error"]["param"], param, "{body}");
        assert_eq!(body["error"]["code"].as_str().unwrap_or_default(), code, "{body}");
    }
    let request = gateway.post("/v1/payment_intents", &valid).header("Idempotency-Key", "k");
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn callers_without_a_secret_key_are_refused() {
    let gateway = Gateway::start().await;
    let url = format!("{}/v1/payment_intents/pi_1", gateway.base);
    let anonymous = gateway.client.get(&url);
    let publishable = gateway.client.get(&url).bearer_auth("pk_test_verysecret");
    for request in [anonymous, publishable] {
        let (status, body) = read(request.send().await.unwrap()).await;
        assert_eq!((status, &body["error"]["type"]), (401, &json!("invalid_request_error")));
        assert!(!body.to_string().contains("verysecret"));
    }
    assert_eq!(gateway.get("/v1/payouts").await.0, 404);
}

#[tokio::test]
async fn a_key_has_one_charge_for_a_day_and_another_one_after() {
    let (clock, hand) = manual_clock();
    let gateway = Gateway::of(Payments::new(clock, KEY_TIME_TO_LIVE)).await;
    let first = gateway.charge("order-1", "pm_card_visa", "k").send().await.unwrap();
    assert!(!first.headers().contains_key("idempotent-replayed"));
    let first = read(first).await;
    hand.fetch_add(24 * 3600 - 1, Ordering::Relaxed);
    let again = gateway.charge("order-1", "pm_card_visa", "k").send().await.unwrap();
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(read(again).await, first);
    let (status, other) =
        read(gateway.charge("order-2", "pm_card_visa", "k").send().await.unwrap()).await;
    assert_eq!((status, &other["error"]["type"]), (400, &json!("idempotency_error")));
    let intent = first.1["id"].as_str().unwrap();
    let other_endpoint = gateway.refund(intent, "1", "k").send().await.unwrap();
    assert_eq!(read(other_endpoint).await.1["error"]["type"], "idempotency_error");
    assert_eq!(gateway.moved(), [CAPTURED]);
    hand.fetch_add(1, Ordering::Relaxed);
    assert_eq!(gateway.charge("order-1", "pm_card_visa", "k").send().await.unwrap().status(), 200);
    assert_eq!(gateway.moved(), [CAPTURED, CAPTURED]);
}

#[tokio::test]
async fn two_requests_with_one_key_at_a_time_are_a_conflict() {
    let payments = Payments::default();
    payments.script("*", Outcome::Slow(std::time::Duration::from_millis(20)));
    let request = || {
        let request = Request::post("/v1/payment_intents")
            .header("authorization", "Bearer sk_test_1")
            .header("idempotency-key", "k")
            .body(Body::from("amount=10997&currency=usd&confirm=true&payment_method=pm_card_visa"));
        payments.router().oneshot(request.unwrap())
    };
    // On one thread the first is polled until it waits, so the second always finds it there.
    let (first, second) = tokio::join!(request(), request());
    assert_eq!(first.unwrap().status(), 200);
    assert_eq!(second.unwrap().status(), 409);
    assert_eq!(request().await.unwrap().headers()["idempotent-replayed"], "true");
    assert_eq!(payments.ledger().len(), 1);
}

#[tokio::test]
async fn a_charge_whose_answer_got_lost_is_in_the_ledger_and_told_on_retry() {
    let gateway = Gateway::start().await;
    gateway.payments.script("order-1", "timeout".parse().unwrap());
    for (order, token) in [("order-1", "pm_card_visa"), ("order-2", "pm_card_visa_timeout")] {
        let answer = persist(|| gateway.charge(order, token, order)).await;
        assert_eq!(answer.headers()["idempotent-replayed"], "true");
        assert_eq!(read(answer).await.1["status"], "succeeded");
    }
    assert_eq!(gateway.moved(), [CAPTURED, CAPTURED]);
}

#[tokio::test]
async fn a_slow_charge_happens_even_if_the_client_hangs_up() {
    let gateway = Gateway::start().await;
    let answer = persist(|| gateway.charge("order-1", "pm_card_visa_slow_400", "k")).await;
    // Impatient retries met the first try under way, or its stored answer.
    assert!([200, 409].contains(&answer.status().as_u16()), "{}", answer.status());
    for _ in 0..1000 {
        if !gateway.moved().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(gateway.moved(), [CAPTURED]);
}

#[tokio::test]
async fn a_gateway_that_is_down_or_throttles_changes_nothing() {
    let gateway = Gateway::start().await;
    let script = json!({"order-1": "down_2", "pm_card_mastercard": "throttle_1", "x": null});
    let url = format!("{}/_sandbox/script", gateway.base);
    let put = gateway.client.put(&url).json(&script).send().await.unwrap();
    assert_eq!(put.status(), 204);
    for (order, token, statuses) in [
        ("order-1", "pm_card_visa", &[503, 503, 200, 200][..]),
        ("order-2", "pm_card_mastercard", &[429, 200]),
        ("order-3", "pm_card_visa_down_1", &[503, 200]),
    ] {
        for status in statuses {
            let answer = gateway.charge(order, token, order).send().await.unwrap();
            assert_eq!(answer.status(), *status, "{order}");
        }
    }
    assert_eq!(gateway.moved(), [CAPTURED; 3]);
    let refused = gateway.client.put(&url).json(&json!({"a": "explode"})).send().await.unwrap();
    assert_eq!(refused.status(), 400);
    gateway.payments.script("*", Outcome::Down(9));
    assert_eq!(gateway.client.delete(&url).send().await.unwrap().status(), 204);
    gateway.charged("order-4").await;
}

#[tokio::test]
async fn refunds_never_exceed_what_was_captured() {
    let gateway = Gateway::start().await;
    let intent = gateway.charged("order-1").await;
    let (status, refund) = read(gateway.refund(&intent, "997", "r1").send().await.unwrap()).await;
    assert_eq!((status, &refund["status"]), (200, &json!("succeeded")));
    assert_eq!((&refund["object"], &refund["amount"]), (&json!("refund"), &json!(997)));
    let (status, body) = read(gateway.refund(&intent, "10001", "r2").send().await.unwrap()).await;
    assert_eq!((status, &body["error"]["param"]), (400, &json!("amount")));
    let rest = || gateway.refund(&intent, "", "r3");
    assert_eq!(read(rest().send().await.unwrap()).await.1["amount"], 10000);
    assert_eq!(read(rest().send().await.unwrap()).await.1["amount"], 10000);
    let (status, body) = read(gateway.refund(&intent, "", "r4").send().await.unwrap()).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!("charge_already_refunded")));
    let refunds = [(EntryKind::Refund, 997), (EntryKind::Refund, 10000)];
    assert_eq!(gateway.moved(), [&[CAPTURED][..], &refunds].concat());

    let (_, list) = gateway.get(&format!("/v1/refunds?payment_intent={intent}&limit=1")).await;
    assert_eq!((&list["data"][0]["amount"], &list["has_more"]), (&json!(10000), &json!(true)));
    let (_, all) = gateway.get("/v1/refunds").await;
    assert_eq!(all["data"].as_array().unwrap().len(), 2);
    let id = refund["id"].as_str().unwrap();
    assert_eq!(gateway.get(&format!("/v1/refunds/{id}")).await, (200, refund));
    assert_eq!(gateway.get("/v1/refunds/re_none").await.0, 404);
}

#[tokio::test]
async fn only_a_successful_charge_is_refunded() {
    let gateway = Gateway::start().await;
    let declined = gateway.charge("order-1", "pm_card_chargeDeclined", "k").send().await.unwrap();
    let intent = read(declined).await.1["error"]["payment_intent"]["id"].clone();
    let refused = gateway.refund(intent.as_str().unwrap(), "1", "r1").send().await.unwrap();
    assert_eq!(refused.status(), 400);
    assert_eq!(gateway.refund("pi_none", "1", "r2").send().await.unwrap().status(), 404);
    assert_eq!(gateway.moved(), []);
}

#[tokio::test]
async fn a_refund_is_scripted_by_its_order() {
    let gateway = Gateway::start().await;
    let intent = gateway.charged("order-1").await;
    gateway.payments.script("refund:order-1", "timeout".parse().unwrap());
    let answer = persist(|| gateway.refund(&intent, "10997", "r1")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(gateway.moved(), [CAPTURED, (EntryKind::Refund, 10997)]);
}
