//! Who a customer of ours is at the payment provider.
//!
//! The table is written once per customer, and read once per charge at most. It is the only place
//! that says who is who: rows that an operator imports into it are taken as they are.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_sdk_dynamodb::{
    Client,
    operation::put_item::PutItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure::AllOld},
};
use event_envelope::AggregateId;
use http_client::misconfigured;
use runtime::Failure;

use crate::gateway::ProviderId;

const USER_ID: &str = "userId";
const PROVIDER_CUSTOMER_ID: &str = "providerCustomerId";
/// How many customers a process remembers. One row never changes, so that any of them is good.
const KNOWN_MAX: usize = 1024;

type Row = HashMap<String, AttributeValue>;

/// The table of customers. Clones share what they remember.
#[derive(Debug, Clone)]
pub struct Customers {
    client: Client,
    table: String,
    known: Arc<Mutex<HashMap<AggregateId, ProviderId>>>,
}

impl Customers {
    /// Keeps customers in `table`: `userId` and `providerCustomerId`.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table, known: Arc::default() }
    }

    /// The provider's id of a customer, if it is known. A row that was written a moment ago may be
    /// missed.
    ///
    /// # Errors
    ///
    /// Retry, when the table is unavailable. Retry, and an alarm, when its item is invalid.
    pub async fn find(&self, customer: &AggregateId) -> Result<Option<ProviderId>, Failure> {
        self.read(customer, false).await
    }

    /// As [`find`](Self::find), but no row is missed.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find).
    pub async fn find_now(&self, customer: &AggregateId) -> Result<Option<ProviderId>, Failure> {
        self.read(customer, true).await
    }

    async fn read(
        &self,
        customer: &AggregateId,
        consistent: bool,
    ) -> Result<Option<ProviderId>, Failure> {
        if let Some(id) = self.known().get(customer) {
            return Ok(Some(id.clone()));
        }
        let request = self.client.get_item().table_name(&self.table);
        let request = request.key(USER_ID, AttributeValue::S(customer.to_string()));
        let got = request.consistent_read(consistent).send().await.map_err(Failure::retry)?;
        let id = got.item.as_ref().map(provider_id).transpose()?;
        Ok(id.map(|id| self.remember(customer, id)))
    }

    /// Keeps the provider's id of a customer, and gives the one that is kept: the first.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find).
    pub async fn keep(
        &self,
        customer: &AggregateId,
        id: ProviderId,
    ) -> Result<ProviderId, Failure> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item(USER_ID, AttributeValue::S(customer.to_string()))
            .item(PROVIDER_CUSTOMER_ID, AttributeValue::S(id.as_str().to_owned()))
            .condition_expression("attribute_not_exists(userId)")
            .return_values_on_condition_check_failure(AllOld);
        let Err(error) = put.send().await else { return Ok(self.remember(customer, id)) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                let kept = failed.item.as_ref().map_or(Ok(id), provider_id)?;
                Ok(self.remember(customer, kept))
            }
            _ => Err(Failure::retry(error)),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<AggregateId, ProviderId>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, customer: &AggregateId, id: ProviderId) -> ProviderId {
        let mut known = self.known();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(customer.clone(), id.clone());
        id
    }
}

fn provider_id(row: &Row) -> Result<ProviderId, Failure> {
    let text = row.get(PROVIDER_CUSTOMER_ID).and_then(|value| value.as_s().ok()).cloned();
    ProviderId::try_from(text.unwrap_or_default()).map_err(|error| {
        misconfigured(format!("{PROVIDER_CUSTOMER_ID} of a customer: {error}; correct the row"))
    })
}
