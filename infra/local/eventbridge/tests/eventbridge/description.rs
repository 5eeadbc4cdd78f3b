//! What the reading operations answer.

use std::sync::Arc;

use local_eventbridge::{Deliver, EventBridge};
use serde_json::json;

use crate::world::{DEAD_LETTERS, QUEUE, Targets, bus, call, put, quick, refused, rule, topology};

#[tokio::test]
async fn resources_describe_themselves() {
    let bus = bus(&Targets::accepting(), quick());
    put(&bus, 0..2).await;
    let rule_arn = "arn:aws:events:us-east-1:000000000000:rule/orders/inventory";

    let buses = call(&bus, "ListEventBuses", json!({})).await.unwrap();
    assert_eq!(buses["EventBuses"][0]["Name"], "default");
    assert_eq!(buses["EventBuses"][1]["Name"], "orders");
    let described = call(&bus, "DescribeEventBus", json!({"Name": "orders"})).await.unwrap();
    assert_eq!(described["Arn"], "arn:aws:events:us-east-1:000000000000:event-bus/orders");

    let query = json!({"Name": "inventory", "EventBusName": "orders"});
    let described = call(&bus, "DescribeRule", query).await.unwrap();
    assert_eq!(
        described,
        json!({
            "Name": "inventory",
            "Arn": rule_arn,
            "EventBusName": "orders",
            "EventPattern": r#"{"source":["order-service"]}"#,
            "State": "ENABLED",
        })
    );
    let listed = call(&bus, "ListRules", json!({"EventBusName": "orders"})).await.unwrap();
    assert_eq!(listed, json!({ "Rules": [described] }));

    let query = json!({"Rule": "inventory", "EventBusName": "orders"});
    let targets = call(&bus, "ListTargetsByRule", query).await.unwrap();
    assert_eq!(
        targets["Targets"],
        json!([{
            "Id": "queue",
            "Arn": QUEUE,
            "RetryPolicy": {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185},
            "DeadLetterConfig": {"Arn": DEAD_LETTERS},
        }])
    );

    let query = json!({"ArchiveName": "everything"});
    let archive = call(&bus, "DescribeArchive", query).await.unwrap();
    assert_eq!((&archive["EventCount"], &archive["RetentionDays"]), (&json!(2), &json!(365)));
    assert_eq!(archive["ArchiveArn"], "arn:aws:events:us-east-1:000000000000:archive/everything");
    let archives = call(&bus, "ListArchives", json!({})).await.unwrap();
    assert_eq!(archives["Archives"][0]["ArchiveName"], "everything");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let rules = ["a", "b", "c"].map(|name| rule(name, json!({"source": ["x"]}))).to_vec();
    let deliver = Targets::accepting() as Arc<dyn Deliver>;
    let bus = EventBridge::new(topology(rules), deliver, quick()).unwrap();
    let mut query = json!({"EventBusName": "orders", "Limit": 2});
    let first = call(&bus, "ListRules", query.clone()).await.unwrap();
    assert_eq!(first["Rules"].as_array().unwrap().len(), 2);
    query["NextToken"] = first["NextToken"].clone();
    let second = call(&bus, "ListRules", query).await.unwrap();
    assert_eq!(second["Rules"][0]["Name"], "c");
    assert!(second.get("NextToken").is_none());
}

#[tokio::test]
async fn what_is_not_there_is_an_error() {
    let bus = bus(&Targets::accepting(), quick());
    for (operation, body, code) in [
        ("DescribeRule", json!({"Name": "inventory"}), "ResourceNotFoundException"),
        ("DescribeRule", json!({}), "ValidationException"),
        ("DescribeEventBus", json!({"Name": "x"}), "ResourceNotFoundException"),
        ("ListRules", json!({"EventBusName": "x"}), "ResourceNotFoundException"),
        ("ListRules", json!({"Limit": 0}), "ValidationException"),
        ("ListRules", json!({"NextToken": "x"}), "ValidationException"),
        ("ListTargetsByRule", json!({"Rule": "x"}), "ResourceNotFoundException"),
        ("DescribeArchive", json!({"ArchiveName": "x"}), "ResourceNotFoundException"),
        (
            "ListArchives",
            json!({"EventSourceArn": "arn:aws:events:us-east-1:000000000000:event-bus/x"}),
            "ResourceNotFoundException",
        ),
        ("PutRule", json!({"Name": "x"}), "UnknownOperationException"),
    ] {
        let error = refused(&bus, operation, body).await;
        assert_eq!(error.code, code, "{operation}: {error}");
    }
}

#[tokio::test]
async fn a_pattern_is_tried_out() {
    let bus = bus(&Targets::accepting(), quick());
    let event = json!({
        "id": "1", "account": "000000000000", "source": "order-service", "region": "us-east-1",
        "time": "2026-11-23T12:00:00Z", "resources": [], "detail-type": "OrderCreated",
        "detail": {"total": 10_997},
    });
    let mut without = event.clone();
    without.as_object_mut().unwrap().remove("resources");
    for (pattern, matches) in
        [(r#"{"source": ["order-service"]}"#, true), (r#"{"resources": ["x"]}"#, false)]
    {
        let request = json!({"EventPattern": pattern, "Event": without.to_string()});
        let response = call(&bus, "TestEventPattern", request).await.unwrap();
        assert_eq!(response, json!({ "Result": matches }), "{pattern}");
    }
    let request = |pattern: &str| json!({"EventPattern": pattern, "Event": event.to_string()});
    for (pattern, matches) in [
        (r#"{"detail": {"total": [{"numeric": [">", 10000]}]}}"#, true),
        (r#"{"source": ["other"]}"#, false),
    ] {
        let response = call(&bus, "TestEventPattern", request(pattern)).await.unwrap();
        assert_eq!(response, json!({ "Result": matches }), "{pattern}");
    }
    for (body, code, says) in [
        (request(r#"{"source": "x"}"#), "InvalidEventPatternException", "source: must be"),
        (
            request(r#"{"detail": {"id": [{"wildcard": "*-*-*-*-*-end"}]}}"#),
            "InvalidEventPatternException",
            "too complex",
        ),
        (request("{"), "InvalidEventPatternException", "Event pattern is not valid"),
        (request(&" ".repeat(4_097)), "ValidationException", "4096"),
        (json!({"EventPattern": "{}"}), "ValidationException", "'event'"),
        (
            json!({"EventPattern": r#"{"source": ["x"]}"#, "Event": "{}"}),
            "ValidationException",
            "id is required",
        ),
    ] {
        let error = refused(&bus, "TestEventPattern", body).await;
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(says), "{error}");
    }
}
