use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    types::{AttributeValue, Put, TransactWriteItem},
};

use super::*;

fn table(name: &str) -> Table {
    Table {
        logical_id: name.to_owned(),
        name: name.to_owned(),
        arn: format!("arn:aws:dynamodb:us-east-1:000000000000:table/{name}"),
        create_table: json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
        }),
        ttl_attribute: Some("expiration".to_owned()),
        stream: None,
    }
}

async fn database() -> DynamoDb {
    let database = DynamoDb::open(&Storage::Memory).unwrap();
    database.create_table(&table("things")).await.unwrap();
    database
}

async fn put(client: &Client, id: &str) -> Result<(), aws_sdk_dynamodb::Error> {
    let id = AttributeValue::S(id.to_owned());
    let put = client.put_item().table_name("things").item("id", id);
    put.condition_expression("attribute_not_exists(id)").send().await?;
    Ok(())
}

#[tokio::test]
async fn the_real_client_writes_and_reads() {
    let database = database().await;
    let client = database.client();
    put(&client, "a").await.unwrap();
    let again = put(&client, "a").await.unwrap_err();
    assert_eq!(again.code(), Some("ConditionalCheckFailedException"));
    assert_eq!(client.scan().table_name("things").send().await.unwrap().count(), 1);
}

#[tokio::test]
async fn a_transaction_costs_two_units_an_item_and_is_counted_unasked() {
    let database = database().await;
    let before = database.capacity().write_units;
    let put = Put::builder().table_name("things").item("id", AttributeValue::S("a".into()));
    let write = TransactWriteItem::builder().put(put.build().unwrap()).build();
    let answer =
        database.client().transact_write_items().transact_items(write).send().await.unwrap();
    assert!(answer.consumed_capacity.is_none(), "nobody asked");
    assert!((database.capacity().write_units - before - 2.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn a_write_whose_condition_does_not_hold_is_paid_for() {
    let database = database().await;
    put(&database.client(), "a").await.unwrap();
    let before = database.capacity();
    put(&database.client(), "a").await.unwrap_err();
    let after = database.capacity();
    assert!((after.write_units - before.write_units - 1.0).abs() < f64::EPSILON);
    assert_eq!(after.write_requests - before.write_requests, 1);
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_refused_as_the_service_does() {
    let database = database().await;
    let item =
        |value| json!({ "TableName": "things", "Item": { "id": { "S": "a" }, "it": value } });
    for (request, code, message) in [
        (item(json!({ "N": "1e300" })), "ValidationException", "Number overflow."),
        (item(json!({ "NULL": false })), "ValidationException", "One or more parameter values"),
        (json!({ "Item": {} }), "ValidationException", "Member must not be null"),
        (json!({ "TableName": 7, "Item": {} }), "SerializationException", "invalid type"),
    ] {
        let error = database.json("PutItem", &request).await.unwrap_err();
        assert_eq!(error.short_code(), code, "{request}");
        let body = error.body();
        assert!(body.contains(message) && !body.contains("at line"), "{body}");
    }
}

#[tokio::test]
async fn the_stream_tells_what_was_written_in_order() {
    let database = database().await;
    let written = database.written();
    for id in ["a", "b", "c"] {
        put(&database.client(), id).await.unwrap();
    }
    written.await;
    let first = database.stream_records("things", 0, 2).unwrap();
    let rest = database.stream_records("things", first[1].sequence, 100).unwrap();
    let ids: Vec<_> =
        first.iter().chain(&rest).map(|it| &it.event["dynamodb"]["NewImage"]["id"]["S"]).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert!(database.stream_records("things", rest[0].sequence, 100).unwrap().is_empty());
}

#[tokio::test]
async fn a_crash_after_a_call_leaves_its_effect_and_lets_nothing_follow() {
    let database = database().await;
    let plan = FaultPlan::at(0, Fault::CrashAfter);
    let client = database.client_with(plan.clone());
    put(&client, "a").await.unwrap_err();
    put(&client, "b").await.unwrap_err();
    assert_eq!(database.client().scan().table_name("things").send().await.unwrap().count(), 1);
}

#[tokio::test]
async fn a_lost_answer_makes_the_sdk_meet_its_own_write() {
    let database = database().await;
    let client = database.client_with(FaultPlan::at(0, Fault::LoseAnswer));
    let error = put(&client, "a").await.unwrap_err();
    assert_eq!(error.code(), Some("ConditionalCheckFailedException"));
}

#[tokio::test]
async fn a_directory_keeps_its_data() {
    let directory = tempfile::tempdir().unwrap();
    let storage = Storage::Directory(directory.path().to_owned());
    let database = DynamoDb::open(&storage).unwrap();
    database.create_table(&table("things")).await.unwrap();
    put(&database.client(), "a").await.unwrap();
    drop(database);
    let reopened = DynamoDb::open(&storage).unwrap();
    reopened.create_table(&table("things")).await.unwrap();
    assert_eq!(reopened.client().scan().table_name("things").send().await.unwrap().count(), 1);
}
