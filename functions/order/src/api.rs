//! The commands of customers over HTTP.

use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use clock::Clock;
use event_envelope::{Actor, AggregateId, CorrelationId, Envelope, FromEnvelope, instant};
use event_store::{Decider, EventStore, ExecuteError, Lineage, StoreError, execute};
use events::OrderCreated;
use http_api::{Problem, Reply, Request};
use serde_json::json;

use crate::{
    domain::{Command, Order, OrderEvent, Rule},
    placing::{OrderRequest, PlacingError, order_id},
    products::Products,
};

/// What a token must be allowed.
const SCOPE: &str = "orders:write";
/// Said with an answer that was given before.
const REPLAYED: http::HeaderName = http::HeaderName::from_static("idempotency-replayed");
/// When to try again what met a busy store.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Answers requests.
#[derive(Debug, Clone)]
pub struct OrderApi {
    store: EventStore,
    products: Products,
    clock: Clock,
}

impl OrderApi {
    /// Keeps orders in `store`, at the prices of `products`.
    pub fn new(store: EventStore, products: Products, clock: Clock) -> Self {
        Self { store, products, clock }
    }

    /// Answers one request: an order, or the problem with it.
    pub async fn handle(&self, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let request = Request::new(&event);
        let answered = match request.route_key() {
            "POST /orders" => self.place(request).await,
            "POST /orders/{id}/cancel" => self.cancel(request).await,
            other => Err(Problem::not_found(format!("there is no route {other:?} here"))),
        };
        answered.map_or_else(Into::into, Into::into)
    }

    /// Places an order.
    ///
    /// Its id follows from the caller and the key, so that the order is itself the record of the
    /// request: a repetition finds it, whatever has happened since.
    async fn place(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let user = request.caller(SCOPE)?;
        let order_id = order_id(&user, request.idempotency_key()?);
        let asked: OrderRequest = request.json_body()?;
        asked.validate().map_err(refused)?;
        if let Some(first) = self.store.first(&order_id).await.map_err(unavailable)? {
            return repeated(&asked, &first);
        }
        let quantities = asked.quantities();
        let catalogue = self.products.find(quantities.keys()).await.map_err(away)?;
        let order = asked.price(order_id.clone(), user.clone(), &catalogue).map_err(refused)?;
        let placed = self.record(order, &user, request.traceparent()).await;
        match placed {
            Ok(created) => accepted(&created),
            // The same request came in twice at once, and the other one was first.
            Err(StoreError::Conflict { .. }) => {
                let first = self.store.first(&order_id).await.map_err(unavailable)?;
                first.map_or_else(|| Err(busy()), |first| repeated(&asked, &first))
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn record(
        &self,
        order: OrderCreated,
        user: &AggregateId,
        traceparent: Option<String>,
    ) -> Result<Envelope, StoreError> {
        let order_id = order.order_id.clone();
        let event = OrderEvent::Created(order);
        let actor = Actor { id: Some(user.to_string()), reason: None, traceparent };
        let created = Order::draft(&event, order_id.clone(), 1, self.clock.now())
            .root(CorrelationId::of(order_id.as_str()), actor);
        self.store.append(std::slice::from_ref(&created)).await?;
        Ok(created)
    }

    /// Cancels an order of the caller's. Doing it again answers the same.
    async fn cancel(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let user = request.caller(SCOPE)?;
        let order_id = request.path_id("id")?;
        let first = self.store.first(&order_id).await.map_err(unavailable)?;
        let created = first.filter(|it| it.data["userId"] == user.as_str());
        // Another customer's order is none at all.
        let created = created.ok_or_else(|| no_such_order(&order_id))?;
        let actor = Actor {
            id: Some(user.to_string()),
            reason: Some("customer request".to_owned()),
            traceparent: request.traceparent(),
        };
        let lineage = Lineage::Root(&created.correlation_id, &actor);
        let executed =
            execute::<Order>(&self.store, &order_id, &Command::Cancel, lineage, &self.clock).await;
        match executed {
            Ok(_) => Reply::json(
                http::StatusCode::OK,
                &json!({ "orderId": order_id, "status": "cancelled" }),
            ),
            Err(ExecuteError::Rejected(rule @ Rule::AlreadyShipped)) => {
                Err(Problem::conflict(rule.to_string())
                    .kind("already-shipped", "The order is on its way"))
            }
            Err(ExecuteError::Rejected(_)) => Err(no_such_order(&order_id)),
            Err(ExecuteError::Contended) => Err(busy()),
            Err(ExecuteError::Store(error)) => Err(unavailable(error)),
            Err(error @ (ExecuteError::Unreadable(_) | ExecuteError::TooDeep(_))) => {
                tracing::error!(%order_id, error = outcome::chain(&error), "stream cannot be used");
                Err(Problem::internal())
            }
        }
    }
}

/// The answer to an order that was placed: the order as created.
fn accepted(created: &Envelope) -> Result<Reply, Problem> {
    let OrderEvent::Created(order) =
        OrderEvent::from_envelope(created).map_err(|_| Problem::internal())?
    else {
        return Err(Problem::internal());
    };
    let body = json!({
        "orderId": order.order_id,
        "status": "created",
        "items": order.items,
        "total": order.total,
        "createdAt": instant(created.timestamp),
        "correlationId": created.correlation_id,
    });
    Reply::json(http::StatusCode::CREATED, &body)?.location(&format!("/orders/{}", order.order_id))
}

/// The answer to a request that came before: the same for the same body.
fn repeated(asked: &OrderRequest, first: &Envelope) -> Result<Reply, Problem> {
    let Ok(OrderEvent::Created(order)) = OrderEvent::from_envelope(first) else {
        return Err(Problem::internal());
    };
    if !asked.asked_for(&order) {
        let detail = "this Idempotency-Key was used for another order";
        return Err(Problem::unprocessable(detail)
            .kind("idempotency-key-reused", "The key was used before")
            .field("Idempotency-Key", "send a new key with a new order"));
    }
    Ok(accepted(first)?.header(REPLAYED, http::HeaderValue::from_static("true")))
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

fn no_such_order(order: &AggregateId) -> Problem {
    Problem::not_found(format!("there is no order {order}"))
}

fn busy() -> Problem {
    Problem::unavailable("the order is being changed by others", RETRY_AFTER)
}

fn unavailable(error: StoreError) -> Problem {
    away(error.into())
}

fn away(failure: outcome::Failure) -> Problem {
    tracing::error!(%failure, "request not carried out");
    if failure.is_retry() {
        Problem::unavailable("the order store is busy", RETRY_AFTER)
    } else {
        Problem::internal()
    }
}
