//! DynamoDB: tables, their indexes and streams, and the keys of the items asked for.
//!
//! Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Request, arn_of, text};

const LEADING_KEYS: &str = "dynamodb:LeadingKeys";
/// The key of an item that does not tell it: no pattern names it but one that names everything.
const UNKNOWN: &str = "";

/// The partition keys of tables and of their indexes, which `dynamodb:LeadingKeys` is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tables(BTreeMap<(String, Option<String>), String>);

impl Tables {
    /// Adds a table as it is created: the body of its `CreateTable`.
    pub fn add(&mut self, create_table: &Value) {
        let name = text(create_table, "TableName");
        self.put(name, None, create_table);
        for kind in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
            for index in create_table[kind].as_array().into_iter().flatten() {
                self.put(name, Some(text(index, "IndexName")), index);
            }
        }
    }

    fn put(&mut self, table: &str, index: Option<&str>, keyed: &Value) {
        let keys = keyed["KeySchema"].as_array().into_iter().flatten();
        for key in keys.filter(|it| it["KeyType"] == "HASH") {
            let place = (table.to_owned(), index.map(str::to_owned));
            self.0.insert(place, text(key, "AttributeName").to_owned());
        }
    }

    fn key_of(&self, table: &str, index: Option<&str>) -> Option<&str> {
        let table = table.rsplit('/').next().unwrap_or(table);
        self.0.get(&(table.to_owned(), index.map(str::to_owned))).map(String::as_str)
    }

    /// The partition key of an item or of a key.
    fn leading(&self, table: &str, item: &Value) -> String {
        let key = self.key_of(table, None);
        key.map_or_else(|| UNKNOWN.to_owned(), |key| plain(&item[key]))
    }
}

/// The text of an attribute's value: a string, a number, or bytes as Base64.
fn plain(value: &Value) -> String {
    let texts = ["S", "N", "B"].into_iter().find_map(|kind| value[kind].as_str());
    texts.unwrap_or(UNKNOWN).to_owned()
}

fn table_arn(name: &str) -> String {
    arn_of("dynamodb", "table/", name)
}

pub(super) fn needs(operation: &str, body: &Value, tables: &Tables) -> Vec<Request> {
    match operation {
        "GetItem" | "UpdateItem" | "DeleteItem" => vec![of_item(operation, body, "Key", tables)],
        "PutItem" => vec![of_item(operation, body, "Item", tables)],
        "Query" => vec![of_query(body, tables)],
        "Scan" => vec![Request::new("dynamodb:Scan", place(body))],
        "BatchGetItem" => of_batch(operation, body, tables, |entry| {
            entry["Keys"].as_array().into_iter().flatten().collect()
        }),
        "BatchWriteItem" => of_batch(operation, body, tables, |entry| {
            let writes = entry.as_array().into_iter().flatten();
            writes
                .flat_map(|it| [&it["PutRequest"]["Item"], &it["DeleteRequest"]["Key"]])
                .filter(|it| !it.is_null())
                .collect()
        }),
        "TransactWriteItems" | "TransactGetItems" => of_transaction(body, tables),
        // What manages tables, and what is not here.
        _ => {
            vec![Request::new(format!("dynamodb:{operation}"), table_arn(text(body, "TableName")))]
        }
    }
}

/// An operation of streams. Whose records an iterator reads, only who made it knows.
pub(super) fn of_stream(operation: &str, body: &Value) -> Vec<Request> {
    let stream = body["StreamArn"].as_str().unwrap_or("*");
    vec![Request::new(format!("dynamodb:{operation}"), stream)]
}

fn of_item(action: &str, body: &Value, member: &str, tables: &Tables) -> Request {
    let table = text(body, "TableName");
    Request::new(format!("dynamodb:{action}"), table_arn(table))
        .with(LEADING_KEYS, [tables.leading(table, &body[member])])
}

/// The index that is asked, or the table.
fn place(body: &Value) -> String {
    let table = table_arn(text(body, "TableName"));
    body["IndexName"].as_str().map_or(table.clone(), |index| format!("{table}/index/{index}"))
}

fn of_query(body: &Value, tables: &Tables) -> Request {
    let key = tables.key_of(text(body, "TableName"), body["IndexName"].as_str());
    let leading = key.and_then(|key| equal_to(key, body)).unwrap_or_else(|| UNKNOWN.to_owned());
    Request::new("dynamodb:Query", place(body)).with(LEADING_KEYS, [leading])
}

/// What `key` must be equal to by the query's condition.
fn equal_to(key: &str, body: &Value) -> Option<String> {
    let expression = body["KeyConditionExpression"].as_str()?;
    let spaced = expression.replace(['(', ')'], " ").replace('=', " = ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    words.windows(3).find_map(|clause| {
        let [name, "=", value] = clause else { return None };
        let name = body["ExpressionAttributeNames"][*name].as_str().unwrap_or(name);
        (name == key).then(|| plain(&body["ExpressionAttributeValues"][*value]))
    })
}

fn of_batch(
    operation: &str,
    body: &Value,
    tables: &Tables,
    items: fn(&Value) -> Vec<&Value>,
) -> Vec<Request> {
    let entries = body["RequestItems"].as_object().into_iter().flatten();
    let request = |(table, entry): (&String, &Value)| {
        let keys = items(entry).into_iter().map(|it| tables.leading(table, it));
        Request::new(format!("dynamodb:{operation}"), table_arn(table)).with(LEADING_KEYS, keys)
    };
    entries.map(request).collect()
}

/// A transaction needs what its parts need.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>.
fn of_transaction(body: &Value, tables: &Tables) -> Vec<Request> {
    let items = body["TransactItems"].as_array().into_iter().flatten();
    let parts = items.filter_map(Value::as_object).flatten();
    let request = |(kind, part): (&String, &Value)| {
        let member = if kind == "Put" { "Item" } else { "Key" };
        let action =
            if kind == "ConditionCheck" { "ConditionCheckItem" } else { &format!("{kind}Item") };
        of_item(action, part, member, tables)
    };
    parts.map(request).collect()
}
