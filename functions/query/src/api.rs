//! One request in, one answer out.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_sdk_dynamodb::Client;
use event_envelope::{AggregateId, Envelope};
use event_store::EventStore;
use http::StatusCode;
use http_api::{Problem, Reply, Request, TokenScope, cursor};
use projection::LivePlacement;
use runtime::{Clock, Failure};
use serde_json::json;

use crate::{
    answers::{RETRY_AFTER, all_of_them, unavailable},
    config::Config,
    orders::{Found, Orders},
    repair::Repairs,
    reviews::Reviews,
    stream,
};

/// The orders that operators may ask for.
const NEEDS_REVIEW: &str = "needs-review";
/// Stands for any operator.
const OPERATOR: &str = "operator";
/// Stands for a process of the shop.
const SYSTEM: &str = "system";

/// How long the read model may be behind before it counts as having lost an order. Events that wait
/// for their turn behind a failure come within minutes; a queue that stands still has its alarm.
const BEHIND_MAX: time::Duration = time::Duration::minutes(2);

/// Answers requests.
#[derive(Debug, Clone)]
pub struct QueryApi {
    orders: Orders,
    reviews: Reviews,
    store: EventStore,
    repairs: Repairs,
    clock: Clock,
    scope: TokenScope,
}

impl QueryApi {
    /// Reads the tables that `config` names, has `queues` bring the projector what they lack, and
    /// measures the age of orders by `clock`.
    pub fn new(client: Client, queues: aws_sdk_sqs::Client, config: &Config, clock: Clock) -> Self {
        let views = LivePlacement::new(client.clone(), config.views.clone(), clock.clone());
        Self {
            orders: Orders::new(client.clone(), views.clone()),
            reviews: Reviews::new(client.clone(), views),
            store: EventStore::new(client, config.order_events.clone(), "ORDER"),
            repairs: Repairs::new(queues, config.projector_queue_url.clone()),
            clock,
            scope: config.scope.clone(),
        }
    }

    /// Answers one request: what was asked for, or the problem with it.
    pub async fn handle(&self, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let request = Request::new(&event);
        let answered = match request.route_key() {
            "GET /orders" => self.list(request).await,
            "GET /orders/{id}" => self.detail(request).await,
            "GET /orders/{id}/events" => self.audit_trail(request).await,
            "GET /admin/orders" => self.work_list(request).await,
            "GET /admin/orders/{id}/events" => self.whole_trail(request).await,
            other => Err(Problem::not_found(format!("there is no route {other:?} here"))),
        };
        answered.map_or_else(Into::into, Into::into)
    }

    async fn detail(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let user = request.caller(&self.scope)?;
        let order = request.path_id("id")?;
        match self.orders.find(&order).await.map_err(unavailable)? {
            Found::View { owner, view } if owner == user.as_str() => {
                Reply::json(StatusCode::OK, &view)
            }
            // Another customer's order is none at all.
            Found::View { .. } => Err(no_such_order(&order)),
            Found::Pending => self.pending(&order, &user).await,
        }
    }

    /// An order that the read model does not have: it may not have caught up yet. If the order is
    /// too old for that, its own events show what they can, and the projector writes the row anew.
    async fn pending(&self, order: &AggregateId, user: &AggregateId) -> Result<Reply, Problem> {
        let first = self.store.first(order).await.map_err(unavailable)?;
        let owned = first.filter(|created| created.data["userId"] == user.as_str());
        let created = owned.ok_or_else(|| no_such_order(order))?;
        if self.clock.now() - created.timestamp > BEHIND_MAX {
            let events = self.store.load(order, 0).await.map_err(unavailable)?;
            let view =
                stream::view(&events).map_err(|error| unavailable(Failure::permanent(error)))?;
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

    async fn list(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let user = request.caller(&self.scope)?;
        let limit = request.limit()?;
        let after = request.cursor(&user)?;
        let page = self.orders.of_user(&user, limit, after).await.map_err(unavailable)?;
        let mut body = json!({ "orders": page.orders });
        if let Some(position) = page.next {
            body["cursor"] = cursor(&user, &position)?.into();
        }
        Reply::json(StatusCode::OK, &body)
    }

    async fn audit_trail(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let user = request.caller(&self.scope)?;
        let order = request.path_id("id")?;
        // The first event names its owner: no customer has the long trail of another's order read.
        let first = self.store.first(&order).await.map_err(unavailable)?;
        let created = first.filter(|event| event.data["userId"] == user.as_str());
        let created = created.ok_or_else(|| no_such_order(&order))?;
        let later = self.store.load(&order, 1).await.map_err(unavailable)?;
        let events = std::iter::once(created).chain(later).map(|event| seen_by(&user, event));
        let events: Vec<_> = events.collect();
        Reply::json(StatusCode::OK, &json!({ "orderId": order, "events": events }))
    }

    /// The trail of any order, as it is. IAM lets operators through at the gateway.
    async fn whole_trail(&self, request: Request<'_>) -> Result<Reply, Problem> {
        request.iam_caller()?;
        let order = request.path_id("id")?;
        let events = self.store.load(&order, 0).await.map_err(unavailable)?;
        if events.is_empty() {
            return Err(no_such_order(&order));
        }
        Reply::json(StatusCode::OK, &json!({ "orderId": order, "events": events }))
    }

    /// What waits for an operator. IAM lets them through at the gateway.
    async fn work_list(&self, request: Request<'_>) -> Result<Reply, Problem> {
        request.iam_caller()?;
        if request.query("status") != Some(NEEDS_REVIEW) {
            return Err(Problem::bad_field("status", format!("must be {NEEDS_REVIEW:?}")));
        }
        let operators = all_of_them("operators")?;
        let limit = request.limit()?;
        let after = request.cursor(&operators)?;
        let page = self.reviews.page(limit, after).await.map_err(unavailable)?;
        let mut body = json!({ "reviews": page.reviews });
        if let Some(position) = page.next {
            body["cursor"] = cursor(&operators, &position)?.into();
        }
        Reply::json(StatusCode::OK, &body)
    }
}

/// An event as the customer sees it: who of the shop did it, and their comment, is the
/// shop's business.
fn seen_by(customer: &AggregateId, mut event: Envelope) -> Envelope {
    let metadata = &mut event.metadata;
    if metadata.actor.as_deref() == Some(customer.as_str()) {
        return event;
    }
    metadata.reason = None;
    // The principal of an operator is their account and an id; a process has a name.
    let stands_for = |actor: String| if actor.contains('/') { OPERATOR } else { SYSTEM };
    metadata.actor = metadata.actor.take().map(|actor| stands_for(actor).to_owned());
    event
}

fn no_such_order(order: &AggregateId) -> Problem {
    Problem::not_found(format!("there is no order {order}"))
}
