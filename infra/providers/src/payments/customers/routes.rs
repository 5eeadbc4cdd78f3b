//! What is served about customers.

use axum::{
    Json, Router,
    extract::{Path, RawQuery, State},
    http::HeaderMap,
    response::Response,
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Customer, Method};
use crate::payments::{
    Payments, authorize,
    form::{Form, limit, page},
    refusal::Refusal,
    search::Query,
};

const PARAMETERS: &[&str] = &["description", "email", "expand", "metadata", "name", "phone"];

impl Payments {
    /// The same gateway, at which each new customer has a card from the start: Stripe's test card
    /// that succeeds. At Stripe a customer has none, until one is saved.
    #[must_use]
    pub fn with_saved_cards(self) -> Self {
        self.0.customers.give_cards();
        self
    }

    /// How many customers there are.
    pub fn customers(&self) -> usize {
        self.0.customers.count()
    }
}

pub(in crate::payments) fn routes() -> Router<Payments> {
    Router::new()
        .route("/v1/customers", post(create))
        .route("/v1/customers/search", get(search))
        .route("/v1/customers/{id}", get(find))
        .route("/v1/customers/{id}/payment_methods", get(methods))
        .route("/v1/payment_methods/{id}", get(find_method))
        .route("/v1/payment_methods/{id}/attach", post(attach))
}

async fn create(
    State(payments): State<Payments>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let key = authorize(&headers)?;
    let form = Form::parse(&body);
    form.only(PARAMETERS)?;
    let gateway = payments.0.clone();
    let customer = Customer {
        id: String::new(),
        created: gateway.clock.now(),
        metadata: form.metadata()?,
        email: form.owned("email"),
        name: form.owned("name"),
    };
    let ours = customer.metadata.get("customer_id").map_or("", String::as_str);
    let outcome = gateway.script.next(&[&format!("customer:{ours}")]);
    let work = move || gateway.customers.create(customer);
    Ok(payments.0.complete("/v1/customers", key, &form, outcome, work).await)
}

async fn attach(
    State(payments): State<Payments>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let key = authorize(&headers)?;
    let form = Form::parse(&body);
    form.only(&["customer", "expand"])?;
    let customer = form.required("customer")?.to_owned();
    let gateway = payments.0.clone();
    let endpoint = format!("/v1/payment_methods/{id}/attach");
    let work = move || gateway.customers.attach(&id, &customer, gateway.clock.now());
    Ok(payments.0.complete(&endpoint, key, &form, None, work).await)
}

async fn find(
    State(payments): State<Payments>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    authorize(&headers)?;
    let files = payments.0.customers.files();
    let found = files.customers.get(&id).map(Customer::to_json);
    found.map(Json).ok_or_else(|| Refusal::not_found("customer", &id))
}

async fn find_method(
    State(payments): State<Payments>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    authorize(&headers)?;
    let files = payments.0.customers.files();
    let found = files.methods.get(&id).map(Method::to_json);
    found.map(Json).ok_or_else(|| Refusal::not_found("PaymentMethod", &id))
}

/// The last saved one first, as at Stripe.
async fn methods(
    State(payments): State<Payments>,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    authorize(&headers)?;
    let limit = limit(&Form::parse(query.unwrap_or_default().as_bytes()))?;
    let files = payments.0.customers.files();
    if !files.customers.contains_key(&id) {
        return Err(Refusal::not_found("customer", &id));
    }
    let theirs = files.methods.values().rev().filter(|it| it.customer == id);
    let (data, has_more) = page(theirs.map(Method::to_json).collect(), limit);
    let url = format!("/v1/customers/{id}/payment_methods");
    Ok(Json(json!({"object": "list", "url": url, "has_more": has_more, "data": data})))
}

async fn search(
    State(payments): State<Payments>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    authorize(&headers)?;
    let form = Form::parse(query.unwrap_or_default().as_bytes());
    let (limit, query) = (limit(&form)?, Query::parse(form.required("query")?)?);
    let files = payments.0.customers.files();
    let found = files.customers.values().rev().filter(|it| query.matches(*it));
    let (data, has_more) = page(found.map(Customer::to_json).collect(), limit);
    Ok(Json(json!({
        "object": "search_result",
        "url": "/v1/customers/search",
        "has_more": has_more,
        "next_page": null,
        "data": data,
    })))
}
