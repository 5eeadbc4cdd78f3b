//! What waits for an operator: steps that a service has abandoned, of all orders, oldest first.
//!
//! A row of the read model is in a sparse index of each service that has abandoned a step, and
//! leaves it when that service publishes how the step ended. So a review is listed until then, also
//! while the step is tried again: to resume an order twice does no harm.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use projection::LivePlacement;
use runtime::Failure;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::orders::{Item, Position as Place, read};

/// Reads the reviews.
#[derive(Debug, Clone)]
pub(crate) struct Reviews {
    client: Client,
    views: LivePlacement,
}

/// Some reviews.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    pub(crate) reviews: Vec<Value>,
    pub(crate) next: Option<Position>,
}

/// A service that may abandon a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Service {
    Payment,
    Shipping,
}

/// A place in the list of all reviews.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    /// When the step was abandoned, and of which order.
    since: Place,
    service: Service,
}

/// A step that was abandoned.
#[derive(Debug)]
struct Review {
    position: Position,
    view: Value,
}

impl Service {
    const fn index(self) -> &'static str {
        match self {
            Self::Payment => "payment-review",
            Self::Shipping => "shipping-review",
        }
    }

    /// The attribute that shows whether there is a review, with which the names of the others
    /// begin.
    const fn attribute(self) -> &'static str {
        match self {
            Self::Payment => "paymentReview",
            Self::Shipping => "shippingReview",
        }
    }
}

impl Reviews {
    pub(crate) const fn new(client: Client, views: LivePlacement) -> Self {
        Self { client, views }
    }

    /// The next `limit` that wait for an operator, of all services.
    pub(crate) async fn page(&self, limit: u16, after: Option<Position>) -> Result<Page, Failure> {
        let (payments, shipments) = tokio::try_join!(
            self.list(Service::Payment, limit, after.as_ref()),
            self.list(Service::Shipping, limit, after.as_ref()),
        )?;
        let mut reviews = [payments, shipments].into_iter().flatten().collect::<Vec<_>>();
        reviews.sort_by(|one, other| one.position.cmp(&other.position));
        let is_cut = reviews.len() > usize::from(limit);
        reviews.truncate(usize::from(limit));
        let last = reviews.last().map(|review| review.position.clone());
        let reviews = reviews.into_iter().map(|review| review.view).collect();
        Ok(Page { reviews, next: last.filter(|_| is_cut) })
    }

    /// The first of one service: one more than `limit`, to know whether there are more. All of
    /// them come in one answer, which holds 1 MB: a hundred reviews take a quarter of that at most.
    async fn list(
        &self,
        service: Service,
        limit: u16,
        after: Option<&Position>,
    ) -> Result<Vec<Review>, Failure> {
        let mut condition = "#review = :open".to_owned();
        let mut request = self
            .client
            .query()
            .table_name(self.views.table().await?)
            .index_name(service.index())
            .expression_attribute_names("#review", service.attribute())
            .expression_attribute_values(":open", AttributeValue::S("open".to_owned()))
            .limit(i32::from(limit) + 1);
        if let Some(Position { since, service: before }) = after {
            // Both may have abandoned a step of one order at one instant.
            condition.push_str(if service > *before {
                " AND #since >= :after"
            } else {
                " AND #since > :after"
            });
            request = request
                .expression_attribute_names("#since", format!("{}Since", service.attribute()))
                .expression_attribute_values(":after", AttributeValue::S(since.clone().into()));
        }
        let answer = request.key_condition_expression(condition).send().await;
        let reviews = answer.map_err(Failure::retry)?.items.unwrap_or_default().into_iter();
        reviews.map(|item| Review::read(service, item)).collect()
    }
}

impl Review {
    fn read(service: Service, item: Item) -> Result<Self, Failure> {
        let row: Map<String, Value> = read(item)?;
        let of = |name: &str| row.get(&format!("{}{name}", service.attribute()));
        let since = of("Since").and_then(Value::as_str).unwrap_or_default();
        let since = Place::try_from(since.to_owned()).map_err(Failure::permanent)?;
        let view = json!({
            "orderId": since.order_id,
            "service": service,
            "step": of("Step"),
            "attempts": of("Attempts"),
            "reason": of("Reason"),
            "since": since.at,
        });
        Ok(Self { position: Position { since, service }, view })
    }
}
