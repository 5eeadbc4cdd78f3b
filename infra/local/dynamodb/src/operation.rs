//! One operation of the API: JSON in, JSON out, its capacity counted.

use dynoxide::{
    Database, DynoxideError,
    types::{ConsumedCapacity, item_size, write_capacity_units},
};
use local_core::AwsError;
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Capacity units consumed, and the requests that consumed them.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Capacity {
    /// Write units: one per started KB, two in a transaction, index writes included.
    pub write_units: f64,
    /// Read units: one per started 4 KB, half if eventually consistent, two in a transaction.
    pub read_units: f64,
    /// Requests that write.
    pub write_requests: u64,
    /// Requests that read.
    pub read_requests: u64,
}

/// Adds up [`Capacity`].
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Capacity>);

impl Meter {
    pub(crate) fn read(&self) -> Capacity {
        *self.0.lock()
    }

    fn add(&self, write: bool, units: f64) {
        let mut total = self.0.lock();
        if write {
            total.write_units += units;
            total.write_requests += 1;
        } else {
            total.read_units += units;
            total.read_requests += 1;
        }
    }
}

/// Whether an operation may change data.
pub(crate) fn writes(operation: &str) -> bool {
    matches!(
        operation,
        "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems" | "BatchWriteItem"
    )
}

/// What a response says it consumed: one table's, or each table's of a transaction.
trait Consumed {
    fn units(&self) -> f64;
}

impl Consumed for ConsumedCapacity {
    fn units(&self) -> f64 {
        self.capacity_units
    }
}

impl Consumed for Vec<ConsumedCapacity> {
    fn units(&self) -> f64 {
        self.iter().map(|it| it.capacity_units).sum()
    }
}

impl<C: Consumed> Consumed for Option<C> {
    fn units(&self) -> f64 {
        self.as_ref().map_or(0.0, Consumed::units)
    }
}

/// What a write consumes whose condition did not hold: as much as if it had, but the engine tells
/// only the size of the item that stood there, and only to those who asked for it. What a
/// cancelled transaction consumes is documented nowhere, and not counted.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>.
fn units_of_refusal(error: &DynoxideError) -> Option<f64> {
    let DynoxideError::ConditionalCheckFailedException(_, there) = error else { return None };
    Some(write_capacity_units(there.as_ref().map_or(0, item_size)))
}

/// Runs a request that consumes capacity. The capacity is asked for on the caller's behalf, and
/// kept from a caller who did not ask.
macro_rules! metered {
    ($engine:ident . $method:ident as $request:ident) => {{
        let mut request: dynoxide::actions::$method::$request = parse($engine.body)?;
        let asked = request.return_consumed_capacity.is_some();
        request.return_consumed_capacity.get_or_insert_with(|| "TOTAL".to_owned());
        let mut response = $engine.database.$method(request).map_err(|error| {
            if let Some(units) = units_of_refusal(&error) {
                $engine.meter.add(true, units);
            }
            refused(error)
        })?;
        $engine.meter.add(writes($engine.operation), response.consumed_capacity.units());
        if !asked {
            response.consumed_capacity = None;
        }
        render(&response)
    }};
}

/// Runs a request that consumes none.
macro_rules! free {
    ($engine:ident . $method:ident) => {
        render(&$engine.database.$method(parse($engine.body)?).map_err(refused)?)
    };
}

/// What carries operations out: the engine, what counts them, and whose turn it is.
pub(crate) type Engine<'a> = (&'a Database, &'a Meter, &'a RwLock<()>);

struct Call<'a> {
    database: &'a Database,
    meter: &'a Meter,
    turn: &'a RwLock<()>,
    operation: &'a str,
    body: &'a [u8],
}

