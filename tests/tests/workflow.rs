//! The fulfilment workflow, state by state: what it asks whom for, and how it ends.
//!
//! The services are scripted here. What they really answer is shown by the scenarios, which run
//! the same definition over the real functions.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use local_core::{Bytes, Service};
use local_states::{
    Invocation, Invoked, Options, StateMachineSpec, StepFunctions, Tasks, state_machine_arn,
};
use serde_json::{Value, json};
use tokio::time::sleep;

const HAPPY: [&str; 5] = ["reserve", "charge", "recordPayment", "ship", "recordShipment"];

/// What a task is answered: an answer, or an error of this name.
#[derive(Debug, Clone)]
enum Reply {
    Answers(Value),
    Fails(&'static str),
}

use Reply::{Answers, Fails};

/// Replies to each task by its name, the last one for ever; what is not here goes well.
type Script = BTreeMap<&'static str, Vec<Reply>>;

struct Services {
    script: Script,
    asked: Mutex<Vec<Value>>,
}

impl Services {
    fn reply(&self, task: &str) -> Reply {
        let before = self.asked().iter().filter(|asked| *asked == task).count();
        match self.script.get(task) {
            Some(replies) => replies[before.min(replies.len() - 1)].clone(),
            None => Answers(goes_well(task)),
        }
    }

    fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|payload| payload["task"].as_str().unwrap().to_owned()).collect()
    }
}

/// The answers on the way to the customer's door, and of compensations that find something.
fn goes_well(task: &str) -> Value {
    match task {
        "reserve" => json!({ "status": "reserved" }),
        "charge" => json!({
            "status": "captured", "paymentId": "pi_1",
            "amount": { "amount": 10_997, "currency": "USD" },
        }),
        "recordPayment" => json!({ "status": "paid" }),
        "ship" => json!({
            "status": "shipped", "shipmentId": "shp_1", "carrier": "UPS", "trackingNumber": "1Z1",
        }),
        "recordShipment" => json!({ "status": "completed" }),
        "recall" => json!({ "status": "recalled" }),
        "refund" => json!({ "status": "refunded", "refundId": "re_1" }),
        "release" => json!({ "status": "released" }),
        "timeOut" | "recordShortage" | "recordPaymentFailure" | "recordShippingFailure" => {
            json!({ "status": "cancelled" })
        }
        other => panic!("no service knows the task {other:?}"),
    }
}

impl Tasks for Services {
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> Invocation<'a> {
        let payload: Value = serde_json::from_slice(&payload).unwrap();
        let task = payload["task"].as_str().unwrap().to_owned();
        assert_eq!(function, service(&task), "{task} is not for {function}");
        let reply = self.reply(&task);
        self.asked.lock().unwrap().push(payload);
        Box::pin(async move {
            let (payload, function_error) = match reply {
                Answers(answer) => (answer, None),
                Fails(name) => {
                    let description = json!({ "errorType": name, "errorMessage": "no" });
                    (description, Some("Unhandled".to_owned()))
                }
            };
            let payload = payload.to_string().into();
            Ok(Invoked { request_id: "c6af9ac6".to_owned(), payload, function_error })
        })
    }
}

/// Whose task it is.
fn service(task: &str) -> &'static str {
    match task {
        "reserve" | "release" => "inventory",
        "charge" | "refund" => "payment",
        "ship" | "recall" => "shipping",
        _ => "order-events",
    }
}

fn definition() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut text = fs::read_to_string(root.join("infra/order-workflow.asl.json")).unwrap();
    let substitutions = [
        ("InventoryFunctionArn", "inventory"),
        ("PaymentFunctionArn", "payment"),
        ("ShippingFunctionArn", "shipping"),
        ("OrderEventsFunctionArn", "order-events"),
        ("PayWithinSeconds", "3600"),
        ("ShipWithinSeconds", "7200"),
    ];
    for (name, value) in substitutions {
        text = text.replace(&format!("${{{name}}}"), value);
    }
    assert!(!text.contains("${"), "a substitution that this test does not know");
    text
}

/// How an execution ended: its status, its output or error, what was asked for in which order,
/// and the states it has been in.
struct Run {
    status: String,
    end: String,
    asked: Vec<String>,
    payloads: Vec<Value>,
    states: BTreeSet<String>,
}

