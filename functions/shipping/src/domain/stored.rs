//! A shipment as its row holds it.
//!
//! The shape is that of the first version, which knew no reviews: a version that knows none reads
//! every row, takes a shipment in review for one whose step is still due, and tries it again.

use std::ops::Not;

use event_envelope::AggregateId;
use serde::{Deserialize, Serialize};

use super::{Destination, Parcel, Refusal, Shipment};

/// A stored shipment of which something is missing that its progress needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the row has no address: restore it from OrderCreated")]
pub struct Incomplete;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stored {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<AggregateId>,
    /// Came later than the address. A row without it goes on without it: the carrier compares a
    /// request that comes again with the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer: Option<AggregateId>,
    is_paid: bool,
    is_cancelled: bool,
    #[serde(default, skip_serializing_if = "Not::not")]
    is_in_review: bool,
    progress: Progress,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase")]
enum Progress {
    /// Also the end of a reconciled shipment that the carrier never had: it is withdrawn.
    #[default]
    #[serde(alias = "notShipped")]
    Waiting,
    Shipping,
    /// Stored under the name of the first version.
    #[serde(rename = "tracing")]
    Reconciling,
    Shipped(Parcel),
    Refused(Refusal),
    Voided(Parcel),
}

impl From<Shipment> for Stored {
    fn from(state: Shipment) -> Self {
        let at = |progress| Self { is_paid: true, progress, ..Self::default() };
        let off = |progress| Self { is_cancelled: true, ..at(progress) };
        let to = |Destination { address, customer }, stored| Self {
            address: Some(address),
            customer,
            ..stored
        };
        let in_review = |stored| Self { is_in_review: true, ..stored };
        match state {
            Shipment::Absent => Self::default(),
            Shipment::Ordered(there) => to(there, Self::default()),
            Shipment::Paid => at(Progress::Waiting),
            Shipment::Withdrawn => Self { is_cancelled: true, ..Self::default() },
            Shipment::Shipping(there) => to(there, at(Progress::Shipping)),
            Shipment::Reconciling(there) => to(there, off(Progress::Reconciling)),
            Shipment::ReconcileInReview(there) => in_review(to(there, off(Progress::Reconciling))),
            Shipment::Shipped(shipment) => at(Progress::Shipped(shipment)),
            Shipment::Recalling(shipment) => off(Progress::Shipped(shipment)),
            Shipment::RecallInReview(shipment) => in_review(off(Progress::Shipped(shipment))),
            Shipment::Refused(refusal) => at(Progress::Refused(refusal)),
            Shipment::Voided(shipment) => off(Progress::Voided(shipment)),
        }
    }
}

impl TryFrom<Stored> for Shipment {
    type Error = Incomplete;

    fn try_from(stored: Stored) -> Result<Self, Incomplete> {
        let Stored { address, customer, is_paid, is_cancelled, is_in_review, progress } = stored;
        let to = address.map(|address| Destination { address, customer });
        Ok(match progress {
            Progress::Waiting => match (is_cancelled, to, is_paid) {
                (true, _, _) => Self::Withdrawn,
                (false, None, false) => Self::Absent,
                (false, None, true) => Self::Paid,
                (false, Some(to), false) => Self::Ordered(to),
                (false, Some(to), true) => Self::Shipping(to),
            },
            Progress::Shipping => Self::Shipping(to.ok_or(Incomplete)?),
            Progress::Reconciling => {
                let to = to.ok_or(Incomplete)?;
                if is_in_review { Self::ReconcileInReview(to) } else { Self::Reconciling(to) }
            }
            Progress::Shipped(shipment) => match (is_cancelled, is_in_review) {
                (false, _) => Self::Shipped(shipment),
                (true, false) => Self::Recalling(shipment),
                (true, true) => Self::RecallInReview(shipment),
            },
            Progress::Refused(refusal) => Self::Refused(refusal),
            Progress::Voided(shipment) => Self::Voided(shipment),
        })
    }
}
