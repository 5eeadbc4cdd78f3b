//! The carrier: where the process ends.

mod answer;

use event_envelope::AggregateId;
use http_client::HttpClient;
use runtime::Failure;
use serde::Serialize;

use crate::domain::{Destination, Input};

/// Delivers parcels.
///
/// Every method may be called again for the same order, after a crash, an answer that got lost or
/// a redrive days later, and there is one parcel at most all the same.
pub trait Carrier: Send + Sync {
    /// Has `order` delivered there. If it `may_have_run`, an earlier attempt may have
    /// gone through.
    ///
    /// # Errors
    ///
    /// Retry, when the outcome of the attempt is unknown. Permanent, when the carrier does not
    /// understand the request.
    fn ship(
        &self,
        order: &AggregateId,
        to: &Destination,
        may_have_run: bool,
    ) -> impl Future<Output = Result<Input, Failure>> + Send;

    /// Calls a shipment back; one that was called back before stays so.
    ///
    /// # Errors
    ///
    /// As [`ship`](Self::ship).
    fn void(&self, shipment_id: &str) -> impl Future<Output = Result<Input, Failure>> + Send;
}

/// A carrier with a JSON API of shipments, which finds them by the reference they were made with.
#[derive(Debug, Clone)]
pub struct HttpCarrier {
    port: HttpClient,
}

/// A parcel, and where it goes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    reference: &'a AggregateId,
    address_id: &'a AggregateId,
    /// Whose address it must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<&'a AggregateId>,
}

impl HttpCarrier {
    /// The carrier behind `port`.
    pub const fn new(port: HttpClient) -> Self {
        Self { port }
    }

    async fn find(&self, order: &AggregateId) -> Result<Option<Input>, Failure> {
        let request = self.port.get(&["v1", "shipments"], &[("reference", order.as_str())]);
        answer::found(&self.port.send(request).await?)
    }
}

impl Carrier for HttpCarrier {
    async fn ship(
        &self,
        order: &AggregateId,
        to: &Destination,
        may_have_run: bool,
    ) -> Result<Input, Failure> {
        if may_have_run && let Some(input) = self.find(order).await? {
            return Ok(input);
        }
        let request = self.port.post(&["v1", "shipments"], &format!("ship-{order}"));
        let Destination { address, customer } = to;
        let body = Request { reference: order, address_id: address, customer: customer.as_ref() };
        answer::shipped(&self.port.send(request.json(&body)).await?)
    }

    async fn void(&self, shipment_id: &str) -> Result<Input, Failure> {
        let request = self.port.delete(&["v1", "shipments", shipment_id]);
        answer::voided(&self.port.send(request).await?)
    }
}
