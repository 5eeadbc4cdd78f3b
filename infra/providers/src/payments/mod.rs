//! A card gateway in Stripe's shape: payment intents, refunds, search, idempotency keys.
//!
//! Served are `POST` and `GET /v1/payment_intents`, there `/{id}`, `/search`, `/{id}/confirm` and
//! `/{id}/cancel`, and `POST` and `GET /v1/refunds`; any key that begins with `sk_` is let in.
//! An intent is charged if it is created with `confirm=true`, or confirmed later.
//! Cards are Stripe's test tokens, see <https://docs.stripe.com/testing>, or what a customer has
//! saved, see [`customers`]; as at Stripe, nothing is charged without a payment method.
//! Scripted subjects are the order (`metadata[order_id]`), the payment method, and
//! `refund:<order>` for refunds. What happens can be sent to an endpoint: [`Webhook`].

mod card;
mod customers;
mod form;
mod intent;
mod journal;
mod ledger;
mod refund;
mod refusal;
mod search;
mod store;
mod webhooks;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, Method, Uri},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use local_core::Clock;
use local_core::script::{self, Outcome, Script};
use serde_json::{Value, json};
use time::Duration;

pub use ledger::{EntryKind, LedgerEntry};
pub use webhooks::Webhook;

use crate::{
    handle_once::{Answer, Call, bearer, handle_once, idempotency_key},
    idempotency::Keys,
};
use customers::Customers;
use form::{Form, limit, page};
use intent::IntentRequest;
use refund::RefundRequest;
use refusal::{REFUSALS, Refusal};
use search::Query;
use store::Store;

/// How long a key is kept at least, <https://docs.stripe.com/api/idempotent_requests>.
const KEY_TIME_TO_LIVE: Duration = Duration::hours(24);
const KEY_BYTES_MAX: usize = 255;
/// Source: <https://docs.stripe.com/api/payment_intents/cancel>.
const CANCELLATION_REASONS: &[&str] =
    &["abandoned", "duplicate", "fraudulent", "requested_by_customer"];

/// The card gateway; clones share one ledger.
#[derive(Clone)]
pub struct Payments(Arc<Gateway>);

struct Gateway {
    clock: Clock,
    store: Store,
    customers: Customers,
    keys: Arc<Keys<Answer>>,
    script: Script,
}

impl Default for Payments {
    fn default() -> Self {
        Self::new(Clock::system(), KEY_TIME_TO_LIVE)
    }
}

impl Payments {
    /// A gateway that lives by `clock` and forgets idempotency keys after `key_time_to_live`.
    pub fn new(clock: Clock, key_time_to_live: Duration) -> Self {
        Self(Arc::new(Gateway {
            store: Store::new(&clock),
            customers: Customers::new(&clock),
            keys: Arc::new(Keys::new(key_time_to_live)),
            script: Script::default(),
            clock,
        }))
    }

    /// The gateway as a router.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/v1/payment_intents", post(create_intent).get(list_intents))
            .route("/v1/payment_intents/search", get(search_intents))
            .route("/v1/payment_intents/{id}", get(find_intent))
            .route("/v1/payment_intents/{id}/cancel", post(cancel_intent))
            .route("/v1/payment_intents/{id}/confirm", post(confirm_intent))
            .route("/v1/refunds", post(create_refund).get(list_refunds))
            .route("/v1/refunds/{id}", get(find_refund))
            .route(
                "/_sandbox/ledger",
                get(async |State(payments): State<Self>| Json(payments.ledger())),
            )
            .merge(customers::routes())
            .merge(script::routes(|payments: &Self| &payments.0.script))
            .fallback(async |method: Method, uri: Uri| Refusal::no_such_url(&method, uri.path()))
            .with_state(self.clone())
    }

    /// Every movement of money, oldest first.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.0.store.ledger()
    }

    /// Forgets every idempotency key, as it does a day after each.
    pub fn forget_keys(&self) {
        self.0.keys.forget();
    }

    /// Lets calls about `subject` end in `outcome`.
    pub fn script(&self, subject: &str, outcome: Outcome) {
        self.0.script.set(subject, outcome);
    }
}

async fn create_intent(
    State(payments): State<Payments>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let key = authorize(&headers)?;
    let form = Form::parse(&body);
    let mut request = IntentRequest::parse(&form)?;
    request.check(&payments.0.customers)?;
    let order = request.metadata.get("order_id").map_or("", String::as_str);
    let token = request.card.as_deref().unwrap_or_default();
    let scope = if order.is_empty() { key.unwrap_or_default() } else { order };
    let outcome = payments.0.script.next_with(&[order, token], token, scope);
    let gateway = payments.0.clone();
    let work = move || gateway.store.charge(request, outcome, gateway.clock.now());
    Ok(payments.0.complete("/v1/payment_intents", key, &form, outcome, work).await)
}

