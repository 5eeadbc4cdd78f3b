//! Clients against a server on this machine.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use runtime::chain;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::*;

/// Answers every request the same way, and counts what comes in.
#[derive(Clone, Default)]
struct Counts {
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

async fn serve(answer: Option<&'static str>) -> (String, Counts) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let counts = Counts::default();
    let counted = counts.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(converse(stream, answer, counted.requests.clone()));
        }
    });
    (url, counts)
}

async fn converse(stream: TcpStream, answer: Option<&'static str>, requests: Arc<AtomicUsize>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or_default() == 0 {
                return;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        stream.read_exact(&mut vec![0; length]).await.unwrap();
        requests.fetch_add(1, Ordering::SeqCst);
        match answer {
            None => std::future::pending::<()>().await,
            Some(body) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                stream.write_all((head + body).as_bytes()).await.unwrap();
            }
        }
    }
}

fn env() -> AwsEnv {
    AwsEnv::new("eu-central-1", Credentials::new("AKID", "hush", None, None, "test"))
}

#[tokio::test]
async fn a_client_talks_to_the_endpoint_of_all_services() {
    let (url, _) = serve(Some(r#"{"TableNames":["orders"]}"#)).await;
    let aws = Aws::new(AwsEnv { endpoint_url: Some(url), ..env() }).unwrap();
    let tables = aws.dynamodb().list_tables().send().await.unwrap();
    assert_eq!(tables.table_names(), ["orders"]);
}

#[tokio::test]
async fn the_endpoint_of_one_service_comes_first() {
    let (general, elsewhere) = serve(None).await;
    let (url, _) = serve(Some(r#"{"QueueUrl":"http://queue"}"#)).await;
    let env = AwsEnv {
        endpoint_url: Some(general),
        endpoint_urls: [(Service::Sqs, url)].into(),
        ..env()
    };
    let queue = Aws::new(env).unwrap().sqs().get_queue_url().queue_name("q").send().await.unwrap();
    assert_eq!(queue.queue_url(), Some("http://queue"));
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn every_client_reaches_its_service() {
    let (url, counts) = serve(Some("{}")).await;
    let endpoint_urls = Service::ALL.map(|service| (service, url.clone())).into();
    let aws = Aws::new(AwsEnv { endpoint_urls, ..env() }).unwrap();
    aws.dynamodb().list_tables().send().await.unwrap();
    aws.eventbridge().list_event_buses().send().await.unwrap();
    aws.sesv2().get_account().send().await.unwrap();
    aws.sfn().list_state_machines().send().await.unwrap();
    aws.sqs().list_queues().send().await.unwrap();
    aws.secretsmanager().list_secrets().send().await.unwrap();
    aws.ssm().describe_parameters().send().await.unwrap();
    assert_eq!(counts.requests.load(Ordering::SeqCst), 7);
    assert_eq!(counts.connections.load(Ordering::SeqCst), 1, "they share a pool");
}

#[tokio::test]
async fn the_first_request_uses_the_warm_connection() {
    let (url, counts) = serve(Some("{}")).await;
    let aws = Aws::new(AwsEnv { endpoint_url: Some(url), ..env() }).unwrap();
    aws.warm_dynamodb().await;
    assert_eq!(counts.requests.load(Ordering::SeqCst), 1);
    aws.dynamodb().list_tables().send().await.unwrap();
    assert_eq!(counts.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_server_that_never_answers_is_abandoned() {
    let (url, counts) = serve(None).await;
    let minute = Duration::from_secs(60);
    let timeouts =
        Timeouts { connect: minute, attempt: Duration::from_millis(500), operation: minute };
    let aws = Aws::new(AwsEnv { endpoint_url: Some(url), timeouts, ..env() }).unwrap();
    let error = aws.dynamodb().list_tables().send().await.unwrap_err();
    assert!(chain(&error).contains("operation attempt timeout"), "{}", chain(&error));
    assert_eq!(counts.requests.load(Ordering::SeqCst), 3, "attempts");
    aws.warm_dynamodb().await;
}

#[tokio::test]
async fn all_attempts_together_end_in_time() {
    let (url, _) = serve(None).await;
    let minute = Duration::from_secs(60);
    let timeouts =
        Timeouts { connect: minute, attempt: minute, operation: Duration::from_millis(50) };
    let aws = Aws::new(AwsEnv { endpoint_url: Some(url), timeouts, ..env() }).unwrap();
    let error = aws.dynamodb().list_tables().send().await.unwrap_err();
    assert!(chain(&error).contains("operation timeout"), "{}", chain(&error));
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_no_aws() {
    let (url, _) = serve(Some("{}")).await;
    let endpoint_url = Some(url.replace("http:", "https:"));
    let aws = Aws::new(AwsEnv { endpoint_url, ..env() }).unwrap();
    aws.dynamodb().list_tables().send().await.unwrap_err();
}

#[test]
fn an_endpoint_that_is_no_url_is_named() {
    let error = Aws::new(AwsEnv { endpoint_url: Some("localhost".into()), ..env() }).unwrap_err();
    assert!(error.to_string().starts_with("AWS_ENDPOINT_URL is"), "{error}");
}

#[test]
fn what_is_logged_of_clients_holds_no_secret() {
    let aws = Aws::new(env()).unwrap();
    assert!(!format!("{aws:?} {:?}", aws.dynamodb()).contains("hush"));
}

/// Where a request to DynamoDB would go.
async fn host(env: AwsEnv) -> String {
    use aws_sdk_dynamodb::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
    let aws = Aws::new(env).unwrap();
    let (fips, dual_stack) = (aws.config().use_fips(), aws.config().use_dual_stack());
    let params = Params::builder().region("eu-central-1".to_owned());
    let params = params.set_use_fips(fips).set_use_dual_stack(dual_stack).build().unwrap();
    let endpoint = DefaultResolver::new().resolve_endpoint(&params).await.unwrap();
    endpoint.url().to_owned()
}

#[tokio::test]
async fn special_endpoints_of_aws_are_called_where_they_are_asked_for() {
    let plain = "https://dynamodb.eu-central-1.amazonaws.com";
    assert_eq!(host(env()).await, plain);
    let fips = AwsEnv { region: "us-east-1".to_owned(), use_fips: true, ..env() };
    assert!(host(fips).await.starts_with("https://dynamodb-fips."));
    let dual_stack = AwsEnv { use_dual_stack: true, ..env() };
    assert!(host(dual_stack).await.ends_with(".api.aws"));
}

/// What a process does whose environment this test's parent has set: one call to DynamoDB.
#[tokio::test]
#[ignore = "run by the tests of proxies, with an environment of its own"]
async fn one_call_with_the_environment() {
    let aws = Aws::from_env().unwrap();
    aws.warm_dynamodb().await;
    let answer = aws.dynamodb().list_tables().send().await;
    assert_eq!(answer.is_ok(), aws.config().endpoint_url().is_some());
}

/// Runs it with `variables`.
async fn call_with(variables: &[(&str, &str)]) -> bool {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tests::one_call_with_the_environment", "--ignored"]);
    command.env_clear();
    let lambda = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "hush"),
    ];
    command.envs(lambda).envs(variables.iter().copied());
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    run.await.unwrap().status.success()
}

#[tokio::test]
async fn calls_go_through_the_proxy_of_the_environment() {
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let (proxy, seen) = serve(Some("")).await;
        assert!(call_with(&[(variable, &proxy)]).await);
        assert!(seen.requests.load(Ordering::SeqCst) > 0, "{variable}: asked to connect");
    }
    let (proxy, seen) = serve(Some(r#"{"TableNames":[]}"#)).await;
    let elsewhere = ("AWS_ENDPOINT_URL", "http://dynamodb.test");
    assert!(call_with(&[("HTTP_PROXY", &proxy), elsewhere]).await);
    assert!(seen.requests.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn no_proxy_is_used_for_whom_the_environment_excepts() {
    let (proxy, seen) = serve(None).await;
    let (url, reached) = serve(Some(r#"{"TableNames":[]}"#)).await;
    let except = ("NO_PROXY", "example.com,127.0.0.1");
    assert!(call_with(&[("HTTP_PROXY", &proxy), ("AWS_ENDPOINT_URL", &url), except]).await);
    assert_eq!(seen.connections.load(Ordering::SeqCst), 0);
    assert!(reached.requests.load(Ordering::SeqCst) > 0);
}
