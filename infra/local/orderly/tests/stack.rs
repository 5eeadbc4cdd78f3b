//! A stack of the project's own template, with functions that never answer: what it starts, what
//! it keeps, what it refuses, and what it leaves behind.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use local_protocol::{Bytes, Service};
use orderly::{
    Stack, StackOptions,
    invariants::{Evidence, Report},
    seed,
    stack::{Ports, Redelivery, StackError},
};
use rustix::process::{Pid, test_kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

fn template() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml")
}

/// A directory with a program for every function, which does nothing, for long.
fn idle_functions() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for function in orderly::stack::load_template(&template()).unwrap().functions {
        let path = directory.path().join(function.binary);
        fs::write(&path, "#!/bin/sh\nexec sleep 1000\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    directory
}

async fn start(change: impl FnOnce(&mut StackOptions)) -> (Stack, TempDir) {
    let functions = idle_functions();
    let mut options = StackOptions::new(template(), functions.path());
    change(&mut options);
    (Stack::start(options).await.unwrap(), functions)
}

/// A stack on ports below those that the system hands out: nobody else takes one of them the
/// moment it is free again.
async fn start_on_own_ports(functions: &Path) -> Stack {
    for first in (20_000..30_000).step_by(10) {
        let mut options = StackOptions::new(template(), functions);
        options.ports = Ports::From(first);
        match Stack::start(options).await {
            Ok(stack) => return stack,
            Err(StackError::Port { .. }) => (),
            Err(error) => panic!("{error}"),
        }
    }
    panic!("no port is free")
}

async fn available(stack: &Stack, product: &str) -> Value {
    let key = json!({ "productId": { "S": product } });
    let request = json!({ "TableName": stack.table("inventory"), "Key": key });
    let mut answer = stack.dynamodb().json("GetItem", &request).await.unwrap();
    answer["Item"]["available"]["N"].take()
}

#[tokio::test]
async fn a_seeded_stack_is_at_rest_and_breaks_no_invariant() {
    let (stack, _functions) = start(|_| ()).await;
    seed::seed(&stack).await.unwrap();
    stack.quiescent().await;
    assert_eq!(available(&stack, seed::SCARCE).await, "1");
    let report = Report::of(&Evidence::gather(&stack, []).await.unwrap());
    assert!(report.holds(), "{report}");
    stack.stop().await;
}

#[tokio::test]
async fn what_is_kept_is_not_seeded_again() {
    let data = tempfile::tempdir().unwrap();
    let keep = |options: &mut StackOptions| options.data = Some(data.path().into());
    let (stack, _functions) = start(keep).await;
    seed::seed(&stack).await.unwrap();
    let sold = json!({
        "TableName": stack.table("inventory"),
        "Item": { "productId": { "S": seed::SCARCE }, "available": { "N": "0" } },
    });
    stack.dynamodb().json("PutItem", &sold).await.unwrap();
    stack.stop().await;
    drop(stack);
    let (stack, _functions) = start(keep).await;
    seed::seed(&stack).await.unwrap();
    assert_eq!(available(&stack, seed::SCARCE).await, "0");
    stack.stop().await;
}

#[tokio::test]
async fn an_event_goes_where_the_template_says_and_the_stack_is_then_at_work() {
    let (stack, _functions) = start(|_| ()).await;
    let entry = json!({
        "EventBusName": "orderly-bus", "Source": "shipping-service",
        "DetailType": "ShipmentCreated", "Detail": "{}",
    });
    let request = Bytes::from(json!({ "Entries": [entry] }).to_string());
    stack.bus().call("PutEvents", request).await.unwrap();
    while !stack.bus().idle() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let queues = stack.sqs().queue_names().into_iter();
    let full: BTreeSet<_> =
        queues.filter(|queue| stack.sqs().depth(queue).unwrap().total() > 0).collect();
    let expected = ["orderly-notification-queue", "orderly-order-queue", "orderly-projector-queue"];
    assert_eq!(full, expected.map(str::to_owned).into());
    assert!(!stack.settles(Duration::from_millis(50)).await, "nobody has worked on the event");
    stack.stop().await;
}

#[tokio::test]
async fn stopping_leaves_no_process_and_no_port() {
    let functions = idle_functions();
    let stack = start_on_own_ports(functions.path()).await;
    stack.lambda().invoke_async("payment", Bytes::from_static(b"{}")).unwrap();
    let processes = loop {
        match stack.lambda().processes() {
            none if none.is_empty() => tokio::time::sleep(Duration::from_millis(5)).await,
            some => break some,
        }
    };
    stack.stop().await;
    for (function, pid) in processes {
        let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
        assert!(test_kill_process(pid).is_err(), "{function} still runs");
    }
    let address = stack.endpoint_url().strip_prefix("http://").unwrap().to_owned();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_cannot_run_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let error = Stack::start(StackOptions::new(template(), empty.path())).await.unwrap_err();
    let error = error.to_string();
    assert!(error.contains("orderly-") && error.contains("build it first"), "{error}");

    let functions = idle_functions();
    let mut options = StackOptions::new(template(), functions.path());
    options.environment = BTreeMap::from([("payments".to_owned(), BTreeMap::new())]);
    let error = Stack::start(options).await.unwrap_err().to_string();
    assert!(error.contains("--env payments") && error.contains("payment, "), "{error}");

    let error = Stack::start(StackOptions::new("nowhere.yaml", empty.path())).await.unwrap_err();
    assert!(error.to_string().contains("nowhere.yaml"), "{error}");
}

#[tokio::test]
async fn a_function_hears_its_environment_and_a_dead_consumer_is_missed_sooner() {
    let more = BTreeMap::from([("RUST_LOG".to_owned(), "trace".to_owned())]);
    let (stack, _functions) = start(|options| {
        options.environment = BTreeMap::from([("relay".to_owned(), more)]);
        options.redelivery = Redelivery::Soon;
    })
    .await;
    let relay = stack.lambda().function("relay").unwrap();
    assert_eq!(relay.environment["RUST_LOG"], "trace");
    let payment = stack.lambda().function("payment").unwrap();
    assert_eq!(
        payment.environment["PAYMENT_GATEWAY_URL"],
        format!("{}/payments", stack.sandboxes_url())
    );
    let queue = stack.sqs().queue_spec("orderly-payment-queue").unwrap();
    assert_eq!(queue.visibility_timeout, payment.timeout);
    stack.stop().await;
}

/// A template that is not this project's, with a program that does nothing.
fn foreign(resources: &str) -> (StackOptions, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let text = format!(
        "Transform: AWS::Serverless-2016-10-31
Parameters:
  Secret: {{ Type: String, NoEcho: true, Default: open-sesame }}
Resources:
  Worker:
    Type: AWS::Serverless::Function
    Metadata: {{ BuildMethod: rust-cargolambda, BuildProperties: {{ Binary: worker }} }}
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: .
      Timeout: 20
      Policies: [AWSLambdaSQSQueueExecutionRole]
      Environment: {{ Variables: {{ WORD: !Ref Secret }} }}
{resources}"
    );
    let path = directory.path().join("template.yaml");
    fs::write(&path, text).unwrap();
    let program = directory.path().join("worker");
    fs::write(&program, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    (StackOptions::new(path, directory.path()), directory)
}

const CONSUMER: &str = "
  Parcels: { Type: AWS::SQS::Queue, Properties: { VisibilityTimeout: 20 } }
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: { FunctionName: !Ref Worker, EventSourceArn: !GetAtt Parcels.Arn }
";
const LISTENER: &str = "
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: { source: [parcels] }
      Targets: [{ Id: worker, Arn: !GetAtt Worker.Arn }]
";

#[tokio::test]
async fn the_template_of_another_project_starts() {
    for resources in [CONSUMER, LISTENER] {
        let (options, _directory) = foreign(resources);
        let stack = Stack::start(options).await.unwrap();
        seed::seed(&stack).await.unwrap();
        stack.stop().await;
    }
}

/// The status and the body that a request to the AWS endpoint is answered with.
async fn ask(stack: &Stack, request: &str) -> (u16, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = stack.endpoint_url().strip_prefix("http://").unwrap().to_owned();
    let port = address.rsplit(':').next().unwrap();
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let request = request.replace("PORT", port);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

#[tokio::test]
async fn a_page_of_the_web_reaches_nothing_and_secrets_are_masked() {
    let (options, _directory) = foreign("");
    let stack = Stack::start(options).await.unwrap();
    let get = |headers: &str| {
        format!(
            "GET /2015-03-31/functions/Worker/configuration HTTP/1.1\r\n\
             Connection: close\r\n{headers}\r\n"
        )
    };
    let (status, body) = ask(&stack, &get("Host: localhost:PORT\r\n")).await;
    assert_eq!(status, 200);
    assert!(body.contains("****") && !body.contains("open-sesame"), "{body}");
    for (headers, refusal) in [
        ("Host: shop.example:PORT\r\n", 421),
        ("Host: 127.0.0.1:1\r\n", 421),
        ("Host: 127.0.0.1:PORT\r\nOrigin: https://shop.example\r\n", 403),
        ("Host: 127.0.0.1:PORT\r\nSec-Fetch-Site: cross-site\r\n", 403),
    ] {
        assert_eq!(ask(&stack, &get(headers)).await.0, refusal, "{headers}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn every_answer_has_an_id_and_only_sqs_has_a_code_of_the_query_protocol() {
    let (options, _directory) = foreign("");
    let stack = Stack::start(options).await.unwrap();
    for (target, has_code) in [
        ("AmazonSQS.SendMessage", true),
        ("DynamoDB_20120810.GetItem", false),
        ("AWSEvents.DescribeRule", false),
        ("AWSStepFunctions.DescribeExecution", false),
    ] {
        let request = format!(
            "POST / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nConnection: close\r\n\
             X-Amz-Target: {target}\r\nContent-Length: 2\r\n\r\n{{}}"
        );
        let (status, answer) = ask(&stack, &request).await;
        assert_eq!(status, 400, "{answer}");
        let has = |name: &str| answer.to_ascii_lowercase().contains(&format!("\r\n{name}: "));
        assert!(has("x-amzn-requestid"), "{answer}");
        assert_eq!(has("x-amzn-query-error"), has_code, "{answer}");
    }
    stack.stop().await;
}
