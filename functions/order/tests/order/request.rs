//! What customers ask of the order service.

use serde_json::{Value, json};
use testkit::http::{Answer, Request};

pub(crate) const USER: &str = "user-123";
pub(crate) const OTHER_USER: &str = "user-456";

/// The sample order, with the prices that the customer was shown.
pub(crate) fn books_order() -> Value {
    json!({
        "items": [
            { "productId": "prod-001", "quantity": 2, "price": 29.99 },
            { "productId": "prod-002", "quantity": 1, "price": 49.99 },
        ],
        "total": 109.97,
    })
}

/// An order of one line.
pub(crate) fn line(product: &str, quantity: impl Into<Value>) -> Value {
    json!({ "items": [{ "productId": product, "quantity": quantity.into() }] })
}

/// Wants to place `order`.
pub(crate) fn place(order: &Value) -> Request {
    place_text(&order.to_string())
}

/// Wants to place whatever this is.
pub(crate) fn place_text(body: &str) -> Request {
    request("POST /orders").with("body", body).header("content-type", "application/json")
}

/// Wants to cancel an order.
pub(crate) fn cancel(order: &str) -> Request {
    request("POST /orders/{id}/cancel").about(order)
}

/// The claims of an operator by IAM.
pub(crate) fn operator() -> Value {
    let session = "AROAOPERATOR:alex";
    json!({ "authorizer": { "iam": {
        "accessKey": "ASIAEXAMPLE",
        "accountId": "000000000000",
        "callerId": session,
        "userArn": "arn:aws:sts::000000000000:assumed-role/Operator/alex",
        "userId": session,
    } }, "http": { "method": "POST", "path": "/admin/orders" } })
}

/// Wants to resume an order, as an operator.
pub(crate) fn resume(order: &str) -> Request {
    Request::new("POST /admin/orders/{id}/resume", "")
        .about(order)
        .with("requestContext", operator())
}

/// A request of a user who may write orders.
fn request(route: &str) -> Request {
    Request::new(route, "openid orders:write").header("idempotency-key", "key-1").of(USER)
}

/// The id of the order that an answer is about.
pub(crate) fn order_id(answer: &Answer) -> String {
    answer.body["orderId"].as_str().unwrap().to_owned()
}
