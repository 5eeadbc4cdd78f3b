//! What functions may do by the template's own statements, as AWS evaluates them: requests as they
//! send them, each with its verdict.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use local_iam::{Authority, Call};
use local_template::{LoadOptions, Template};
use serde_json::{Value, json};
use testkit::parameters;

use crate::document::{nested, read, resolved};

const QUEUES: &str = "http://127.0.0.1:9000/000000000000/orderly-";

/// A request of a function.
#[derive(Debug)]
struct Asked {
    function: &'static str,
    target: &'static str,
    body: Value,
}

impl Asked {
    /// Nothing, or the refusal.
    fn by(&self, authority: &Authority) -> Result<(), String> {
        let (body, function) = (self.body.to_string(), format!("orderly-{}", self.function));
        let call = match self.target {
            "SendEmail" => Call {
                path: "/v2/email/outbound-emails",
                method: "POST",
                target: None,
                body: body.as_bytes(),
            },
            target => Call::json(target, body.as_bytes()),
        };
        authority.check_function(&function, &call).map_err(|error| error.message)
    }
}

fn items(function: &'static str, operation: &'static str, body: Value) -> Asked {
    Asked { function, target: operation, body }
}

fn put(function: &'static str, table: &str, key: Value) -> Asked {
    let body = json!({ "TableName": format!("orderly-{table}"), "Item": key });
    items(function, "DynamoDB_20120810.PutItem", body)
}

fn update(function: &'static str, table: &str, key: Value) -> Asked {
    let body = json!({ "TableName": format!("orderly-{table}"), "Key": key });
    items(function, "DynamoDB_20120810.UpdateItem", body)
}

fn query(function: &'static str, table: &str, index: Option<&str>) -> Asked {
    let body = json!({ "TableName": format!("orderly-{table}"), "IndexName": index });
    items(function, "DynamoDB_20120810.Query", body)
}

fn scan(function: &'static str, table: &str) -> Asked {
    let body = json!({ "TableName": format!("orderly-{table}") });
    items(function, "DynamoDB_20120810.Scan", body)
}

fn put_in_transaction(function: &'static str, table: &str, key: Value) -> Asked {
    let put = json!({ "TableName": format!("orderly-{table}"), "Item": key });
    let body = json!({ "TransactItems": [{ "Put": put }] });
    items(function, "DynamoDB_20120810.TransactWriteItems", body)
}

fn send(function: &'static str, queue: &str) -> Asked {
    let body = json!({ "QueueUrl": format!("{QUEUES}{queue}") });
    Asked { function, target: "AmazonSQS.SendMessage", body }
}

fn change_visibility(function: &'static str, queue: &str) -> Asked {
    let body = json!({ "QueueUrl": format!("{QUEUES}{queue}") });
    Asked { function, target: "AmazonSQS.ChangeMessageVisibilityBatch", body }
}

fn publish(function: &'static str, sources: &[&str]) -> Asked {
    let entry = |source| json!({ "EventBusName": "orderly-bus", "Source": source });
    let entries: Value = sources.iter().map(entry).collect();
    Asked { function, target: "AWSEvents.PutEvents", body: json!({ "Entries": entries }) }
}

fn mail(function: &'static str, from: &str) -> Asked {
    Asked { function, target: "SendEmail", body: json!({ "FromEmailAddress": from }) }
}

fn secret(function: &'static str, name: &str) -> Asked {
    Asked { function, target: "AmazonSSM.GetParameter", body: json!({ "Name": name }) }
}

fn record(consumer: &str) -> Value {
    json!({ "id": { "S": format!("{consumer}#evt-1") } })
}

fn order() -> Value {
    json!({ "PK": { "S": "ORDER#1" }, "SK": { "S": "1" } })
}

fn start_execution() -> Asked {
    let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:orderly-fulfilment";
    let body = json!({ "stateMachineArn": machine });
    Asked { function: "workflow", target: "AWSStepFunctions.StartExecution", body }
}

