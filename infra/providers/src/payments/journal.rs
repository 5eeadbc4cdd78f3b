//! What has happened, as the provider's events report it.

use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::sync::Notify;

/// Everything that has happened, oldest first.
#[derive(Default)]
pub(super) struct Journal {
    events: Mutex<Vec<Value>>,
    pub(super) added: Notify,
}

impl Journal {
    fn events(&self) -> MutexGuard<'_, Vec<Value>> {
        self.events.lock()
    }

    /// Writes down what has become of `object`.
    pub(super) fn write(&self, kind: &str, object: Value, at: OffsetDateTime) {
        let mut events = self.events();
        let (seconds, number) = (at.unix_timestamp(), events.len() + 1);
        events.push(json!({
            "id": format!("evt_{seconds:010}{number:014}"),
            "object": "event",
            "api_version": "2025-10-29.clover",
            "created": seconds,
            "data": { "object": object },
            "livemode": false,
            "pending_webhooks": 1,
            "request": { "id": null, "idempotency_key": null },
            "type": kind,
        }));
        drop(events);
        self.added.notify_one();
    }

    /// The event at `index`, counted from 0.
    pub(super) fn event(&self, index: usize) -> Option<Value> {
        self.events().get(index).cloned()
    }
}
