//! Bodies that are events, for the fuzzer to change.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use serde_json::{Value, json};

/// Every seed: those below, and the bodies of the messages in the workspace's samples.
pub(crate) static SEEDS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let own = [current(), large(), complete_version_1(), version_1(), flat()];
    own.into_iter().chain(samples(&folder)).collect()
});

/// An envelope with every field.
pub(crate) fn current() -> Value {
    json!({
        "eventId": "evt_1", "eventType": "OrderPaid", "eventVersion": "2.0",
        "timestamp": "2025-11-17T10:30:00.25Z", "source": "order-service",
        "correlationId": "corr_1", "causationId": "evt_0", "aggregateId": "order-1",
        "sequenceNumber": 2, "data": { "orderId": "order-1", "total": 99.99 },
        "metadata": {
            "actor": "user-456", "reason": "clicked", "depth": 3,
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        }
    })
}

/// An envelope whose data has many elements and levels.
fn large() -> Value {
    let mut event = current();
    let row = json!({ "a": [1, -2.5e-7, "é\u{0}\"\\", null, true], "b": { "c": { "d": [[[]]] } } });
    event["data"] = json!({ "orderId": "order-1", "rows": vec![row; 20] });
    event
}

/// An event of version 1 that leaves nothing out.
fn complete_version_1() -> Value {
    let mut event = current();
    event["eventVersion"] = "1.3".into();
    event
}

/// An event of version 1, on the bus.
fn version_1() -> Value {
    json!({
        "version": "0", "id": "b1", "detail-type": "OrderCreated", "source": "order-service",
        "account": "000000000000", "time": "2025-11-17T10:30:00Z", "resources": [], "detail": {
            "eventId": "evt_12345", "eventType": "OrderCreated", "eventVersion": "1.0",
            "timestamp": "2025-11-17T10:30:00.123456", "source": "order-service",
            "correlationId": "corr_67890", "data": { "orderId": "order-123", "total": 99.99 },
            "metadata": { "userId": "user-456", "ipAddress": "1.2.3.4" }
        }
    })
}

/// A flat event of version 1, without an envelope.
fn flat() -> Value {
    json!({
        "eventType": "PaymentCompleted", "source": "payment-service", "orderId": "order-123",
        "paymentId": "pay_1", "timestamp": "2025-11-17T10:30:00"
    })
}

/// The bodies of all SQS messages in the JSON files of `folder` and the folders in it.
fn samples(folder: &Path) -> Vec<Value> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let of_path = |path: PathBuf| -> Vec<Value> {
        if path.is_dir() {
            samples(&path)
        } else if path.extension().is_some_and(|it| it == "json") {
            bodies(&serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
        } else {
            Vec::new()
        }
    };
    paths.into_iter().flat_map(of_path).collect()
}

/// The bodies that are JSON; those that are none are there on purpose.
fn bodies(batch: &Value) -> Vec<Value> {
    let records = batch["Records"].as_array().into_iter().flatten();
    let bodies = records.filter_map(|record| record["body"].as_str());
    bodies.filter_map(|body| serde_json::from_str(body).ok()).collect()
}
