//! A stack over HTTP: real clients with the keys of functions, and how they are refused.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use aws_clients::{Aws, AwsEnv, Credentials};
use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    types::AttributeValue,
};
use local_core::REGION;
use local_iam::access_key_of;
use local_stack::StackOptions;
use orderly::Shop;
use tempfile::TempDir;

const TEMPLATE: &str = "../template.yaml";

/// A stack of the project's template after `change` in each of its files, with functions that do
/// nothing, for long.
async fn start(change: impl Fn(String) -> String) -> (Shop, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(TEMPLATE);
    for function in orderly::shop::load_template(&own).unwrap().functions {
        let path = directory.path().join(function.binary);
        fs::write(&path, "#!/bin/sh\nexec sleep 1000\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let infra = own.parent().unwrap();
    let services = fs::read_dir(infra.join("services")).unwrap().map(|it| it.unwrap().path());
    fs::create_dir(directory.path().join("services")).unwrap();
    for file in services.chain([own.clone(), infra.join("observability.yaml")]) {
        let to = directory.path().join(file.strip_prefix(infra).unwrap());
        fs::write(to, change(fs::read_to_string(&file).unwrap())).unwrap();
    }
    let path = directory.path().join("template.yaml");
    let stack = Shop::start(StackOptions::new(path, directory.path())).await.unwrap();
    (stack, directory)
}

/// The clients of the holder of this access key.
fn clients(stack: &Shop, key: &str) -> Aws {
    let credentials = Credentials::new(key, "secret", Some("token".to_owned()), None, "test");
    let endpoint_url = Some(stack.endpoint_url().to_owned());
    Aws::new(AwsEnv { endpoint_url, ..AwsEnv::new(REGION, credentials) }).unwrap()
}

fn of_function(stack: &Shop, name: &str) -> Aws {
    clients(stack, &access_key_of(&format!("orderly-{name}")))
}

async fn place(clients: &Aws) -> Result<(), (String, String)> {
    let put = clients.dynamodb().put_item().table_name("orderly-order-events");
    let put = put.item("PK", AttributeValue::S("ORDER#1".to_owned()));
    put.item("SK", AttributeValue::S("1".to_owned()))
        .send()
        .await
        .map(drop)
        .map_err(code_and_message)
}

/// The code and the message of a refusal.
fn code_and_message<E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(
    error: SdkError<E, R>,
) -> (String, String) {
    let error = error.as_service_error().unwrap_or_else(|| panic!("{error:?}"));
    let text = |it: Option<&str>| it.unwrap_or_default().to_owned();
    (text(error.code()), text(error.message()))
}

#[tokio::test]
async fn a_client_is_told_what_its_role_lacks() {
    let (stack, _directory) = start(|it| it).await;
    assert_eq!(stack.refused_mappings(), &[] as &[String]);
    place(&of_function(&stack, "order-api")).await.unwrap();
    place(&clients(&stack, "AKIAEXAMPLE")).await.unwrap();

    let notification = of_function(&stack, "notification");
    let (code, message) = place(&notification).await.unwrap_err();
    assert_eq!(code, "AccessDeniedException");
    assert_eq!(
        message,
        "User: arn:aws:sts::000000000000:assumed-role/orderly-NotificationFunctionRole/\
         orderly-notification is not authorized to perform: dynamodb:PutItem on resource: \
         arn:aws:dynamodb:us-east-1:000000000000:table/orderly-order-events \
         because no identity-based policy allows the dynamodb:PutItem action"
    );
    assert_eq!(stack.refusals(), [message]);

    let queue = format!("{}/000000000000/orderly-payment-queue", stack.endpoint_url());
    let sent = notification.sqs().send_message().queue_url(queue).message_body("{}").send().await;
    let (code, message) = code_and_message(sent.unwrap_err());
    assert_eq!(code, "AccessDenied", "as its query protocol called it");
    assert!(message.contains("is not authorized to perform: sqs:sendmessage on"), "{message}");

    let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder();
    let entry = entry.event_bus_name("orderly-bus").source("order-service");
    let entry = entry.detail_type("OrderCreated").detail("{}").build();
    let put = notification.eventbridge().put_events().entries(entry).send().await;
    let (code, message) = code_and_message(put.unwrap_err());
    assert_eq!(code, "AccessDeniedException");
    assert!(message.ends_with("with an explicit deny in a resource-based policy"), "{message}");

    let gone = of_function(&stack, "gone");
    assert_eq!(place(&gone).await.unwrap_err().0, "UnrecognizedClientException");
    stack.stop().await;
}

/// What Lambda would not create is not at work, and is named.
#[tokio::test]
async fn a_mapping_without_rights_reads_nothing() {
    let reads = "              Resource: !GetAtt AnalyticsQueue.Arn\n";
    let (stack, _directory) = start(|template| {
        let instead = "              Resource: !GetAtt AnalyticsDeadLetterQueue.Arn\n";
        let Some(at) = template.find("\n  AnalyticsFunction:\n") else { return template };
        let (before, after) = template.split_at(at);
        format!("{before}{}", after.replacen(reads, instead, 1))
    })
    .await;
    assert_eq!(
        stack.refused_mappings(),
        ["AnalyticsMapping: the execution role of orderly-analytics does not have permissions to \
          call sqs:ReceiveMessage on arn:aws:sqs:us-east-1:000000000000:orderly-analytics-queue"]
    );
    let enabled = stack.template().mappings.iter().filter(|it| it.enabled).count();
    assert_eq!(stack.mappings().len(), enabled - 1);
    stack.stop().await;
}
