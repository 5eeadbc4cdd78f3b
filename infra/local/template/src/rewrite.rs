//! Rewriting the references of one file into those of the template that it becomes part of.

use serde_json::{Map, Value, json};

use crate::{
    error::{Place, TemplateError},
    resolver::function,
};

/// How often one reference may lead to another; beyond it they lead in a circle.
const DEPTH_MAX: u32 = 32;

/// What a name stands for elsewhere: `Name` of a `!Ref`, or `Name.Attribute` of a `!GetAtt`.
/// Nothing if it is to stay as it is.
pub(crate) type Lookup<'l> = &'l dyn Fn(&str, &Place) -> Result<Option<Value>, TemplateError>;

/// `value` with what `lookup` knows put in the place of the references to it, and in the place of
/// those references that come in that way.
pub(crate) fn rewrite(
    value: &Value,
    lookup: Lookup<'_>,
    place: &Place,
) -> Result<Value, TemplateError> {
    Rewriter { lookup, depth: 0 }.value(value, place)
}

/// `value` with `lookup` asked once: what comes in is not looked at again.
pub(crate) fn rewrite_once(
    value: &Value,
    lookup: Lookup<'_>,
    place: &Place,
) -> Result<Value, TemplateError> {
    Rewriter { lookup, depth: DEPTH_MAX }.value(value, place)
}

#[derive(Clone, Copy)]
struct Rewriter<'l> {
    lookup: Lookup<'l>,
    /// [`DEPTH_MAX`] from the beginning means once.
    depth: u32,
}

impl Rewriter<'_> {
    fn value(self, value: &Value, place: &Place) -> Result<Value, TemplateError> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items.map(|(at, item)| self.value(item, &place.item(at))).collect()
            }
            Value::Object(fields) => match function(fields) {
                Some((name, argument)) => self.call(name, argument, place),
                None => self.fields(fields, place).map(Value::Object),
            },
        }
    }

    fn fields(
        self,
        fields: &Map<String, Value>,
        place: &Place,
    ) -> Result<Map<String, Value>, TemplateError> {
        let rewritten = fields.iter().map(|(name, value)| {
            let value = self.value(value, &place.child(name))?;
            Ok((name.clone(), value))
        });
        rewritten.collect()
    }

    fn call(self, name: &str, argument: &Value, place: &Place) -> Result<Value, TemplateError> {
        let target = match (name, argument) {
            ("Ref", Value::String(target)) => Some(target.clone()),
            ("Fn::GetAtt", Value::String(path)) => Some(path.clone()),
            ("Fn::GetAtt", Value::Array(path)) => match path.as_slice() {
                [Value::String(id), Value::String(attribute)] => Some(format!("{id}.{attribute}")),
                _ => None,
            },
            _ => None,
        };
        if let Some(target) = target {
            let found = self.look_up(&target, place)?;
            return Ok(found.unwrap_or_else(|| json!({ name: argument })));
        }
        if name == "Fn::Sub" {
            return self.substitute(argument, place);
        }
        let argument = self.value(argument, place)?;
        Ok(json!({ name: within_its_own_branch(name, argument) }))
    }

    fn look_up(self, target: &str, place: &Place) -> Result<Option<Value>, TemplateError> {
        let Some(found) = (self.lookup)(target, place)? else { return Ok(None) };
        if self.depth == DEPTH_MAX {
            return Ok(Some(found));
        }
        let deeper = self.depth + 1;
        if deeper == DEPTH_MAX {
            return Err(place.invalid(format!("{target} leads back to itself")));
        }
        Self { depth: deeper, ..self }.value(&found, place).map(Some)
    }

    /// What is known is written into the text where a text can say it, and else beside it.
    fn substitute(self, argument: &Value, place: &Place) -> Result<Value, TemplateError> {
        let (text, mut own) = match argument {
            Value::String(text) => (text, Map::new()),
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(text), Value::Object(own)] => (text, self.fields(own, place)?),
                _ => return Err(place.invalid("Fn::Sub takes a text and an object")),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                return Err(place.invalid("Fn::Sub takes a text"));
            }
        };
        let mut result = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let (name, behind) =
                after.split_once('}').ok_or_else(|| place.invalid("a ${ is never closed"))?;
            result.push_str(before);
            let is_own = name.starts_with('!') || own.contains_key(name);
            let found = if is_own { None } else { self.look_up(name, place)? };
            if let Some(text) = found.as_ref().and_then(written) {
                result.push_str(&text);
            } else {
                own.extend(found.map(|found| (name.to_owned(), found)));
                result.extend(["${", name, "}"]);
            }
            rest = behind;
        }
        result.push_str(rest);
        if own.is_empty() {
            return Ok(json!({ "Fn::Sub": result }));
        }
        Ok(json!({ "Fn::Sub": [result, own] }))
    }
}

