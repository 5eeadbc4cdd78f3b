//! Where the engine answers otherwise than the service: requests are put in its terms, and its
//! answers in those of the service.

use std::borrow::Cow;

use dynoxide::{
    actions::get_shard_iterator::decode_shard_iterator,
    streams::LOCAL_REGION,
    types::{Item, item_size},
};
use local_core::{ACCOUNT, AwsError, REGION};
use local_template::STREAM_LABEL;
use serde_json::{Map, Value, json};

use crate::{storage::Opened, stream::SEQUENCE_BASE};

/// What the engine keeps of every stream, so that a change can be distinguished from none. Readers get
/// what the table's own view has.
const KEPT_VIEW: &str = "NEW_AND_OLD_IMAGES";

/// The views that a stream can have. The engine refuses others.
const VIEWS: [&str; 4] = ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", KEPT_VIEW];

/// A request in the engine's terms.
pub(crate) struct Request<'a> {
    operation: &'a str,
    pub(crate) body: Cow<'a, [u8]>,
    /// The request, where something of it is needed for the answer.
    asked: Value,
    /// The view that a stream is to have.
    view: Option<Value>,
    /// Tables that were named by ARN where the answer repeats it: name and ARN.
    by_arn: Vec<(String, String)>,
}

impl<'a> Request<'a> {
    /// Reads what differs; everything else is the engine's to read, and to refuse.
    pub(crate) fn read(operation: &'a str, body: &'a [u8]) -> Result<Self, AwsError> {
        let mut request = Self {
            operation,
            body: body.into(),
            asked: Value::Null,
            view: None,
            by_arn: Vec::new(),
        };
        let about_streams = ["CreateTable", "UpdateTable", "DescribeStream", "GetRecords"];
        let is_read = match operation {
            "TransactWriteItems" | "Query" => true,
            _ => about_streams.contains(&operation) || contains(body, b"arn:aws:dynamodb:"),
        };
        if !is_read {
            return Ok(request);
        }
        let Ok(mut asked) = serde_json::from_slice::<Value>(body) else { return Ok(request) };
        check(operation, &asked)?;
        let mut changed = false;
        request.by_arn = name_tables(&mut asked, &mut changed);
        if let Some(view) = asked.pointer_mut("/StreamSpecification/StreamViewType")
            && VIEWS.iter().any(|known| view == known)
        {
            request.view = Some(std::mem::replace(view, KEPT_VIEW.into()));
            changed = true;
        }
        if changed {
            request.body = asked.to_string().into_bytes().into();
        }
        request.asked = asked;
        Ok(request)
    }

    /// The engine's answer in the service's terms.
    pub(crate) fn answer(&self, answer: String, storage: &Opened) -> Result<String, AwsError> {
        let is_read = !self.by_arn.is_empty()
            || answer.contains(LOCAL_REGION)
            || matches!(
                self.operation,
                "CreateTable" | "UpdateTable" | "DeleteTable" | "DescribeTable" | "DescribeStream"
            );
        if !is_read {
            return Ok(answer);
        }
        let mut answer: Value = serde_json::from_str(&in_region(&answer, self.operation))
            .map_err(|error| AwsError::internal(error.to_string()))?;
        match self.operation {
            "CreateTable" | "UpdateTable" | "DeleteTable" => {
                let Some(table) = answer.get_mut("TableDescription") else {
                    return Ok(answer.to_string());
                };
                if let (Some(view), Some(name)) =
                    (self.view.as_ref().and_then(Value::as_str), table["TableName"].as_str())
                {
                    storage.keep_view(name, view)?;
                }
                describe(table, storage);
            }
            "DescribeTable" => {
                answer.get_mut("Table").into_iter().for_each(|it| describe(it, storage))
            }
            "DescribeStream" => {
                if let Some(stream) = answer.get_mut("StreamDescription") {
                    self.describe_stream(stream, storage)?;
                }
            }
            "GetRecords" => self.records(&mut answer, storage),
            _ => (),
        }
        for (name, arn) in &self.by_arn {
            for list in ["Responses", "UnprocessedKeys", "UnprocessedItems"] {
                if let Some(tables) = answer.get_mut(list).and_then(Value::as_object_mut)
                    && let Some(table) = tables.remove(name)
                {
                    tables.insert(arn.clone(), table);
                }
            }
        }
        Ok(answer.to_string())
    }

    /// A shard that is written to has no end, the list begins after the shard that was named, and
    /// a stream is gone with its table.
    fn describe_stream(&self, stream: &mut Value, storage: &Opened) -> Result<(), AwsError> {
        let arn = self.asked["StreamArn"].as_str().unwrap_or_default();
        let label = arn.rsplit('/').next().unwrap_or_default();
        if label != STREAM_LABEL && stream["StreamLabel"] != label {
            let message = format!("Requested resource not found: Stream: {arn} not found");
            return Err(AwsError::client("ResourceNotFoundException", message));
        }
        if let Some(view) = stream["TableName"].as_str().and_then(|table| storage.view(table)) {
            stream["StreamViewType"] = view.into();
        }
        let start = &self.asked["ExclusiveStartShardId"];
        if let Some(shards) = stream.get_mut("Shards").and_then(Value::as_array_mut) {
            shards.retain(|shard| start.is_null() || shard["ShardId"] != *start);
            let ranges = shards.iter_mut().filter_map(|it| it.get_mut("SequenceNumberRange"));
            for range in ranges.filter_map(Value::as_object_mut) {
                range.remove("EndingSequenceNumber");
                range
                    .entry("StartingSequenceNumber")
                    .or_insert_with(|| (SEQUENCE_BASE + 1).to_string().into());
            }
        }
        Ok(())
    }

