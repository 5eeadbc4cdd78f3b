//! The template as it is written: what the reader of the local stack resolves or passes over.

use std::{fs, path::Path};

use local_template::Template;
use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;
use testkit::template_with;

/// The fulfilment mode.
pub(crate) const MODES: [&str; 2] = ["choreography", "orchestration"];

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// What the root nests, by paths below `infra`.
pub(crate) fn nested() -> Vec<String> {
    let services = fs::read_dir(root().join("infra/services")).unwrap();
    let names = services.map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut paths: Vec<_> = names.map(|name| format!("services/{name}")).collect();
    paths.push("observability.yaml".to_owned());
    paths.sort();
    paths
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The template as the local stack reads it.
pub(crate) fn resolved(mode: &str) -> Template {
    resolved_with(&[("FulfilmentMode", mode)])
}

/// The same with these parameters.
pub(crate) fn resolved_with(more: &[(&str, &str)]) -> Template {
    template_with(&[&[("SenderEmail", "orders@localhost")], more].concat())
}

/// A template's sections, with the short forms of functions written out.
pub(crate) struct Document(Value);

impl Document {
    /// The system's template, with the resources of its services among its own.
    pub(crate) fn open() -> Self {
        Self(Template::written(&root().join("infra/template.yaml")).unwrap())
    }

    /// A file by itself.
    pub(crate) fn of(path: &str) -> Self {
        Self(to_json(serde_yaml_ng::from_str(&read(path)).unwrap()))
    }

    /// A section, by the names in it.
    pub(crate) fn section(&self, name: &str) -> &Map<String, Value> {
        self.0[name].as_object().unwrap()
    }

    /// The resources of a type, with their logical ids.
    #[track_caller]
    pub(crate) fn all(&self, kind: &str) -> Vec<(&str, &Value)> {
        let resources = self.section("Resources").iter();
        let found: Vec<_> = resources
            .filter(|(_, resource)| resource["Type"] == kind)
            .map(|(id, resource)| (id.as_str(), &resource["Properties"]))
            .collect();
        assert!(!found.is_empty(), "the template has no {kind}");
        found
    }

    /// A resource as a whole.
    pub(crate) fn resource(&self, id: &str) -> &Value {
        &self.0["Resources"][id]
    }

    /// What the policies of functions, the state machine and the key allow: who, and the statement.
    pub(crate) fn allowed_to_roles(&self) -> Vec<(&str, &Value)> {
        let mut statements = Vec::new();
        for kind in ["AWS::Serverless::Function", "AWS::Serverless::StateMachine"] {
            for (id, properties) in self.all(kind) {
                let policies = properties["Policies"].as_array().unwrap();
                let own = policies.iter().filter_map(|policy| policy["Statement"].as_array());
                statements.extend(own.flatten().map(|statement| (id, statement)));
            }
        }
        for (id, properties) in self.all("AWS::IAM::ManagedPolicy") {
            let own = properties["PolicyDocument"]["Statement"].as_array().unwrap();
            statements.extend(own.iter().map(|statement| (id, statement)));
        }
        statements
    }
}

/// One text or a list of them, functions as JSON.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    value.as_array().map_or_else(|| vec![one(value)], |items| items.iter().map(one).collect())
}

/// `!GetAtt Id.Attribute`.
pub(crate) fn attribute(id: &str, attribute: &str) -> Value {
    json!({ "Fn::GetAtt": [id, attribute] })
}

/// The ARN of a table of another service, of which only the name is known.
pub(crate) fn arn_of_table(id: &str) -> Value {
    let region = "${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}";
    json!({ "Fn::Sub": format!("arn:{region}:table/${{{id}}}") })
}

/// `!Ref Id`.
pub(crate) fn reference(id: &str) -> Value {
    json!({ "Ref": id })
}

/// `!If [condition, value, !Ref AWS::NoValue]`.
pub(crate) fn only_if(condition: &str, value: &Value) -> Value {
    json!({ "Fn::If": [condition, value, reference("AWS::NoValue")] })
}

fn to_json(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Sequence(items) => items.into_iter().map(to_json).collect(),
        Yaml::Mapping(entries) => {
            let entry =
                |(key, value): (Yaml, Yaml)| (key.as_str().unwrap().to_owned(), to_json(value));
            Value::Object(entries.into_iter().map(entry).collect())
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let argument = to_json(tagged.value);
            match (tag.trim_start_matches('!'), &argument) {
                ("Ref", _) => json!({ "Ref": argument }),
                ("GetAtt", Value::String(path)) => {
                    let (id, name) = path.split_once('.').unwrap();
                    attribute(id, name)
                }
                (name, _) => json!({ format!("Fn::{name}"): argument }),
            }
        }
        plain @ (Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) | Yaml::String(_)) => {
            serde_json::to_value(plain).unwrap()
        }
    }
}
