//! The services of AWS that functions call, in process.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use local_core::{AwsError, Service};
use local_dynamodb::DynamoDb;
use local_eventbridge::EventBridge;
use local_iam::{Call, Permission};
use local_sqs::Sqs;
use local_states::StepFunctions;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower::ServiceExt;

use crate::{
    description::{self, Deployment, STACK},
    fault::Site,
    history::History,
    limits::Access,
    partitions::{consumption, partitions, throttled, with_consumption},
    request::{Sent, answer_of},
    sim::Sim,
};

/// What the targets of Step Functions begin with.
const STATES: &str = "AWSStepFunctions";

/// Clones are the same services.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) database: DynamoDb,
    pub(crate) queues: Sqs,
    pub(crate) bus: EventBridge,
    pub(crate) mail: Router,
    pub(crate) workflows: StepFunctions,
    /// What functions were refused, for their roles do not allow it.
    pub(crate) refused: Arc<Mutex<BTreeSet<String>>>,
    /// By which permission of its role each function, by its name, did what it did.
    pub(crate) permissions: Arc<Mutex<BTreeMap<String, BTreeSet<Permission>>>>,
    /// Wakes, in their order, those who wait for a write. (The database has such a signal too; it
    /// wakes in no certain order.)
    pub(crate) written: Arc<Notify>,
    pub(crate) history: History,
    pub(crate) sim: Arc<Sim>,
}

