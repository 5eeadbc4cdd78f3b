//! What the payment gateway reports, sent to the route that the template has for it.

use std::{collections::BTreeMap, time::Duration};

use local_stack::Stack;
use provider_stubs::{Payments, Webhook};

use super::{PAYMENT_WEBHOOK_SECRET, secrets::WEBHOOK_SECRET};
use crate::client::http_client;

/// The route of the payment provider.
const ROUTE: &str = "/webhooks/payments";
/// How long the gateway waits for an answer.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// What webhooks are signed with: the first of the secrets that the function knows.
pub(super) fn secret(given: &BTreeMap<String, String>) -> Option<String> {
    let secrets = given.get(PAYMENT_WEBHOOK_SECRET).map_or(WEBHOOK_SECRET, String::as_str);
    secrets.split_whitespace().next().map(str::to_owned)
}

/// What sends webhooks as long as the stack runs; none where no route takes them.
pub(super) fn sender(
    stack: &Stack,
    payments: &Payments,
    secret: Option<String>,
) -> Option<impl Future<Output = ()> + Send + use<>> {
    let has_route = stack.template().routes.iter().any(|it| it.path == ROUTE);
    let client = http_client(WAIT_MAX).ok().filter(|_| has_route)?;
    let url = format!("{}{ROUTE}", stack.api_url());
    let post = move |Webhook { body, signature }: Webhook| {
        let request = client.post(&url).header("stripe-signature", signature);
        let request = request.header("content-type", "application/json").body(body);
        async move { request.send().await.is_ok_and(|answer| answer.status().is_success()) }
    };
    Some(payments.clone().send_webhooks(secret?, post))
}
