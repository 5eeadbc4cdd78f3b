//! What customers do.

use std::{collections::BTreeSet, rc::Rc, time::Duration};

use serde_json::{Value, json};
use std::cell::RefCell;
use testkit::http::{Answer, Request};
use tokio::time::sleep;

use crate::{
    bus::Hold,
    lambda::{End, Slot},
    mutation::Mutation,
    sim::Sim,
};

/// Between two attempts of a customer whom nobody answered.
const WAIT_MAX: Duration = Duration::from_secs(3);
/// A customer gives up after so many attempts.
const ATTEMPTS_MAX: u32 = 30;
/// How often an operator has an order resumed who has all of them resumed.
const RESUMES: usize = 120;

/// How an order goes, if nothing goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// It is paid for and delivered.
    Happy,
    /// There is not enough of it.
    OutOfStock,
    /// The card is declined.
    Declined,
    /// Nobody can be found at the address.
    Undeliverable,
    /// The customer cancels it so many milliseconds after placing it.
    Cancelled(u64),
    /// The customer cancels it after so many milliseconds, and an operator has it resumed each
    /// minute, for hours.
    Resumed(u64),
    /// Payment does not hear of it until its deadline has passed.
    Late,
    /// Several customers want the last piece.
    Scarce,
}

/// A product of which there is plenty.
pub(crate) const PLENTIFUL: &str = "prod-001";
/// A product of which there is one piece.
pub(crate) const SCARCE: &str = "prod-003";

impl Story {
    /// One of each kind, for sweeps.
    pub const SHORT: [Self; 6] = [
        Self::Happy,
        Self::OutOfStock,
        Self::Declined,
        Self::Undeliverable,
        Self::Cancelled(150),
        Self::Cancelled(1_500),
    ];

    fn order(self) -> Value {
        let (product, quantity) = match self {
            Self::OutOfStock => (SCARCE, 2),
            Self::Scarce => (SCARCE, 1),
            Self::Happy
            | Self::Declined
            | Self::Undeliverable
            | Self::Cancelled(_)
            | Self::Resumed(_)
            | Self::Late => (PLENTIFUL, 2),
        };
        let method = if self == Self::Declined { "pm_card_chargeDeclined" } else { "pm_card_visa" };
        let address = if self == Self::Undeliverable { "addr_undeliverable" } else { "addr_home" };
        json!({
            "items": [{ "productId": product, "quantity": quantity }],
            "paymentMethodId": method,
            "deliveryAddressId": address,
        })
    }

    /// What this story has the bus hold back.
    pub(crate) fn hold(self, user: &str) -> Option<Hold> {
        (self == Self::Late).then(|| Hold {
            user: user.to_owned(),
            event_type: "OrderCreated",
            queue: "payment-queue",
            by: Duration::from_hours(2),
        })
    }
}

/// What customers were told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The orders that are placed, each with its story.
    pub(crate) placed: BTreeSet<String>,
    /// The orders that are cancelled.
    pub(crate) cancelled: BTreeSet<String>,
    /// What they were told and should not have been.
    pub(crate) wrong: Vec<String>,
}

/// A customer with one order.
pub(crate) struct Customer {
    pub(crate) user: String,
    pub(crate) story: Story,
    pub(crate) api: Slot,
    pub(crate) told: Rc<RefCell<Told>>,
}

impl Customer {
    /// Places the order, and cancels it if the story says so.
    pub(crate) async fn run(self, sim: &Sim) {
        sim.pass(Duration::from_secs(2)).await;
        let place = Request::new("POST /orders", "openid orders:write")
            .of(&self.user)
            .header("idempotency-key", "key-1")
            .header("content-type", "application/json")
            .with("body", self.story.order().to_string());
        let Some(answer) = self.persist(sim, &place).await else { return };
        let Some(order) = answer.body["orderId"].as_str().map(str::to_owned) else {
            let what = format!("{} was answered {} {}", self.user, answer.status, answer.text);
            self.told.borrow_mut().wrong.push(what);
            return;
        };
        sim.note(&format!("{} is {order}, {:?}", self.user, self.story));
        self.told.borrow_mut().placed.insert(order.clone());
        let (Story::Cancelled(after) | Story::Resumed(after)) = self.story else { return };
        sleep(Duration::from_millis(after)).await;
        if matches!(self.story, Story::Resumed(_)) {
            self.resume(sim, &order).await;
        }
        self.cancel(sim, &order).await;
        if matches!(self.story, Story::Resumed(_)) {
            for _ in 0..RESUMES {
                self.resume(sim, &order).await;
                sleep(Duration::from_secs(60)).await;
            }
        }
    }

    /// Has an operator resume the order.
    async fn resume(&self, sim: &Sim, order: &str) {
        let session = "AROAOPERATOR:robot";
        let iam = json!({
            "accessKey": "ASIAEXAMPLE", "accountId": "000000000000", "callerId": session,
            "userArn": "arn:aws:sts::000000000000:assumed-role/Operator/robot", "userId": session,
        });
        let route = "POST /admin/orders/{id}/resume";
        let context = json!({
            "authorizer": { "iam": iam }, "http": { "method": "POST", "path": "/admin/orders" }
        });
        let resume = Request::new(route, "").about(order).with("requestContext", context);
        let Some(answer) = self.persist(sim, &resume).await else { return };
        // Resumed, or on its way.
        if ![202, 409].contains(&answer.status) {
            let what = format!("to resume {order} was answered {}", answer.status);
            self.told.borrow_mut().wrong.push(what);
        }
    }

    /// Cancels the order.
    async fn cancel(&self, sim: &Sim, order: &str) {
        let cancel = Request::new("POST /orders/{id}/cancel", "openid orders:write")
            .of(&self.user)
            .header("idempotency-key", "key-2")
            .about(order);
        let Some(answer) = self.persist(sim, &cancel).await else { return };
        match answer.status {
            200 | 202 => drop(self.told.borrow_mut().cancelled.insert(order.to_owned())),
            // Too late.
            409 => (),
            status => {
                let what = format!("the cancellation of {order} was answered {status}");
                self.told.borrow_mut().wrong.push(what);
            }
        }
    }

    /// Asks until an answer comes that is not the server's fault.
    async fn persist(&self, sim: &Sim, request: &Request) -> Option<Answer> {
        for attempt in 0..ATTEMPTS_MAX {
            let mut event = serde_json::to_value(request.event()).unwrap();
            if sim.mutation() == Some(Mutation::ClientKeyLost) {
                event["headers"]["idempotency-key"] = format!("lost-{attempt}").into();
            }
            if let End::Answered(answer) = self.api.invoke(event, None).await {
                let response: aws_lambda_events::apigw::ApiGatewayV2httpResponse =
                    serde_json::from_value(answer).unwrap();
                let answer = Answer::from(response);
                sim.note(&format!("{} was answered {}", self.user, answer.status));
                if answer.status < 500 && answer.status != 429 {
                    return Some(answer);
                }
            }
            sleep(WAIT_MAX).await;
        }
        None
    }
}
