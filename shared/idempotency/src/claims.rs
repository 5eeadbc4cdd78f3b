//! The lease on one attempt at an effect: claimed before, completed or released after.

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::{UpdateItemError, UpdateItemOutput},
    types::{ReturnValuesOnConditionCheckFailure, Update},
};
use clock::Tokens;
use outcome::Failure;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Item, UnitOfWork,
    record::{Status, attribute, millis, number, outgoing, text},
    store::{Admission, IdempotencyStore, names, result_json},
    transaction::{Transacted, failure, patiently, transact},
};

/// The condition under which a claim is still its holder's.
const OURS: &str = "#owner = :owner AND #status = :inProgress";

/// The right to have an effect, until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Drawn for this claim alone. It fences: whoever comes after the lease draws another.
    pub(crate) owner: String,
}

impl Claim {
    pub(crate) fn draw(tokens: &Tokens) -> Self {
        Self { owner: tokens.draw() }
    }

    fn holds(&self, item: &Item) -> bool {
        item.get(attribute::OWNER) == Some(&text(&self.owner))
    }

    /// Whether `item` is this claim, completed. The owner stays when a claim completes, so that a
    /// holder whose answer was lost knows its own write.
    pub(crate) fn completed(&self, item: &Item) -> bool {
        self.holds(item) && item.get(attribute::STATUS) == Some(&text(Status::Completed.as_str()))
    }
}

impl IdempotencyStore {
    /// Claims `key` for one attempt at its effect.
    pub(crate) async fn claim<R: DeserializeOwned>(
        &self,
        key: &str,
        payload_hash: &str,
    ) -> Result<Admission<Claim, R>, Failure> {
        let claim = Claim::draw(&self.tokens);
        let lease_until = self.clock.now() + self.settings.lease;
        let record = Item::from([
            (attribute::ID.to_owned(), text(self.id(key))),
            (attribute::STATUS.to_owned(), text(Status::InProgress.as_str())),
            (attribute::OWNER.to_owned(), text(&claim.owner)),
            (attribute::LEASE_UNTIL.to_owned(), number(millis(lease_until))),
            (attribute::PAYLOAD_HASH.to_owned(), text(payload_hash)),
            // Counted from the lease's end: however short the retention, it ends no lease.
            (attribute::EXPIRATION.to_owned(), number(self.expiration_after(lease_until))),
        ]);
        match self.put_alone(self.put_if_free(record, payload_hash)?).await? {
            None => Ok(Admission::Granted(claim)),
            // Our own claim, whose answer was lost on the way and which the SDK sent again.
            Some(there) if claim.holds(&there) => Ok(Admission::Granted(claim)),
            Some(there) => self.replay(there, payload_hash),
        }
    }

    /// Completes a claim: the unit of work and the record in one write, if the claim still holds.
    pub(crate) async fn complete<R: Serialize>(
        &self,
        key: &str,
        claim: &Claim,
        unit: &UnitOfWork<R>,
    ) -> Result<(), Failure> {
        let update = self.completion(key, claim, unit)?;
        let there = if unit.writes.is_empty() {
            self.complete_alone(update).await?
        } else {
            self.complete_with(unit, update).await?
        };
        match there {
            None => Ok(()),
            Some(there) if claim.completed(&there) => Ok(()),
            Some(_) => Err(Failure::retry(
                "the lease was lost: another delivery took over, nothing was written",
            )),
        }
    }

    /// Everything in one transaction. What stands in place of the claim, if that was refused.
    async fn complete_with<R>(
        &self,
        unit: &UnitOfWork<R>,
        update: Update,
    ) -> Result<Option<Item>, Failure> {
        let mut writes = unit.writes.clone();
        writes.push(update.into());
        let Transacted::Refused(refused) = transact(&self.client, &writes).await? else {
            return Ok(None);
        };
        let record = refused.into_iter().find(|it| it.write == unit.writes.len());
        record
            .map(|record| Some(record.item.unwrap_or_default()))
            .ok_or_else(|| Failure::retry("what the handler had read has changed since"))
    }

    /// One write costs half of a transaction of one.
    async fn complete_alone(&self, update: Update) -> Result<Option<Item>, Failure> {
        match self.update(update).await {
            Ok(_) => Ok(None),
            Err(error) => refused_update(error).map(Some),
        }
    }

    fn completion<R: Serialize>(
        &self,
        key: &str,
        claim: &Claim,
        unit: &UnitOfWork<R>,
    ) -> Result<Update, Failure> {
        let mut set =
            vec!["#status = :completed", "#result = :result", "#expiration = :expiration"];
        let mut values = Item::from([
            (":completed".to_owned(), text(Status::Completed.as_str())),
            (":inProgress".to_owned(), text(Status::InProgress.as_str())),
            (":result".to_owned(), text(result_json(&unit.result)?)),
            (":expiration".to_owned(), number(self.expiration_after(self.clock.now()))),
            (":owner".to_owned(), text(&claim.owner)),
        ]);
        let mut used = vec![
            attribute::STATUS,
            attribute::RESULT,
            attribute::EXPIRATION,
            attribute::OWNER,
            attribute::LEASE_UNTIL,
        ];
        if !unit.outgoing.is_empty() {
            set.push("#outgoing = :outgoing");
            values.insert(":outgoing".to_owned(), outgoing(&unit.outgoing)?);
            used.push(attribute::OUTGOING);
        }
        Update::builder()
            .table_name(&self.settings.table)
            .key(attribute::ID, text(self.id(key)))
            .update_expression(format!("SET {} REMOVE #leaseUntil", set.join(", ")))
            .condition_expression(OURS)
            .set_expression_attribute_names(Some(names(&used)))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(Failure::poison)
    }

    /// Gives up a claim, so that the next delivery need not wait for its lease.
    pub(crate) async fn release(&self, key: &str, claim: &Claim) -> Result<(), Failure> {
        let used = [attribute::LEASE_UNTIL, attribute::OWNER, attribute::STATUS];
        let update = Update::builder()
            .table_name(&self.settings.table)
            .key(attribute::ID, text(self.id(key)))
            .update_expression("SET #leaseUntil = :zero")
            .condition_expression(OURS)
            .set_expression_attribute_names(Some(names(&used)))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":owner", text(&claim.owner))
            .expression_attribute_values(":inProgress", text(Status::InProgress.as_str()))
            .build()
            .map_err(Failure::poison)?;
        match self.update(update).await {
            Ok(_) => Ok(()),
            // Somebody else holds it now: nothing to give up.
            Err(error) => refused_update(error).map(drop),
        }
    }

    async fn update(&self, update: Update) -> Result<UpdateItemOutput, SdkError<UpdateItemError>> {
        let request = self
            .client
            .update_item()
            .table_name(update.table_name)
            .set_key(Some(update.key))
            .update_expression(update.update_expression)
            .set_condition_expression(update.condition_expression)
            .set_expression_attribute_names(update.expression_attribute_names)
            .set_expression_attribute_values(update.expression_attribute_values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        patiently(|| request.clone().send()).await
    }
}

/// The item that stood in the way.
fn refused_update(error: SdkError<UpdateItemError>) -> Result<Item, Failure> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
            Ok(refused.item().cloned().unwrap_or_default())
        }
        _ => Err(failure(error)),
    }
}
