//! What the stack is given besides its template: parameters of the template, secrets, and routes.

use std::collections::BTreeMap;

use axum::Router;
use local_secrets::arn_of_secret;
use local_stack::{StackContext, WeakStack};
use serde_json::Value;

use super::{
    ExternalServices, inspect,
    secrets::{CARRIER_SECRET, OWN, PAYMENT_GATEWAY_SECRET, PAYMENT_WEBHOOK_SECRET},
};

/// The events after which nothing more is expected of an order.
const ENDINGS: [&str; 2] =
    [r#""detail-type":"OrderCompleted""#, r#""detail-type":"OrderCancelled""#];

impl StackContext for ExternalServices {
    fn parameters(&self, external_url: &str) -> BTreeMap<String, String> {
        let parameters = [
            ("PaymentGatewayUrl", format!("{external_url}/payments")),
            ("PaymentGatewayApiKeySecret", arn_of_secret(PAYMENT_GATEWAY_SECRET)),
            ("PaymentWebhookSecret", arn_of_secret(PAYMENT_WEBHOOK_SECRET)),
            ("CarrierUrl", format!("{external_url}/carrier")),
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

    fn external_services(&self) -> Router {
        Router::new()
            .nest("/payments", self.payments().router())
            .nest("/carrier", self.carrier().router())
    }

    fn endpoint(&self, stack: WeakStack) -> Router {
        self.mail().router().merge(inspect::router(stack, self.clone()))
    }

    fn delivered(&self, event: &str) {
        // The detail type stands near the front, and most events are not the last of their order.
        let front = event.get(..160).unwrap_or(event);
        if !ENDINGS.iter().any(|ending| front.contains(ending)) {
            return;
        }
        let event: Value = serde_json::from_str(event).unwrap_or_default();
        if let Some(order) = event["detail"]["aggregateId"].as_str() {
            self.order_ended(order);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_order_ends_once_for_all_waiters() {
        let services = ExternalServices::default();
        let event = |detail_type: &str, order: &str| {
            json!({ "detail-type": detail_type, "detail": { "aggregateId": order } }).to_string()
        };
        for (detail_type, order, ended) in [
            ("OrderCreated", "order-1", 0),
            ("OrderCompleted", "order-1", 1),
            ("OrderCompleted", "order-1", 1),
            ("OrderCancelled", "order-2", 2),
        ] {
            services.delivered(&event(detail_type, order));
            assert_eq!(services.orders_ended(), ended, "{detail_type} of {order}");
        }
    }
}
