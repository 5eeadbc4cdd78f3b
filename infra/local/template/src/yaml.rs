//! From YAML to JSON, with the short forms of intrinsic functions written out:
//! `!GetAtt Queue.Arn` becomes `{"Fn::GetAtt": ["Queue", "Arn"]}`.

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

use crate::error::{Place, TemplateError};

/// Reads `text` as one YAML document.
pub(crate) fn parse(text: &str) -> Result<Value, TemplateError> {
    let yaml = serde_yaml_ng::from_str(text).map_err(|source| TemplateError::Yaml { source })?;
    to_json(yaml, &Place::at("template"))
}

fn to_json(yaml: Yaml, place: &Place) -> Result<Value, TemplateError> {
    match yaml {
        Yaml::Null => Ok(Value::Null),
        Yaml::Bool(flag) => Ok(Value::Bool(flag)),
        Yaml::Number(number) => number_to_json(&number, place),
        Yaml::String(text) => Ok(Value::String(text)),
        Yaml::Sequence(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| to_json(item, &place.item(index)))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::Array),
        Yaml::Mapping(entries) => entries
            .into_iter()
            .map(|(key, value)| {
                let key = key_to_string(&key, place)?;
                let value = to_json(value, &place.child(&key))?;
                Ok((key, value))
            })
            .collect::<Result<Map<_, _>, _>>()
            .map(Value::Object),
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let argument = to_json(tagged.value, place)?;
            Ok(long_form(tag.trim_start_matches('!'), argument))
        }
    }
}

fn number_to_json(number: &serde_yaml_ng::Number, place: &Place) -> Result<Value, TemplateError> {
    if let Some(whole) = number.as_i64() {
        return Ok(Value::from(whole));
    }
    number
        .as_f64()
        .and_then(serde_json::Number::from_f64)
        .map(Value::Number)
        .ok_or_else(|| place.invalid(format!("{number} is not a number that JSON knows")))
}

/// Keys such as `80` or `true` are text to CloudFormation.
fn key_to_string(key: &Yaml, place: &Place) -> Result<String, TemplateError> {
    match key {
        Yaml::String(text) => Ok(text.clone()),
        Yaml::Number(number) => Ok(number.to_string()),
        Yaml::Bool(flag) => Ok(flag.to_string()),
        Yaml::Null | Yaml::Sequence(_) | Yaml::Mapping(_) | Yaml::Tagged(_) => {
            Err(place.invalid("a key must be text"))
        }
    }
}

fn long_form(tag: &str, argument: Value) -> Value {
    match (tag, &argument) {
        ("Ref" | "Condition", _) => json!({ tag: argument }),
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').unwrap_or((path, ""));
            json!({ "Fn::GetAtt": [resource, attribute] })
        }
        _ => json!({ format!("Fn::{tag}"): argument }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_are_written_out() {
        let short = "[!Ref A, !GetAtt A.Arn, !Sub '${A}-b', !If [C, 1, 2], !Not [!Condition D]]";
        let long = json!([
            { "Ref": "A" },
            { "Fn::GetAtt": ["A", "Arn"] },
            { "Fn::Sub": "${A}-b" },
            { "Fn::If": ["C", 1, 2] },
            { "Fn::Not": [{ "Condition": "D" }] },
        ]);
        assert_eq!(parse(short).unwrap(), long);
    }

    #[test]
    fn the_long_forms_stay_as_they_are() {
        assert_eq!(parse("Fn::GetAtt: [A, Arn]").unwrap(), json!({ "Fn::GetAtt": ["A", "Arn"] }));
    }

    #[test]
    fn a_key_given_twice_is_refused() {
        assert!(matches!(parse("a: 1\na: 2"), Err(TemplateError::Yaml { .. })));
    }
}
