//! What customers ask.

use testkit::http::Request;

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

/// A request for the catalogue, by an unknown caller.
pub(crate) fn products() -> Request {
    request("GET /products").anonymous()
}

/// An operator wants to know what waits for a person.
pub(crate) fn reviews() -> Request {
    of_an_operator("GET /admin/orders").query("status", "needs-review")
}

/// An operator wants to know all that happened to an order.
pub(crate) fn whole_history(order: &str) -> Request {
    of_an_operator("GET /admin/orders/{id}/events").about(order)
}

fn of_an_operator(route: &str) -> Request {
    Request::new(route, "").of_operator()
}

/// A request of a user who may read orders.
pub(crate) fn request(route: &str) -> Request {
    Request::new(route, "openid orders:read").of(USER)
}
