//! Which partitions a request to DynamoDB is about, and what each of them says it has consumed.

use std::collections::BTreeMap;

use bytes::Bytes;
use local_core::AwsError;
use local_template::Template;
use serde_json::{Value, json};

use crate::limits::Access;

/// A partition key in a table, as often as the request is about an item of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) table: String,
    /// The table and the key.
    pub(crate) name: String,
}

/// The partitions that a request names, item by item. None of a scan, nor of a query of an index.
pub(crate) fn partitions(template: &Template, operation: &str, body: &Value) -> Vec<Partition> {
    let key_of = |table: &Value, item: &Value| partition(template, table, item);
    let found = match operation {
        "PutItem" => vec![key_of(&body["TableName"], &body["Item"])],
        "GetItem" | "UpdateItem" | "DeleteItem" => {
            vec![key_of(&body["TableName"], &body["Key"])]
        }
        "TransactWriteItems" | "TransactGetItems" => {
            let actions = body["TransactItems"].as_array().into_iter().flatten();
            let actions = actions.filter_map(|it| it.as_object()?.values().next());
            let item = |action: &Value| {
                let item = action.get("Item").unwrap_or(&action["Key"]);
                key_of(&action["TableName"], item)
            };
            actions.map(item).collect()
        }
        "BatchGetItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            let keys = tables.flat_map(|(table, asked)| {
                let keys = asked["Keys"].as_array().into_iter().flatten();
                keys.map(|key| key_of(&table.as_str().into(), key))
            });
            keys.collect()
        }
        "Query" if body["IndexName"].is_null() => vec![of_query(template, body)],
        _ => Vec::new(),
    };
    found.into_iter().flatten().collect()
}

/// The attribute that is the partition key of a table.
fn hash_attribute<'a>(template: &'a Template, table: &str) -> Option<&'a str> {
    let table = template.tables.iter().find(|it| it.name == table)?;
    let mut schema = table.create_table["KeySchema"].as_array()?.iter();
    schema.find(|it| it["KeyType"] == "HASH")?["AttributeName"].as_str()
}

fn partition(template: &Template, table: &Value, item: &Value) -> Option<Partition> {
    let table = table.as_str()?;
    let key = &item[hash_attribute(template, table)?];
    Some(Partition { table: table.to_owned(), name: format!("{table} {key}") })
}

/// The partition of a query, whose condition has `key = :value` in it, by a name or not.
fn of_query(template: &Template, body: &Value) -> Option<Partition> {
    let table = body["TableName"].as_str()?;
    let attribute = hash_attribute(template, table)?;
    let condition = body["KeyConditionExpression"].as_str()?;
    let words: Vec<&str> =
        condition.split([' ', '(', ')', '=']).filter(|word| !word.is_empty()).collect();
    let is_key =
        |word: &str| word == attribute || body["ExpressionAttributeNames"][word] == attribute;
    let at = words.iter().position(|word| is_key(word))?;
    let value = &body["ExpressionAttributeValues"][*words.get(at + 1)?];
    Some(Partition { table: table.to_owned(), name: format!("{table} {value}") })
}

/// The same request, which asks what it consumes.
pub(crate) fn with_consumption(mut body: Value) -> Bytes {
    body["ReturnConsumedCapacity"] = "INDEXES".into();
    body.to_string().into()
}

/// The units that each table itself has consumed, its indexes apart.
pub(crate) fn consumption(answer: &Bytes) -> BTreeMap<String, f64> {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let consumed = &answer["ConsumedCapacity"];
    let all = consumed.as_array().cloned().unwrap_or_else(|| vec![consumed.clone()]);
    let of_table = |it: &Value| {
        let table = it["TableName"].as_str()?.to_owned();
        let units = it["Table"]["CapacityUnits"].as_f64().or_else(|| it["CapacityUnits"].as_f64());
        Some((table, units?))
    };
    all.iter().filter_map(of_table).collect()
}

/// What DynamoDB answers when a partition takes no more. A transaction learns it from its
/// cancellation reasons, any other request of an on-demand table from an error of its own.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>.
pub(crate) fn throttled(access: Access, operation: &str, is_met: &[bool]) -> AwsError {
    let message = match access {
        Access::Write => "Write throughput of the partition exceeded",
        Access::Read => "Read throughput of the partition exceeded",
    };
    if !operation.starts_with("Transact") {
        return AwsError::client("ThrottlingException", message);
    }
    let reasons = is_met.iter().map(|is_met| match is_met {
        true => json!({ "Code": "ThrottlingError", "Message": message }),
        false => json!({ "Code": "None" }),
    });
    let mut error = AwsError::client("TransactionCanceledException", "Transaction cancelled");
    error.members.insert("CancellationReasons".to_owned(), reasons.collect());
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        description::{STACK, deployment},
        mode::Mode,
    };

    fn named(operation: &str, body: &Value) -> Vec<String> {
        let template = &deployment(Mode::Choreography).template;
        let names = partitions(template, operation, body).into_iter();
        names.map(|it| it.name.replace(&format!("{STACK}-"), "")).collect()
    }

    #[test]
    fn every_item_of_a_request_has_its_partition() {
        let table = format!("{STACK}-inventory");
        let key = json!({ "productId": { "S": "prod-001" } });
        let partition = r#"inventory {"S":"prod-001"}"#;
        let one = json!({ "TableName": table, "Key": key });
        assert_eq!(named("UpdateItem", &one), [partition]);
        let both = json!({ "TransactItems": [
            { "Update": one }, { "Put": { "TableName": table, "Item": key } },
        ] });
        assert_eq!(named("TransactWriteItems", &both), [partition, partition]);
        let query = json!({
            "TableName": table, "KeyConditionExpression": "#id = :id",
            "ExpressionAttributeNames": { "#id": "productId" },
            "ExpressionAttributeValues": { ":id": { "S": "prod-001" } },
        });
        assert_eq!(named("Query", &query), [partition]);
        let batch = json!({ "RequestItems": { table.as_str(): { "Keys": [key] } } });
        assert_eq!(named("BatchGetItem", &batch), [partition]);
        assert!(named("Scan", &json!({ "TableName": table })).is_empty());
    }

    #[test]
    fn a_transaction_is_told_which_of_its_items_is_throttled() {
        let error = throttled(Access::Write, "TransactWriteItems", &[false, true]);
        let codes: Vec<&Value> = error.members["CancellationReasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|reason| &reason["Code"])
            .collect();
        assert_eq!(codes, ["None", "ThrottlingError"]);
        assert_eq!(throttled(Access::Read, "GetItem", &[true]).code, "ThrottlingException");
    }
}
