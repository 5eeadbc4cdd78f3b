//! One request in, one answer out.

use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use event_envelope::{AggregateId, EventId};
use http::StatusCode;
use http_api::{Problem, Reply, Request, TokenScope, cursor};
use runtime::Failure;
use serde_json::json;

use crate::{
    Table,
    domain::{Audience, Entry, in_order, is_of},
};

/// When to ask again: the table is available by then, most often.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Whom the cursors of operators belong to.
const OPERATORS: &str = "operators";

/// Answers requests for timelines.
#[derive(Debug, Clone)]
pub struct TimelineApi {
    table: Table,
    scope: TokenScope,
}

/// Where a page ended: no entry of another order is a place in this one.
type Position = (AggregateId, EventId);

impl TimelineApi {
    /// Reads `table` for customers whose token grants `scope`, and for operators.
    pub const fn new(table: Table, scope: TokenScope) -> Self {
        Self { table, scope }
    }

    /// Answers one request: a page of a timeline, or the problem with it.
    pub async fn handle(&self, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let request = Request::new(&event);
        let answered = match request.route_key() {
            "GET /orders/{id}/timeline" => self.of_customer(request).await,
            "GET /admin/orders/{id}/timeline" => self.of_any(request).await,
            other => Err(Problem::not_found(format!("there is no route {other:?} here"))),
        };
        answered.map_or_else(Into::into, Into::into)
    }

    /// The timeline of the caller's own order.
    async fn of_customer(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let user = request.caller(&self.scope)?;
        let order = request.path_id("id")?;
        let page = Asked::of(request, &user)?;
        let entries = self.table.entries(&order).await.map_err(unavailable)?;
        // Until the order's first event is here, its customer is not known.
        if !is_of(&entries, &user) {
            return Err(no_such_order(&order));
        }
        page.of_order(&order, entries, Audience::Customer)
    }

    /// The timeline of any order. IAM lets operators through at the gateway.
    async fn of_any(&self, request: Request<'_>) -> Result<Reply, Problem> {
        request.iam_caller()?;
        let order = request.path_id("id")?;
        let operators = AggregateId::parse(OPERATORS).map_err(|_| Problem::internal())?;
        let page = Asked::of(request, &operators)?;
        let entries = self.table.entries(&order).await.map_err(unavailable)?;
        if entries.is_empty() {
            return Err(no_such_order(&order));
        }
        page.of_order(&order, entries, Audience::Operator)
    }
}

/// The page that a request asks for.
struct Asked<'a> {
    owner: &'a AggregateId,
    limit: u16,
    after: Option<Position>,
}

impl<'a> Asked<'a> {
    fn of(request: Request<'_>, owner: &'a AggregateId) -> Result<Self, Problem> {
        Ok(Self { owner, limit: request.limit()?, after: request.cursor(owner)? })
    }

    /// This page of the timeline that `entries` are, as `audience` sees it.
    fn of_order(
        self,
        order: &AggregateId,
        entries: Vec<Entry>,
        audience: Audience,
    ) -> Result<Reply, Problem> {
        let entries = in_order(entries);
        let start = match &self.after {
            None => 0,
            Some((of, last)) => {
                let place = entries.iter().position(|entry| of == order && entry.event_id == *last);
                let gone = "ends a page of another order, or at an entry that is gone: leave it \
                            out to start again";
                place.ok_or_else(|| Problem::bad_field("cursor", gone))? + 1
            }
        };
        let rest = entries.get(start..).unwrap_or_default();
        let page = rest.get(..usize::from(self.limit)).unwrap_or(rest);
        let shown: Vec<_> = page.iter().map(|entry| entry.seen_by(audience)).collect();
        let mut body = json!({ "orderId": order, "entries": shown });
        if let Some(last) = page.last().filter(|_| page.len() < rest.len()) {
            body["next"] = cursor(self.owner, &(order, &last.event_id))?.into();
        }
        Reply::json(StatusCode::OK, &body)
    }
}

fn no_such_order(order: &AggregateId) -> Problem {
    Problem::not_found(format!("there is no order {order}"))
}

fn unavailable(failure: Failure) -> Problem {
    tracing::error!(%failure, "request not answered");
    if failure.is_retry() {
        Problem::unavailable("the store is busy", RETRY_AFTER)
    } else {
        Problem::internal()
    }
}