/// Carries out `operation` on a JSON request.
pub(crate) fn execute(
    (database, meter, turn): Engine<'_>,
    operation: &str,
    body: &[u8],
) -> Result<String, AwsError> {
    let call = Call { database, meter, turn, operation, body };
    if operation == "UpdateItem" && asks_for_all_old(body) {
        return call.update_from_old();
    }
    let _turn = turn.read();
    match operation {
        "PutItem" => metered!(call.put_item as PutItemRequest),
        "GetItem" => metered!(call.get_item as GetItemRequest),
        "UpdateItem" => metered!(call.update_item as UpdateItemRequest),
        "DeleteItem" => metered!(call.delete_item as DeleteItemRequest),
        "Query" => metered!(call.query as QueryRequest),
        "Scan" => metered!(call.scan as ScanRequest),
        "TransactWriteItems" => metered!(call.transact_write_items as TransactWriteItemsRequest),
        "TransactGetItems" => metered!(call.transact_get_items as TransactGetItemsRequest),
        "BatchWriteItem" => metered!(call.batch_write_item as BatchWriteItemRequest),
        "BatchGetItem" => metered!(call.batch_get_item as BatchGetItemRequest),
        "CreateTable" => free!(call.create_table),
        "DeleteTable" => free!(call.delete_table),
        "DescribeTable" => free!(call.describe_table),
        "ListTables" => free!(call.list_tables),
        "UpdateTable" => free!(call.update_table),
        "UpdateTimeToLive" => free!(call.update_time_to_live),
        "DescribeTimeToLive" => free!(call.describe_time_to_live),
        "TagResource" => free!(call.tag_resource),
        "UntagResource" => free!(call.untag_resource),
        "ListTagsOfResource" => free!(call.list_tags_of_resource),
        "ListStreams" => free!(call.list_streams),
        "DescribeStream" => free!(call.describe_stream),
        "GetShardIterator" => free!(call.get_shard_iterator),
        "GetRecords" => free!(call.get_records),
        other => Err(AwsError::unknown_operation(other)),
    }
}

impl Call<'_> {
    /// An update that answers the item as it was. Of a new one there is none, for which the engine
    /// gives its key: whether it is new is read before, while no other request writes.
    fn update_from_old(self) -> Result<String, AwsError> {
        let _turn = self.turn.write();
        let asked: Value = serde_json::from_slice(self.body).unwrap_or_default();
        let key = json!({
            "TableName": asked["TableName"], "Key": asked["Key"], "ConsistentRead": true,
        });
        let read =
            serde_json::from_value(key).ok().and_then(|key| self.database.get_item(key).ok());
        let is_new = read.is_some_and(|it| it.item.is_none());
        let call = self;
        let answer = metered!(call.update_item as UpdateItemRequest)?;
        if !is_new {
            return Ok(answer);
        }
        let mut answer: Value =
            serde_json::from_str(&answer).map_err(|error| AwsError::internal(error.to_string()))?;
        if let Some(members) = answer.as_object_mut() {
            members.remove("Attributes");
        }
        Ok(answer.to_string())
    }
}

fn asks_for_all_old(body: &[u8]) -> bool {
    let asked = serde_json::from_slice::<ReturnValues>(body);
    asked.is_ok_and(|it| it.return_values.is_some_and(|value| value == "ALL_OLD"))
}

#[derive(Deserialize)]
struct ReturnValues {
    #[serde(rename = "ReturnValues")]
    return_values: Option<String>,
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, AwsError> {
    serde_json::from_slice(body).map_err(|error| unreadable(&error))
}

/// What the engine's readers put before a message to say which error the service would answer.
const MARKS: [(&str, &str); 5] = [
    ("VALIDATION_REQUEST:", "ValidationException"),
    ("VALIDATION_AS_READ:", "ValidationException"),
    ("VALIDATION:", "ValidationException"),
    ("SERIALIZATION_AS_READ:", "SerializationException"),
    ("SERIALIZATION:", "SerializationException"),
];
/// How messages without a mark begin that the service calls errors of validation.
const INVALID: [&str; 4] =
    ["missing field", "unknown variant", "invalid type: null", "empty AttributeValue"];

/// What the service answers to a request that cannot be read.
fn unreadable(error: &serde_json::Error) -> AwsError {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let message = text.strip_suffix(&position).unwrap_or(&text);
    for (mark, code) in MARKS {
        if let Some(message) = message.strip_prefix(mark) {
            return AwsError::client(code, message);
        }
    }
    let is_invalid = INVALID.iter().any(|start| message.starts_with(start));
    let code = if is_invalid { "ValidationException" } else { "SerializationException" };
    AwsError::client(code, message)
}

fn render(response: &impl Serialize) -> Result<String, AwsError> {
    serde_json::to_string(response).map_err(|error| AwsError::internal(error.to_string()))
}

/// The engine's error as the service would answer it, members such as `CancellationReasons` kept.
fn refused(error: DynoxideError) -> AwsError {
    let mut refusal = AwsError::client(error.error_type(), error.to_string());
    refusal.status = error.status_code();
    if let Ok(Value::Object(mut members)) = serde_json::from_str(&error.to_json()) {
        for known in ["__type", "message", "Message"] {
            members.remove(known);
        }
        refusal.members = Box::new(members);
    }
    refusal
}
