//! One request in, one answer out.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_sdk_dynamodb::Client;
use event_envelope::{AggregateId, Envelope};
use event_store::EventStore;
use http::StatusCode;
use http_api::{Problem, Reply, Request, TokenScope, cursor};
use projection::LivePlacement;
use runtime::Clock;
use serde_json::json;

use crate::{
    answers::{all_of_them, no_such_order, unavailable},
    config::Config,
    details::Details,
    moment::{Between, Moment},
    orders::{Orders, listed},
    repair::Repairs,
    reviews::Reviews,
    token::{Least, Token},
};

/// The orders that operators may ask for.
const NEEDS_REVIEW: &str = "needs-review";
/// Stands for any operator.
const OPERATOR: &str = "operator";
/// Stands for a process of the shop.
const SYSTEM: &str = "system";

/// Answers requests.
#[derive(Debug, Clone)]
pub struct QueryApi {
    details: Details,
    reviews: Reviews,
    scope: TokenScope,
}

impl QueryApi {
    /// Reads the tables that `config` names, has `queues` bring the projector what they lack, and
    /// measures the age of orders by `clock`.
    pub fn new(client: Client, queues: aws_sdk_sqs::Client, config: &Config, clock: Clock) -> Self {
        let views = LivePlacement::new(client.clone(), config.views.clone(), clock.clone());
        let details = Details {
            orders: Orders::new(client.clone(), views.clone()),
            store: EventStore::new(client.clone(), config.order_events.clone(), "ORDER"),
            repairs: Repairs::new(queues, config.projector_queue_url.clone()),
            clock,
        };
        let reviews = Reviews::new(client, views);
        Self { details, reviews, scope: config.scope.clone() }
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

    /// One order: as it is, as it was, or what changed in it.
    async fn detail(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let user = request.caller(&self.scope)?;
        let order = request.path_id("id")?;
        let least = Least::of(request)?;
        let (as_of, between) = (Moment::of(request, "asOf")?, Between::of(request)?);
        let view = match (as_of, between, least) {
            (Some(_), Some(_), _) => {
                return Err(Problem::bad_field("asOf", "goes with neither from nor to"));
            }
            (Some(moment), None, _) => self.details.as_of(&order, &user, moment, least).await?,
            (None, Some(between), _) => self.details.changes(&order, &user, between, least).await?,
            (None, None, Some(least)) => self.details.at_least(&order, &user, least, true).await?,
            (None, None, None) => return self.details.now(&order, &user).await,
        };
        Reply::json(StatusCode::OK, &view)
    }

    async fn list(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let user = request.caller(&self.scope)?;
        let limit = request.limit()?;
        let after = request.cursor(&user)?;
        let tokens = Token::all(request)?;
        let page = self.details.orders.of_user(&user, limit, after.as_ref());
        let mut page = page.await.map_err(unavailable)?;
        if !tokens.is_empty() {
            let views = self.details.of_tokens(&user, &tokens).await?;
            page = page.with(views.iter().filter_map(listed).collect(), limit, after.as_ref());
        }
        let mut body = json!({ "orders": page.orders });
        if let Some(position) = page.next {
            body["cursor"] = cursor(&user, &position)?.into();
        }
        Reply::json(StatusCode::OK, &body)
    }

    async fn audit_trail(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let user = request.caller(&self.scope)?;
        let order = request.path_id("id")?;
        let events = self.details.stream(&order, &user, None).await?;
        let events = events.into_iter().map(|event| seen_by(&user, event));
        let events: Vec<_> = events.collect();
        Reply::json(StatusCode::OK, &json!({ "orderId": order, "events": events }))
    }

    /// The trail of any order, as it is. IAM lets operators through at the gateway.
    async fn whole_trail(&self, request: Request<'_>) -> Result<Reply, Problem> {
        request.iam_caller()?;
        let order = request.path_id("id")?;
        let events = self.details.store.load(&order, 0).await.map_err(unavailable)?;
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
