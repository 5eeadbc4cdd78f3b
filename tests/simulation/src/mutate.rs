//! Takes protections away at the boundary: in what a process sends or is answered, or in what a
//! provider receives.

use std::sync::Arc;

use axum::{
    Json,
    extract::Request,
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    description::STACK,
    mutation::{Mutation, Provided},
    request::{Answer, Sent},
    sim::Sim,
};

/// A condition that always holds.
const ALWAYS: &str = "attribute_not_exists(neverThere)";
/// Who [`Mutation::CheckThenAct`] acts as: it has no role, so it may do anything.
const CONTROL: &str = "control";
/// How state machines note that an order is cancelled.
const CALLED_OFF: [&str; 2] =
    ["\"isCalledOff\":{\"BOOL\":true}", "\"isCancelled\":{\"BOOL\":true}"];
/// The header with a provider's idempotency key.
const KEY: &str = "idempotency-key";

/// What a process asks for, before anything can happen to it.
pub(crate) fn ask(sim: &Sim, sent: &mut Sent) {
    if let Some(Mutation::Eventual(table)) = sim.mutation()
        && sent.is_about(table)
    {
        edit(sent, |read| {
            if let Some(read) = read.as_object_mut() {
                read.remove("ConsistentRead");
            }
        });
    }
}

/// What a process sends, before it arrives; an answer, where it never does.
pub(crate) fn send(sim: &Sim, sent: &mut Sent) -> Option<Answer> {
    let mutation = sim.mutation()?;
    if let Mutation::NoTombstones(table) = mutation {
        return bury(sent, table);
    }
    if let Mutation::Dropped { table, part } = mutation {
        edit(sent, |write| drop_part(write, table, part));
    }
    // No role of the template lets a payment do what this one does.
    if mutation == Mutation::CheckThenAct && sent.binary == "payment" {
        sent.binary = CONTROL.to_owned();
    }
    None
}

/// What the bus hands to a queue.
pub(crate) fn deliver(sim: &Sim, event: &str) -> String {
    if sim.mutation() != Some(Mutation::ReplaysUnnamed) {
        return event.to_owned();
    }
    let mut event: Value = serde_json::from_str(event).unwrap_or_default();
    event.as_object_mut().map(|members| members.remove("replay-name"));
    event.to_string()
}

/// What a process is answered.
pub(crate) fn answer(sim: &Sim, sent: &Sent, answer: &mut Answer) {
    let Some(mutation) = sim.mutation() else { return };
    match (mutation, sent.operation()) {
        (Mutation::EntriesTaken, "PutEvents") => change(answer, take_entries),
        (Mutation::Forgotten { table, attribute }, "GetItem") if sent.is_about(table) => {
            change(answer, |body| {
                if let Some(value) = body["Item"].get_mut(attribute) {
                    *value = json!({ "M": {} });
                }
            });
        }
        _ => (),
    }
}

/// What a provider receives.
pub(crate) async fn provide(sim: Arc<Sim>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if request.method() == Method::POST {
        let lost = match sim.mutation() {
            Some(Mutation::KeysLost(of)) => of.path() == path,
            Some(Mutation::CheckThenAct) => Provided::Charge.path() == path,
            _ => false,
        };
        if lost {
            request.headers_mut().remove(KEY);
        }
    } else if let Some(Mutation::NothingFound(of)) = sim.mutation()
        && request.method() == Method::GET
        && path.trim_end_matches("/search") == of.path()
    {
        return Json(of.nothing()).into_response();
    }
    next.run(request).await
}

impl Sent {
    /// Whether it names this table.
    fn is_about(&self, table: &str) -> bool {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        names(&body, table)
    }
}

fn names(request: &Value, table: &str) -> bool {
    request["TableName"] == format!("{STACK}-{table}")
}

/// Changes a request, or each write of a transaction.
fn edit(sent: &mut Sent, change: impl Fn(&mut Value)) {
    let mut body: Value = serde_json::from_slice(&sent.body).unwrap_or_default();
    if let Some(items) = body.get_mut("TransactItems").and_then(Value::as_array_mut) {
        let writes = items.iter_mut().filter_map(Value::as_object_mut);
        writes.flat_map(|item| item.values_mut()).for_each(change);
    } else {
        change(&mut body);
    }
    sent.body = body.to_string().into();
}

fn change(answer: &mut Answer, change: impl FnOnce(&mut Value)) {
    let mut body: Value = serde_json::from_slice(&answer.1).unwrap_or_default();
    change(&mut body);
    answer.1 = body.to_string().into();
}

/// Every value of a condition has to be used: so the part stays, beside what always holds.
fn drop_part(write: &mut Value, table: &str, part: &str) {
    if names(write, table)
        && let Some(condition) = write["ConditionExpression"].as_str()
        && condition.contains(part)
    {
        let condition = condition.replace(part, &format!("({part} OR {ALWAYS})"));
        write["ConditionExpression"] = condition.into();
    }
}

fn take_entries(body: &mut Value) {
    body["FailedEntryCount"] = 0.into();
    for entry in body["Entries"].as_array_mut().into_iter().flatten() {
        if entry["EventId"].is_null() {
            *entry = json!({ "EventId": "taken" });
        }
    }
}

/// Takes the tombstone out of a request; without it a single write is answered at once.
fn bury(sent: &mut Sent, table: &str) -> Option<Answer> {
    let is_tombstone = |write: &Value| {
        let item = write["Item"].to_string();
        let has = |part: &str| item.contains(part);
        let is_called_off = CALLED_OFF.into_iter().any(has) && has("{\"S\":\"waiting\"}");
        names(write, table) && (has("{\"S\":\"withdrawn\"}") || is_called_off)
    };
    let mut body: Value = serde_json::from_slice(&sent.body).unwrap_or_default();
    if is_tombstone(&body) {
        return Some((200, "{}".into()));
    }
    let items = body.get_mut("TransactItems")?.as_array_mut()?;
    items.retain(|item| !is_tombstone(&item["Put"]));
    sent.body = body.to_string().into();
    None
}
