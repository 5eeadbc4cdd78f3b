//! An event as it travels.

use std::sync::Arc;

use local_core::{ACCOUNT, REGION, moment};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// An accepted event.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// When it happened, by the entry's `Time` or its arrival.
    pub(crate) time: OffsetDateTime,
    /// Its JSON, byte for byte as every target receives it.
    pub(crate) json: Arc<str>,
}

/// What the envelope of an event says.
#[derive(Debug)]
pub(crate) struct Content<'c> {
    pub(crate) id: &'c str,
    pub(crate) detail_type: &'c str,
    pub(crate) source: &'c str,
    pub(crate) time: OffsetDateTime,
    pub(crate) resources: &'c [String],
    /// The text of a JSON object. It is passed on as it came: its numbers keep their digits.
    pub(crate) detail: &'c str,
}

impl Event {
    /// The event of a `PutEvents` entry.
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html>.
    pub(crate) fn new(content: &Content<'_>) -> Self {
        let Content { id, detail_type, source, time, resources, detail } = content;
        let json = format!(
            r#"{{"version":"0","id":{},"detail-type":{},"source":{},"account":{},"time":{},"region":{},"resources":{},"detail":{}}}"#,
            json!(id),
            json!(detail_type),
            json!(source),
            json!(ACCOUNT),
            json!(moment::to_second(*time)),
            json!(REGION),
            json!(resources),
            detail.trim(),
        );
        Self { time: *time, json: json.into() }
    }

    /// The same event, marked as sent again by the replay `name`.
    pub(crate) fn replayed_by(&self, name: &str) -> Self {
        let open = self.json.strip_suffix('}').unwrap_or(&self.json);
        let json = format!(r#"{open},"replay-name":{}}}"#, json!(name));
        Self { json: json.into(), ..*self }
    }

    /// The event as patterns see it.
    pub(crate) fn value(&self) -> Value {
        // The text was put together from valid JSON.
        serde_json::from_str(&self.json).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::OffsetDateTime;

    use super::{Content, Event};

    #[test]
    fn the_envelope_is_eventbridges() {
        let event = Event::new(&Content {
            id: "id-1",
            detail_type: "Order \"Created\"",
            source: "order-service",
            time: OffsetDateTime::UNIX_EPOCH,
            resources: &["arn:aws:x".to_owned()],
            detail: " {\"total\": 10.970000000000000000001}\n",
        });
        assert!(event.json.ends_with(r#""detail":{"total": 10.970000000000000000001}}"#));
        let replayed = event.replayed_by("again");
        let mut expected = json!({
            "version": "0",
            "id": "id-1",
            "detail-type": "Order \"Created\"",
            "source": "order-service",
            "account": "000000000000",
            "time": "1970-01-01T00:00:00Z",
            "region": "us-east-1",
            "resources": ["arn:aws:x"],
            "detail": {"total": 10.97},
        });
        assert_eq!(event.value(), expected);
        expected["replay-name"] = json!("again");
        assert_eq!(replayed.value(), expected);
    }
}
