//! Policies by name: those of AWS, and SAM's templates of policies.
//!
//! Sources: <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>,
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-templates.html>.

use serde_json::{Value, json};

use crate::physical::arn;

/// What Lambda needs to read a queue.
pub(crate) const QUEUE_ACTIONS: [&str; 3] =
    ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
/// What Lambda needs to read a stream.
pub(crate) const STREAM_ACTIONS: [&str; 4] = [
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
];
const READ_ITEMS: [&str; 5] = [
    "dynamodb:GetItem",
    "dynamodb:Scan",
    "dynamodb:Query",
    "dynamodb:BatchGetItem",
    "dynamodb:DescribeTable",
];
const WRITE_ITEMS: [&str; 3] =
    ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"];
const CRUD_ITEMS: [&str; 9] = [
    "dynamodb:GetItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:Scan",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:BatchGetItem",
    "dynamodb:DescribeTable",
];

/// A policy that allows `actions` on `resources`; without actions one that allows nothing.
pub(crate) fn document(actions: &[&str], resources: &[&str]) -> Value {
    if actions.is_empty() {
        return json!({ "Statement": [] });
    }
    json!({ "Statement": { "Effect": "Allow", "Action": actions, "Resource": resources } })
}

/// A policy of AWS. Logs, traces and metrics are written here without asking.
pub(crate) fn policy(name: &str) -> Option<Value> {
    let actions: &[&str] = match name {
        "AWSLambdaBasicExecutionRole"
        | "AWSXRayDaemonWriteAccess"
        | "AWSXrayWriteOnlyAccess"
        | "CloudWatchLambdaInsightsExecutionRolePolicy" => &[],
        "AWSLambdaSQSQueueExecutionRole" => &QUEUE_ACTIONS,
        "AWSLambdaDynamoDBExecutionRole" => &STREAM_ACTIONS,
        "AmazonDynamoDBFullAccess" => &["dynamodb:*"],
        "AmazonSQSFullAccess" => &["sqs:*"],
        "AmazonEventBridgeFullAccess" => &["events:*"],
        "AdministratorAccess" => &["*"],
        _ => return None,
    };
    Some(document(actions, &["*"]))
}

/// One of SAM's templates with what it was given.
pub(crate) fn template(name: &str, given: &Value) -> Option<Value> {
    let given = |parameter: &str| given[parameter].as_str();
    let table = || given("TableName").map(|it| arn("dynamodb", &format!("table/{it}")));
    let of_table = |actions: &[&str]| {
        let table = table()?;
        Some(document(actions, &[&table, &format!("{table}/index/*")]))
    };
    let one = |actions: &[&str], resource: String| Some(document(actions, &[&resource]));
    match name {
        "AWSSecretsManagerGetSecretValuePolicy" => {
            one(&["secretsmanager:GetSecretValue"], given("SecretArn")?.to_owned())
        }
        "DynamoDBCrudPolicy" => of_table(&CRUD_ITEMS),
        "DynamoDBReadPolicy" => of_table(&READ_ITEMS),
        "DynamoDBStreamReadPolicy" => {
            one(&STREAM_ACTIONS, format!("{}/stream/{}", table()?, given("StreamName")?))
        }
        "DynamoDBWritePolicy" => of_table(&WRITE_ITEMS),
        "EventBridgePutEventsPolicy" => {
            let bus = format!("event-bus/{}", given("EventBusName")?);
            one(&["events:PutEvents"], arn("events", &bus))
        }
        "LambdaInvokePolicy" => {
            let function = format!("function:{}*", given("FunctionName")?);
            one(&["lambda:InvokeFunction"], arn("lambda", &function))
        }
        "SQSPollerPolicy" => {
            let mut actions = QUEUE_ACTIONS.to_vec();
            actions.push("sqs:ChangeMessageVisibility");
            one(&actions, arn("sqs", given("QueueName")?))
        }
        "SQSSendMessagePolicy" => one(&["sqs:SendMessage*"], arn("sqs", given("QueueName")?)),
        "StepFunctionsExecutionPolicy" => {
            let machine = format!("stateMachine:{}", given("StateMachineName")?);
            one(&["states:StartExecution"], arn("states", &machine))
        }
        _ => None,
    }
}