async fn run(script: impl IntoIterator<Item = (&'static str, Vec<Reply>)>) -> Run {
    let services =
        Arc::new(Services { script: script.into_iter().collect(), asked: Mutex::default() });
    let spec = StateMachineSpec {
        name: "fulfilment".to_owned(),
        role_arn: "arn:aws:iam::000000000000:role/fulfilment".to_owned(),
        definition: definition(),
    };
    let tasks = Arc::clone(&services) as Arc<dyn Tasks>;
    let states = StepFunctions::new(vec![spec], tasks, Options::default()).unwrap();
    let order = json!({ "eventType": "OrderCreated", "aggregateId": "order-7" });
    let arn = states
        .start_execution(&state_machine_arn("fulfilment"), Some("order-7"), &order.to_string())
        .unwrap();
    while !states.idle() {
        sleep(Duration::from_secs(1)).await;
    }
    let ask = async |operation: &str, request: Value| -> Value {
        let answer = states.call(operation, request.to_string().into()).await.unwrap();
        serde_json::from_slice(&answer).unwrap()
    };
    let execution = ask("DescribeExecution", json!({ "executionArn": arn })).await;
    let history =
        ask("GetExecutionHistory", json!({ "executionArn": arn, "maxResults": 1000 })).await;
    let entered = history["events"].as_array().unwrap().iter();
    let end = execution.get("error").or(execution.get("output")).unwrap();
    let payloads = services.asked.lock().unwrap().clone();
    Run {
        status: execution["status"].as_str().unwrap().to_owned(),
        end: end.as_str().unwrap().to_owned(),
        asked: services.asked(),
        payloads,
        states: entered
            .filter_map(|event| event["stateEnteredEventDetails"]["name"].as_str())
            .map(str::to_owned)
            .collect(),
    }
}

fn status(status: &str) -> Reply {
    Answers(json!({ "status": status }))
}

/// A task that always fails with this error, for the time that a workflow tries it.
fn never(name: &'static str) -> Vec<Reply> {
    vec![Fails(name)]
}

#[tokio::test(start_paused = true)]
async fn an_order_is_reserved_paid_shipped_and_completed() {
    let run = run([]).await;
    assert_eq!((run.status.as_str(), run.asked), ("SUCCEEDED", HAPPY.map(str::to_owned).to_vec()));
    assert_eq!(run.end, r#"{"status":"completed"}"#);
    for payload in &run.payloads {
        assert_eq!(payload["event"]["aggregateId"], "order-7", "a task sees the order");
    }
    assert_eq!(run.payloads[2]["paymentId"], "pi_1");
    assert_eq!(run.payloads[2]["amount"]["amount"], 10_997);
    assert_eq!(run.payloads[4]["trackingNumber"], "1Z1");
}

/// A story: what is answered otherwise, and what is then asked for after how many steps of the
/// happy way.
type Story = (Vec<(&'static str, Vec<Reply>)>, usize, &'static [&'static str]);

fn stories() -> Vec<Story> {
    vec![
        (vec![("reserve", vec![status("outOfStock")])], 1, &["recordShortage"]),
        (vec![("reserve", vec![status("calledOff")])], 1, &[]),
        (vec![("charge", vec![status("declined")])], 2, &["release", "recordPaymentFailure"]),
        (vec![("charge", vec![status("calledOff")])], 2, &["refund", "release"]),
        (vec![("recordPayment", vec![status("cancelled")])], 3, &["refund", "release"]),
        (
            vec![("ship", vec![status("refused")])],
            4,
            &["refund", "release", "recordShippingFailure"],
        ),
        (vec![("ship", vec![status("calledOff")])], 4, &["recall", "refund", "release"]),
        (vec![("recordShipment", vec![status("cancelled")])], 5, &["recall", "refund", "release"]),
        // What can never succeed is not tried twice.
        (vec![("reserve", never("Poison"))], 1, &["timeOut", "refund", "release"]),
        (vec![("charge", never("Poison"))], 2, &["timeOut", "refund", "release"]),
        (vec![("recordPayment", never("Poison"))], 3, &["timeOut", "refund", "release"]),
        (vec![("ship", never("Poison"))], 4, &["timeOut", "recall", "refund", "release"]),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_was_done_is_undone_and_the_order_is_told() {
    for (script, steps, then) in stories() {
        let described = format!("{script:?}");
        let run = run(script).await;
        assert_eq!(run.asked, [&HAPPY[..steps], then].concat(), "{described}");
        assert_eq!(
            (run.status.as_str(), run.end.as_str()),
            ("SUCCEEDED", r#"{"status":"cancelled"}"#)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_for_a_while_is_tried_again() {
    let outage = vec![Fails("Retry"), Fails("Lambda.Unknown"), Fails("Retry")];
    for task in HAPPY {
        let well = Answers(goes_well(task));
        let run = run([(task, [outage.clone(), vec![well]].concat())]).await;
        assert_eq!(run.end, r#"{"status":"completed"}"#, "{task}");
        assert_eq!(run.asked.len(), HAPPY.len() + outage.len(), "{task}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_without_end_is_an_order_that_takes_too_long() {
    let run = run([("charge", never("Retry"))]).await;
    assert!(run.asked.iter().filter(|task| *task == "charge").count() > 50);
    assert!(run.asked.ends_with(&["timeOut", "refund", "release"].map(str::to_owned)));
    let timed_out = run.payloads.iter().find(|payload| payload["task"] == "timeOut").unwrap();
    assert_eq!((&timed_out["awaited"], &timed_out["within"]), (&json!("payment"), &json!(3600)));
}

#[tokio::test(start_paused = true)]
async fn a_payment_whose_task_got_no_answer_is_shipped() {
    let run = run([("recordPayment", never("Poison")), ("timeOut", vec![status("paid")])]).await;
    let asked = ["reserve", "charge", "recordPayment", "timeOut", "ship", "recordShipment"];
    assert_eq!(
        (run.asked, run.end),
        (asked.map(str::to_owned).to_vec(), r#"{"status":"completed"}"#.to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_undone_while_the_order_may_have_been_shipped() {
    let run = run([("recordShipment", never("Retry"))]).await;
    assert_eq!((run.status.as_str(), run.end.as_str()), ("FAILED", "Unfinished"));
    assert!(run.asked[4..].iter().all(|task| task == "recordShipment"));
}

#[tokio::test(start_paused = true)]
async fn what_a_service_gave_up_is_seen_after_the_rest_is_undone() {
    let refused = ("ship", vec![status("refused")]);
    let review = run([refused.clone(), ("refund", vec![status("needsReview")])]).await;
    assert_eq!((review.status.as_str(), review.end.as_str()), ("FAILED", "NeedsReview"));
    let then = ["refund", "release", "recordShippingFailure"].map(str::to_owned);
    assert!(review.asked.ends_with(&then));

    let cancelled = ("recordShipment", vec![status("cancelled")]);
    let review = run([cancelled, ("recall", vec![status("needsReview")])]).await;
    assert_eq!((review.status.as_str(), review.end.as_str()), ("FAILED", "NeedsReview"));
    assert!(review.asked.ends_with(&["recall", "refund", "release"].map(str::to_owned)));
}

#[tokio::test(start_paused = true)]
async fn a_compensation_that_cannot_go_on_is_left_to_the_deadline() {
    let refused = ("ship", vec![status("refused")]);
    for task in ["refund", "release", "recordShippingFailure"] {
        let run = run([refused.clone(), (task, never("Poison"))]).await;
        assert_eq!((run.status.as_str(), run.end.as_str()), ("FAILED", "Unfinished"), "{task}");
    }
    let run = run([("charge", never("Poison")), ("timeOut", never("Poison"))]).await;
    assert_eq!((run.status.as_str(), run.end.as_str()), ("FAILED", "Unfinished"));
}

#[tokio::test(start_paused = true)]
async fn no_state_is_without_a_story() {
    let mut scripts: Vec<_> = stories().into_iter().map(|(script, ..)| script).collect();
    scripts.push(vec![]);
    scripts.push(vec![("ship", vec![status("refused")]), ("refund", vec![status("needsReview")])]);
    scripts.push(vec![("recordShipment", never("Poison"))]);
    let mut seen = BTreeSet::new();
    for script in scripts {
        seen.extend(run(script).await.states);
    }
    let definition: Value = serde_json::from_str(&definition()).unwrap();
    let states: BTreeSet<_> = definition["States"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(seen, states);
}
