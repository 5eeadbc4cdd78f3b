//! What waits for an operator: steps that a service has given up, of all orders, oldest first.
//!
//! A row of the read model is in a sparse index of each service that has given a step up. An order
//! that was resumed since then waits for its service and no longer for a person, so it is passed
//! over; if the service gives up once more, that is later, and it is listed again.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use outcome::Failure;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::orders::{Item, Position as Place, read};

/// How often is looked for more to fill a page, where much of what was given up is under way again.
const ROUNDS_MAX: usize = 5;
/// By how much the clocks of two functions may differ. Lambda's are kept in step to far less.
const CLOCK_SKEW: Duration = Duration::seconds(1);

/// Reads the reviews.
#[derive(Debug, Clone)]
pub(crate) struct Reviews {
    client: Client,
    table: String,
}

/// Some reviews.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    pub(crate) reviews: Vec<Value>,
    pub(crate) next: Option<Position>,
}

/// A service that may give a step up.
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
    /// When the step was given up, and of which order.
    since: Place,
    service: Service,
}

/// A step that was given up.
#[derive(Debug)]
struct Review {
    position: Position,
    is_resumed: bool,
    view: Value,
}

/// Some reviews of one service, in their order.
#[derive(Debug)]
struct List {
    reviews: Vec<Review>,
    /// Whether there are more behind the last.
    is_cut: bool,
}

impl Service {
    const fn index(self) -> &'static str {
        match self {
            Self::Payment => "payment-review",
            Self::Shipping => "shipping-review",
        }
    }

    /// The attribute that says whether there is a review, which the names of the others begin with.
    const fn attribute(self) -> &'static str {
        match self {
            Self::Payment => "paymentReview",
            Self::Shipping => "shippingReview",
        }
    }
}

impl Reviews {
    pub(crate) fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The next `limit` that wait for an operator, of all services.
    pub(crate) async fn page(&self, limit: u16, after: Option<Position>) -> Result<Page, Failure> {
        let (mut reviews, mut after) = (Vec::new(), after);
        for _ in 0..ROUNDS_MAX {
            let (payments, shipments) = tokio::try_join!(
                self.list(Service::Payment, limit, after.as_ref()),
                self.list(Service::Shipping, limit, after.as_ref()),
            )?;
            let (found, is_cut) = merged([payments, shipments]);
            for review in found {
                if reviews.len() == usize::from(limit) {
                    return Ok(Page { reviews, next: after });
                }
                after = Some(review.position);
                if !review.is_resumed {
                    reviews.push(review.view);
                }
            }
            if !is_cut {
                return Ok(Page { reviews, next: None });
            }
        }
        Ok(Page { reviews, next: after })
    }

    async fn list(
        &self,
        service: Service,
        limit: u16,
        after: Option<&Position>,
    ) -> Result<List, Failure> {
        let mut condition = "#review = :open".to_owned();
        let mut request = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(service.index())
            .expression_attribute_names("#review", service.attribute())
            .expression_attribute_values(":open", AttributeValue::S("open".to_owned()))
            .limit(i32::from(limit));
        if let Some(Position { since, service: before }) = after {
            // One order may have been given up by both at one instant.
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
        let answer = answer.map_err(Failure::retry)?;
        let reviews = answer.items.unwrap_or_default().into_iter();
        let reviews = reviews.map(|item| Review::read(service, item)).collect::<Result<_, _>>()?;
        Ok(List { reviews, is_cut: answer.last_evaluated_key.is_some() })
    }
}

impl Review {
    fn read(service: Service, item: Item) -> Result<Self, Failure> {
        let row: Map<String, Value> = read(item)?;
        let of = |name: &str| row.get(&format!("{}{name}", service.attribute()));
        let since = of("Since").and_then(Value::as_str).unwrap_or_default();
        let since = Place::try_from(since.to_owned()).map_err(Failure::poison)?;
        let resumed_at = row.get("resumedAt").and_then(Value::as_str);
        let is_resumed = resumed_at.is_some_and(|at| is_after(at, &since.at));
        let view = json!({
            "orderId": since.order_id,
            "service": service,
            "step": of("Step"),
            "attempts": of("Attempts"),
            "reason": of("Reason"),
            "since": since.at,
        });
        Ok(Self { position: Position { since, service }, is_resumed, view })
    }
}

/// Whether it is certain that `resumed` is later than `since`. Where it is not, a review is listed
/// rather than hidden: to resume an order twice does no harm.
fn is_after(resumed: &str, since: &str) -> bool {
    let read = |text| OffsetDateTime::parse(text, &Rfc3339);
    let (Ok(resumed), Ok(since)) = (read(resumed), read(since)) else { return false };
    resumed - since > CLOCK_SKEW
}

/// The reviews of both lists in their order, as far as both lists go, and whether there are more.
fn merged(lists: [List; 2]) -> (Vec<Review>, bool) {
    let cut = lists.iter().filter(|list| list.is_cut);
    let ends = cut.filter_map(|list| Some(list.reviews.last()?.position.clone()));
    let end = ends.min();
    let mut reviews: Vec<_> = lists.into_iter().flat_map(|list| list.reviews).collect();
    reviews.sort_by(|one, other| one.position.cmp(&other.position));
    if let Some(end) = &end {
        reviews.retain(|review| review.position <= *end);
    }
    (reviews, end.is_some())
}