impl Services {
    /// What is deployed now.
    pub(crate) fn deployment(&self) -> &'static Deployment {
        description::deployment(self.sim.mode())
    }

    /// Carries out a request, if the role of the function that sent it allows it.
    pub(crate) async fn call(&self, sent: &Sent) -> (u16, Bytes) {
        if let Err(error) = self.check(sent) {
            return answer_of(&error);
        }
        if self.sim.quotas().is_none() {
            return self.carry_out(sent).await;
        }
        match sent.target.as_deref().and_then(|it| it.split_once('.')) {
            Some(("AWSEvents", "PutEvents")) => self.put_limited(sent).await,
            Some(("DynamoDB_20120810", operation)) => self.call_limited(operation, sent).await,
            _ => self.carry_out(sent).await,
        }
    }

    /// Carries out a request to DynamoDB, if its partitions take it.
    async fn call_limited(&self, operation: &str, sent: &Sent) -> (u16, Bytes) {
        let Some(quotas) = self.sim.quotas() else { return self.carry_out(sent).await };
        let is_write = sent.site() == Site::Write;
        let access = if is_write { Access::Write } else { Access::Read };
        let body: Value = serde_json::from_slice(&sent.body).unwrap_or_default();
        let partitions = partitions(&self.deployment().template, operation, &body);
        let now = self.sim.millisecond();
        let is_met: Vec<bool> =
            partitions.iter().map(|it| !quotas.has_units(access, &it.name, now)).collect();
        if let Some(met) = partitions.iter().zip(&is_met).find_map(|(it, met)| met.then_some(it)) {
            quotas.count(format!("{access:?} {}", met.table));
            return answer_of(&throttled(access, operation, &is_met));
        }
        let asking = Sent { body: with_consumption(body), ..sent.clone() };
        let before = self.database.capacity();
        let (status, answer) = self.carry_out(&asking).await;
        let after = self.database.capacity();
        // What a condition that did not hold has consumed is in no answer.
        let refused = after.write_units - before.write_units;
        let consumed = consumption(&answer);
        for partition in &partitions {
            let items = partitions.iter().filter(|it| it.table == partition.table).count();
            let items = u32::try_from(items).map_or(1.0, f64::from);
            let units = consumed.get(&partition.table).copied();
            let units = units.unwrap_or(if status == 200 { 0.0 } else { refused });
            quotas.take_units(access, &partition.name, units / items);
        }
        (status, answer)
    }

    /// Puts as many entries on the bus as it takes.
    async fn put_limited(&self, sent: &Sent) -> (u16, Bytes) {
        let Some(quotas) = self.sim.quotas() else { return self.carry_out(sent).await };
        let request: Value = serde_json::from_slice(&sent.body).unwrap_or_default();
        let now = self.sim.millisecond();
        let refused: BTreeSet<usize> = (0..request["Entries"].as_array().map_or(0, Vec::len))
            .filter(|_| !quotas.takes_entry(now))
            .collect();
        if refused.is_empty() {
            return self.carry_out(sent).await;
        }
        refused.iter().for_each(|_| quotas.count("PutEvents".to_owned()));
        self.put_without(sent, &refused, "ThrottlingException", "Rate exceeded").await
    }

    async fn carry_out(&self, sent: &Sent) -> (u16, Bytes) {
        let Some((prefix, operation)) = sent.target.as_deref().and_then(|it| it.split_once('.'))
        else {
            return self.send_mail(sent).await;
        };
        let services: [&dyn Service; 4] =
            [&self.database, &self.queues, &self.bus, &self.workflows];
        let called = services.into_iter().find(|it| it.targets().contains(&prefix));
        let is_gone = prefix == STATES && self.deployment().template.state_machines.is_empty();
        let answer = match called {
            Some(_) if is_gone => {
                Err(AwsError::client("StateMachineDoesNotExist", "it is deleted"))
            }
            Some(service) => service.call(operation, sent.body.clone()).await,
            None => Err(AwsError::unknown_operation(prefix)),
        };
        if answer.is_ok() {
            self.history.add(operation, &sent.body);
        }
        self.written.notify_waiters();
        match answer {
            Ok(body) => (200, body),
            Err(error) => answer_of(&error),
        }
    }

    /// Answers a read with what was true `lag` ago, if the role allows it.
    pub(crate) async fn call_stale(&self, sent: &Sent, lag: Duration) -> (u16, Bytes) {
        if let Err(error) = self.check(sent) {
            return answer_of(&error);
        }
        match self.history.read(sent.operation(), sent.body.clone(), lag).await {
            Ok(body) => (200, body),
            Err(error) => answer_of(&error),
        }
    }

    /// Writes what a new system starts with.
    pub(crate) async fn put(&self, table: &str, item: Value) {
        let request = json!({ "TableName": format!("{STACK}-{table}"), "Item": item });
        self.database.json("PutItem", &request).await.unwrap();
        self.history.add("PutItem", &request.to_string().into());
    }

    fn check(&self, sent: &Sent) -> Result<(), AwsError> {
        let functions = &self.deployment().template.functions;
        // What is no function of the template has no role.
        let Some(function) = functions.iter().find(|it| it.binary == sent.binary) else {
            return Ok(());
        };
        let (target, path) = (sent.target.as_deref(), sent.path.as_str());
        let path = path.find("/v2/").map_or(path, |at| &path[at..]);
        let call = Call { path, method: "POST", target, body: &sent.body };
        let used = self.deployment().authority.permissions_used(&function.name, &call);
        let used = used.inspect_err(|error| {
            self.refused.lock().unwrap().insert(error.message.clone());
        })?;
        let mut permissions = self.permissions.lock().unwrap();
        permissions.entry(function.name.clone()).or_default().extend(used);
        Ok(())
    }

    /// Has the bus take only some of the entries; the others are refused as it may refuse them.
    pub(crate) async fn call_partly(
        &self,
        sent: &Sent,
        random: &mut fastrand::Rng,
    ) -> (u16, Bytes) {
        let request: Value = serde_json::from_slice(&sent.body).unwrap();
        let entries = request["Entries"].as_array().map_or(0, Vec::len);
        let first = random.usize(0..entries.max(1));
        let refused: BTreeSet<usize> =
            (0..entries).filter(|index| *index == first || random.bool()).collect();
        if let Err(error) = self.check(sent) {
            return answer_of(&error);
        }
        self.put_without(sent, &refused, "InternalFailure", "try again").await
    }

    /// Puts the entries on the bus that are not `refused`.
    async fn put_without(
        &self,
        sent: &Sent,
        refused: &BTreeSet<usize>,
        code: &str,
        message: &str,
    ) -> (u16, Bytes) {
        let mut request: Value = serde_json::from_slice(&sent.body).unwrap();
        let entries = request["Entries"].as_array().cloned().unwrap_or_default();
        let kept = entries.iter().enumerate().filter(|(index, _)| !refused.contains(index));
        request["Entries"] = kept.map(|(_, entry)| entry.clone()).collect();
        let mut answers = Vec::new().into_iter();
        if refused.len() < entries.len() {
            let rest = Sent { body: request.to_string().into(), ..sent.clone() };
            let (_, body) = self.carry_out(&rest).await;
            let answer: Value = serde_json::from_slice(&body).unwrap();
            answers = answer["Entries"].as_array().cloned().unwrap_or_default().into_iter();
        }
        let failure = json!({ "ErrorCode": code, "ErrorMessage": message });
        let all: Vec<Value> = (0..entries.len())
            .map(|index| match refused.contains(&index) {
                true => failure.clone(),
                false => answers.next().unwrap_or_default(),
            })
            .collect();
        let answer = json!({ "FailedEntryCount": refused.len(), "Entries": all });
        (200, answer.to_string().into())
    }

    async fn send_mail(&self, sent: &Sent) -> (u16, Bytes) {
        let request = http::Request::post(&sent.path)
            .header("content-type", "application/json")
            .header("authorization", "AWS4-HMAC-SHA256 simulated")
            .body(Body::from(sent.body.clone()));
        let response = self.mail.clone().oneshot(request.unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, body)
    }
}
