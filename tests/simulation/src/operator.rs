//! What an operator does: at the end, when everything is quiet, and where a profile says so while
//! orders are under way.

use std::{collections::BTreeMap, time::Duration};

use local_core::Service;
use local_eventbridge::{archive_arn, bus_arn};
use local_sqs::{OutgoingMessage, ReceiveRequest};
use local_states::{ExecutionReport, Status};
use orderly::{
    projections,
    republish::{InvokeError, Options, Relay, Report, Republisher, Window},
};
use projector::view::OrderViews;
use serde_json::{Value, json};
use testkit::http::Request;
use tokio::{task::spawn_local, time::sleep};

use crate::{
    description::{STACK, name_of},
    lambda::{End, Lambda, Slot},
    mode::Mode,
    queues::is_poison,
    sim::BEGINNING,
};

/// A replay reaches so far beyond the events that there are.
const REPLAY_MARGIN: Duration = Duration::from_secs(2);

/// The relay, as an operator invokes it.
struct Invoked {
    slot: Slot,
    publishes: String,
}

impl Relay for Invoked {
    async fn publishes(&self) -> Result<String, InvokeError> {
        Ok(self.publishes.clone())
    }

    async fn relay(&self, batch: &Value) -> Result<Value, InvokeError> {
        match self.slot.invoke(batch.clone(), None).await {
            End::Answered(answer) => Ok(answer),
            End::Failed(body) => Err(InvokeError::Failed { kind: "Unhandled".to_owned(), body }),
            End::Died | End::Throttled => Err(InvokeError::Unreadable { what: "answer" }),
        }
    }
}

impl Lambda {
    /// Puts back what lies in dead-letter queues and is an event, as an operator does; whether
    /// there was any.
    pub(crate) async fn redrive(&self) -> bool {
        let queues = &self.services.queues;
        let mut is_any = false;
        for queue in &self.template().queues {
            let Some(redrive) = &queue.redrive else { continue };
            let dead = name_of(&redrive.dead_letter_arn);
            let letters = queues.depth(dead).unwrap().total();
            for _ in 0..letters {
                let request = ReceiveRequest { max: 1, ..ReceiveRequest::default() };
                for letter in queues.receive(dead, request).await.unwrap() {
                    if is_poison(&letter.body) {
                        continue;
                    }
                    is_any = true;
                    self.sim.note(&format!("put back into {}", queue.name));
                    queues.send(&queue.name, OutgoingMessage::new(letter.body)).unwrap();
                    queues.delete(dead, &letter.receipt_handle).unwrap();
                }
            }
        }
        is_any
    }

    /// Publishes again what was not published, by what `orderly republish` does.
    pub(crate) async fn republish(&self) -> Option<Report> {
        let name = self.name_of("relay");
        let publishes = self.template().function(name).unwrap().environment["PUBLISHES"].clone();
        let relay = Invoked { slot: self.slot(name), publishes };
        let window = Window { since: BEGINNING, until: self.sim.now() };
        let options = Options { window, is_dry: false, rate: None };
        let (client, views) = (self.services.database.client(), format!("{STACK}-order-views"));
        let run = Republisher::new(client, views, relay, options).run(|_| ()).await;
        match run {
            Ok(report) => {
                self.sim.note(&format!("published again:\n{report}"));
                Some(report)
            }
            Err(error) => {
                self.sim.note(&format!("not published again: {error}"));
                None
            }
        }
    }

    /// Resumes every order that waits for review, as an operator does when what stood in the way is
    /// gone; whether there was any.
    pub(crate) async fn resume_reviewed(&self) -> bool {
        let views = json!({ "TableName": format!("{STACK}-order-views"), "ConsistentRead": true });
        let views = self.services.database.json("Scan", &views).await.unwrap();
        let api = self.slot(self.name_of("order-api"));
        let mut is_any = false;
        for view in views["Items"].as_array().into_iter().flatten() {
            let is_open = |review: &str| view[review]["S"] == "open";
            let Some(order) = view["orderId"]["S"].as_str() else { continue };
            if !is_open("paymentReview") && !is_open("shippingReview") {
                continue;
            }
            is_any = true;
            let event = serde_json::to_value(resume(order).event()).unwrap();
            let end = api.invoke(event, None).await;
            self.sim.note(&format!("an operator resumes {order}: {end:?}"));
        }
        is_any
    }

