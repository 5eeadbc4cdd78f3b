//! What customers ask.

use local_testkit::http::Request;

pub(crate) const USER: &str = "user-123";
pub(crate) const OTHER_USER: &str = "user-456";

pub(crate) fn detail(order: &str) -> Request {
    request("GET /orders/{id}").about(order)
}

pub(crate) fn history(order: &str) -> Request {
    request("GET /orders/{id}/events").about(order)
}

pub(crate) fn list() -> Request {
    request("GET /orders")
}

/// Nobody in particular wants to see the catalogue.
pub(crate) fn products() -> Request {
    request("GET /products").anonymous()
}

/// A request of a user who may read orders.
pub(crate) fn request(route: &str) -> Request {
    Request::new(route, "openid orders:read").of(USER)
}
