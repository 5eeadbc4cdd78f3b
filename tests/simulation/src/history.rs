//! What the tables held a moment ago: a copy that is behind, as a replica of DynamoDB may be.
//!
//! Writes are kept in the order in which they took effect. Only when a read is to be stale is there
//! a copy at all, and it is brought forward to the moment that is read: so no fault, no cost.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use local_core::{AwsError, Service};
use local_dynamodb::DynamoDb;
use parking_lot::Mutex;

use crate::{description, sim::Sim};

/// The writes of a world, and the copy that is behind. Clones are the same.
#[derive(Clone)]
pub(crate) struct History {
    sim: Arc<Sim>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    writes: Vec<Write>,
    replica: Option<DynamoDb>,
    /// How many writes the replica has.
    applied: usize,
}

#[derive(Clone)]
struct Write {
    at: u64,
    operation: String,
    body: Bytes,
}

impl History {
    pub(crate) fn new(sim: &Arc<Sim>) -> Self {
        Self { sim: Arc::clone(sim), state: Arc::default() }
    }

    /// Takes note of an operation that has just succeeded.
    pub(crate) fn add(&self, operation: &str, body: &Bytes) {
        if matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems") {
            let at = self.sim.millisecond();
            let write = Write { at, operation: operation.to_owned(), body: body.clone() };
            self.state.lock().writes.push(write);
        }
    }

    /// Reads what was true `lag` ago. The replica never goes back: if it has been read closer to
    /// the present, that is what is read again.
    pub(crate) async fn read(
        &self,
        operation: &str,
        body: Bytes,
        lag: Duration,
    ) -> Result<Bytes, AwsError> {
        let known = self.state.lock().replica.clone();
        let replica = match known {
            Some(replica) => replica,
            None => description::database(&description::deployment(self.sim.mode()).template).await,
        };
        let until = self.sim.millisecond().saturating_sub(u64::try_from(lag.as_millis()).unwrap());
        let missing = {
            let mut state = self.state.lock();
            state.replica = Some(replica.clone());
            let from = state.applied;
            let is_due = |write: &&Write| write.at <= until;
            let missing: Vec<Write> =
                state.writes[from..].iter().take_while(is_due).cloned().collect();
            state.applied += missing.len();
            missing
        };
        for Write { operation, body, .. } in missing {
            replica.call(&operation, body).await.unwrap();
        }
        replica.call(operation, body).await
    }
}