#[test]
fn every_function_may_do_what_it_is_there_for() {
    let template = resolved("orchestration");
    let authority = template.authority();
    let needed = [
        put_in_transaction("order-api", "order-events", order()),
        query("order-events", "order-events", None),
        query("order-sweeper", "order-events", Some("due")),
        update("inventory", "inventory", json!({ "productId": { "S": "p" } })),
        put("inventory", "event-idempotency", record("inventory")),
        put_in_transaction("inventory-api", "event-idempotency", record("inventory-api")),
        put("payment", "payments", json!({ "orderId": { "S": "1" } })),
        secret("payment", "/PaymentGatewayApiKeySecret"),
        secret("payment-webhooks", "/PaymentWebhookSecret"),
        send("payment-webhooks", "payment-queue"),
        put("shipping", "shipments", json!({ "orderId": { "S": "1" } })),
        secret("shipping", "/CarrierApiKeySecret"),
        mail("notification", "Orderly <orders@localhost>"),
        change_visibility("notification", "notification-queue"),
        update("analytics", "order-figures", json!({ "day": { "S": "1" } })),
        update("analytics", "product-figures", json!({ "day": { "S": "1" } })),
        put("analytics", "event-idempotency", record("analytics")),
        query("analytics-api", "order-figures", None),
        query("analytics-api", "product-figures", Some("by-units")),
        query("analytics-api", "product-figures", Some("by-revenue")),
        update("projector", "order-views", json!({ "orderId": { "S": "1" } })),
        update("projector", "order-views-b", json!({ "orderId": { "S": "1" } })),
        send("projector", "projector-dlq"),
        query("query", "order-views", Some("by-user")),
        send("query", "projector-queue"),
        query("query", "order-views-b", Some("by-user")),
        query("order-api", "order-views", Some("by-user")),
        query("order-api", "order-views-b", Some("by-user")),
        scan("products", "products"),
        put("timeline", "order-timeline", json!({ "orderId": { "S": "1" } })),
        query("timeline-api", "order-timeline", None),
        publish("relay", &["order-service", "payment-service"]),
        start_execution(),
    ];
    let mut idle: BTreeSet<_> = template.functions.iter().map(|it| it.name.clone()).collect();
    for asked in needed {
        assert_eq!(asked.by(&authority), Ok(()), "{asked:?}");
        idle.remove(&format!("orderly-{}", asked.function));
    }
    assert!(idle.is_empty(), "nothing is asked of {idle:?}");
    for mapping in template.mappings.iter().chain(&resolved("choreography").mappings) {
        assert_eq!(template.lacking(mapping), None);
    }
}