async fn cancel_intent(
    State(payments): State<Payments>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let key = authorize(&headers)?;
    let form = Form::parse(&body);
    form.only(&["cancellation_reason", "expand"])?;
    let reason = form.one_of("cancellation_reason", CANCELLATION_REASONS)?;
    let endpoint = format!("/v1/payment_intents/{id}/cancel");
    let outcome = payments.0.script.next(&[&format!("cancel:{id}")]);
    let gateway = payments.0.clone();
    let work = move || gateway.store.cancel(&id, reason, gateway.clock.now());
    Ok(payments.0.complete(&endpoint, key, &form, outcome, work).await)
}

async fn confirm_intent(
    State(payments): State<Payments>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let key = authorize(&headers)?;
    let form = Form::parse(&body);
    form.only(&["expand", "off_session", "payment_method", "return_url"])?;
    let token = form.owned("payment_method");
    let endpoint = format!("/v1/payment_intents/{id}/confirm");
    let gateway = payments.0.clone();
    let work = move || gateway.store.confirm(&id, token, &gateway.customers, gateway.clock.now());
    Ok(payments.0.complete(&endpoint, key, &form, None, work).await)
}

async fn create_refund(
    State(payments): State<Payments>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let key = authorize(&headers)?;
    let form = Form::parse(&body);
    let request = RefundRequest::parse(&form)?;
    let order = payments.0.store.order_of(&request.payment_intent).unwrap_or_default();
    let outcome = payments.0.script.next(&[&format!("refund:{order}")]);
    let gateway = payments.0.clone();
    let work = move || gateway.store.refund(request, outcome, gateway.clock.now());
    Ok(payments.0.complete("/v1/refunds", key, &form, outcome, work).await)
}

impl Gateway {
    async fn complete(
        &self,
        endpoint: &str,
        key: Option<&str>,
        form: &Form,
        outcome: Option<Outcome>,
        work: impl FnOnce() -> Answer + Send + 'static,
    ) -> Response {
        let fingerprint = form.fingerprint(endpoint);
        let call = Call { key, fingerprint: &fingerprint, outcome, at: self.clock.now() };
        handle_once(&self.keys, &REFUSALS, call, work).await
    }
}

async fn find_intent(
    State(payments): State<Payments>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    authorize(&headers)?;
    payments.0.store.intent(&id).map(Json).ok_or_else(|| Refusal::no_such_intent(&id, "intent"))
}

async fn list_intents(
    State(payments): State<Payments>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    authorize(&headers)?;
    let form = Form::parse(query.unwrap_or_default().as_bytes());
    let limit = limit(&form)?;
    let found = payments.0.store.intents(form.get("customer"), form.get("starting_after"));
    let (data, has_more) = page(found, limit);
    let url = "/v1/payment_intents";
    Ok(Json(json!({"object": "list", "url": url, "has_more": has_more, "data": data})))
}

async fn search_intents(
    State(payments): State<Payments>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    authorize(&headers)?;
    let form = Form::parse(query.unwrap_or_default().as_bytes());
    let limit = limit(&form)?;
    let query = Query::parse(form.required("query")?)?;
    let (data, has_more) = page(payments.0.store.search(&query), limit);
    Ok(Json(json!({
        "object": "search_result",
        "url": "/v1/payment_intents/search",
        "has_more": has_more,
        "next_page": null,
        "data": data,
    })))
}

async fn find_refund(
    State(payments): State<Payments>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    authorize(&headers)?;
    payments
        .0
        .store
        .find_refund(&id, payments.0.clock.now())
        .map(Json)
        .ok_or_else(|| Refusal::no_such_refund(&id))
}

async fn list_refunds(
    State(payments): State<Payments>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    authorize(&headers)?;
    let form = Form::parse(query.unwrap_or_default().as_bytes());
    let limit = limit(&form)?;
    let found = payments.0.store.refunds(form.get("payment_intent"), payments.0.clock.now())?;
    let (data, has_more) = page(found, limit);
    Ok(Json(json!({"object": "list", "url": "/v1/refunds", "has_more": has_more, "data": data})))
}

/// The idempotency key of a caller who may call.
fn authorize(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    match bearer(headers) {
        None => return Err(Refusal::no_api_key()),
        Some(key) if !key.starts_with("sk_") => return Err(Refusal::invalid_api_key()),
        Some(_) => {}
    }
    let key = idempotency_key(headers);
    if key.is_some_and(|key| key.len() > KEY_BYTES_MAX) {
        return Err(Refusal::key_too_long());
    }
    Ok(key)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        Answer::from(self).into_response()
    }
}

#[cfg(test)]
mod tests;
