//! What the carrier's answers mean.

use http_client::{Answer, StatusCode, code};
use runtime::Failure;
use serde::Deserialize;

use crate::domain::{Input, Parcel, Refusal};

#[derive(Debug, Deserialize)]
struct Parcels {
    shipments: Vec<ParcelBody>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ParcelBody {
    id: String,
    carrier: String,
    tracking_number: String,
    status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Voided,
    /// With the carrier, however far it is.
    #[serde(other)]
    Underway,
}

#[derive(Debug, Deserialize)]
struct ErrorBody {
    code: String,
}

/// Why a carrier refuses an order for good. The list is closed: what a carrier writes of its own
/// may name people and addresses, and goes no further than this module.
const REFUSALS: [(&[&str], &str, &str); 4] = [
    (
        &["address_undeliverable", "address_not_found", "address_invalid", "recipient_unknown"],
        "address_undeliverable",
        "the address cannot be delivered to; ask for another",
    ),
    (
        &["region_unsupported", "country_unsupported", "destination_unsupported"],
        "destination_unsupported",
        "the carrier does not deliver there",
    ),
    (
        &["parcel_too_heavy", "parcel_too_large", "goods_prohibited"],
        "parcel_not_accepted",
        "the carrier does not take such parcels",
    ),
    (&[], "other", "the carrier does not take the order"),
];

impl ErrorBody {
    /// The input for the carrier's answer.
    fn refusal(&self) -> Refusal {
        let known = REFUSALS.iter().find(|(theirs, ..)| theirs.contains(&self.code.as_str()));
        let (_, code, reason) = known.unwrap_or(&REFUSALS[3]);
        Refusal { code: (*code).to_owned(), reason: (*reason).to_owned() }
    }
}

impl From<ParcelBody> for Input {
    fn from(parcel: ParcelBody) -> Self {
        Self::Shipped(Parcel {
            shipment_id: parcel.id,
            carrier: parcel.carrier,
            tracking_number: parcel.tracking_number,
        })
    }
}

/// Reads the answer to a search by reference. What was called back is not there any more.
pub(super) fn found(answer: &Answer) -> Result<Option<Input>, Failure> {
    if !answer.status.is_success() {
        return Err(misunderstood(answer));
    }
    let Parcels { shipments } = answer.json()?;
    let mut underway = shipments.into_iter().filter(|shipment| shipment.status != Status::Voided);
    match (underway.next(), underway.next()) {
        (Some(one), Some(other)) => Err(Failure::permanent(format!(
            "one order, several shipments: {}, {}",
            one.id, other.id
        ))),
        (only, _) => Ok(only.map(Input::from)),
    }
}

/// Reads the answer to a `POST` of a shipment.
pub(super) fn shipped(answer: &Answer) -> Result<Input, Failure> {
    if answer.status.is_success() {
        return answer.json::<ParcelBody>().map(Input::from);
    }
    if answer.status != StatusCode::UNPROCESSABLE_ENTITY {
        return Err(misunderstood(answer));
    }
    let error: ErrorBody = answer.json()?;
    if error.code == "idempotency_key_reused" {
        // Nothing is sent under another key: what became of the request that had this one is
        // found by the next attempt, which queries first.
        return Err(Failure::retry("the key has been used for another shipment"));
    }
    Ok(Input::Refused(error.refusal()))
}

/// Reads the answer to a `DELETE` of a shipment. One that was picked up meanwhile is refused, and
/// will be tomorrow.
pub(super) fn voided(answer: &Answer) -> Result<Input, Failure> {
    let is_gone =
        || answer.json::<ErrorBody>().is_ok_and(|refusal| refusal.code == "shipment_not_found");
    if answer.status.is_success() || (answer.status == StatusCode::NOT_FOUND && is_gone()) {
        return Ok(Input::Voided);
    }
    Err(misunderstood(answer))
}

/// The carrier does not do what this code asks for, and will not tomorrow: it needs manual
/// intervention.
fn misunderstood(answer: &Answer) -> Failure {
    let error: Option<ErrorBody> = answer.json().ok();
    let code = error.as_ref().map_or("no code", |refusal| code(&refusal.code).unwrap_or("unknown"));
    Failure::permanent(format!("the carrier refuses the request: {}, {code}", answer.status))
}
