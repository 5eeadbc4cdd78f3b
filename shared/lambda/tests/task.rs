//! Both entries of a function, and the errors that a workflow matches.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse};
use event_envelope::Decoder;
use lambda::batch::QueueBatch;
use lambda::{Answer, Invocation, Task, TaskError, Tasks, answer};
use lambda_runtime::Diagnostic;
use runtime::Failure;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DECODER: Decoder = Decoder::current();

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "task", rename_all = "camelCase", deny_unknown_fields)]
enum Command {
    Charge { amount: u32 },
    Refund {},
}

#[derive(Debug, PartialEq, Serialize)]
struct Receipt {
    task: String,
    order: String,
}

fn event() -> Value {
    json!({
        "eventId": "evt_1", "eventType": "OrderCreated", "eventVersion": "2.0",
        "timestamp": "2026-01-31T10:30:00Z", "source": "order-service", "correlationId": "corr_1",
        "aggregateId": "order-7", "sequenceNumber": 1, "data": { "orderId": "order-7" },
    })
}

/// The event as a rule of EventBridge delivers it.
fn delivered() -> Value {
    json!({
        "version": "0", "id": "6a7e8feb", "source": "order-service", "time": "2026-01-31T10:30:01Z",
        "detail-type": "OrderCreated", "detail": event(),
    })
}

async fn consume(batch: QueueBatch) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for record in batch.records {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = record.message.message_id.unwrap();
        response.batch_item_failures.push(failure);
    }
    response
}

async fn work(task: Task<Command>) -> Result<Receipt, Failure> {
    match task.command {
        Command::Charge { amount: 0 } => Err(Failure::permanent("nothing to charge")),
        Command::Charge { .. } => {
            let order = task.delivery.envelope.aggregate_id.to_string();
            Ok(Receipt { task: task.id, order })
        }
        Command::Refund {} => Err(Failure::retry("the provider is unavailable")),
    }
}

async fn asked(payload: Value) -> Result<Value, TaskError> {
    let invocation: Invocation = serde_json::from_value(payload).unwrap();
    let answer: Answer<Receipt> = answer(invocation, &DECODER, consume, work).await?;
    Ok(serde_json::to_value(answer).unwrap())
}

#[tokio::test]
async fn a_batch_goes_to_the_consumer_and_a_task_to_the_worker() {
    let batch = json!({ "Records": [{ "messageId": "a", "body": "x" }] });
    let answer = asked(batch).await.unwrap();
    assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], "a");

    for event in [event(), delivered()] {
        let task = json!({ "task": "charge", "amount": 12, "event": event });
        let receipt = asked(task).await.unwrap();
        assert_eq!(receipt, json!({ "task": "evt_1/charge", "order": "order-7" }));
    }
}

#[test]
fn an_event_of_another_source_is_neither_and_an_error() {
    let others = [
        (json!({ "Records": [{ "EventSource": "aws:sns", "Sns": {} }] }), "aws:sns"),
        (json!({ "Records": [{ "eventSource": "aws:dynamodb", "dynamodb": {} }] }), "aws:dynamodb"),
        (
            json!({ "source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": {} }),
            "EventBridge (aws.scheduler, Scheduled Event)",
        ),
        (json!({ "requestContext": { "elb": {} }, "body": "" }), "Application Load Balancer"),
    ];
    for (event, found) in others {
        let error = serde_json::from_value::<Invocation>(event).unwrap_err().to_string();
        assert!(error.contains(&format!("an event of {found} came")), "{error}");
        assert!(error.contains("aws:sqs"), "{error}");
    }
}

#[tokio::test]
async fn a_task_in_another_form_is_a_permanent_failure_that_names_what_is_wrong() {
    let task = json!({ "task": "charge", "amount": 1, "event": event() });
    let with = |field: &str, value: Value| {
        let mut task = task.clone();
        task[field] = value;
        task
    };
    let wrong = [
        (with("event", event().to_string().into()), "event"),
        (json!({ "StatusCode": 200, "Payload": task.clone() }), "event"),
        (with("token", Value::Null), "token"),
    ];
    for (payload, named) in wrong {
        let error = asked(payload).await.unwrap_err();
        assert!(
            matches!(error, TaskError::Permanent(_)) && error.to_string().contains(named),
            "{error}"
        );
    }
    assert_eq!(asked(task.clone()).await.unwrap(), asked(task).await.unwrap(), "twice the same");
}

#[tokio::test]
async fn a_malformed_record_does_not_cost_its_batch() {
    let malformed =
        json!({ "messageId": "b", "body": { "a": 1 }, "attributes": { "SenderId": 7 } });
    let batch = json!({ "Records": [{ "messageId": "a", "body": "x" }, malformed] });
    let answer = asked(batch).await.unwrap();
    assert_eq!(answer["batchItemFailures"][1]["itemIdentifier"], "b");
}

