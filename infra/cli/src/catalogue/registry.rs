//! The catalogue as a registry of `EventBridge`: a `CloudFormation` template with the schema of every
//! event in its current version, for code bindings and for developers who look one up in the
//! console.
//!
//! A registry describes events as rules and targets see them, so each schema is of the whole event:
//! what `EventBridge` puts around, the envelope in `detail`, the data in that. It takes `OpenAPI` 3.0
//! or JSON Schema of draft 4; the latter keeps more of what the published schemas say.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-schema.html>.

use std::fmt::Write as _;

use catalogue::schema::pretty;
use serde_json::{Map, Value, json};

use super::{Card, Catalogue, CatalogueError, Clash};

/// Where a schema of draft 4 holds those it refers to.
const DEFINITIONS: &str = "#/definitions/";
/// The most characters of a description, by `CreateSchema` of the registry's API:
/// <https://docs.aws.amazon.com/eventbridge/latest/schema-reference/v1-registries-name-registryname-schemas-name-schemaname.html>.
const DESCRIPTION_CHARACTERS_MAX: usize = 256;

/// What comes before the schemas. A registry cannot be found by its stack, and so has a name.
const HEAD: &str = "\
# The schemas of all events, as a registry of EventBridge; infra/template.yaml has this as a stack
# within its own. Written by `cargo run -- events write`, like everything beside it.
AWSTemplateFormatVersion: '2010-09-09'
Description: The events of Orderly, as a registry of schemas

Parameters:
  RegistryName:
    Description: Name of the registry
    Type: String
    AllowedPattern: '[A-Za-z0-9_.@-]{1,64}'

Resources:
  Registry:
    Type: AWS::EventSchemas::Registry
    Properties:
      RegistryName: !Ref RegistryName
      Description: The events that the services of Orderly publish
";

/// What comes behind them.
const TAIL: &str = "
Outputs:
  RegistryArn:
    Description: ARN of the registry, for policies on who may read it
    Value: !GetAtt Registry.RegistryArn
";

impl Catalogue {
    /// The template of the registry, as the text of its file.
    ///
    /// # Errors
    ///
    /// When a contract is missing, or two schemas have the same name and are not the same.
    pub fn registry(&self) -> Result<String, CatalogueError> {
        let envelope = self.json("schemas/Envelope.json")?;
        let mut template = HEAD.to_owned();
        for card in self.cards() {
            let sheet = self.sheet(card.event_type, None)?;
            let content = pretty(&content(card, &envelope, &sheet.schema)?);
            let entry = resource(card, &content);
            template.push_str(&entry);
        }
        template.push_str(TAIL);
        Ok(template)
    }
}

/// The resource of one event. Discovery names the schemas that it finds in the same way.
fn resource(card: &Card, content: &str) -> String {
    let description: String = card.description.chars().take(DESCRIPTION_CHARACTERS_MAX).collect();
    let mut resource = format!(
        "
  {event_type}:
    Type: AWS::EventSchemas::Schema
    Properties:
      RegistryName: !GetAtt Registry.RegistryName
      SchemaName: {source}@{event_type}
      Description: {description}
      Type: JSONSchemaDraft4
      Content: |
",
        event_type = card.event_type,
        source = card.publisher,
        description = Value::String(description),
    );
    for line in content.lines() {
        // Writing to a string cannot fail.
        let _ = writeln!(resource, "        {line}");
    }
    resource
}

/// The schema of the whole event. The names of what `EventBridge` puts around:
/// <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>.
fn content(card: &Card, envelope: &Value, data: &Value) -> Result<Value, Clash> {
    let mut definitions = Map::new();
    define(&mut definitions, card.event_type, data)?;
    define(&mut definitions, "Envelope", envelope)?;
    // What the envelope leaves open, this event settles.
    let settled = [
        ("eventType", json!({ "enum": [card.event_type] })),
        ("eventVersion", json!({ "enum": [card.version] })),
        ("source", json!({ "enum": [card.publisher] })),
        ("data", json!({ "$ref": format!("{DEFINITIONS}{}", card.event_type) })),
    ];
    for (name, schema) in settled {
        definitions["Envelope"]["properties"][name] = schema;
    }
    let text = || json!({ "type": "string" });
    Ok(json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": format!("{}Event", card.event_type),
        "description": card.description,
        "type": "object",
        "properties": {
            "version": text(),
            "id": text(),
            "detail-type": { "enum": [card.event_type] },
            "source": { "enum": [card.publisher] },
            "account": text(),
            "time": { "type": "string", "format": "date-time" },
            "region": text(),
            "resources": { "type": "array", "items": text() },
            "replay-name": {
                "description": "Which replay this comes from. Left out: none.",
                "type": "string",
            },
            "detail": { "$ref": format!("{DEFINITIONS}Envelope") },
        },
        "required":
            ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"],
        "definitions": definitions,
    }))
}

/// Adds a schema under its name, and what it refers to beside it.
fn define(definitions: &mut Map<String, Value>, name: &str, schema: &Value) -> Result<(), Clash> {
    let own = schema["$defs"].as_object().into_iter().flatten();
    for (name, schema) in own.map(|(name, schema)| (name.as_str(), schema)).chain([(name, schema)])
    {
        let schema = draft_4(schema);
        match definitions.get(name) {
            Some(other) if *other != schema => return Err(Clash(name.to_owned())),
            Some(_) => (),
            None => drop(definitions.insert(name.to_owned(), schema)),
        }
    }
    Ok(())
}

/// The schema in draft 4: no `const`, and nothing beside a reference.
fn draft_4(schema: &Value) -> Value {
    let members = match schema {
        Value::Object(members) => members,
        Value::Array(elements) => return elements.iter().map(draft_4).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return schema.clone();
        }
    };
    let mut converted = Map::new();
    let mut reference = None;
    for (name, value) in members {
        match (name.as_str(), value) {
            ("$schema" | "$defs", _) => {}
            // As the name of a property each of these is an object.
            ("$ref", Value::String(target)) => {
                let target = format!("{DEFINITIONS}{}", target.trim_start_matches("#/$defs/"));
                reference = Some(json!({ "$ref": target }));
            }
            ("const", Value::String(only)) => drop(converted.insert("enum".into(), json!([only]))),
            _ => drop(converted.insert(name.clone(), draft_4(value))),
        }
    }
    match reference {
        Some(reference) if converted.is_empty() => reference,
        Some(reference) => {
            converted.insert("allOf".to_owned(), json!([reference]));
            Value::Object(converted)
        }
        None => Value::Object(converted),
    }
}
