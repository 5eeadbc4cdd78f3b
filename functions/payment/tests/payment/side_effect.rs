//! A charge and its refund as the side effect of a state machine.

use catalogue::Event;
use event_envelope::Delivery;
use lambda::TaskHandler;
use payment::{gateway::Stripe, handler::Handler};
use provider_stubs::Outcome;
use runtime::Failure;
use serde_json::{Value, json};
use testkit::{
    SideEffect, TestBed,
    orders::task,
    side_effect::{Order, Spec, Step},
    side_effect_tests,
};

use crate::world::{World, cancelled, created, created_with, reserved, shipping_failed};

impl SideEffect for World {
    const SPEC: Spec = Spec {
        effect: "10997",
        performing: "charging",
        performed: ("captured", "PaymentCompleted"),
        undone: ("refunded", "PaymentRefunded"),
        prevented: ("revoked", "PaymentFailed"),
        refused: ("declined", "PaymentFailed"),
        refusal: ("insufficient_funds", "The account has insufficient funds."),
        overtaken: &["PaymentCompleted", "PaymentRefunded"],
        review: "PaymentNeedsReview",
        steps: ("refund", "revoke"),
        tasks: ("charge", "refund"),
        nothing: "nothingToRefund",
    };

    async fn open() -> Self {
        Self::new().await
    }

    fn bed(&self) -> &TestBed {
        &self.bed
    }

    fn on(self, change: impl FnOnce(TestBed) -> TestBed) -> Self {
        Self { bed: change(self.bed), ..self }
    }

    fn created(order: Order) -> Delivery<Event> {
        match order {
            Order::Plain => created(),
            Order::Changed => created_with("pm_card_mastercard"),
            Order::Refused => created_with("pm_card_chargeDeclinedInsufficientFunds"),
        }
    }

    fn trigger() -> Delivery<Event> {
        reserved()
    }

    fn cancellations() -> Vec<Delivery<Event>> {
        vec![cancelled(), shipping_failed()]
    }

    fn script(&self, step: Step, outcome: Outcome) {
        let subject = match step {
            Step::Perform => "order-123",
            Step::Undo => "refund:order-123",
        };
        self.provider.script(subject, outcome);
    }

    fn performed(&self) -> Vec<String> {
        self.captured().iter().map(u64::to_string).collect()
    }

    fn undone(&self) -> Vec<String> {
        self.refunded().iter().map(u64::to_string).collect()
    }

    async fn work(
        process: &Handler<Stripe>,
        name: &str,
        created: &Delivery<Event>,
    ) -> Result<Value, Failure> {
        let answer = process.handle_task(task(name, created)?).await?;
        Ok(serde_json::to_value(answer).unwrap())
    }

    fn answer(&self, step: Step) -> Value {
        let amount = json!({ "amount": 10_997, "currency": "USD" });
        match step {
            Step::Perform => {
                let payment_id = self.payment_id();
                json!({ "status": "captured", "paymentId": payment_id, "amount": amount })
            }
            Step::Undo => {
                let refunded = self.bed.published().pop().unwrap();
                let refund_id = refunded.data["refundId"].as_str().unwrap();
                assert!(refund_id.starts_with("re_"), "{refund_id}");
                json!({ "status": "refunded", "refundId": refund_id, "amount": amount })
            }
        }
    }
}

side_effect_tests!(World);
