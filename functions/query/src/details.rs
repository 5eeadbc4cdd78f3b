//! One order: from the read model where that has come far enough, else from the order's own stream.

use std::time::Duration;

use event_envelope::{AggregateId, Envelope};
use event_store::EventStore;
use http::StatusCode;
use http_api::{Problem, Reply};
use runtime::{Clock, Failure, in_time};
use serde_json::{Value, json};

use crate::{
    answers::{RETRY_AFTER, no_such_order, unavailable},
    moment::{Between, Moment},
    orders::{Found, Orders},
    repair::Repairs,
    stream,
    token::{Least, Token, not_reached},
};

/// How long the read model may be behind before it counts as having lost an order. Events that wait
/// for their turn behind a failure come within minutes; a queue that stands still has its alarm.
const BEHIND_MAX: time::Duration = time::Duration::minutes(2);
/// The pauses before a row is read again that is behind what the caller has been answered.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
];
/// How long a caller waits for the row, reads and pauses together.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// What is left of the invocation's time to read the stream instead.
const RESERVE: Duration = Duration::from_secs(2);

/// Reads orders, one by one.
#[derive(Debug, Clone)]
pub(crate) struct Details {
    pub(crate) orders: Orders,
    pub(crate) store: EventStore,
    pub(crate) repairs: Repairs,
    pub(crate) clock: Clock,
}

impl Details {
    /// The order as the read model has it.
    pub(crate) async fn now(
        &self,
        order: &AggregateId,
        user: &AggregateId,
    ) -> Result<Reply, Problem> {
        match self.orders.find(order).await.map_err(unavailable)? {
            Found::View { owner, view } if owner == user.as_str() => {
                Reply::json(StatusCode::OK, &view)
            }
            // Another customer's order is none at all.
            Found::View { .. } => Err(no_such_order(order)),
            Found::Pending { .. } => self.pending(order, user).await,
        }
    }

    /// The order at a version that is no less than `least`. Where `waits`, a row that is behind has
    /// a moment to catch up: it alone has the news of other services.
    pub(crate) async fn at_least(
        &self,
        order: &AggregateId,
        user: &AggregateId,
        least: Least,
        waits: bool,
    ) -> Result<Value, Problem> {
        let mut found = self.orders.find(order).await.map_err(unavailable)?;
        match &found {
            Found::View { owner, .. } if owner != user.as_str() => {
                return Err(no_such_order(order));
            }
            Found::View { .. } => (),
            Found::Pending { .. } => drop(self.created(order, user).await?),
        }
        if let Some(view) = found.at(least.version) {
            return Ok(view.clone());
        }
        // One read shows whether there is anything to wait for.
        let awaited = self.store.event(order, least.version).await.map_err(unavailable)?;
        let awaited = awaited.ok_or_else(|| least.not_reached())?;
        let is_lost = self.clock.now() - awaited.timestamp > BEHIND_MAX;
        if waits && !is_lost {
            self.wait(order, least.version, &mut found).await;
            if let Some(view) = found.at(least.version) {
                return Ok(view.clone());
            }
        }
        let events = self.store.load(order, 0).await.map_err(unavailable)?;
        if is_lost {
            tracing::error!(order_id = %order, "the read model has lost events of an order");
            self.repair(order, &events).await;
        }
        let view = folded(&events)?;
        Ok(match &found {
            Found::View { view: row, .. } | Found::Pending { others: Some(row) } => {
                stream::over(row, view)
            }
            Found::Pending { others: None } => view,
        })
    }

    /// Reads the row until it has this `version`, or there is no more time. A read that fails is
    /// made again like one that comes too early: there is the stream.
    async fn wait(&self, order: &AggregateId, version: u64, found: &mut Found) {
        let looks = async {
            for pause in PAUSES {
                tokio::time::sleep(pause).await;
                if let Ok(row) = self.orders.find(order).await {
                    *found = row;
                }
                if found.at(version).is_some() {
                    return;
                }
            }
        };
        // Whether it came in time is seen in what was found.
        in_time(RESERVE, tokio::time::timeout(WAIT_MAX, looks)).await.and_then(Result::ok);
    }