#[test]
fn no_function_may_do_what_is_anothers() {
    let authority = resolved("orchestration").authority();
    let because = |action: &str| format!("no identity-based policy allows the {action} action");
    let nothing_allows = [
        put("notification", "order-events", order()),
        put_in_transaction("payment", "order-events", order()),
        put("shipping", "payments", json!({ "orderId": { "S": "1" } })),
        // Another consumer's record, and one that belongs to no consumer.
        put("analytics", "event-idempotency", record("inventory")),
        put("inventory", "event-idempotency", record("inventory-api")),
        put("inventory-api", "event-idempotency", record("inventory")),
        put("inventory", "event-idempotency", json!({})),
        put("query", "order-views", json!({ "orderId": { "S": "1" } })),
        update("query", "order-views", json!({ "orderId": { "S": "1" } })),
        query("query", "order-views", None),
        put("projector", "projections", json!({ "projection": { "S": "order-views" } })),
        put("query", "projections", json!({ "projection": { "S": "order-views" } })),
        scan("query", "products"),
        query("timeline", "order-timeline", None),
        query("query", "order-timeline", None),
        put("timeline-api", "order-timeline", json!({ "orderId": { "S": "1" } })),
        scan("products", "order-views"),
        update("payment-webhooks", "payments", json!({ "orderId": { "S": "1" } })),
        query("order-events", "order-events", Some("due")),
        query("projector", "payments", None),
        query("analytics", "order-events", None),
        update("analytics-api", "order-figures", json!({ "day": { "S": "1" } })),
        update("order-events", "order-events", order()),
    ];
    for asked in nothing_allows {
        let refusal = asked.by(&authority).unwrap_err();
        assert!(
            refusal.contains("because no identity-based policy allows the dynamodb:"),
            "{refusal}"
        );
    }
    for (asked, action) in [
        (send("payment", "shipping-dlq"), "sqs:sendmessage"),
        (send("payment-webhooks", "projector-queue"), "sqs:sendmessage"),
        (send("payment", "payment-queue"), "sqs:sendmessage"),
        (change_visibility("query", "order-queue"), "sqs:changemessagevisibility"),
        (publish("relay", &["order-service", "warehouse"]), "events:PutEvents"),
        (secret("payment", "/CarrierApiKeySecret"), "ssm:GetParameter"),
        (secret("payment-webhooks", "/PaymentGatewayApiKeySecret"), "ssm:GetParameter"),
        (secret("relay", "/PaymentGatewayApiKeySecret"), "ssm:GetParameter"),
    ] {
        let refusal = asked.by(&authority).unwrap_err();
        assert!(refusal.ends_with(&because(action)), "{refusal}");
    }
    for asked in
        [mail("notification", "someone@example.com"), mail("order-api", "orders@localhost")]
    {
        assert!(asked.by(&authority).unwrap_err().contains("`ses:SendEmail'"), "{asked:?}");
    }
    for function in ["order-api", "payment", "query", "workflow"] {
        let refusal = publish(function, &["order-service"]).by(&authority).unwrap_err();
        assert!(refusal.ends_with("with an explicit deny in a resource-based policy"), "{refusal}");
    }
}

/// The template without `statement`, as it stands in one of its files.
fn without(statement: &str) -> Authority {
    let files = nested().into_iter().map(|path| {
        let text = read(&format!("infra/{path}"));
        (path, text)
    });
    let mut files: BTreeMap<String, String> = files.collect();
    let count: usize = files.values().map(|text| text.matches(statement).count()).sum();
    assert_eq!(count, 1, "{statement}");
    for text in files.values_mut() {
        *text = text.replace(statement, "");
    }
    let parameters = parameters(&[("SenderEmail", "orders@localhost")]);
    let endpoint = "http://127.0.0.1:9000";
    let options = LoadOptions { stack_name: "orderly", endpoint, parameters: &parameters };
    let file =
        |path: &str| files.get(path).cloned().ok_or(io::Error::from(io::ErrorKind::NotFound));
    let root = read("infra/template.yaml");
    Template::parse_with(&root, &options, &file).unwrap().authority()
}

/// What shows that it is the statement which allows, and nothing else.
#[test]
fn without_its_statement_a_request_is_refused() {
    let whole = resolved("choreography").authority();
    for (statement, asked) in [
        (
            "            - Effect: Allow
              Action: dynamodb:UpdateItem
              Resource: [!GetAtt OrderFiguresTable.Arn, !GetAtt ProductFiguresTable.Arn]
",
            update("analytics", "order-figures", json!({ "day": { "S": "1" } })),
        ),
        (
            "            - Effect: Allow
              Action: sqs:SendMessage
              Resource: !GetAtt ProjectorDeadLetterQueue.Arn
",
            send("projector", "projector-dlq"),
        ),
        (
            "            - Effect: Allow
              Action: dynamodb:PutItem
              Resource: !Sub 'arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${EventIdempotencyTableName}'
              Condition: { ForAllValues:StringLike: { dynamodb:LeadingKeys: ['analytics#*'] } }
",
            put("analytics", "event-idempotency", record("analytics")),
        ),
        ("                - payment-service\n", publish("relay", &["payment-service"])),
    ] {
        assert_eq!(asked.by(&whole), Ok(()), "{asked:?}");
        assert!(asked.by(&without(statement)).is_err(), "{asked:?}");
    }
}
