use serde_json::Value;

use super::*;

fn document(problem: Problem) -> (Value, ApiGatewayV2httpResponse) {
    let response = ApiGatewayV2httpResponse::from(problem);
    let sent = serde_json::to_value(&response).unwrap();
    assert_eq!(sent["headers"]["content-type"], "application/problem+json");
    let body = serde_json::from_str(sent["body"].as_str().unwrap()).unwrap();
    (body, response)
}

#[test]
fn a_problem_without_a_kind_has_the_title_of_its_status() {
    let (document, response) = document(Problem::not_found("there is no order-1"));
    assert_eq!(response.status_code, 404);
    assert_eq!(
        document,
        json!({
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "there is no order-1",
        })
    );
}

#[test]
fn a_kind_an_instance_and_fields_are_in_the_document() {
    let problem = Problem::conflict("2 of 5 are there")
        .kind("insufficient-stock", "Not enough in stock")
        .instance("/orders/order-1")
        .field("/items/0/quantity", "more than 2")
        .field("/items/1/quantity", "x".repeat(300));
    assert!(problem.to_string().starts_with("409 Conflict: 2 of 5 are there; \"/items/0/"));
    let (document, _) = document(problem);
    assert_eq!(document["type"], "urn:orderly:problem:insufficient-stock");
    assert_eq!(document["title"], "Not enough in stock");
    assert_eq!(document["instance"], "/orders/order-1");
    let errors = &document["errors"];
    assert_eq!(errors[0], json!({"field": "/items/0/quantity", "detail": "more than 2"}));
    assert_eq!(errors[1]["detail"], format!("{}…", "x".repeat(200)));
}

#[test]
fn a_kind_may_have_a_uri_of_its_own() {
    let problem = Problem::conflict("").kind_uri("https://example.com/problems/sold", "Sold out");
    let (document, _) = document(problem);
    assert_eq!(document["type"], "https://example.com/problems/sold");
    assert_eq!(document["title"], "Sold out");
}

#[test]
fn every_constructor_has_its_status() {
    let soon = Duration::from_millis(1500);
    for (problem, status) in [
        (Problem::bad_request(""), 400),
        (Problem::bad_field("limit", ""), 400),
        (Problem::unauthorized(""), 401),
        (Problem::forbidden(""), 403),
        (Problem::not_found(""), 404),
        (Problem::conflict(""), 409),
        (Problem::too_large(""), 413),
        (Problem::unsupported_media_type(""), 415),
        (Problem::unprocessable(""), 422),
        (Problem::invalid_field("/items", ""), 422),
        (Problem::too_many("", soon), 429),
        (Problem::internal(), 500),
        (Problem::unavailable("", soon), 503),
    ] {
        assert_eq!(document(problem).1.status_code, status);
    }
}

#[test]
fn what_passes_has_a_time_to_retry() {
    let retry_after = |after| {
        let (_, response) = document(Problem::unavailable("", after));
        response.headers[header::RETRY_AFTER].to_str().unwrap().to_owned()
    };
    assert_eq!(retry_after(Duration::from_millis(1001)), "2");
    assert_eq!(retry_after(Duration::ZERO), "1");
}
