//! What customers and operators were answered, and how they ask.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc, time::Duration};

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use invariants::{Restocking, Shown};
use testkit::http::{Answer, Request};
use tokio::time::sleep;

use crate::{
    lambda::{End, Slot},
    mutation::Mutation,
    sim::Sim,
};

/// Between two attempts of someone who got no answer.
const WAIT_MAX: Duration = Duration::from_secs(3);
/// Someone without an answer stops asking after so many attempts.
const ATTEMPTS_MAX: u32 = 30;

/// What customers and operators were answered.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    /// The orders that are placed.
    pub(crate) placed: BTreeSet<String>,
    /// The orders that are cancelled.
    pub(crate) cancelled: BTreeSet<String>,
    /// What they were told and should not have been.
    pub(crate) wrong: Vec<String>,
    /// What customers were shown of orders.
    pub(crate) shown: Vec<Shown>,
    /// What operators had restocked.
    pub(crate) restocked: Vec<Restocking>,
    /// The steps that waited for an operator when one asked last.
    pub(crate) reviews: Vec<String>,
}

/// Someone who asks functions over HTTP. Clones of `answered` are the same.
pub(crate) struct Asker {
    /// What they are called.
    pub(crate) name: String,
    pub(crate) answered: Rc<RefCell<Answered>>,
}

impl Asker {
    /// Notes an answer that is not promised.
    pub(crate) fn wonder(&self, what: &str, answer: &Answer) {
        let what = format!("{}: {what} was answered {} {}", self.name, answer.status, answer.text);
        self.answered.borrow_mut().wrong.push(what);
    }

    /// Asks until an answer comes that is not the server's fault.
    pub(crate) async fn ask(&self, sim: &Sim, slot: &Slot, request: &Request) -> Option<Answer> {
        for attempt in 0..ATTEMPTS_MAX {
            let mut event = serde_json::to_value(request.event()).unwrap();
            let is_lost = sim.mutation() == Some(Mutation::ClientKeyLost);
            if is_lost && event["routeKey"] == "POST /orders" {
                event["headers"]["idempotency-key"] = format!("lost-{attempt}").into();
            }
            if let End::Answered(answer) = slot.invoke(event, None).await {
                let response: ApiGatewayV2httpResponse = serde_json::from_value(answer).unwrap();
                let answer = Answer::from(response);
                sim.note(&format!("{} was answered {}", self.name, answer.status));
                if answer.status < 500 && answer.status != 429 {
                    return Some(answer);
                }
            }
            sleep(WAIT_MAX).await;
        }
        None
    }
}
