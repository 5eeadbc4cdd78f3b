//! What administrators ask of the inventory.

use serde_json::{Value, json};
use testkit::http::Request;

/// Wants to know what there is of a product.
pub(crate) fn show(product: &str) -> Request {
    request("GET /admin/stock/{productId}", product)
}

/// A request for goods that came in.
pub(crate) fn restock(product: &str, quantity: impl Into<Value>, key: &str) -> Request {
    let body = json!({ "quantity": quantity.into() });
    command("POST /admin/stock/{productId}/restock", product, &body, key)
}

/// A request after a count.
pub(crate) fn adjust(product: &str, delta: impl Into<Value>, key: &str) -> Request {
    let body = json!({ "delta": delta.into(), "reason": "counted" });
    command("POST /admin/stock/{productId}/adjust", product, &body, key)
}

/// Wants a product to be spread over so many shards.
pub(crate) fn rebalance(product: &str, shards: impl Into<Value>, key: &str) -> Request {
    let body = json!({ "shards": shards.into() });
    command("PUT /admin/stock/{productId}/shards", product, &body, key)
}

/// A command with any body.
pub(crate) fn command(route: &str, product: &str, body: &Value, key: &str) -> Request {
    request(route, product)
        .with("body", body.to_string())
        .header("content-type", "application/json")
        .header("idempotency-key", key)
}

/// The same request in another session of the role, or of another role.
pub(crate) fn by(request: Request, role: &str, session: &str) -> Request {
    let method = "POST";
    let path = "/admin/stock";
    request.with(
        "requestContext",
        json!({
            "http": { "method": method, "path": path },
            "authorizer": { "iam": {
                "accessKey": "ASIAEXAMPLE",
                "accountId": "000000000000",
                "callerId": format!("AROA{role}:{session}"),
                "cognitoIdentity": null,
                "principalOrgId": "o-example",
                "userArn": format!("arn:aws:sts::000000000000:assumed-role/{role}/{session}"),
                "userId": format!("AROA{role}:{session}"),
            } },
        }),
    )
}

fn request(route: &str, product: &str) -> Request {
    let request = Request::new(route, "").with("pathParameters", json!({ "productId": product }));
    by(request, "Warehouse", "till-1")
}
