//! The catalogue as an `AsyncAPI` document: the bus, who publishes and who consumes what on it, and
//! every event in its current version.
//!
//! Source: <https://www.asyncapi.com/docs/reference/specification/v3.0.0>.

use std::collections::BTreeMap;

use catalogue::{SOURCES, schema::pretty};
use serde_json::{Map, Value, json};

use super::{Card, Catalogue, CatalogueError, Sheet};

/// Where the document holds schemas.
const SCHEMAS: &str = "#/components/schemas";

/// Two types have the same name in the document and are not the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two schemas are called {0}: rename one of the types")]
pub struct Clash(pub String);

impl Catalogue {
    /// The `AsyncAPI` document, as the text of its file.
    ///
    /// # Errors
    ///
    /// When a contract is missing, or two schemas cannot be in one document.
    pub fn document(&self) -> Result<String, CatalogueError> {
        let mut schemas = Schemas::default();
        schemas.add(&self.json("schemas/Envelope.json")?)?;
        let mut messages = Map::new();
        let mut published = Map::new();
        for card in self.cards() {
            let sheet = self.sheet(card.event_type, None)?;
            schemas.add(&sheet.schema)?;
            messages.insert(card.event_type.to_owned(), message(&sheet));
            let message = reference("#/components/messages", card.event_type);
            published.insert(card.event_type.to_owned(), message);
        }
        Ok(pretty(&json!({
            "asyncapi": "3.0.0",
            "info": {
                "title": "Orderly",
                "version": env!("CARGO_PKG_VERSION"),
                "description": "The events that the services of Orderly publish: facts about \
                    orders, on one EventBridge bus. An event is the `Detail` of its entry there; \
                    the entry's `Source` and `DetailType` are the event's `source` and `eventType`.",
                "license": { "name": env!("CARGO_PKG_LICENSE") },
            },
            "defaultContentType": "application/json",
            "servers": servers(),
            "channels": { "bus": {
                "address": self.bus,
                "description": "Delivers each event at least once, in any order.",
                "messages": published,
            } },
            "operations": self.operations(),
            "components": { "messages": messages, "schemas": schemas.0 },
        })))
    }

    /// What each service publishes, and what each function consumes.
    fn operations(&self) -> Value {
        let mut operations = Map::new();
        for source in SOURCES {
            let published = self.cards().iter().filter(|card| card.publisher == source);
            let title = format!("{source} publishes");
            operations.insert(format!("{source}.publishes"), operation("send", &title, published));
        }
        let mut consumed = BTreeMap::<&str, Vec<&Card>>::new();
        for card in self.cards() {
            for consumer in &card.consumers {
                consumed.entry(consumer).or_default().push(card);
            }
        }
        for (consumer, cards) in consumed {
            let title = format!("{consumer} consumes");
            let operation = operation("receive", &title, cards.into_iter());
            operations.insert(format!("{consumer}.consumes"), operation);
        }
        Value::Object(operations)
    }
}

fn servers() -> Value {
    json!({
        "aws": {
            "host": "events.{region}.amazonaws.com",
            "protocol": "eventbridge",
            "variables": { "region": { "description": "The region of the stack." } },
        },
        "local": {
            "host": "127.0.0.1:9000",
            "protocol": "eventbridge",
            "description": "`cargo run`: everything on one machine.",
        },
    })
}

fn operation<'a>(action: &str, title: &str, cards: impl Iterator<Item = &'a Card>) -> Value {
    let messages = cards.map(|card| reference("#/channels/bus/messages", card.event_type));
    json!({
        "action": action,
        "title": title,
        "channel": reference("#/channels", "bus"),
        "messages": messages.collect::<Vec<_>>(),
    })
}

fn reference(place: &str, name: &str) -> Value {
    json!({ "$ref": format!("{place}/{name}") })
}

fn message(sheet: &Sheet) -> Value {
    let Card { event_type, version, publisher, description, versions, .. } = &sheet.card;
    let history = versions.iter().map(|it| format!("- {}: {}", it.version, it.change));
    json!({
        "name": event_type,
        "title": format!("{event_type} {version}"),
        "summary": description,
        "description": format!("Versions:\n\n{}", history.collect::<Vec<_>>().join("\n")),
        "contentType": "application/json",
        "correlationId": { "location": "$message.payload#/correlationId" },
        "payload": { "allOf": [
            reference(SCHEMAS, "Envelope"),
            {
                "type": "object",
                "properties": {
                    "eventType": { "const": event_type },
                    "eventVersion": { "const": version },
                    "source": { "const": publisher },
                    "data": reference(SCHEMAS, event_type),
                },
            },
        ] },
        "examples": [{
            "name": format!("{event_type}-{version}"),
            "payload": sheet.sample["detail"],
        }],
    })
}

/// The document's schemas, by name.
#[derive(Default)]
struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    /// Adds a schema under its title, and what it refers to beside it.
    fn add(&mut self, schema: &Value) -> Result<(), Clash> {
        let title = schema["title"].as_str().unwrap_or_default();
        let definitions = schema["$defs"].as_object().into_iter().flatten();
        let named = definitions.map(|(name, schema)| (name.as_str(), schema));
        for (name, schema) in named.chain([(title, schema)]) {
            let schema = draft_07(schema);
            match self.0.get(name) {
                Some(other) if *other != schema => return Err(Clash(name.to_owned())),
                Some(_) => (),
                None => drop(self.0.insert(name.to_owned(), schema)),
            }
        }
        Ok(())
    }
}

/// The schema in the older draft that `AsyncAPI` builds on, its references into this document. There
/// nothing may stand beside a reference.
fn draft_07(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| *name != "$schema" && *name != "$defs");
            let mut members: Map<String, Value> =
                kept.map(|(name, value)| (name.clone(), draft_07(value))).collect();
            let Some(Value::String(definition)) = members.remove("$ref") else {
                return Value::Object(members);
            };
            let reference = reference(SCHEMAS, definition.trim_start_matches("#/$defs/"));
            if members.is_empty() {
                return reference;
            }
            members.insert("allOf".to_owned(), json!([reference]));
            Value::Object(members)
        }
        Value::Array(elements) => Value::Array(elements.iter().map(draft_07).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
    }
}
