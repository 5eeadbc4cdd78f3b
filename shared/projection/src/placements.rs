//! Where placements are stored.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client, error::SdkError, operation::put_item::PutItemError, types::AttributeValue,
};
use runtime::{Done, Failure};

use crate::placement::{Placement, Slot};

/// The attribute that is the key of the table.
const KEY: &str = "projection";
const READS: &str = "reads";
const VERSION: &str = "version";
const BESIDE: &str = "beside";
const REVISION: &str = "revision";

/// The table of placements: one item a projection, and none for one that was never rebuilt.
#[derive(Debug, Clone)]
pub struct Placements {
    client: Client,
    table: String,
}

impl Placements {
    /// Reads and writes `table`, whose key is the string `projection`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// The placement of the projection `name`: [`Placement::FIRST`], if none is stored.
    ///
    /// # Errors
    ///
    /// Retry when the table is unavailable. Permanent when the item is not a placement.
    pub async fn load(&self, name: &str) -> Result<Placement, Failure> {
        let key = AttributeValue::S(name.to_owned());
        let request = self.client.get_item().table_name(&self.table).key(KEY, key);
        let got = request.consistent_read(true).send().await.map_err(Failure::retry)?;
        let Some(item) = got.item else { return Ok(Placement::FIRST) };
        read(&item).ok_or_else(|| {
            Failure::permanent(format!("{name} in {}: {item:?} is no placement", self.table))
        })
    }

    /// Stores `placement` of the projection `name`, in place of the one of the revision before.
    /// `Done::Duplicate` says that another writer was first: load it and decide anew.
    ///
    /// # Errors
    ///
    /// Retry when the table is unavailable.
    pub async fn store(&self, name: &str, placement: &Placement) -> Result<Done, Failure> {
        let number = |number: u64| AttributeValue::N(number.to_string());
        let mut request = self
            .client
            .put_item()
            .table_name(&self.table)
            .item(KEY, AttributeValue::S(name.to_owned()))
            .item(READS, AttributeValue::S(placement.reads.name().to_owned()))
            .item(VERSION, number(placement.version.into()))
            .item(REVISION, number(placement.revision))
            .expression_attribute_names("#revision", REVISION);
        if let Some(version) = placement.beside {
            request = request.item(BESIDE, number(version.into()));
        }
        request = match placement.revision {
            0 | 1 => request.condition_expression("attribute_not_exists(#revision)"),
            revision => request
                .condition_expression("#revision = :before")
                .expression_attribute_values(":before", number(revision - 1)),
        };
        match request.send().await {
            Ok(_) => Ok(Done::Handled),
            Err(error) if is_overtaken(&error) => Ok(Done::Duplicate),
            Err(error) => Err(Failure::retry(error)),
        }
    }
}

fn is_overtaken(error: &SdkError<PutItemError>) -> bool {
    error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception)
}

fn read(item: &HashMap<String, AttributeValue>) -> Option<Placement> {
    let number = |name: &str| item.get(name)?.as_n().ok()?.parse::<u64>().ok();
    let reads = match item.get(READS)?.as_s().ok()?.as_str() {
        "a" => Slot::A,
        "b" => Slot::B,
        _ => return None,
    };
    let beside = match item.get(BESIDE) {
        Some(_) => Some(u32::try_from(number(BESIDE)?).ok()?),
        None => None,
    };
    let version = u32::try_from(number(VERSION)?).ok()?;
    Some(Placement { reads, version, beside, revision: number(REVISION)? })
}
