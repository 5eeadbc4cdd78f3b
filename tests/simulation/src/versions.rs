//! A service that is deployed alone: for hours some of its processes write events in another version
//! than the rest of the system knows, or than it would write today.
//!
//! Such a process runs the same code. What it sends is rewritten to what the other release would
//! send, and what it reads of that version is rewritten back: so it is as if it knew the version.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use event_envelope::{Envelope, Version, pack, unpack};
use serde_json::{Value, json};

use crate::request::{Answer, Sent};

/// What a newer release adds to each event.
const ADDED: &str = "addedByANewerRelease";

/// What another release of a function writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// The next minor version of each event, with a field that no other function knows.
    Newer,
    /// The versions before those of today that a service may still publish: `OrderCompleted`
    /// without what was paid, and `OrderCancelled` of the major version before, for the reasons
    /// that it had.
    Older,
}

/// Two releases of one function, side by side for the rest of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionSkew {
    /// The binary of the function that is deployed.
    pub function: &'static str,
    /// From when on, since the beginning, about half of its processes are of the later release.
    pub from: Duration,
    /// Which release there is beside that of today: the one that comes, or the one that goes.
    pub release: Release,
}

impl VersionSkew {
    /// Whether a process that starts `now` as the one of this `number` is of the other release.
    pub(crate) fn is_other(&self, now: Duration, number: u32) -> bool {
        match self.release {
            Release::Newer => now >= self.from && number.is_multiple_of(2),
            Release::Older => now < self.from || number.is_multiple_of(2),
        }
    }
}

impl Release {
    /// Rewrites the events that a process stores; whether there were any.
    pub(crate) fn rewrite(self, sent: &mut Sent) -> bool {
        let mut body: Value = serde_json::from_slice(&sent.body).unwrap_or_default();
        let is_any = self.write(&mut body);
        if is_any {
            sent.body = body.to_string().into();
        }
        is_any
    }

    fn write(self, value: &mut Value) -> bool {
        let mut is_any = false;
        if let Value::Object(members) = value {
            is_any |= self.pack_anew(members);
            if let (Some(version), Some(event_type)) =
                (text(members, "eventVersion"), text(members, "eventType"))
                && let Some(data) = members.get_mut("data").and_then(|it| it.get_mut("M"))
            {
                let version = self.change(
                    &event_type,
                    version.parse().unwrap(),
                    data,
                    |text| json!({ "S": text }),
                );
                members["eventVersion"] = json!({ "S": version.to_string() });
                return true;
            }
            for member in members.values_mut() {
                is_any |= self.write(member);
            }
        } else if let Value::Array(elements) = value {
            for element in elements {
                is_any |= self.write(element);
            }
        }
        is_any
    }

    /// Rewrites those of the packed events of an item that are new with this write. The others stay
    /// as their writer left them.
    fn pack_anew(self, item: &mut serde_json::Map<String, Value>) -> bool {
        let added = item.get("outboxAdded").and_then(|it| it["N"].as_str()?.parse().ok());
        let packed = item.get("outbox").and_then(|it| STANDARD.decode(it["B"].as_str()?).ok());
        let (Some(added), Some(packed)) = (added, packed) else { return false };
        let mut events: Vec<Envelope> = unpack(&packed).unwrap();
        let before = events.len().saturating_sub(added);
        for event in events.iter_mut().skip(before) {
            let Envelope { event_type, event_version, data, .. } = event;
            *event_version = self.change(event_type, *event_version, data, |text| text.into());
        }
        item.insert("outbox".to_owned(), json!({ "B": STANDARD.encode(pack(&events)) }));
        added > 0
    }

    /// Rewrites the `data` of an event, and gives its version.
    fn change(
        self,
        event_type: &str,
        version: Version,
        data: &mut Value,
        value: impl Fn(&str) -> Value,
    ) -> Version {
        match self {
            Self::Newer if data.get(ADDED).is_some() => version,
            Self::Newer => {
                data[ADDED] = value("1");
                Version::new(version.major, version.minor + 1)
            }
            Self::Older => {
                let is_known = match event_type {
                    "OrderCompleted" => {
                        data.as_object_mut().unwrap().remove("total");
                        true
                    }
                    "OrderCancelled" => !data["reason"].to_string().contains("timedOut"),
                    _ => false,
                };
                if is_known { Version::new(2, 0) } else { version }
            }
        }
    }

    /// Shows a process of a newer release what such a process stored as it would see it.
    pub(crate) fn show(self, answer: &mut Answer) {
        if self == Self::Older || !String::from_utf8_lossy(&answer.1).contains(ADDED) {
            return;
        }
        let mut body: Value = serde_json::from_slice(&answer.1).unwrap_or_default();
        show(&mut body);
        answer.1 = body.to_string().into();
    }
}

fn show(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let data = members.get_mut("data").and_then(|it| it["M"].as_object_mut());
            let is_newer = data.is_some_and(|data| data.remove(ADDED).is_some());
            if is_newer && let Some(version) = text(members, "eventVersion") {
                let version: Version = version.parse().unwrap();
                let version = Version::new(version.major, version.minor - 1);
                members["eventVersion"] = json!({ "S": version.to_string() });
            }
            members.values_mut().for_each(show);
        }
        Value::Array(elements) => elements.iter_mut().for_each(show),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}

fn text(item: &serde_json::Map<String, Value>, name: &str) -> Option<String> {
    item.get(name)?["S"].as_str().map(str::to_owned)
}
