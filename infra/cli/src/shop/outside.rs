//! The world around the shop's stack: stand-ins for the providers, what the template is to know of
//! them, and how many orders have ended.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use axum::Router;
use local_core::Clock;
use local_secrets::arn_of_secret;
use local_ses::Mail;
use local_stack::{Surroundings, WeakStack};
use parking_lot::Mutex;
use provider_stubs::{Carrier, Payments};
use serde_json::Value;

use super::{
    inspect,
    secrets::{CARRIER_SECRET, OWN, PAYMENT_GATEWAY_SECRET, PAYMENT_WEBHOOK_SECRET},
};

/// How long payment gateways keep idempotency keys.
/// Source: <https://docs.stripe.com/api/idempotent_requests>.
const PAYMENT_KEYS_KEPT: time::Duration = time::Duration::hours(24);
/// The events after which nothing more is expected of an order.
const ENDINGS: [&str; 2] =
    [r#""detail-type":"OrderCompleted""#, r#""detail-type":"OrderCancelled""#];

/// The providers, and who listens to the bus. Clones are the same ones.
#[derive(Clone)]
pub struct Outside {
    payments: Payments,
    carrier: Carrier,
    mail: Mail,
    /// The orders whose last event was handed over.
    ended: Arc<Mutex<BTreeSet<String>>>,
}

impl Default for Outside {
    /// Mails are kept in memory.
    fn default() -> Self {
        Self::new(None)
    }
}

impl Outside {
    /// Keeps each mail as a file in the directory `mails`, if one is given.
    pub fn new(mails: Option<PathBuf>) -> Self {
        Self {
            payments: Payments::new(Clock::system(), PAYMENT_KEYS_KEPT).with_saved_cards(),
            carrier: Carrier::default(),
            mail: Mail::new(Clock::system(), mails),
            ended: Arc::default(),
        }
    }

    pub(super) const fn payments(&self) -> &Payments {
        &self.payments
    }

    pub(super) const fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    pub(super) const fn mail(&self) -> &Mail {
        &self.mail
    }

    /// How many orders have been heard to end, each counted once.
    pub(super) fn orders_ended(&self) -> usize {
        self.ended.lock().len()
    }
}

impl Surroundings for Outside {
    fn parameters(&self, outside: &str) -> BTreeMap<String, String> {
        let parameters = [
            ("PaymentGatewayUrl", format!("{outside}/payments")),
            ("PaymentGatewayApiKeySecret", arn_of_secret(PAYMENT_GATEWAY_SECRET)),
            ("PaymentWebhookSecret", arn_of_secret(PAYMENT_WEBHOOK_SECRET)),
            ("CarrierUrl", format!("{outside}/carrier")),
            ("CarrierApiKeySecret", arn_of_secret(CARRIER_SECRET)),
            ("SenderEmail", "orders@example.com".to_owned()),
            ("JwtIssuer", "https://localhost".to_owned()),
            ("JwtAudience", "orderly".to_owned()),
            // For `orderly trace`.
            ("TracesExporter", "otlp/stdout".to_owned()),
        ];
        parameters.map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn secrets(&self) -> BTreeMap<String, String> {
        OWN.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    fn outside(&self) -> Router {
        Router::new()
            .nest("/payments", self.payments.router())
            .nest("/carrier", self.carrier.router())
    }

    fn endpoint(&self, stack: WeakStack) -> Router {
        self.mail.router().merge(inspect::router(stack, self.clone()))
    }

    fn delivered(&self, event: &str) {
        // The detail type stands near the front, and most events are not the last of their order.
        let front = event.get(..160).unwrap_or(event);
        if !ENDINGS.iter().any(|ending| front.contains(ending)) {
            return;
        }
        let event: Value = serde_json::from_str(event).unwrap_or_default();
        if let Some(order) = event["detail"]["aggregateId"].as_str() {
            let mut ended = self.ended.lock();
            ended.insert(order.to_owned());
        }
    }
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outside")
            .field("orders_ended", &self.orders_ended())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_order_ends_once_whoever_is_told() {
        let outside = Outside::default();
        let event = |detail_type: &str, order: &str| {
            json!({ "detail-type": detail_type, "detail": { "aggregateId": order } }).to_string()
        };
        for (detail_type, order, ended) in [
            ("OrderCreated", "order-1", 0),
            ("OrderCompleted", "order-1", 1),
            ("OrderCompleted", "order-1", 1),
            ("OrderCancelled", "order-2", 2),
        ] {
            outside.delivered(&event(detail_type, order));
            assert_eq!(outside.orders_ended(), ended, "{detail_type} of {order}");
        }
    }
}
