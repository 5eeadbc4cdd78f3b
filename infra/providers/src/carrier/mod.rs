//! A parcel carrier with a JSON API: `POST /v1/shipments`, `GET /v1/shipments?reference=`,
//! `GET` and `DELETE /v1/shipments/{id}`.
//!
//! A repeated `Idempotency-Key` has the answer of the first request and creates nothing. The
//! address `addr_undeliverable` is refused for good.
//! Scripted subjects are the reference (the order) and the address, and `void:<reference>` for a
//! `DELETE`; an address may also end in an outcome, as in `addr_1_down_2`.

mod model;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use local_core::script::{self, Outcome, Script};
use local_core::{Clock, Ids};
use parking_lot::{Mutex, MutexGuard};
use serde::Deserialize;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

pub use model::{Shipment, ShipmentStatus};

use crate::{
    handle_once::{Answer, Call, Refusals, bearer, handle_once, idempotency_key},
    idempotency::Keys,
};
use model::{Refusal, ShipmentRequest};

/// Carriers keep a label's key as long as the label: longer than any run of this stack.
const KEY_TIME_TO_LIVE: Duration = Duration::days(365);

const REFUSALS: Refusals = Refusals {
    down: || Refusal::Down.into(),
    throttled: || Refusal::Throttled.into(),
    other_request: || Refusal::OtherRequest.into(),
    in_flight: || Refusal::InFlight.into(),
    broken: || Refusal::Down.into(),
    rude: Refusal::rude,
};

/// The carrier; clones share one ledger.
#[derive(Clone)]
pub struct Carrier(Arc<CarrierStub>);

struct CarrierStub {
    clock: Clock,
    ids: Ids,
    keys: Arc<Keys<Answer>>,
    script: Script,
    /// By id; ids grow, so this is the order of creation.
    shipments: Mutex<BTreeMap<String, Shipment>>,
}

impl Default for Carrier {
    fn default() -> Self {
        Self::new(Clock::system())
    }
}

impl Carrier {
    /// A carrier that lives by `clock`.
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(CarrierStub {
            ids: Ids::new(&clock),
            keys: Arc::new(Keys::new(KEY_TIME_TO_LIVE)),
            script: Script::default(),
            shipments: Mutex::default(),
            clock,
        }))
    }

    /// The carrier as a router.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/v1/shipments", get(list).post(create))
            .route("/v1/shipments/{id}", get(find).delete(void))
            .route(
                "/_sandbox/ledger",
                get(async |State(carrier): State<Self>| Json(carrier.shipments())),
            )
            .merge(script::routes(|carrier: &Self| &carrier.0.script))
            .with_state(self.clone())
    }

    /// Every shipment there ever was, oldest first.
    pub fn shipments(&self) -> Vec<Shipment> {
        self.0.shipments().values().cloned().collect()
    }

    /// Lets calls about `subject` end in `outcome`.
    pub fn script(&self, subject: &str, outcome: Outcome) {
        self.0.script.set(subject, outcome);
    }
}

impl CarrierStub {
    fn shipments(&self) -> MutexGuard<'_, BTreeMap<String, Shipment>> {
        self.shipments.lock()
    }

    fn take(&self, request: ShipmentRequest, at: OffsetDateTime) -> Answer {
        let shipment = Shipment::new(request, &self.ids, at);
        let answer = Answer::new(StatusCode::CREATED, json!(shipment));
        self.shipments().insert(shipment.id.clone(), shipment);
        answer
    }

    fn find(&self, id: &str) -> Result<Shipment, Refusal> {
        let found = self.shipments().get(id).cloned();
        found.ok_or_else(|| Refusal::NoSuchShipment(id.to_owned()))
    }

    fn void(&self, id: &str) -> Result<Shipment, Refusal> {
        match self.shipments().get_mut(id) {
            Some(shipment) => {
                shipment.status = ShipmentStatus::Voided;
                Ok(shipment.clone())
            }
            None => Err(Refusal::NoSuchShipment(id.to_owned())),
        }
    }
}

async fn create(
    State(carrier): State<Carrier>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    bearer(&headers).ok_or(Refusal::Unauthorized)?;
    let key = idempotency_key(&headers).ok_or(Refusal::NoKey)?;
    let request = ShipmentRequest::parse(&body)?;
    let stub = carrier.0.clone();
    let subjects = [request.reference.as_str(), request.address_id.as_str()];
    let outcome = stub.script.next_with(&subjects, &request.address_id, &request.reference);
    if outcome == Some(Outcome::Decline) {
        return Err(Refusal::Undeliverable);
    }
    let fingerprint = request.fingerprint();
    let at = carrier.0.clock.now();
    let call = Call { key: Some(key), fingerprint: &fingerprint, outcome, at };
    Ok(handle_once(&carrier.0.keys, &REFUSALS, call, move || stub.take(request, at)).await)
}

#[derive(Deserialize)]
struct Filter {
    reference: Option<String>,
}

async fn list(
    State(carrier): State<Carrier>,
    headers: HeaderMap,
    Query(filter): Query<Filter>,
) -> Result<Json<Value>, Refusal> {
    bearer(&headers).ok_or(Refusal::Unauthorized)?;
    let wanted = |it: &&Shipment| filter.reference.as_ref().is_none_or(|id| it.reference == *id);
    let shipments: Vec<_> = carrier.0.shipments().values().filter(wanted).cloned().collect();
    Ok(Json(json!({"shipments": shipments})))
}

async fn find(
    State(carrier): State<Carrier>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Shipment>, Refusal> {
    bearer(&headers).ok_or(Refusal::Unauthorized)?;
    carrier.0.find(&id).map(Json)
}

async fn void(
    State(carrier): State<Carrier>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    bearer(&headers).ok_or(Refusal::Unauthorized)?;
    let stub = carrier.0.clone();
    let reference = stub.find(&id)?.reference;
    let outcome = stub.script.next(&[&format!("void:{reference}")]);
    let call = Call { key: None, fingerprint: "", outcome, at: carrier.0.clock.now() };
    let work = move || stub.void(&id).map_or_else(Answer::from, |it| Answer::ok(json!(it)));
    Ok(handle_once(&carrier.0.keys, &REFUSALS, call, work).await)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        Answer::from(self).into_response()
    }
}

#[cfg(test)]
mod tests;