    /// The orders of these tokens, none older than its token says.
    pub(crate) async fn of_tokens(
        &self,
        user: &AggregateId,
        tokens: &[Token],
    ) -> Result<Vec<Value>, Problem> {
        let mut views = Vec::with_capacity(tokens.len());
        for Token { order, least } in tokens {
            let view = self.at_least(order, user, *least, false).await;
            views.push(view.map_err(|problem| match problem.status() {
                StatusCode::NOT_FOUND => least.no_order(order),
                _ => problem,
            })?);
        }
        Ok(views)
    }

    /// The order as it was at a moment, as far as its own events tell.
    pub(crate) async fn as_of(
        &self,
        order: &AggregateId,
        user: &AggregateId,
        moment: Moment,
        least: Option<Least>,
    ) -> Result<Value, Problem> {
        let events = self.stream(order, user, least).await?;
        let then = prefix(&events, moment, "asOf")?;
        if then.is_empty() {
            return Err(Problem::not_found(format!("there was no order {order} yet")));
        }
        folded(then)
    }

    /// What changed in the order between two moments, as far as its own events tell.
    pub(crate) async fn changes(
        &self,
        order: &AggregateId,
        user: &AggregateId,
        Between { from, to }: Between,
        least: Option<Least>,
    ) -> Result<Value, Problem> {
        let events = self.stream(order, user, least).await?;
        let before = prefix(&events, from, "from")?;
        let after = to.map_or(Ok(events.as_slice()), |to| prefix(&events, to, "to"))?;
        if before.len() > after.len() {
            return Err(Problem::bad_field("from", "must not be later than to"));
        }
        let changes = stream::changes(&folded(before)?, &folded(after)?);
        Ok(json!({
            "orderId": order,
            "from": before.len(),
            "to": after.len(),
            "changes": changes,
        }))
    }

    /// The events of the caller's own order, all that there are now.
    pub(crate) async fn stream(
        &self,
        order: &AggregateId,
        user: &AggregateId,
        least: Option<Least>,
    ) -> Result<Vec<Envelope>, Problem> {
        // The first event names its owner: no customer has the long trail of another's order read.
        let created = self.created(order, user).await?;
        let later = self.store.load(order, 1).await.map_err(unavailable)?;
        let events: Vec<_> = std::iter::once(created).chain(later).collect();
        let version = events.len() as u64;
        match least {
            Some(least) if least.version > version => Err(least.not_reached()),
            _ => Ok(events),
        }
    }

    /// The first event of the caller's own order.
    async fn created(&self, order: &AggregateId, user: &AggregateId) -> Result<Envelope, Problem> {
        let first = self.store.first(order).await.map_err(unavailable)?;
        let owned = first.filter(|created| created.data["userId"] == user.as_str());
        owned.ok_or_else(|| no_such_order(order))
    }

    /// An order that the read model does not have: it may not have caught up yet. If the order is
    /// too old for that, its own events show what they can, and the projector writes the row anew.
    async fn pending(&self, order: &AggregateId, user: &AggregateId) -> Result<Reply, Problem> {
        let created = self.created(order, user).await?;
        if self.clock.now() - created.timestamp > BEHIND_MAX {
            let events = self.store.load(order, 0).await.map_err(unavailable)?;
            let view = folded(&events)?;
            tracing::error!(order_id = %order, "the read model has lost an order");
            self.repair(order, &events).await;
            return Reply::json(StatusCode::OK, &view);
        }
        let body = json!({ "orderId": order, "status": "processing" });
        Ok(Reply::json(StatusCode::ACCEPTED, &body)?
            .location(&format!("/orders/{order}"))?
            .retry_after(RETRY_AFTER))
    }

    /// Asks for the row of an order to be written again. That it cannot be asked for now is no
    /// reason not to answer: the next question asks again.
    async fn repair(&self, order: &AggregateId, events: &[Envelope]) {
        let Some(last) = events.last() else { return };
        if let Err(failure) = self.repairs.ask(last).await {
            tracing::warn!(order_id = %order, %failure, "the lost row is not repaired yet");
        }
    }
}

fn prefix<'a>(
    events: &'a [Envelope],
    moment: Moment,
    field: &str,
) -> Result<&'a [Envelope], Problem> {
    moment.prefix(events).map_err(|beyond| not_reached(field, beyond.asked))
}

fn folded(events: &[Envelope]) -> Result<Value, Problem> {
    stream::view(events).map_err(|error| unavailable(Failure::permanent(error)))
}