#[tokio::test]
async fn the_name_of_an_error_decides_whether_a_workflow_retries() {
    let unavailable = asked(json!({ "task": "refund", "event": event() })).await.unwrap_err();
    assert_eq!(unavailable, TaskError::Retry("the provider is unavailable".to_owned()));
    let diagnostic = Diagnostic::from(unavailable);
    assert_eq!(diagnostic.error_type, "Retry");
    assert_eq!(diagnostic.error_message, "the provider is unavailable");

    let never = json!({ "task": "charge", "amount": 0, "event": event() });
    let diagnostic = Diagnostic::from(asked(never).await.unwrap_err());
    assert_eq!(diagnostic.error_type, "Poison");
}

#[tokio::test]
async fn what_is_wrong_with_a_task_is_named() {
    let mut replayed = delivered();
    replayed["replay-name"] = "friday".into();
    let wrong = [
        (json!({ "task": "charge", "amount": 1 }), "has no \"event\""),
        (json!({ "event": event() }), "has no \"task\""),
        (json!({ "task": 7, "event": event() }), "has no \"task\""),
        (json!({ "task": "charge", "event": event() }), "missing field `amount`"),
        (json!({ "task": "bill", "event": event() }), "unknown variant `bill`"),
        (json!({ "task": "charge", "amount": 1, "to": "me", "event": event() }), "unknown field"),
        (json!({ "task": "refund", "to": "me", "event": event() }), "unknown field"),
        (json!({ "task": "refund", "event": {} }), "\"refund\" cannot be read"),
        (json!({ "task": "refund", "event": replayed }), "of the replay \"friday\""),
    ];
    for (task, expected) in wrong {
        let error = asked(task).await.unwrap_err();
        assert_eq!(error.name(), "Poison");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn where_no_workflow_is_deployed_tasks_are_refused_and_batches_are_not() {
    let task = json!({ "task": "charge", "amount": 12, "event": event() });
    let batch = json!({ "Records": [{ "messageId": "a", "body": "x" }] });
    let admit = |mode: &str, payload: &Value| {
        let invocation: Invocation = serde_json::from_value(payload.clone()).unwrap();
        Tasks::in_mode(mode.to_owned()).admit(invocation).map(drop)
    };
    for payload in [&task, &batch] {
        admit("orchestration", payload).unwrap();
    }
    for mode in ["choreography", "", "Orchestration", "on"] {
        admit(mode, &batch).unwrap();
        // A payload that is no task, or no valid one, is not read either.
        for payload in [&task, &json!({ "task": "charge" }), &json!({})] {
            let error = admit(mode, payload).unwrap_err();
            assert_eq!(error.name(), "Poison");
            assert!(error.to_string().contains(&format!("in the mode {mode:?}")), "{error}");
        }
    }
}

fn read(task: Value) -> Task<Command> {
    let Value::Object(fields) = task else { panic!("not an object") };
    Task::read(fields, &DECODER).unwrap()
}

#[test]
fn the_same_work_has_the_same_id_however_it_is_asked_for() {
    let first = read(json!({ "task": "charge", "amount": 12, "event": event() }));
    let again = read(json!({ "event": delivered(), "amount": 12, "task": "charge" }));
    assert_eq!((&first.id, &first.hash), (&again.id, &again.hash));

    let other = read(json!({ "task": "charge", "amount": 13, "event": event() }));
    assert_eq!(first.id, other.id);
    assert_ne!(first.hash, other.hash);
    assert_ne!(first.id, read(json!({ "task": "refund", "event": event() })).id);
}

#[tokio::test]
async fn what_a_task_publishes_is_within_its_span() {
    let mut asked = json!({ "task": "charge", "amount": 1, "event": event() });
    asked["event"]["metadata"] =
        json!({ "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" });
    let invocation: Invocation = serde_json::from_value(asked).unwrap();
    let tokens = runtime::IdGenerator::from_fn(|| "0123456789abcdef0123456789abcdef".to_owned());
    let tracer = runtime::Tracer::drawn_from(tokens);
    let work = async |task: Task<Command>| {
        assert_eq!(task.name(), "charge");
        Ok::<_, Failure>(task.delivery.envelope.metadata.traceparent)
    };
    let answer = lambda::answer_traced(invocation, &DECODER, &tracer, consume, work).await.unwrap();
    let goes = "00-0af7651916cd43dd8448eb211c80319c-0123456789abcdef-01".to_owned();
    assert_eq!(answer, Answer::Task(Some(goes)));
}
