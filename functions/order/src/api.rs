//! The commands of customers and operators over HTTP.
//!
//! | route | by | body | answers |
//! |---|---|---|---|
//! | `POST /orders` | a customer, within their [limits](crate::limit) | an [`OrderRequest`] | the order |
//! | `POST /orders/{id}/cancel` | its customer | | `orderId`, `status` |
//! | `POST /admin/orders/{id}/resume` | an operator | `reason`, or none at all | `orderId`, `status` |
//!
//! Each also answers the `version` of the order's stream after it, and as the header
//! `Order-Version`: a read that is given it is no older than the command.
//!
//! Customers have a token; operators have signed their request, and IAM lets them through at the
//! gateway.

use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use event_envelope::{Actor, AggregateId, CorrelationId, Envelope};
use event_store::{
    Causation, Decider, EventStore, ExecuteError, Executed, StoreError, begin, execute,
};
use http::StatusCode;
use http_api::{CARD_NUMBER, Problem, Reply, Request, TokenScope, holds_card_number, is_one_line};
use runtime::{Clock, Failure};
use serde::Deserialize;
use serde_json::json;

use crate::{
    answers::{accepted, again, repeated, versioned},
    deadlines::deadline,
    domain::{Command, Order, Resume, Resumption, Rule},
    limit::{OrderLimit, TooMany},
    lookup::Lookup,
    place_order::{OrderRequest, PlacingError, order_id},
};

/// The longest reason for resuming an order, in characters.
pub const REASON_CHARS_MAX: usize = 500;
/// When to try again what met a busy store.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Answers requests.
#[derive(Debug, Clone)]
pub struct OrderApi {
    store: EventStore,
    lookup: Lookup,
    pay_within: u64,
    scope: TokenScope,
    clock: Clock,
    limit: Option<OrderLimit>,
}

/// The body of `POST /admin/orders/{id}/resume`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResumeRequest {
    /// Why, for people. It is kept with the order for ever, so that it must name no person.
    #[serde(default)]
    reason: Option<String>,
}

impl OrderApi {
    /// Keeps orders in `store`, at the prices that `lookup` finds. Each is to be checked when it
    /// may have waited for its payment for too long: `pay_within` seconds. A customer's token must
    /// grant `scope`.
    pub fn new(
        store: EventStore,
        lookup: Lookup,
        pay_within: u64,
        scope: TokenScope,
        clock: Clock,
    ) -> Self {
        Self { store, lookup, pay_within, scope, clock, limit: None }
    }

    /// The same, which holds each customer to `limit`. Without, there is none.
    #[must_use]
    pub fn limited(self, limit: OrderLimit) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Answers one request: an order, or the problem with it.
    pub async fn handle(&self, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let request = Request::new(&event);
        let answered = match request.route_key() {
            "POST /orders" => self.place(request).await,
            "POST /orders/{id}/cancel" => self.cancel(request).await,
            "POST /admin/orders/{id}/resume" => self.resume(request).await,
            other => Err(Problem::not_found(format!("there is no route {other:?} here"))),
        };
        answered.map_or_else(Into::into, Into::into)
    }

    /// Places an order.
    ///
    /// Its id follows from the caller and the key, so that the order is itself the record of the
    /// request: a repetition finds it, also when other things have happened since.
    async fn place(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let user = request.caller(&self.scope)?;
        let order_id = order_id(&user, request.idempotency_key()?);
        let asked: OrderRequest = request.json_body()?;
        asked.validate().map_err(refused)?;
        if let Some(first) = self.store.first(&order_id).await.map_err(unavailable)? {
            return repeated(&asked, &first);
        }
        let quantities = asked.quantities();
        let address = asked.delivery_address_id.as_ref();
        let known =
            self.lookup.find(quantities.keys(), &user, address).await.map_err(unavailable)?;
        let order = asked.price(order_id.clone(), user.clone(), &known).map_err(refused)?;
        // What can be placed, and was not before: nothing else counts.
        if let Some(limit) = &self.limit {
            limit.admit(&user, self.clock.now()).await.map_err(too_many)?;
        }
        let correlation = CorrelationId::of(order_id.as_str());
        note(&order_id, &correlation);
        let traceparent = request.traceparent();
        let actor = Actor { id: Some(user.to_string()), reason: None, traceparent };
        let causation = Causation::Root(&correlation, &actor);
        let now = self.clock.now();
        let due_at = deadline(now, self.pay_within);
        let command = Command::Place(order);
        let begun = begin::<Order>(&self.store, &order_id, &command, causation, now, due_at).await;
        match begun {
            Ok(Executed { events, .. }) => accepted(events.first().ok_or_else(Problem::internal)?),
            // The same request came in twice at once, and the other one was first.
            Err(ExecuteError::Store(StoreError::Conflict { .. })) => {
                let first = self.store.first(&order_id).await.map_err(unavailable)?;
                first.map_or_else(|| Err(busy()), |first| repeated(&asked, &first))
            }
            Err(error) => Err(failed(&order_id, error)),
        }
    }