    /// Records say the region, and have what the table's view has.
    fn records(&self, answer: &mut Value, storage: &Opened) {
        let iterator = self.asked["ShardIterator"].as_str().unwrap_or_default();
        let table = decode_shard_iterator(iterator).map(|(table, ..)| table);
        let view = table.and_then(|table| storage.view(&table));
        let records = answer.get_mut("Records").and_then(Value::as_array_mut);
        for record in records.into_iter().flatten() {
            record["awsRegion"] = REGION.into();
            let change = record.get_mut("dynamodb").and_then(Value::as_object_mut);
            let Some(change) = change else { continue };
            if let Some(view) = &view {
                for (image, views) in [("NewImage", "NEW_"), ("OldImage", "OLD_")] {
                    if !view.contains(views) {
                        change.remove(image);
                    }
                }
                change.insert("StreamViewType".to_owned(), view.as_str().into());
            }
            change.insert("SizeBytes".to_owned(), size(change).into());
        }
    }
}

/// An error of the engine, with the region that everything else names.
pub(crate) fn error(mut error: AwsError) -> AwsError {
    error.message = in_region(&error.message, "");
    error
}

/// What the service refuses and the engine does not.
fn check(operation: &str, asked: &Value) -> Result<(), AwsError> {
    if operation == "TransactWriteItems" {
        let writes = asked["TransactItems"].as_array().into_iter().flatten();
        let mut actions = writes.filter_map(Value::as_object).flat_map(Map::values);
        if actions.any(|it| it["ExpressionAttributeValues"] == json!({})) {
            let message = "ExpressionAttributeValues must not be empty";
            return Err(AwsError::validation(message));
        }
    }
    let Some(condition) = asked["KeyConditionExpression"].as_str().filter(|_| operation == "Query")
    else {
        return Ok(());
    };
    let is_name = |it: char| it.is_alphanumeric() || matches!(it, ':' | '_' | '-' | '.');
    let mut values = condition.split(|it| !is_name(it)).filter(|it| it.starts_with(':'));
    let values_given = &asked["ExpressionAttributeValues"];
    let is_empty = |name: &str| {
        values_given[name] == json!({ "S": "" }) || values_given[name] == json!({ "B": "" })
    };
    if values.any(is_empty) {
        let message = "One or more parameter values are not valid. The AttributeValue for a key \
                       attribute cannot contain an empty string value.";
        return Err(AwsError::validation(message));
    }
    Ok(())
}

/// Puts names where tables are named by ARN. Gives back those of a batch, whose answer repeats
/// what it was asked by.
fn name_tables(asked: &mut Value, changed: &mut bool) -> Vec<(String, String)> {
    name_table(asked, changed);
    let writes = asked.get_mut("TransactItems").and_then(Value::as_array_mut);
    for write in writes.into_iter().flatten() {
        for action in write.as_object_mut().into_iter().flat_map(Map::values_mut) {
            name_table(action, changed);
        }
    }
    let Some(tables) = asked.get_mut("RequestItems").and_then(Value::as_object_mut) else {
        return Vec::new();
    };
    let named = |arn: &String| table_of(arn).map(|name| (name.to_owned(), arn.clone()));
    let by_arn: Vec<_> = tables.keys().filter_map(named).collect();
    for (name, arn) in &by_arn {
        if let Some(requests) = tables.remove(arn) {
            tables.insert(name.clone(), requests);
            *changed = true;
        }
    }
    by_arn
}

fn name_table(request: &mut Value, changed: &mut bool) {
    let name = request.get("TableName").and_then(Value::as_str).and_then(table_of);
    if let Some(name) = name.map(str::to_owned) {
        request["TableName"] = name.into();
        *changed = true;
    }
}

/// The table that an ARN of this account and region stands for.
fn table_of(arn: &str) -> Option<&str> {
    let prefix = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/");
    arn.strip_prefix(prefix.as_str()).filter(|name| !name.is_empty() && !name.contains('/'))
}

fn describe(table: &mut Value, storage: &Opened) {
    let view = table["TableName"].as_str().and_then(|name| storage.view(name));
    let kept = table.pointer_mut("/StreamSpecification/StreamViewType");
    if let (Some(kept), Some(view)) = (kept, view) {
        *kept = view.into();
    }
    if table["DeletionProtectionEnabled"].is_null() {
        table["DeletionProtectionEnabled"] = false.into();
    }
}

/// Names and values of keys and images.
fn size(change: &Map<String, Value>) -> usize {
    let parts = ["Keys", "NewImage", "OldImage"].iter().filter_map(|part| change.get(*part));
    let items = parts.filter_map(|it| serde_json::from_value::<Item>(it.clone()).ok());
    items.map(|item| item_size(&item)).sum()
}

/// ARNs of the engine's with the region of the stack's. Data is left alone: only descriptions and
/// errors have any.
fn in_region(text: &str, operation: &str) -> String {
    if operation == "GetRecords" {
        return text.to_owned();
    }
    let ours = format!("arn:aws:dynamodb:{REGION}:");
    text.replace(&format!("arn:aws:dynamodb:{LOCAL_REGION}:"), &ours)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
