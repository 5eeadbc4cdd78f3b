//! One request in, one answer out.

use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_sdk_dynamodb::Client;
use event_envelope::AggregateId;
use event_store::EventStore;
use http::StatusCode;
use http_api::{Problem, Reply, Request, TokenScope, cursor};
use outcome::Failure;
use serde_json::{Value, json};

use crate::{
    config::Config,
    orders::{Found, Orders},
    products::Products,
    reviews::Reviews,
};

/// The orders that operators may ask for.
const NEEDS_REVIEW: &str = "needs-review";
/// When the read model will have caught up, most often.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Answers requests.
#[derive(Debug, Clone)]
pub struct QueryApi {
    orders: Orders,
    products: Products,
    reviews: Reviews,
    store: EventStore,
    scope: TokenScope,
}

impl QueryApi {
    /// Reads the tables that `config` names.
    pub fn new(client: Client, config: &Config) -> Self {
        Self {
            orders: Orders::new(client.clone(), config.views.clone()),
            products: Products::new(client.clone(), config.products.clone()),
            reviews: Reviews::new(client.clone(), config.views.clone()),
            store: EventStore::new(client, config.order_events.clone(), "ORDER"),
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
            "GET /products" => self.catalogue(request).await,
            "GET /admin/orders" => self.work_list(request).await,
            other => Err(Problem::not_found(format!("there is no route {other:?} here"))),
        };
        answered.map_or_else(Into::into, Into::into)
    }

    async fn detail(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let user = request.caller(&self.scope)?;
        let order = request.path_id("id")?;
        match self.orders.find(&order).await.map_err(away)? {
            Found::View { owner, view } if owner == user.as_str() => {
                Reply::json(StatusCode::OK, &view)
            }
            // Another customer's order is none at all.
            Found::View { .. } => Err(no_such_order(&order)),
            Found::Pending => self.pending(&order, &user).await,
        }
    }

    /// An order that the read model does not have: it may not have caught up yet.
    async fn pending(&self, order: &AggregateId, user: &AggregateId) -> Result<Reply, Problem> {
        let first = self.store.first(order).await.map_err(away)?;
        if first.is_none_or(|created| created.data["userId"] != user.as_str()) {
            return Err(no_such_order(order));
        }
        let body = json!({ "orderId": order, "status": "processing" });
        Ok(Reply::json(StatusCode::ACCEPTED, &body)?
            .location(&format!("/orders/{order}"))?
            .retry_after(RETRY_AFTER))
    }

    async fn list(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let user = request.caller(&self.scope)?;
        let (limit, after) = (request.limit()?, request.cursor(&user)?);
        let page = self.orders.of_user(&user, limit, after).await.map_err(away)?;
        let mut body = json!({ "orders": page.orders });
        if let Some(position) = page.next {
            body["cursor"] = cursor(&user, &position)?.into();
        }
        Reply::json(StatusCode::OK, &body)
    }

    async fn audit_trail(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let user = request.caller(&self.scope)?;
        let order = request.path_id("id")?;
        let events = self.store.load(&order, 0).await.map_err(away)?;
        let owner = events.first().map(|created| &created.data["userId"]);
        if owner.and_then(Value::as_str) != Some(user.as_str()) {
            return Err(no_such_order(&order));
        }
        Reply::json(StatusCode::OK, &json!({ "orderId": order, "events": events }))
    }

    async fn catalogue(&self, request: Request<'_>) -> Result<Reply, Problem> {
        // Anybody may look; the cursor still has to name somebody.
        let anybody = all_of_them("anybody")?;
        let (limit, after) = (request.limit()?, request.cursor(&anybody)?);
        let page = self.products.page(limit, after).await.map_err(away)?;
        let mut body = json!({ "products": page.products });
        if let Some(position) = page.next {
            body["cursor"] = cursor(&anybody, &position)?.into();
        }
        Reply::json(StatusCode::OK, &body)
    }

    /// What waits for an operator. IAM lets them through at the gateway.
    async fn work_list(&self, request: Request<'_>) -> Result<Reply, Problem> {
        request.iam_caller()?;
        if request.query("status") != Some(NEEDS_REVIEW) {
            return Err(Problem::bad_field("status", format!("must be {NEEDS_REVIEW:?}")));
        }
        let operators = all_of_them("operators")?;
        let (limit, after) = (request.limit()?, request.cursor(&operators)?);
        let page = self.reviews.page(limit, after).await.map_err(away)?;
        let mut body = json!({ "reviews": page.reviews });
        if let Some(position) = page.next {
            body["cursor"] = cursor(&operators, &position)?.into();
        }
        Reply::json(StatusCode::OK, &body)
    }
}

/// Who stands in the cursors of a list that is nobody's own.
fn all_of_them(name: &str) -> Result<AggregateId, Problem> {
    AggregateId::parse(name).map_err(|_| Problem::internal())
}

fn no_such_order(order: &AggregateId) -> Problem {
    Problem::not_found(format!("there is no order {order}"))
}

fn away(failure: impl Into<Failure>) -> Problem {
    let failure = failure.into();
    tracing::error!(%failure, "request not answered");
    if failure.is_retry() {
        Problem::unavailable("the store is busy", RETRY_AFTER)
    } else {
        Problem::internal()
    }
}
