//! One event in, one transaction out: what it adds to the figures, and the record that it was
//! handled.

use aws_sdk_dynamodb::types::{AttributeValue, Update};
use catalogue::{Event, OrderCreated};
use event_envelope::{AggregateId, Delivery, FromEnvelope};
use event_store::EventStore;
use idempotency::{
    Attempt, Completion, DynamoDbStore, IdempotencyConfig, IdempotencyLayer, UnitOfWork,
};
use runtime::{Done, Failure};
use tower::{Service, ServiceBuilder};

use crate::domain::{Addition, AnalyticsEvent, Sold, sold};

/// Keeps the figures.
#[derive(Debug, Clone)]
pub struct Analytics {
    figures: String,
    products: String,
    orders: EventStore,
}

/// That an event was counted, kept for duplicates.
type Counted = bool;

/// Why an order's lines are not known.
#[derive(Debug, thiserror::Error)]
#[error("the stream of {order} does not begin with OrderCreated")]
struct NoLines {
    order: AggregateId,
}

/// How the handling of the record ends.
fn done(completion: Completion<Counted>) -> Done {
    match completion {
        Completion::New(_) => Done::Handled,
        Completion::ReplayRefused => Done::Ignored,
        Completion::Replayed(_) => Done::Duplicate,
    }
}

impl Analytics {
    /// Keeps the figures of quarters and those of products in these tables, and reads the lines of
    /// an order in `orders`.
    pub const fn new(figures: String, products: String, orders: EventStore) -> Self {
        Self { figures, products, orders }
    }

    /// This as the service that a consumer calls: by the records of `idempotency`, each event
    /// takes effect once.
    pub fn into_service(
        self,
        idempotency: IdempotencyConfig<DynamoDbStore>,
    ) -> impl Service<Delivery<AnalyticsEvent>, Response = Done, Error = Failure, Future: Send>
    + Clone
    + Send {
        ServiceBuilder::new()
            .map_response(done)
            .layer(IdempotencyLayer::transactional(idempotency))
            .service_fn(move |attempt| {
                let analytics = self.clone();
                async move { analytics.handle(&attempt).await }
            })
    }

    /// Decides what follows from one event: the caller writes it, and the record with it.
    ///
    /// # Errors
    ///
    /// A retry when the event store is unavailable. Permanent when an order that was completed has
    /// no lines, or when the write cannot be expressed, which is an error of this code.
    pub async fn handle(
        &self,
        attempt: &Attempt<Delivery<AnalyticsEvent>>,
    ) -> Result<UnitOfWork<Counted>, Failure> {
        let Delivery { envelope, event, .. } = &attempt.request;
        let mut unit = UnitOfWork::new(true).write(self.add(&Addition::of(event, envelope))?);
        if let AnalyticsEvent::OrderCompleted(completed) = event {
            let created = self.created(&completed.order_id).await?;
            for entry in sold(&created.items, envelope.timestamp) {
                unit = unit.write(self.sell(&entry)?);
            }
        }
        Ok(unit)
    }

    /// How the order began. The event store had that before anything else of the order.
    async fn created(&self, order: &AggregateId) -> Result<OrderCreated, Failure> {
        let first = self.orders.first(order).await?;
        let first = first.map(|envelope| Event::from_envelope(&envelope)).transpose();
        match first.map_err(Failure::permanent)? {
            Some(Event::OrderCreated(created)) => Ok(created),
            _ => Err(Failure::permanent(NoLines { order: order.clone() })),
        }
    }

    /// `ADD` begins at 0 where there is no item or no attribute yet.
    fn add(&self, addition: &Addition) -> Result<Update, Failure> {
        let Addition { quarter, currency, shard, .. } = addition;
        let key = format!("{}#{currency}#{shard}", quarter.time());
        let mut update = Update::builder()
            .table_name(&self.figures)
            .key("day", AttributeValue::S(quarter.day()))
            .key("quarter", AttributeValue::S(key));
        let mut grows = Vec::new();
        for (place, (name, by)) in addition.changes().into_iter().enumerate() {
            grows.push(format!("#a{place} :a{place}"));
            update = update
                .expression_attribute_names(format!("#a{place}"), name)
                .expression_attribute_values(format!(":a{place}"), number(by));
        }
        let expression = format!("ADD {}", grows.join(", "));
        update.update_expression(expression).build().map_err(Failure::permanent)
    }

    /// The index by revenue compares amounts of one currency.
    fn sell(
        &self,
        Sold { day, product, currency, units, revenue }: &Sold,
    ) -> Result<Update, Failure> {
        Update::builder()
            .table_name(&self.products)
            .key("day", AttributeValue::S(day.clone()))
            .key("product", AttributeValue::S(format!("{product}#{currency}")))
            .update_expression("SET #market = :market ADD #units :units, #revenue :revenue")
            .expression_attribute_names("#market", "market")
            .expression_attribute_names("#units", "units")
            .expression_attribute_names("#revenue", "revenue")
            .expression_attribute_values(":market", AttributeValue::S(format!("{day}#{currency}")))
            .expression_attribute_values(":units", number(*units))
            .expression_attribute_values(":revenue", number(*revenue))
            .build()
            .map_err(Failure::permanent)
    }
}

fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
