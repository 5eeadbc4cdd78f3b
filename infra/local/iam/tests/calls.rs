//! Calls of a function: what they need, and how they are refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use local_core::AwsError;
use local_iam::{
    Authority, Call, ResourcePolicy, Role, access_key_of, identity_policy, resource_policy,
};
use serde_json::{Value, json};

const BUS: &str = "arn:aws:events:us-east-1:000000000000:event-bus/town";

/// A function called `shop-pick` that may do what `statements` say.
fn authority(statements: Value) -> Authority {
    let statements = identity_policy(&json!({ "Statement": statements })).unwrap();
    let arn = "arn:aws:iam::000000000000:role/shop-PickRole".to_owned();
    let mut authority = Authority::default();
    authority.functions.insert("shop-pick".to_owned(), Role { arn, statements });
    authority.tables.add(&json!({
        "TableName": "shelf",
        "KeySchema": [
            { "AttributeName": "sk", "KeyType": "RANGE" }, { "AttributeName": "pk", "KeyType": "HASH" },
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": "by-row", "KeySchema": [{ "AttributeName": "row", "KeyType": "HASH" }],
        }],
    }));
    authority
}

fn allow(actions: Value, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

fn ask(authority: &Authority, target: &str, body: Value) -> Result<(), AwsError> {
    authority.check_function("shop-pick", &Call::json(target, body.to_string().as_bytes()))
}

/// What the first thing is that a call lacks: action and resource.
fn lacks(target: &str, body: Value) -> String {
    let message = ask(&authority(json!([])), target, body).unwrap_err().message;
    let (_, rest) = message.split_once("to perform: ").unwrap();
    rest.split_once(" because")
        .unwrap()
        .0
        .replace("arn:aws:", "")
        .replace(":us-east-1:000000000000", "")
}

#[test]
fn each_call_of_the_database_needs_its_action_on_its_resource() {
    let key = json!({ "pk": { "S": "a" } });
    for (target, body, needed) in [
        (
            "DynamoDB_20120810.GetItem",
            json!({ "TableName": "shelf", "Key": key }),
            "dynamodb:GetItem on resource: dynamodb:table/shelf",
        ),
        (
            "DynamoDB_20120810.Query",
            json!({ "TableName": "shelf", "IndexName": "by-row" }),
            "dynamodb:Query on resource: dynamodb:table/shelf/index/by-row",
        ),
        (
            "DynamoDB_20120810.Scan",
            json!({ "TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/shelf" }),
            "dynamodb:Scan on resource: dynamodb:table/shelf",
        ),
        (
            "DynamoDB_20120810.BatchGetItem",
            json!({ "RequestItems": { "shelf": { "Keys": [key] } } }),
            "dynamodb:BatchGetItem on resource: dynamodb:table/shelf",
        ),
        (
            "DynamoDB_20120810.BatchWriteItem",
            json!({ "RequestItems": { "shelf": [] } }),
            "dynamodb:BatchWriteItem on resource: dynamodb:table/shelf",
        ),
        (
            "DynamoDB_20120810.TransactWriteItems",
            json!({ "TransactItems": [{ "ConditionCheck": { "TableName": "shelf", "Key": key } }] }),
            "dynamodb:ConditionCheckItem on resource: dynamodb:table/shelf",
        ),
        (
            "DynamoDB_20120810.TransactGetItems",
            json!({ "TransactItems": [{ "Get": { "TableName": "shelf", "Key": key } }] }),
            "dynamodb:GetItem on resource: dynamodb:table/shelf",
        ),
        (
            "DynamoDB_20120810.ExecuteStatement",
            json!({ "Statement": "SELECT" }),
            "dynamodb:ExecuteStatement on resource: dynamodb:table/",
        ),
    ] {
        assert_eq!(lacks(target, body), needed, "{target}");
    }
}

#[test]
fn each_call_of_the_others_needs_its_action_on_its_resource() {
    let queue = "http://127.0.0.1:9000/000000000000/parcels";
    for (target, body, needed) in [
        (
            "AmazonSQS.SendMessageBatch",
            json!({ "QueueUrl": queue }),
            "sqs:sendmessage on resource: sqs:parcels",
        ),
        (
            "AmazonSQS.ChangeMessageVisibility",
            json!({ "QueueUrl": queue }),
            "sqs:changemessagevisibility on resource: sqs:parcels",
        ),
        (
            "AmazonSQS.GetQueueUrl",
            json!({ "QueueName": "parcels" }),
            "sqs:getqueueurl on resource: sqs:parcels",
        ),
        (
            "AWSEvents.PutEvents",
            json!({ "Entries": [{ "Source": "a" }] }),
            "events:PutEvents on resource: events:event-bus/default",
        ),
        ("AWSEvents.PutRule", json!({}), "events:PutRule on resource: *"),
        (
            "secretsmanager.GetSecretValue",
            json!({ "SecretId": "a" }),
            "secretsmanager:GetSecretValue on resource: secretsmanager:secret:a-l0ca1s",
        ),
        (
            "AmazonSSM.GetParameter",
            json!({ "Name": "/a/b" }),
            "ssm:GetParameter on resource: ssm:parameter/a/b",
        ),
        (
            "AWSStepFunctions.StartExecution",
            json!({ "stateMachineArn": "arn:m" }),
            "states:StartExecution on resource: arn:m",
        ),
        ("Elsewhere.Do", json!({}), "elsewhere:Do on resource: *"),
        ("AWSEvents.PutEvents", json!("x"), "unknown:Unknown on resource: *"),
    ] {
        assert_eq!(lacks(target, body), needed, "{target}");
    }
}

#[test]
fn a_transaction_needs_what_each_of_its_parts_needs() {
    let item = json!({ "TableName": "shelf", "Item": { "pk": { "S": "a" } } });
    let key = json!({ "TableName": "shelf", "Key": { "pk": { "S": "a" } } });
    let body = json!({ "TransactItems": [{ "Put": item }, { "Update": key }] });
    let target = "DynamoDB_20120810.TransactWriteItems";
    let put = allow(json!("dynamodb:PutItem"), "*");
    let error = ask(&authority(put.clone()), target, body.clone()).unwrap_err();
    assert!(error.message.contains("perform: dynamodb:UpdateItem"), "{error}");
    let both = json!([put, allow(json!(["dynamodb:UpdateItem"]), "*")]);
    ask(&authority(both), target, body).unwrap();
}

#[test]
fn the_keys_of_items_are_seen_wherever_they_stand() {
    let mut own = allow(json!("dynamodb:*"), "*");
    own["Condition"] = json!({ "ForAllValues:StringLike": { "dynamodb:LeadingKeys": "own#*" } });
    let authority = authority(own);
    let allowed = |operation: &str, body: Value| {
        ask(&authority, &format!("DynamoDB_20120810.{operation}"), body).is_ok()
    };
    for (pk, is_own) in [("own#1", true), ("others#1", false)] {
        let key = json!({ "pk": { "S": pk }, "sk": { "S": "own#" } });
        let of_key = json!({ "TableName": "shelf", "Key": key });
        let of_item = json!({ "TableName": "shelf", "Item": key });
        assert_eq!(allowed("DeleteItem", of_key.clone()), is_own);
        assert_eq!(allowed("PutItem", of_item.clone()), is_own);
        let own = json!({ "pk": { "S": "own#0" } });
        let keys = json!({ "RequestItems": { "shelf": { "Keys": [own, key] } } });
        assert_eq!(allowed("BatchGetItem", keys), is_own);
        let writes =
            json!([{ "PutRequest": { "Item": own } }, { "DeleteRequest": { "Key": key } }]);
        assert_eq!(
            allowed("BatchWriteItem", json!({ "RequestItems": { "shelf": writes } })),
            is_own
        );
        let parts = json!([{ "Put": of_item }, { "Delete": of_key }]);
        assert_eq!(allowed("TransactWriteItems", json!({ "TransactItems": parts })), is_own);
        for (expression, name) in [
            ("pk = :k", "pk"),
            ("(#p=:k) AND begins_with(sk, :s)", "pk"),
            ("sk BETWEEN :s AND :s and #p = :k", "pk"),
        ] {
            let query = json!({
                "TableName": "shelf", "KeyConditionExpression": expression,
                "ExpressionAttributeNames": { "#p": name },
                "ExpressionAttributeValues": { ":k": { "S": pk }, ":s": { "S": "own#" } },
            });
            assert_eq!(allowed("Query", query), is_own, "{expression}");
        }
        let by_index = json!({
            "TableName": "shelf", "IndexName": "by-row", "KeyConditionExpression": "row = :k",
            "ExpressionAttributeValues": { ":k": { "S": pk } },
        });
        assert_eq!(allowed("Query", by_index), is_own);
    }
    // A key that is unknown is not taken for the own one.
    assert!(!allowed("PutItem", json!({ "TableName": "shelf", "Item": {} })));
    assert!(!allowed("Query", json!({ "TableName": "shelf" })));
    assert!(!allowed(
        "PutItem",
        json!({ "TableName": "other", "Item": { "pk": { "S": "own#1" } } })
    ));
}

#[test]
fn services_say_no_in_their_own_words() {
    let authority = authority(json!([]));
    let who = "arn:aws:sts::000000000000:assumed-role/shop-PickRole/shop-pick";
    let item = json!({ "TableName": "shelf", "Item": {} });
    let error = ask(&authority, "DynamoDB_20120810.PutItem", item).unwrap_err();
    assert_eq!((error.status, error.short_code()), (400, "AccessDeniedException"));
    assert_eq!(
        error.message,
        format!(
            "User: {who} is not authorized to perform: dynamodb:PutItem on resource: \
             arn:aws:dynamodb:us-east-1:000000000000:table/shelf \
             because no identity-based policy allows the dynamodb:PutItem action"
        )
    );
    let error = ask(&authority, "AmazonSQS.SendMessage", json!({})).unwrap_err();
    assert_eq!((error.status, error.short_code()), (403, "AccessDeniedException"));

    let body = json!({ "FromEmailAddress": "Shop <me@example.com>" }).to_string();
    let mail = Call {
        path: "/v2/email/outbound-emails",
        method: "POST",
        target: None,
        body: body.as_bytes(),
    };
    let error = authority.check_function("shop-pick", &mail).unwrap_err();
    assert_eq!((error.status, error.short_code()), (403, "AccessDeniedException"));
    let resource = "arn:aws:ses:us-east-1:000000000000:identity/me@example.com";
    let refusal = format!(
        "User `{who}' is not authorized to perform `ses:SendEmail' on resource `{resource}'"
    );
    assert_eq!(error.message, refusal);
}

#[test]
fn the_policy_of_the_bus_denies_whatever_a_role_may() {
    let mut authority = authority(allow(json!("events:PutEvents"), "*"));
    let put = |bus: &str| json!({ "Entries": [{ "EventBusName": bus, "Source": "shop" }] });
    ask(&authority, "AWSEvents.PutEvents", put("town")).unwrap();
    let statements = resource_policy(&json!({ "Statement": {
        "Effect": "Deny", "Principal": "*", "Action": "events:PutEvents", "Resource": BUS,
        "Condition": {
            "ArnNotEquals": { "aws:PrincipalArn": "arn:aws:iam::000000000000:role/relay" },
            "Bool": { "aws:PrincipalIsAWSService": "false" },
        },
    } }));
    let policy = ResourcePolicy { resource: BUS.to_owned(), statements: statements.unwrap() };
    authority.resources.push(policy);
    for bus in ["town", BUS] {
        let error = ask(&authority, "AWSEvents.PutEvents", put(bus)).unwrap_err();
        assert_eq!((error.status, error.code.as_str()), (400, "AccessDeniedException"));
        assert!(error.message.ends_with("with an explicit deny in a resource-based policy"));
    }
    ask(&authority, "AWSEvents.PutEvents", put("country")).unwrap();
}

#[test]
fn only_who_signs_as_a_function_is_one() {
    let authority = authority(json!([]));
    let header =
        |key: &str| format!("AWS4-HMAC-SHA256 Credential={key}/2026/us-east-1/sqs/aws4_request");
    let call = Call::json("AmazonSQS.ListQueues", b"{}");
    for administrator in [None, Some(header("AKIDEXAMPLE")), Some("Bearer a".to_owned())] {
        authority.check(administrator.as_deref(), &call).unwrap();
    }
    assert!(authority.check(Some(&header(&access_key_of("shop-pick"))), &call).is_err());
    let error = authority.check(Some(&header(&access_key_of("shop-gone"))), &call).unwrap_err();
    assert_eq!(error.short_code(), "UnrecognizedClientException");
}

#[test]
fn the_permission_that_allowed_each_part_of_a_call_is_told() {
    let shelf = "arn:aws:dynamodb:us-east-1:000000000000:table/shelf";
    let statements = json!([
        { "Effect": "Deny", "Action": "dynamodb:DeleteItem", "Resource": "*" },
        { "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Put*"], "Resource": shelf },
        { "Effect": "Allow", "Action": "dynamodb:*", "Resource": ["*", shelf] },
    ]);
    let authority = authority(statements);
    let granted: Vec<String> = authority.functions["shop-pick"]
        .permissions()
        .iter()
        .map(|it| format!("{} {it}", it.statement))
        .collect();
    let of_shelf = |text: &str| format!("{text} on {shelf}");
    let all = [
        of_shelf("1 dynamodb:GetItem"),
        of_shelf("1 dynamodb:Put*"),
        "2 dynamodb:* on *".to_owned(),
        of_shelf("2 dynamodb:*"),
    ];
    assert_eq!(granted, all);
    let used = |target: &str, body: Value| {
        let body = body.to_string();
        let call = Call::json(target, body.as_bytes());
        let used = authority.permissions_used("shop-pick", &call)?;
        let used = used.iter().map(|it| format!("{} {it}", it.statement));
        Ok::<_, AwsError>(used.collect::<Vec<_>>())
    };
    let key = json!({ "pk": { "S": "a" } });
    let write = |kind: &str, member: &str| json!({ kind: { "TableName": "shelf", member: key } });
    let writes = json!({ "TransactItems": [write("Update", "Key"), write("Put", "Item")] });
    // The first that would do: the last statement's second resource is never needed.
    let by = used("DynamoDB_20120810.TransactWriteItems", writes).unwrap();
    assert_eq!(by, ["2 dynamodb:* on *".to_owned(), of_shelf("1 dynamodb:Put*")]);
    let delete = json!({ "TableName": "shelf", "Key": key });
    used("DynamoDB_20120810.DeleteItem", delete).unwrap_err();
}

