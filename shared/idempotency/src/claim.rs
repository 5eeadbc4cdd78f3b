//! From a request to its record: claiming, committing, completing, releasing.

use event_envelope::Envelope;

use crate::{
    IdempotencyConfig, IdempotencyError, Identity, MissingKey, Record, Status, Store,
    TakeoverCondition, Written, key::KEY_BYTES_MAX,
};

/// The id of a request's record, and the hash of its payload.
#[derive(Debug, Clone)]
pub(crate) struct RequestKey {
    pub(crate) id: String,
    payload_hash: Option<String>,
}

/// The result of an attempt to claim or to commit.
#[derive(Debug)]
pub(crate) enum ClaimResult<T, F> {
    /// The claim or the commit succeeded.
    Granted(T),
    /// It took effect before.
    Completed(Record),
    /// These conditions of the handler's own writes failed; nothing was written.
    ConditionFailed(Vec<F>),
}

/// The right to perform the side effect, until its lease ends.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) fencing_token: String,
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
    /// The key of the request's record.
    pub(crate) fn request_key(
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

    /// The completed record of `request_key` that is in the cache of this process.
    pub(crate) fn cached(
        &self,
        request_key: &RequestKey,
    ) -> Result<Option<Record>, IdempotencyError> {
        let Some(cache) = &self.cache else { return Ok(None) };
        let Some(record) = cache.get(&request_key.id) else { return Ok(None) };
        if self.takeover().has_expired(&record) {
            cache.remove(&request_key.id);
            return Ok(None);
        }
        self.check_payload(request_key, &record)?;
        Ok(Some(record))
    }

    /// Claims the request for one attempt at its side effect.
    pub(crate) async fn claim(
        &self,
        request_key: &RequestKey,
    ) -> Result<ClaimResult<Claim, S::ConditionFailed>, IdempotencyError> {
        let fencing_token = self.tokens.next_id();
        let lease_until = self.clock.now() + self.lease;
        let record = Record {
            id: request_key.id.clone(),
            status: Status::InProgress,
            fencing_token: Some(fencing_token.clone()),
            lease_until: Some(lease_until),
            payload_hash: request_key.payload_hash.clone(),
            result: None,
            outgoing: Vec::new(),
            // Counted from the lease's end, so that a short retention ends no lease.
            expires_at: lease_until + self.clock_skew + self.retention,
        };
        match self.store.put(&record, &[], self.takeover()).await? {
            Written::Yes { resumed } => Ok(ClaimResult::Granted(Claim { fencing_token, resumed })),
            // Our own claim, whose answer was lost on the way. The earlier record is unknown,
            // too: there may have been an attempt.
            Written::Existing(Some(there)) if there.is_held_by(&fencing_token) => {
                Ok(ClaimResult::Granted(Claim { fencing_token, resumed: true }))
            }
            Written::Existing(there) => {
                self.standing(request_key, there).map(ClaimResult::Completed)
            }
            Written::ConditionFailed(failed) => Ok(ClaimResult::ConditionFailed(failed)),
        }
    }

    /// Commits a unit of work and its record in one write.
    pub(crate) async fn commit(
        &self,
        request_key: &RequestKey,
        completing: Completing<'_, S::Write>,
    ) -> Result<ClaimResult<(), S::ConditionFailed>, IdempotencyError> {
        let fencing_token = self.tokens.next_id();
        let writes = completing.writes;
        let record = self.completed(request_key, &fencing_token, completing)?;
        match self.store.put(&record, writes, self.takeover()).await? {
            Written::Yes { .. } => {}
            // The answer to our own write was lost.
            Written::Existing(Some(there)) if there.is_completed_by(&fencing_token) => {}
            Written::Existing(there) => {
                return self.standing(request_key, there).map(ClaimResult::Completed);
            }
            Written::ConditionFailed(failed) => return Ok(ClaimResult::ConditionFailed(failed)),
        }
        self.remember(&record);
        Ok(ClaimResult::Granted(()))
    }

    /// Completes a claim: the unit of work and the record in one write, if the claim still holds.
    pub(crate) async fn complete(
        &self,
        request_key: &RequestKey,
        claim: &Claim,
        completing: Completing<'_, S::Write>,
    ) -> Result<(), IdempotencyError> {
        let writes = completing.writes;
        let record = self.completed(request_key, &claim.fencing_token, completing)?;
        let id = request_key.id.clone();
        match self.store.complete(&record, writes).await? {
            Written::Yes { .. } => {}
            // The answer to our own write was lost.
            Written::Existing(Some(there)) if there.is_completed_by(&claim.fencing_token) => {}
            Written::Existing(_) => return Err(IdempotencyError::LeaseLost { id }),
            Written::ConditionFailed(_) => return Err(IdempotencyError::Contended { id }),
        }
        self.remember(&record);
        Ok(())
    }

    /// Releases a claim, so that the next delivery need not wait for its lease.
    pub(crate) async fn release(&self, request_key: &RequestKey, claim: &Claim) {
        if let Err(error) = self.store.release(&request_key.id, &claim.fencing_token).await {
            // It ends by itself.
            tracing::warn!(%error, "claim was not released");
        }
    }

    /// The completed record of `request_key`, if there is one: found by completing without a
    /// claim. Nothing is written.
    #[cfg(feature = "http")]
    pub(crate) async fn completed_record(
        &self,
        request_key: &RequestKey,
    ) -> Result<Option<Record>, IdempotencyError> {
        let nothing = Completing { result: String::new(), writes: &[], outgoing: &[] };
        let record = self.completed(request_key, &self.tokens.next_id(), nothing)?;
        let Written::Existing(Some(there)) = self.store.complete(&record, &[]).await? else {
            return Ok(None);
        };
        if there.status != Status::Completed || self.takeover().has_expired(&there) {
            return Ok(None);
        }
        self.check_payload(request_key, &there)?;
        Ok(Some(*there))
    }

    fn takeover(&self) -> TakeoverCondition {
        TakeoverCondition::at(self.clock.now(), self.clock_skew)
    }

    fn completed(
        &self,
        request_key: &RequestKey,
        fencing_token: &str,
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
            id: request_key.id.clone(),
            status: Status::Completed,
            fencing_token: Some(fencing_token.to_owned()),
            lease_until: None,
            payload_hash: request_key.payload_hash.clone(),
            result: Some(result),
            outgoing: outgoing.to_vec(),
            expires_at: self.clock.now() + self.retention,
        })
    }

    /// The result of a later attempt that finds a record which it may not take over.
    fn standing(
        &self,
        request_key: &RequestKey,
        there: Option<Box<Record>>,
    ) -> Result<Record, IdempotencyError> {
        let id = request_key.id.clone();
        let Some(there) = there else { return Err(IdempotencyError::Contended { id }) };
        self.check_payload(request_key, &there)?;
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

    fn check_payload(
        &self,
        request_key: &RequestKey,
        there: &Record,
    ) -> Result<(), IdempotencyError> {
        if there.agrees_with(request_key.payload_hash.as_deref()) {
            return Ok(());
        }
        Err(IdempotencyError::PayloadMismatch { id: request_key.id.clone() })
    }
}
