//! The payment provider's webhooks: late, twice, in any order, some of them never.

use std::{rc::Rc, time::Duration};

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use testkit::http::{Answer, Request};
use tokio::{task::spawn_local, time::sleep};

use crate::{
    external::WEBHOOK_SECRET,
    lambda::{End, Lambda, Slot},
};

/// How often the provider looks what has happened.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest that a webhook is late where no fault is injected.
const LATE_MAX: Duration = Duration::from_secs(120);
/// One in so many is lost for good, and one in so many comes twice.
const ONE_IN: u64 = 8;
/// For whom it is drawn.
const SENDER: &str = "webhooks";
/// How often one is sent that is not taken, and how long the provider waits in between.
const ATTEMPTS_MAX: usize = 20;
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Sends a webhook of whatever happens at the provider, for ever.
pub(crate) async fn send(lambda: Lambda) {
    let slot = Rc::new(lambda.slot(lambda.name_of("payment-webhooks")));
    for index in 0.. {
        while lambda.external.payments.webhook(index, WEBHOOK_SECRET).is_none() {
            sleep(PAUSE).await;
        }
        let mut rng = lambda.sim.rng(SENDER);
        let copies = match rng.u64(0..ONE_IN) {
            0 => 0,
            1 => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let late = LATE_MAX.mul_f64(rng.f64());
            let (lambda, slot, under_way) =
                (lambda.clone(), Rc::clone(&slot), lambda.sim.under_way());
            spawn_local(async move {
                sleep(late).await;
                for _ in 0..ATTEMPTS_MAX {
                    if is_taken(&lambda, &slot, index).await {
                        break;
                    }
                    sleep(WAIT_MAX).await;
                }
                drop(under_way);
            });
        }
    }
}

async fn is_taken(lambda: &Lambda, slot: &Slot, index: usize) -> bool {
    // Each time it is signed anew.
    lambda.sim.show();
    let Some(webhook) = lambda.external.payments.webhook(index, WEBHOOK_SECRET) else {
        return false;
    };
    let request = Request::new("POST /webhooks/payments", "")
        .header("stripe-signature", &webhook.signature)
        .with("body", webhook.body);
    let event = serde_json::to_value(request.event()).unwrap();
    let End::Answered(answer) = slot.invoke(event, None).await else { return false };
    let answer: ApiGatewayV2httpResponse = serde_json::from_value(answer).unwrap();
    let status = Answer::from(answer).status;
    lambda.sim.note(&format!("webhook {index} was answered {status}"));
    assert!(matches!(status, 200 | 500), "a webhook was answered {status}");
    status == 200
}