#[test]
fn a_connection_is_managed_by_who_may_and_by_its_method() {
    let mut authority = authority(json!([{
        "Effect": "Allow",
        "Action": "execute-api:ManageConnections",
        "Resource": "arn:aws:execute-api:us-east-1:000000000000:Chat/live/POST/@connections/*",
    }]));
    authority.socket_apis.add("live", "Chat");
    authority.socket_apis.add("other", "Bell");
    let ask = |method, path| {
        let call = Call { path, method, target: None, body: b"{}" };
        authority.check_function("shop-pick", &call).map_err(|error| (error.status, error.message))
    };
    for path in ["/live/@connections/JKCe_dF6IAMCJow%3D", "/live/%40connections/JKCe_dF6IAMCJow="] {
        assert_eq!(ask("POST", path), Ok(()), "{path}");
    }
    for (method, path, resource) in [
        ("GET", "/live/@connections/a%3D", "Chat/live/GET/@connections/a="),
        ("DELETE", "/live/@connections/a", "Chat/live/DELETE/@connections/a"),
        ("POST", "/other/@connections/a", "Bell/other/POST/@connections/a"),
    ] {
        let (status, message) = ask(method, path).unwrap_err();
        assert_eq!(status, 403);
        let lacks = "is not authorized to perform: execute-api:ManageConnections on resource: \
                     arn:aws:execute-api:us-east-1:000000000000:";
        assert!(message.contains(&format!("{lacks}{resource} because")), "{message}");
    }
    // A stage that is not there is nothing that can be allowed.
    assert!(ask("POST", "/none/@connections/a").is_err());
}
