//! The provider's webhooks: they only have a payment checked again.
//!
//! | | answers |
//! |---|---|
//! | signed with one of our secrets, within five minutes | 200, also when there is nothing to do |
//! | anything else | 400, without a reason |
//! | more than 256 KiB | 413 |
//! | a payment that waits cannot be read, or its check not be queued | 500: the provider sends it again |
//!
//! Of a webhook the kind of event is taken, and the order that our metadata names; no
//! amount and no status. So it does not matter in which order its events come, how often, or
//! whether one is lost: the payment asks the provider itself, now or a while later.
//!
//! Source: <https://docs.stripe.com/webhooks>.

mod event;
mod keyring;
mod message;
mod signature;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_sdk_sqs::Client;
use event_envelope::AggregateId;
use http::StatusCode;
use http_api::{Problem, Reply, Request};
use runtime::{Clock, chain};
use state_machine::Runner;
use tracing::{Span, error, info};

use crate::domain::Payment;

pub use event::BODY_BYTES_MAX;
pub use keyring::{KEPT_FOR, Keyring};
pub use message::{CHECK_AGAIN, PaymentInput, PaymentMessage, SOURCE};
pub use signature::{InvalidSecrets, SECRETS_MAX, Signature, SigningSecrets, TOLERANCE};

/// The header of the provider's signature.
const SIGNATURE: &str = "stripe-signature";

/// Answers the provider's requests.
#[derive(Debug)]
pub struct Webhooks {
    keyring: Keyring,
    runner: Runner,
    queue: Queue,
    clock: Clock,
}

/// The queue of payments.
#[derive(Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// The queue at `url`.
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }
}

impl Webhooks {
    /// Accepts what is signed with a secret of `keyring`, and has the payments in `runner` that
    /// wait for something checked again, by a message in their `queue`.
    pub const fn new(keyring: Keyring, runner: Runner, queue: Queue, clock: Clock) -> Self {
        Self { keyring, runner, queue, clock }
    }

    /// Answers one request.
    pub async fn handle(&self, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        // The futures of the SDK are deep: one more layer around them is too much to compile.
        let answered = Box::pin(self.answer(Request::new(&event))).await;
        answered.map_or_else(Into::into, Into::into)
    }

    async fn answer(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let body = request.body_within(BODY_BYTES_MAX).map_err(|problem| {
            if problem.status() == StatusCode::PAYLOAD_TOO_LARGE { problem } else { refused() }
        })?;
        let signature = request.header(SIGNATURE).and_then(Signature::parse).ok_or_else(refused)?;
        if !signature.is_of_now(self.clock.now()) {
            return Err(refused());
        }
        match self.keyring.verify(&signature, &body).await {
            Ok(true) => {}
            Ok(false) => return Err(refused()),
            Err(error) => {
                error!(%error, "the secret of the webhooks cannot be read again");
                return Err(Problem::internal());
            }
        }
        if let Some(order) = event::order(&body).map_err(|_| refused())? {
            Span::current().record("aggregate_id", order.as_str());
            self.check_again(&order, &body, request.traceparent()).await?;
        }
        Ok(Reply::empty(StatusCode::OK))
    }

    /// Has the payment of `order` checked again, if there is one that waits.
    async fn check_again(
        &self,
        order: &AggregateId,
        body: &[u8],
        traceparent: Option<String>,
    ) -> Result<(), Problem> {
        let payment: Payment = self.runner.state(order).await.map_err(|failure| {
            error!(%failure, "the payment cannot be read");
            Problem::internal()
        })?;
        if !payment.waits() {
            return Ok(());
        }
        let message = message::check_again(order, body, traceparent, self.clock.now());
        let delay = i32::try_from(self.runner.lease().as_secs()).unwrap_or_default();
        let request = self.queue.client.send_message().queue_url(&self.queue.url);
        // An attempt in progress is done by then, and most often there is nothing left to check.
        let sent = request.message_body(message).delay_seconds(delay).send().await;
        sent.map_err(|error| {
            error!(error = chain(&error), "the check of the payment cannot be queued");
            Problem::internal()
        })?;
        info!("the payment is checked again");
        Ok(())
    }
}

/// The same answer in all cases: no client learns how near it was.
fn refused() -> Problem {
    Problem::bad_request("the request is not signed as it has to be")
}
