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
    assert!(answer.consumed_capacity.is_none(), "it was not asked for");
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
    // What is known to be the end is so until the next write, and nowhere else.
    assert_eq!(database.stream_records("things", first[1].sequence, 100).unwrap(), rest);
    assert!(database.stream_records("things", rest[0].sequence, 100).unwrap().is_empty());
    put(&database.client(), "d").await.unwrap();
    assert_eq!(database.stream_records("things", rest[0].sequence, 100).unwrap().len(), 1);
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
async fn a_process_that_was_killed_makes_no_call_that_arrives() {
    let database = database().await;
    let plan = FaultPlan::none();
    let client = database.client_with(plan.clone());
    put(&client, "a").await.unwrap();
    assert!(!plan.is_dead());
    plan.kill();
    assert!(plan.is_dead());
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

fn refused_code(outcome: Result<Value, AwsError>) -> String {
    outcome.unwrap_err().short_code().to_owned()
}

fn item(id: &str) -> Value {
    json!({ "TableName": "things", "Item": { "id": { "S": id } } })
}

#[tokio::test]
async fn an_update_that_makes_its_item_has_no_old_one() {
    let database = database().await;
    let update = |value: &str| {
        json!({
            "TableName": "things", "Key": { "id": { "S": "a" } }, "ReturnValues": "ALL_OLD",
            "UpdateExpression": "SET n = :n", "ExpressionAttributeValues": { ":n": { "N": value } },
        })
    };
    let made = database.json("UpdateItem", &update("1")).await.unwrap();
    assert_eq!(made.get("Attributes"), None);
    let changed = database.json("UpdateItem", &update("2")).await.unwrap();
    assert_eq!(changed["Attributes"], json!({ "id": { "S": "a" }, "n": { "N": "1" } }));
    // An item that has nothing but its key is not new.
    database.json("PutItem", &item("b")).await.unwrap();
    let mut bare = update("1");
    bare["Key"]["id"]["S"] = "b".into();
    let changed = database.json("UpdateItem", &bare).await.unwrap();
    assert_eq!(changed["Attributes"], json!({ "id": { "S": "b" } }));
}

#[tokio::test]
async fn a_write_that_changes_nothing_leaves_no_record() {
    let database = database().await;
    let put = json!({ "TableName": "things", "Item": {
        "id": { "S": "a" }, "m": { "M": { "x": { "N": "1" }, "y": { "L": [{ "BOOL": true }] } } },
    } });
    for _ in 0..3 {
        database.json("PutItem", &put).await.unwrap();
    }
    assert_eq!(database.stream_records("things", 0, 10).unwrap().len(), 1);
    let mut other = put.clone();
    other["Item"]["m"]["M"]["y"]["L"][0]["BOOL"] = false.into();
    database.json("PutItem", &other).await.unwrap();
    database
        .json("DeleteItem", &json!({ "TableName": "things", "Key": { "id": { "S": "a" } } }))
        .await
        .unwrap();
    let records = database.stream_records("things", 0, 10).unwrap();
    let names: Vec<_> = records.iter().map(|it| &it.event["eventName"]).collect();
    assert_eq!(names, ["INSERT", "MODIFY", "REMOVE"]);
}

#[tokio::test]
async fn a_record_has_what_its_view_has_and_says_its_size() {
    let database = database().await;
    for (name, view, images) in [
        ("keys", "KEYS_ONLY", [false, false]),
        ("new", "NEW_IMAGE", [true, false]),
        ("old", "OLD_IMAGE", [false, true]),
        ("both", "NEW_AND_OLD_IMAGES", [true, true]),
    ] {
        let mut made = table(name);
        made.create_table["StreamSpecification"]["StreamViewType"] = view.into();
        database.create_table(&made).await.unwrap();
        for word in ["one", "three"] {
            let put =
                json!({ "TableName": name, "Item": { "id": { "S": "a" }, "w": { "S": word } } });
            database.json("PutItem", &put).await.unwrap();
        }
        let change = &database.stream_records(name, 0, 10).unwrap()[1].event;
        assert_eq!(change["awsRegion"], "us-east-1");
        let change = &change["dynamodb"];
        let found = ["NewImage", "OldImage"].map(|image| change.get(image).is_some());
        assert_eq!((found, &change["StreamViewType"]), (images, &json!(view)));
        // The key is 3 bytes, the new image 9, the old one 7.
        let size = 3 + if images[0] { 9 } else { 0 } + if images[1] { 7 } else { 0 };
        assert_eq!(change["SizeBytes"], size, "{view}");
        let described =
            database.json("DescribeTable", &json!({ "TableName": name })).await.unwrap();
        assert_eq!(described["Table"]["StreamSpecification"]["StreamViewType"], view);
    }
}

#[tokio::test]
async fn a_table_made_anew_has_a_stream_of_its_own() {
    let database = database().await;
    let name = json!({ "TableName": "things" });
    let stream = async || {
        let described = database.json("DescribeTable", &name).await.unwrap();
        json!({ "StreamArn": described["Table"]["LatestStreamArn"] })
    };
    database.json("PutItem", &item("before")).await.unwrap();
    assert_eq!(database.stream_records("things", 0, 10).unwrap().len(), 1);
    let first = stream().await;
    database.json("DeleteTable", &name).await.unwrap();
    database.create_table(&table("things")).await.unwrap();
    assert!(database.stream_records("things", 0, 10).unwrap().is_empty());
    database.json("PutItem", &item("after")).await.unwrap();
    let records = database.stream_records("things", 0, 10).unwrap();
    assert_eq!(records[0].event["dynamodb"]["Keys"]["id"]["S"], "after");
    let gone = database.json("DescribeStream", &first).await;
    assert_eq!(refused_code(gone), "ResourceNotFoundException");
    assert!(database.json("DescribeStream", &stream().await).await.is_ok());
}

#[tokio::test]
async fn a_shard_that_is_open_has_no_end_and_is_the_only_one() {
    let database = database().await;
    database.json("PutItem", &item("a")).await.unwrap();
    let described =
        database.json("DescribeTable", &json!({ "TableName": "things" })).await.unwrap();
    let mut request = json!({ "StreamArn": described["Table"]["LatestStreamArn"] });
    let stream = database.json("DescribeStream", &request).await.unwrap();
    let shard = &stream["StreamDescription"]["Shards"][0];
    assert!(shard["SequenceNumberRange"]["StartingSequenceNumber"].is_string());
    assert_eq!(shard["SequenceNumberRange"].get("EndingSequenceNumber"), None);
    request["ExclusiveStartShardId"] = shard["ShardId"].clone();
    let rest = database.json("DescribeStream", &request).await.unwrap();
    assert_eq!(rest["StreamDescription"]["Shards"], json!([]));
}

#[tokio::test]
async fn a_table_is_described_and_named_by_its_arn() {
    let database = database().await;
    let described =
        database.json("DescribeTable", &json!({ "TableName": "things" })).await.unwrap();
    let table = &described["Table"];
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/things";
    assert_eq!(table["TableArn"], arn);
    assert_eq!(table["DeletionProtectionEnabled"], false);
    assert!(table["LatestStreamArn"].as_str().unwrap().starts_with(arn));
    let id = json!({ "id": { "S": "a" } });
    for (operation, request) in [
        ("PutItem", json!({ "TableName": arn, "Item": id })),
        (
            "TransactWriteItems",
            json!({ "TransactItems": [{ "Put": { "TableName": arn, "Item": id } }] }),
        ),
        ("BatchWriteItem", json!({ "RequestItems": { arn: [{ "PutRequest": { "Item": id } }] } })),
    ] {
        database.json(operation, &request).await.unwrap();
    }
    let read = json!({ "RequestItems": { arn: { "Keys": [id] } } });
    let read = database.json("BatchGetItem", &read).await.unwrap();
    assert_eq!(read["Responses"], json!({ arn: [id] }));
    let scanned = database.json("Scan", &json!({ "TableName": arn })).await.unwrap();
    assert_eq!(scanned["Count"], 1);
}

#[tokio::test]
async fn what_the_service_refuses_is_refused() {
    let database = database().await;
    let query = |value: Value| {
        json!({
            "TableName": "things", "KeyConditionExpression": "id=:id",
            "ExpressionAttributeValues": { ":id": value },
        })
    };
    let empty = database.json("Query", &query(json!({ "S": "" }))).await;
    assert_eq!(refused_code(empty), "ValidationException");
    assert!(database.json("Query", &query(json!({ "S": "a" }))).await.is_ok());
    let check = json!({ "TransactItems": [{ "ConditionCheck": {
        "TableName": "things", "Key": { "id": { "S": "a" } },
        "ConditionExpression": "attribute_not_exists(id)", "ExpressionAttributeValues": {},
    } }] });
    let refused = database.json("TransactWriteItems", &check).await;
    assert_eq!(refused_code(refused), "ValidationException");
}
