//! From a request to its record: claiming, committing, completing, releasing.

use event_envelope::Envelope;

use crate::{
    IdempotencyConfig, IdempotencyError, Identity, MissingKey, Record, Status, Store,
    TakeoverCondition, Written, key::KEY_BYTES_MAX,
};

/// A request that was let as far as the store.
#[derive(Debug, Clone)]
pub(crate) struct RequestKey {
    pub(crate) id: String,
    payload_hash: Option<String>,
}

/// What became of an attempt to claim or to commit.
#[derive(Debug)]
pub(crate) enum ClaimResult<T, F> {
    /// It is ours.
    Granted(T),
    /// It took effect before.
    Completed(Record),
    /// These business conditions did not hold; nothing was written.
    Refused(Vec<F>),
}

/// The right to have an effect, until its lease ends.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) owner: String,
    pub(crate) resumed: bool,
}

/// What is to be written with a record.
#[derive(Debug)]
pub(crate) struct Completing<'a, W> {
    pub(crate) result: String,
    pub(crate) writes: &'a [W],
    pub(crate) outgoing: &'a [Envelope],
}

// ===== impl IdempotencyConfig =====

impl<S: Store> IdempotencyConfig<S> {
    /// The place of the request among the records.
    pub(crate) fn ticket(
        &self,
        identity: Option<Identity>,
    ) -> Result<RequestKey, IdempotencyError> {
        let Identity { key, payload_hash, .. } = match (identity, self.missing_key) {
            (Some(identity), _) if !identity.key.is_empty() => identity,
            (_, MissingKey::Refuse) => {
                return Err(IdempotencyError::MissingKey { consumer: self.consumer.to_string() });
            }
            (_, MissingKey::Skip) => Identity::new(self.tokens.next_id()),
        };
        if key.len() > KEY_BYTES_MAX {
            return Err(IdempotencyError::KeyTooLong { bytes: key.len(), max: KEY_BYTES_MAX });
        }
        let consumer = &self.consumer;
        let id = match &self.version {
            Some(version) => format!("{consumer}@{version}#{key}"),
            None => format!("{consumer}#{key}"),
        };
        Ok(RequestKey { id, payload_hash })
    }

    /// The completed record of `ticket` that this process knows of.
    pub(crate) fn cached(&self, ticket: &RequestKey) -> Result<Option<Record>, IdempotencyError> {
        let Some(cache) = &self.cache else { return Ok(None) };
        let Some(record) = cache.get(&ticket.id) else { return Ok(None) };
        if self.vacancy().has_expired(&record) {
            cache.remove(&ticket.id);
            return Ok(None);
        }
        self.check_payload(ticket, &record)?;
        Ok(Some(record))
    }

    /// Claims the request for one attempt at its effect.
    pub(crate) async fn claim(
        &self,
        ticket: &RequestKey,
    ) -> Result<ClaimResult<Claim, S::Refused>, IdempotencyError> {
        let owner = self.tokens.next_id();
        let lease_until = self.clock.now() + self.lease;
        let record = Record {
            id: ticket.id.clone(),
            status: Status::InProgress,
            owner: Some(owner.clone()),
            lease_until: Some(lease_until),
            payload_hash: ticket.payload_hash.clone(),
            result: None,
            outgoing: Vec::new(),
            // Counted from the lease's end: however short the retention, it ends no lease.
            expires_at: lease_until + self.clock_skew + self.retention,
        };
        match self.store.put(&record, &[], self.vacancy()).await? {
            Written::Yes { resumed } => Ok(ClaimResult::Granted(Claim { owner, resumed })),
            // Our own claim, whose answer was lost on the way. What stood there before it is
            // lost with it: there may have been an attempt.
            Written::Existing(Some(there)) if there.is_held_by(&owner) => {
                Ok(ClaimResult::Granted(Claim { owner, resumed: true }))
            }
            Written::Existing(there) => self.standing(ticket, there).map(ClaimResult::Completed),
            Written::Refused(refused) => Ok(ClaimResult::Refused(refused)),
        }
    }

    /// Commits a unit of work and its record in one write.
    pub(crate) async fn commit(
        &self,
        ticket: &RequestKey,
        completing: Completing<'_, S::Write>,
    ) -> Result<ClaimResult<(), S::Refused>, IdempotencyError> {
        let owner = self.tokens.next_id();
        let writes = completing.writes;
        let record = self.completed(ticket, &owner, completing)?;
        match self.store.put(&record, writes, self.vacancy()).await? {
            Written::Yes { .. } => {}
            // The answer to our own write was lost.
            Written::Existing(Some(there)) if there.is_completed_by(&owner) => {}
            Written::Existing(there) => {
                return self.standing(ticket, there).map(ClaimResult::Completed);
            }
            Written::Refused(refused) => return Ok(ClaimResult::Refused(refused)),
        }
        self.remember(&record);
        Ok(ClaimResult::Granted(()))
    }

