//! Shipments, and why there is none.

use axum::http::StatusCode;
use local_core::Ids;
use local_core::script::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::handle_once::{Answer, RUDE};

const CARRIER: &str = "UPS";
/// The address at which the carrier finds no one.
const UNDELIVERABLE: &str = "addr_undeliverable";
const TEXT_BYTES_MAX: usize = 128;

/// How a shipment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentStatus {
    /// It has a label and goes out.
    Created,
    /// Its label was taken back.
    Voided,
}

/// A shipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shipment {
    /// As in `shp_0190…`.
    pub id: String,
    /// The client's own name for it: the order.
    pub reference: String,
    /// Where it goes.
    pub address_id: String,
    /// Whose address that is, if the client named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Who takes it there.
    pub carrier: String,
    /// As in `1Z…`.
    pub tracking_number: String,
    /// How it stands.
    pub status: ShipmentStatus,
    /// When its label was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl Shipment {
    pub(super) fn new(request: ShipmentRequest, ids: &Ids, at: OffsetDateTime) -> Self {
        let number = ids.next();
        // Sixteen characters after `1Z`: those of the time and of the count that vary.
        let tracking_number = format!("1Z{}{}", &number[1..12], &number[19..]).to_uppercase();
        Self {
            id: format!("shp_{number}"),
            reference: request.reference,
            address_id: request.address_id,
            customer: request.customer,
            carrier: CARRIER.to_owned(),
            tracking_number,
            status: ShipmentStatus::Created,
            created_at: at,
        }
    }
}

/// A valid `POST /v1/shipments`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ShipmentRequest {
    pub(super) reference: String,
    pub(super) address_id: String,
    pub(super) customer: Option<String>,
    body: Value,
}

impl ShipmentRequest {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let body: Value = serde_json::from_slice(bytes).map_err(|_| Refusal::Invalid("body"))?;
        let text = |field: &'static str| {
            let text = body[field].as_str().filter(|it| (1..=TEXT_BYTES_MAX).contains(&it.len()));
            text.map(str::to_owned).ok_or(Refusal::Invalid(field))
        };
        let (reference, address_id) = (text("reference")?, text("addressId")?);
        let customer = if body["customer"].is_null() { None } else { Some(text("customer")?) };
        for field in ["lines", "parcels"] {
            let is_full = body[field].as_array().is_some_and(|it| !it.is_empty());
            if !is_full && !body[field].is_null() {
                return Err(Refusal::Invalid(field));
            }
        }
        if Outcome::split_suffix(&address_id).0 == UNDELIVERABLE {
            return Err(Refusal::Undeliverable);
        }
        Ok(Self { reference, address_id, customer, body })
    }

    /// The same for the same body, however it was spaced.
    pub(super) fn fingerprint(&self) -> String {
        self.body.to_string()
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("send the key of the account as 'Authorization: Bearer …'")]
    Unauthorized,
    #[error("send an Idempotency-Key, the same for every try of one shipment")]
    NoKey,
    #[error("{0} is missing or malformed")]
    Invalid(&'static str),
    #[error("the address cannot be delivered to; ask for another")]
    Undeliverable,
    #[error("the Idempotency-Key belongs to another shipment; use a new one")]
    OtherRequest,
    #[error("a request with this Idempotency-Key is in progress; try again later")]
    InFlight,
    #[error("shipment {0:?} does not exist")]
    NoSuchShipment(String),
    #[error("too many requests; try again later")]
    Throttled,
    #[error("the service is unavailable; try again later")]
    Down,
}

impl Refusal {
    /// What no caller may repeat.
    pub(super) fn rude(status: StatusCode) -> Answer {
        let message = format!("{RUDE} cannot be reached");
        Answer::new(status, json!({"code": format!("no {RUDE}"), "message": message}))
    }

    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::NoKey => (StatusCode::BAD_REQUEST, "idempotency_key_missing"),
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::Undeliverable => (StatusCode::UNPROCESSABLE_ENTITY, "address_undeliverable"),
            Self::OtherRequest => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
            Self::InFlight => (StatusCode::CONFLICT, "idempotency_key_in_use"),
            Self::NoSuchShipment(_) => (StatusCode::NOT_FOUND, "shipment_not_found"),
            Self::Throttled => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
            Self::Down => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = refusal.status_and_code();
        Self::new(status, json!({"code": code, "message": refusal.to_string()}))
    }
}