/// A value as the text of a `!Sub` says it, if one can.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.replace("${", "${!")),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Object(fields) => match function(fields)? {
            ("Ref", Value::String(id)) => Some(format!("${{{id}}}")),
            ("Fn::GetAtt", Value::Array(path)) => match path.as_slice() {
                [Value::String(id), Value::String(attribute)] => {
                    Some(format!("${{{id}.{attribute}}}"))
                }
                _ => None,
            },
            ("Fn::Sub", Value::String(text)) => Some(text.clone()),
            _ => None,
        },
        Value::Null | Value::Array(_) => None,
    }
}

/// `!If [C, !If [C, a, b], c]` says `!If [C, a, c]`: who passes a value on asks whether it is there,
/// and who takes it asks again.
fn within_its_own_branch(name: &str, argument: Value) -> Value {
    let Value::Array(mut branches) = argument else { return argument };
    if let ("Fn::If", [condition, yes, no]) = (name, branches.as_mut_slice()) {
        for (branch, index) in [(yes, 1), (no, 2)] {
            let chosen =
                branch["Fn::If"].as_array().filter(|inner| inner.first() == Some(condition));
            if let Some(chosen) = chosen.and_then(|inner| inner.get(index)).cloned() {
                *branch = chosen;
            }
        }
    }
    Value::Array(branches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn rewritten(text: &str) -> Value {
        let known = yaml::parse(
            "{ Bus: !Ref EventBus, Queue: !GetAtt Q.Arn, Name: 'a${b', Path: !Sub '${X}/y',
               Chosen: !If [C, 1, 2], Round: !Ref Round, App.Outputs.Bus: !Ref Bus }",
        );
        let known = known.unwrap();
        let lookup = |name: &str, _: &Place| Ok(known.get(name).cloned());
        let value = yaml::parse(text).unwrap();
        rewrite(&value, &lookup, &Place::at("x")).unwrap_or_else(|error| json!(error.to_string()))
    }

    #[test]
    fn what_is_known_takes_the_place_of_references_to_it() {
        for (text, expected) in [
            ("!Ref Bus", "!Ref EventBus"),
            ("!GetAtt App.Outputs.Bus", "!Ref EventBus"),
            ("[!Ref Queue, { a: !Ref Other }]", "[!GetAtt Q.Arn, { a: !Ref Other }]"),
            ("!Join ['-', [!Ref Bus]]", "!Join ['-', [!Ref EventBus]]"),
        ] {
            assert_eq!(rewritten(text), yaml::parse(expected).unwrap(), "{text}");
        }
    }

    #[test]
    fn a_substitution_says_in_its_text_what_a_text_can_say() {
        for (text, expected) in [
            ("!Sub '${Bus}-${Queue}-${Other}'", "!Sub '${EventBus}-${Q.Arn}-${Other}'"),
            ("!Sub '${Name}${!Bus}${Path}'", "!Sub 'a${!b${!Bus}${X}/y'"),
            ("!Sub ['${Bus}', { Bus: 1 }]", "!Sub ['${Bus}', { Bus: 1 }]"),
            ("!Sub '${Chosen}'", "!Sub ['${Chosen}', { Chosen: !If [C, 1, 2] }]"),
        ] {
            assert_eq!(rewritten(text), yaml::parse(expected).unwrap(), "{text}");
        }
    }

    #[test]
    fn a_condition_that_is_asked_twice_is_asked_once() {
        assert_eq!(rewritten("!If [C, !Ref Chosen, 3]"), json!({ "Fn::If": ["C", 1, 3] }));
        assert_eq!(rewritten("!If [C, 3, !Ref Chosen]"), json!({ "Fn::If": ["C", 3, 2] }));
        assert_eq!(
            rewritten("!If [D, !Ref Chosen, 3]"),
            json!({ "Fn::If": ["D", { "Fn::If": ["C", 1, 2] }, 3] })
        );
    }

    #[test]
    fn a_reference_that_leads_back_to_itself_is_refused() {
        assert_eq!(rewritten("!Ref Round"), json!("x: Round leads back to itself"));
    }
}