    /// Cancels an order of the caller's. Doing it again answers the same.
    async fn cancel(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let user = request.caller(&self.scope)?;
        let order_id = request.path_id("id")?;
        let first = self.store.first(&order_id).await.map_err(unavailable)?;
        let created = first.filter(|event| event.data["userId"] == user.as_str());
        // Another customer's order is none at all.
        let created = created.ok_or_else(|| no_such_order(&order_id))?;
        let actor = Actor {
            id: Some(user.to_string()),
            reason: Some("customer request".to_owned()),
            traceparent: request.traceparent(),
        };
        let executed = self.execute::<Order>(&created, &Command::Cancel, actor).await?;
        let body = json!({ "orderId": order_id, "status": "cancelled" });
        versioned(StatusCode::OK, body, executed.version())
    }

    /// Has the services retry the steps of an order that they have abandoned.
    ///
    /// It needs no key: while the order rests from the last time, to do it again is answered alike,
    /// and marked as a repetition.
    async fn resume(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let caller = request.iam_caller()?;
        let order_id = request.path_id("id")?;
        let ResumeRequest { reason } = request.optional_json_body()?.unwrap_or_default();
        if reason.as_deref().is_some_and(|reason| !is_one_line(reason, REASON_CHARS_MAX)) {
            let detail = format!("one line of 1 to {REASON_CHARS_MAX} characters that can be seen");
            return Err(Problem::invalid_field("/reason", detail));
        }
        if reason.as_deref().is_some_and(holds_card_number) {
            return Err(Problem::invalid_field("/reason", CARD_NUMBER));
        }
        let first = self.store.first(&order_id).await.map_err(unavailable)?;
        let created = first.ok_or_else(|| no_such_order(&order_id))?;
        // Not the ARN: that of a session may be named after a person.
        let id = Some(caller.principal);
        let actor = Actor { id, reason, traceparent: request.traceparent() };
        let now = self.clock.now();
        let command = Resume { order_id: order_id.clone(), at: now };
        let executed = self.execute::<Resumption>(&created, &command, actor).await?;
        let body = json!({ "orderId": order_id, "status": "resumed" });
        let reply = versioned(StatusCode::ACCEPTED, body, executed.version())?;
        if !executed.events.is_empty() {
            return Ok(reply);
        }
        let rested: Resumption = executed.state().map_err(|_| Problem::internal())?;
        let rest = rested.rests_until().map_or(time::Duration::ZERO, |until| until - now);
        Ok(again(reply).retry_after(rest.try_into().unwrap_or_default()))
    }

    /// Gives `command` to the order that `created` has begun.
    async fn execute<D: Decider<Error = Rule>>(
        &self,
        created: &Envelope,
        command: &D::Command,
        actor: Actor,
    ) -> Result<Executed, Problem> {
        note(&created.aggregate_id, &created.correlation_id);
        let order_id = &created.aggregate_id;
        let causation = Causation::Root(&created.correlation_id, &actor);
        let executed = execute::<D>(&self.store, order_id, command, causation, &self.clock).await;
        executed.map_err(|error| failed(order_id, error))
    }
}

/// Records in the span of the request which order it is about.
fn note(order_id: &AggregateId, correlation: &CorrelationId) {
    let span = tracing::Span::current();
    span.record("aggregate_id", order_id.as_str());
    span.record("correlation_id", correlation.as_str());
}

/// Why a command to an order led to nothing.
fn failed(order_id: &AggregateId, error: ExecuteError<Rule>) -> Problem {
    match error {
        ExecuteError::Rejected(rule @ Rule::AlreadyShipped) => {
            Problem::conflict(rule.to_string()).kind("already-shipped", "The order is on its way")
        }
        ExecuteError::Rejected(rule @ Rule::NothingToResume) => Problem::conflict(rule.to_string())
            .kind("nothing-to-resume", "There is nothing to resume"),
        ExecuteError::Rejected(_) => no_such_order(order_id),
        ExecuteError::Contended => busy(),
        ExecuteError::Store(error) => unavailable(error),
        error @ (ExecuteError::Unreadable(_) | ExecuteError::TooDeep(_)) => {
            tracing::error!(%order_id, error = runtime::chain(&error), "stream cannot be used");
            Problem::internal()
        }
    }
}

fn refused(error: PlacingError) -> Problem {
    match error {
        PlacingError::Invalid { pointer, detail } => {
            Problem::unprocessable("the order cannot be placed").field(pointer, detail)
        }
        PlacingError::Outdated { pointer, shown, actual } => {
            Problem::conflict("the price is not what the customer was shown")
                .kind("price-changed", "The price has changed")
                .field(pointer, format!("{shown} was shown, it is {actual}"))
        }
    }
}

fn too_many(error: TooMany) -> Problem {
    Problem::too_many(error.to_string(), error.retry_after())
        .kind("too-many-orders", "Too many orders")
}

fn no_such_order(order: &AggregateId) -> Problem {
    Problem::not_found(format!("there is no order {order}"))
}

fn busy() -> Problem {
    Problem::unavailable("the order is being changed by others", RETRY_AFTER)
}

fn unavailable(failure: impl Into<Failure>) -> Problem {
    let failure = failure.into();
    tracing::error!(%failure, "request not carried out");
    if failure.is_retry() {
        Problem::unavailable("the order store is busy", RETRY_AFTER)
    } else {
        Problem::internal()
    }
}