    /// Starts what an operator does while orders are under way.
    pub(crate) fn operate(&self) {
        if let Some(every) = self.sim.redrives_every() {
            let lambda = self.clone();
            spawn_local(async move {
                loop {
                    sleep(every).await;
                    lambda.redrive().await;
                }
            });
        }
        self.once(self.sim.rebuilds_at(), async |lambda| lambda.rebuild().await);
        self.once(self.sim.mode_changes_at(), async |lambda| lambda.change_mode().await);
        self.once(self.sim.replays_at(), async |lambda| lambda.replay().await);
    }

    /// Has `act` done when it is time for it. The world is not over before.
    fn once(&self, at: Option<Duration>, act: impl AsyncFnOnce(&Self) + 'static) {
        let Some(at) = at else { return };
        let (lambda, under_way) = (self.clone(), self.sim.under_way());
        spawn_local(async move {
            sleep(at).await;
            act(&lambda).await;
            drop(under_way);
        });
    }

    /// Builds the read model anew beside the other, and switches to it, by what `orderly
    /// projections` does. A section that took events out of their order may have less in the old
    /// rows than in the new ones.
    async fn rebuild(&self) {
        let name = self.name_of("relay");
        let publishes = &self.template().function(name).unwrap().environment["PUBLISHES"];
        let sources: BTreeMap<String, Value> = serde_json::from_str(publishes).unwrap();
        let sources = sources.into_keys().collect();
        let options = projections::Options { sources, segments: 2, rate: None, is_dry: false };
        let operator =
            projections::Operator::new::<OrderViews>(self.services.database.client(), STACK);
        let done = operator.rebuild(&options, |_| ()).await.unwrap();
        assert_eq!(done.problems, Vec::<String>::new());
        let switched = operator.switch(true).await.unwrap();
        self.sim.note(&format!("the read model is rebuilt, and read from {:?}", switched.reads));
    }

    /// Does what CloudFormation does beside the functions and rules when the mode changes: with the
    /// state machine its executions end.
    async fn change_mode(&self) {
        let mode = self.sim.mode();
        self.sim.note(&format!("{} is deployed", mode.as_str()));
        if mode == Mode::Orchestration {
            return;
        }
        let workflows = &self.services.workflows;
        let is_running = |it: &ExecutionReport| it.status == Status::Running;
        for execution in workflows.executions().into_iter().filter(is_running) {
            let request = json!({ "executionArn": execution.arn });
            workflows.call("StopExecution", request.to_string().into()).await.unwrap();
        }
    }

    /// Replays all that is in the archive.
    async fn replay(&self) {
        let archive = &self.template().archives[0];
        // Whole seconds, and a little earlier and later: nothing is left out.
        let end = self.sim.now() + REPLAY_MARGIN;
        let request = json!({
            "ReplayName": "replay-1",
            "EventSourceArn": archive_arn(&archive.name),
            "EventStartTime": (BEGINNING - REPLAY_MARGIN).unix_timestamp(),
            "EventEndTime": end.unix_timestamp(),
            "Destination": { "Arn": bus_arn(&archive.bus) },
        });
        self.sim.note("the archive is replayed");
        self.services.bus.call("StartReplay", request.to_string().into()).await.unwrap();
    }
}

/// The request of an operator to resume an order.
fn resume(order: &str) -> Request {
    let session = "AROAOPERATOR:robot";
    let iam = json!({
        "accessKey": "ASIAEXAMPLE", "accountId": "000000000000", "callerId": session,
        "userArn": "arn:aws:sts::000000000000:assumed-role/Operator/robot", "userId": session,
    });
    let context = json!({
        "authorizer": { "iam": iam }, "http": { "method": "POST", "path": "/admin/orders" }
    });
    let route = "POST /admin/orders/{id}/resume";
    Request::new(route, "").about(order).with("requestContext", context)
}