    /// Completes a claim: the unit of work and the record in one write, if the claim still holds.
    pub(crate) async fn complete(
        &self,
        ticket: &RequestKey,
        claim: &Claim,
        completing: Completing<'_, S::Write>,
    ) -> Result<(), IdempotencyError> {
        let writes = completing.writes;
        let record = self.completed(ticket, &claim.owner, completing)?;
        let id = ticket.id.clone();
        match self.store.complete(&record, writes).await? {
            Written::Yes { .. } => {}
            // The answer to our own write was lost.
            Written::Existing(Some(there)) if there.is_completed_by(&claim.owner) => {}
            Written::Existing(_) => return Err(IdempotencyError::LeaseLost { id }),
            Written::Refused(_) => return Err(IdempotencyError::Contended { id }),
        }
        self.remember(&record);
        Ok(())
    }

    /// Gives up a claim, so that the next delivery need not wait for its lease.
    pub(crate) async fn release(&self, ticket: &RequestKey, claim: &Claim) {
        if let Err(error) = self.store.release(&ticket.id, &claim.owner).await {
            // It ends by itself.
            tracing::warn!(%error, "claim was not released");
        }
    }

    /// The completed record of `ticket`, if there is one: what somebody meets who completes without
    /// a claim. Nothing is written.
    #[cfg(feature = "http")]
    pub(crate) async fn look(
        &self,
        ticket: &RequestKey,
    ) -> Result<Option<Record>, IdempotencyError> {
        let nothing = Completing { result: String::new(), writes: &[], outgoing: &[] };
        let record = self.completed(ticket, &self.tokens.next_id(), nothing)?;
        let Written::Existing(Some(there)) = self.store.complete(&record, &[]).await? else {
            return Ok(None);
        };
        if there.status != Status::Completed || self.vacancy().has_expired(&there) {
            return Ok(None);
        }
        self.check_payload(ticket, &there)?;
        Ok(Some(*there))
    }

    fn vacancy(&self) -> TakeoverCondition {
        TakeoverCondition::at(self.clock.now(), self.clock_skew)
    }

    fn completed(
        &self,
        ticket: &RequestKey,
        owner: &str,
        completing: Completing<'_, S::Write>,
    ) -> Result<Record, IdempotencyError> {
        let Completing { result, outgoing, .. } = completing;
        if result.len() > self.result_bytes_max {
            return Err(IdempotencyError::TooLarge {
                what: "the result".to_owned(),
                bytes: result.len(),
                max: self.result_bytes_max,
            });
        }
        Ok(Record {
            id: ticket.id.clone(),
            status: Status::Completed,
            owner: Some(owner.to_owned()),
            lease_until: None,
            payload_hash: ticket.payload_hash.clone(),
            result: Some(result),
            outgoing: outgoing.to_vec(),
            expires_at: self.clock.now() + self.retention,
        })
    }

    /// What a record that is not free says to somebody who comes later.
    fn standing(
        &self,
        ticket: &RequestKey,
        there: Option<Box<Record>>,
    ) -> Result<Record, IdempotencyError> {
        let id = ticket.id.clone();
        let Some(there) = there else { return Err(IdempotencyError::Contended { id }) };
        self.check_payload(ticket, &there)?;
        match there.status {
            Status::Completed => {
                self.remember(&there);
                Ok(*there)
            }
            Status::InProgress => {
                let over = there.lease_until.map(|until| until + self.clock_skew);
                let left = over.map(|over| over - self.clock.now());
                let left = left.map(|left| left.try_into().unwrap_or_default());
                Err(IdempotencyError::InProgress { id, left })
            }
        }
    }

    fn remember(&self, record: &Record) {
        if let Some(cache) = &self.cache {
            cache.put(record);
        }
    }

    fn check_payload(&self, ticket: &RequestKey, there: &Record) -> Result<(), IdempotencyError> {
        if there.agrees_with(ticket.payload_hash.as_deref()) {
            return Ok(());
        }
        Err(IdempotencyError::PayloadMismatch { id: ticket.id.clone() })
    }
}
