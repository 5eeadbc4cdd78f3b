//! One event in, one transaction out: the total, and the record that the event was handled.

use aws_sdk_dynamodb::types::{AttributeValue, Update};
use event_envelope::Delivery;
use idempotency::{
    Attempt, Completion, DynamoDbStore, IdempotencyConfig, IdempotencyLayer, UnitOfWork,
};
use runtime::{Done, Failure};
use tower::{Service, ServiceBuilder};

use crate::domain::{Addition, AnalyticsEvent};

/// Keeps the totals.
#[derive(Debug, Clone)]
pub struct Analytics {
    table: String,
}

/// That an event was counted, kept for duplicates.
type Counted = bool;

/// How the handling of the record ends.
fn done(completion: Completion<Counted>) -> Done {
    match completion {
        Completion::New(_) => Done::Handled,
        Completion::ReplayRefused => Done::Ignored,
        Completion::Replayed(_) => Done::Duplicate,
    }
}

impl Analytics {
    /// Keeps the totals in `table`.
    pub fn new(table: String) -> Self {
        Self { table }
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
            .service_fn(move |attempt| std::future::ready(self.handle(&attempt)))
    }

    /// Decides what follows from one event: the caller writes it, and the record with it.
    ///
    /// # Errors
    ///
    /// Permanent when the write cannot be expressed, which is an error of this code.
    pub fn handle(
        &self,
        attempt: &Attempt<Delivery<AnalyticsEvent>>,
    ) -> Result<UnitOfWork<Counted>, Failure> {
        let Delivery { envelope, event, .. } = &attempt.request;
        let addition = Addition::of(event, envelope);
        Ok(UnitOfWork::new(true).write(self.add(addition)?))
    }

    /// `ADD` begins at 0 where there is no item yet.
    fn add(&self, Addition { day, currency, amount }: Addition) -> Result<Update, Failure> {
        Update::builder()
            .table_name(&self.table)
            .key("day", AttributeValue::S(day))
            .key("currency", AttributeValue::S(currency))
            .update_expression("ADD #orders :one, #amount :amount")
            .expression_attribute_names("#orders", "orders")
            .expression_attribute_names("#amount", "amount")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":amount", AttributeValue::N(amount.to_string()))
            .build()
            .map_err(Failure::permanent)
    }
}
