//! Queues, the bus, state machines, secrets and parameters.

use local_secrets::{arn_of_parameter, arn_of_secret};
use serde_json::Value;

use super::{Request, arn, arn_of, text};

pub(super) fn needs(service: &str, operation: &str, body: &Value) -> Vec<Request> {
    match service {
        "AmazonSQS" => vec![of_queue(operation, body)],
        "AWSEvents" => of_bus(operation, body),
        "AWSStepFunctions" => vec![of_state_machine(operation, body)],
        "secretsmanager" => {
            let secret = arn_of_secret(text(body, "SecretId"));
            vec![Request::new(format!("secretsmanager:{operation}"), secret)]
        }
        "AmazonSSM" => of_parameters(operation, body),
        unknown => vec![Request::new(format!("{}:{operation}", unknown.to_lowercase()), "*")],
    }
}

/// The actions of batches are those of what is in them.
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html>.
fn of_queue(operation: &str, body: &Value) -> Request {
    let url = text(body, "QueueUrl");
    let name = body["QueueName"].as_str().unwrap_or_else(|| url.rsplit('/').next().unwrap_or(url));
    let action = operation.strip_suffix("Batch").unwrap_or(operation);
    // What moves messages names where they are.
    let queue = body["SourceArn"].as_str().map_or_else(|| arn("sqs", name), str::to_owned);
    Request::new(format!("sqs:{action}"), queue)
}

/// Each entry is put on a bus, from a source. Whatever one of them lacks, all are refused.
fn of_bus(operation: &str, body: &Value) -> Vec<Request> {
    if operation != "PutEvents" {
        return vec![Request::new(format!("events:{operation}"), "*")];
    }
    let entries = body["Entries"].as_array().into_iter().flatten();
    let request = |entry: &Value| {
        let bus = entry["EventBusName"].as_str().unwrap_or("default");
        Request::new("events:PutEvents", arn_of("events", "event-bus/", bus))
            .with("events:source", entry["Source"].as_str())
            .with("events:detail-type", entry["DetailType"].as_str())
    };
    entries.map(request).collect()
}

fn of_state_machine(operation: &str, body: &Value) -> Request {
    let named = ["stateMachineArn", "executionArn"].into_iter().find_map(|it| body[it].as_str());
    Request::new(format!("states:{operation}"), named.unwrap_or("*"))
}

fn of_parameters(operation: &str, body: &Value) -> Vec<Request> {
    let listed = body["Names"].as_array().into_iter().flatten();
    let names = listed.chain(body.get("Name")).filter_map(Value::as_str);
    let action = format!("ssm:{operation}");
    names.map(|name| Request::new(&action, arn_of_parameter(name))).collect()
}
