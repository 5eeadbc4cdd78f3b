//! The endpoint of a world, the provider that signs, and the queue between endpoint and consumer.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use catalogue::LIVE;
use event_envelope::Delivery;
use local_dynamodb::FaultPlan;
use local_sqs::{QueueSpec, Sqs};
use payment::webhooks::{Keyring, PaymentMessage, Queue, SigningSecrets, Webhooks};
use provider_stubs::Outcome;
use ring::hmac;
use runtime::{Done, Failure};
use serde_json::json;
use testkit::{
    Harness,
    http::{Answer, Request},
    sdk_config,
};

use crate::world::{World, cancelled, created, reserved};

pub(super) const SECRET: &str = "whsec_sample_secret_of_the_endpoint";
pub(super) const QUEUE: &str = "payments";

/// The webhooks of a world, their secret as the provider has it now, and the queue of payments.
pub(super) struct Endpoint<'a> {
    pub(super) world: &'a World,
    pub(super) sqs: Sqs,
    pub(super) secret: Arc<Mutex<Result<String, String>>>,
    pub(super) reads: Arc<AtomicUsize>,
}

impl<'a> Endpoint<'a> {
    pub(super) fn of(world: &'a World) -> Self {
        let sqs = Sqs::new("http://127.0.0.1:9000");
        sqs.create_queue(QueueSpec::named(QUEUE)).unwrap();
        let secret = Arc::new(Mutex::new(Ok(SECRET.to_owned())));
        Self { world, sqs, secret, reads: Arc::default() }
    }

    /// A process that has read `secret`, and whose calls to the database meet `plan`.
    pub(super) fn process(&self, secret: &str, plan: FaultPlan) -> Webhooks {
        let now = self.secret.clone();
        let reads = self.reads.clone();
        let reader = move || -> std::pin::Pin<Box<dyn Future<Output = _> + Send>> {
            reads.fetch_add(1, Ordering::SeqCst);
            let secret = now.lock().unwrap().clone();
            Box::pin(async move { secret.map(|text| SigningSecrets::parse(text).unwrap()) })
        };
        let secrets = SigningSecrets::parse(secret.to_owned()).unwrap();
        let keyring = Keyring::new(secrets, reader, self.world.clock());
        let client = aws_sdk_sqs::Client::new(&sdk_config(Arc::new(self.sqs.clone())));
        let queue = Queue::new(client, self.sqs.queue_url(QUEUE));
        Webhooks::new(keyring, self.world.runner(plan), queue, self.world.clock())
    }

    pub(super) async fn send(&self, request: &Request) -> Answer {
        self.process(SECRET, FaultPlan::none()).handle(request.event()).await.into()
    }

    /// The messages to payments, oldest first.
    pub(super) fn messages(&self) -> Vec<String> {
        self.sqs.peek(QUEUE).unwrap().into_iter().map(|it| it.body).collect()
    }

    /// Has the messages on the queue handled, as the consumer hands them over, and gives how each
    /// ends.
    pub(super) async fn check_again(&self) -> Vec<Result<Done, Failure>> {
        self.check_again_with(&FaultPlan::none()).await
    }

    pub(super) async fn check_again_with(&self, plan: &FaultPlan) -> Vec<Result<Done, Failure>> {
        let handler = self.world.handler(plan.clone());
        let mut ends = Vec::new();
        for body in self.messages() {
            let Delivery { envelope, event, .. } =
                LIVE.decode::<PaymentMessage>(body.as_bytes()).unwrap();
            let PaymentMessage::CheckAgain(order) = event else { panic!("{event:?}") };
            ends.push(handler.check_again(&order, &envelope).await);
        }
        ends
    }
}

/// A webhook of this kind about the order, signed now.
pub(super) fn webhook(world: &World, kind: &str) -> Request {
    let object = json!({ "metadata": { "order_id": "order-123" } });
    signed(world, &json!({ "id": "evt_1", "type": kind, "data": { "object": object } }).to_string())
}

pub(super) fn signed(world: &World, body: &str) -> Request {
    signed_with(SECRET, world, body)
}

pub(super) fn signed_with(secret: &str, world: &World, body: &str) -> Request {
    let at = world.clock().now().unix_timestamp();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{at}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Request::new("POST /webhooks/payments", "")
        .header("stripe-signature", &format!("t={at},v1={hex}"))
        .with("body", body)
}

/// A world whose order was paid and cancelled, with its refund on its way for so many checks.
pub(super) async fn refunding(outcome: Outcome) -> World {
    let world = World::new().await;
    world.complete_all(&[created(), reserved()]).await;
    world.provider.script("refund:order-123", outcome);
    assert!(world.deliver(&cancelled()).await.unwrap_err().is_retry());
    world
}
