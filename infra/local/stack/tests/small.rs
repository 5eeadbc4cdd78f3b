//! Stacks of small templates, with a function that never answers: what starts, what is refused, and
//! what the AWS endpoint answers.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, sync::Arc};

use axum::{Router, routing::get};
use local_stack::{Proxies, Stack, StackContext, StackOptions, WeakStack};
use tempfile::TempDir;

/// A small template, with a program that does nothing.
fn small(resources: &str) -> (StackOptions, TempDir) {
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
async fn a_template_starts_by_itself() {
    for resources in [CONSUMER, LISTENER] {
        let (options, _directory) = small(resources);
        let stack = Stack::start(options).await.unwrap();
        stack.stop().await;
    }
}

/// The status and the body that a request to the AWS endpoint is answered with.
async fn ask(stack: &Stack, request: &str) -> (u16, String) {
    ask_at(stack.endpoint_url(), request).await
}

async fn ask_at(url: &str, request: &str) -> (u16, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = url.strip_prefix("http://").unwrap().to_owned();
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
    let (options, _directory) = small("");
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
    let (options, _directory) = small("");
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

#[tokio::test]
async fn what_is_not_served_is_refused_in_the_protocol_of_the_client() {
    let (options, _directory) = small(CONSUMER);
    let stack = Stack::start(options).await.unwrap();
    let head = "HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nConnection: close\r\n";
    let stranger = "Authorization: AWS4-HMAC-SHA256 Credential=local.unknown/1/us-east-1/sqs/x\r\n";
    let form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 21\r\n";
    for (request, status, says) in [
        (format!("GET /tags/x {head}\r\n"), 404, "\r\nx-amzn-errortype: UnknownOperationException"),
        (format!("PUT /schedules/a {head}\r\n"), 404, "x-amzn-errortype: UnknownOperationExc"),
        (format!("POST / {head}{form}\r\nAction=DescribeStacks"), 400, "<Code>UnknownOperation"),
        (
            format!("POST / {head}X-Amz-Target: Logs_1.Filter\r\nContent-Length: 2\r\n\r\n{{}}"),
            400,
            r#""__type":"UnknownOperationException""#,
        ),
        (
            format!("POST / {head}{stranger}X-Amz-Target: AmazonSQS.ListQueues\r\n\r\n"),
            403,
            "x-amzn-query-error: InvalidClientTokenId;Sender",
        ),
        (
            format!("GET /2015-03-31/functions/ {head}{stranger}\r\n"),
            403,
            "x-amzn-errortype: UnrecognizedClientException",
        ),
        (format!("GET /schedules {head}\r\n"), 200, r#"{"Schedules":[]}"#),
        (format!("GET /2015-03-31/event-source-mappings/ {head}\r\n"), 200, r#""State":"Enabled""#),
    ] {
        let (answered, answer) = ask(&stack, &request).await;
        assert_eq!(answered, status, "{request}: {answer}");
        assert!(answer.contains(says), "{request}: {answer}");
    }
    stack.stop().await;
}

/// A context with something of every kind.
struct Around;

impl StackContext for Around {
    fn parameters(&self, external_url: &str) -> BTreeMap<String, String> {
        let parameters =
            [("Secret", format!("{external_url}/parcels")), ("NotAskedFor", String::new())];
        parameters.map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn secrets(&self) -> BTreeMap<String, String> {
        ["own", "replaced"].map(|name| (name.to_owned(), "around".to_owned())).into()
    }

    fn external_services(&self) -> Router {
        Router::new().route("/parcels", get(|| async { "far away" }))
    }

    fn endpoint(&self, stack: WeakStack) -> Router {
        let name = move || async move { stack.upgrade().unwrap().name().to_owned() };
        Router::new().route("/name", get(name))
    }
}

#[tokio::test]
async fn what_is_around_a_template_is_served_and_handed_to_it() {
    let (mut options, _directory) = small("");
    options.name = "parcels".to_owned();
    options.secrets = [("replaced".to_owned(), "given".to_owned())].into();
    let stack = Stack::start_within(options, Arc::new(Around)).await.unwrap();
    let worker = stack.lambda().function("parcels-Worker").unwrap();
    assert_eq!(worker.environment["WORD"], format!("{}/parcels", stack.external_url()));
    let page = |path: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nConnection: close\r\n\r\n")
    };
    let (_, answer) = ask_at(stack.external_url(), &page("/parcels")).await;
    assert!(answer.ends_with("far away"), "{answer}");
    let (_, answer) = ask(&stack, &page("/name")).await;
    assert!(answer.ends_with("parcels"), "{answer}");
    for (name, value) in [("own", "around"), ("replaced", "given")] {
        let body = format!(r#"{{"SecretId":"{name}"}}"#);
        let request = format!(
            "POST / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nConnection: close\r\n\
             X-Amz-Target: secretsmanager.GetSecretValue\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let (status, answer) = ask(&stack, &request).await;
        assert_eq!(status, 200, "{answer}");
        assert!(answer.contains(&format!(r#""{value}""#)), "{answer}");
    }
    stack.stop().await;
}

/// A proxy forwards what it gets as it is: the port that a client names is the proxy's.
#[tokio::test]
async fn functions_find_the_proxies_and_their_requests_are_served() {
    let (mut options, _directory) = small("");
    options.proxies = Proxies { endpoint: Some(7), external: Some(9) };
    let stack = Stack::start_within(options, Arc::new(Around)).await.unwrap();
    let worker = stack.lambda().function("local-Worker").unwrap();
    assert_eq!(worker.environment["WORD"], "http://127.0.0.1:9/parcels");
    let page = |path: &str, port: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")
    };
    for (url, path, port) in
        [(stack.endpoint_url(), "/name", "7"), (stack.external_url(), "/parcels", "9")]
    {
        for (named, status) in [("PORT", 200), (port, 200), ("8", 421)] {
            assert_eq!(ask_at(url, &page(path, named)).await.0, status, "{path} {named}");
        }
    }
    stack.stop().await;
}

#[tokio::test]
async fn a_resource_that_is_not_run_is_named_with_its_type() {
    let (options, _directory) = small("  Photos: { Type: AWS::S3::Bucket }\n");
    let error = Stack::start(options).await.unwrap_err().to_string();
    assert!(error.contains("Photos") && error.contains("AWS::S3::Bucket"), "{error}");
}
