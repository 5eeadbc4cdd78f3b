//! Intrinsic functions: what `!Ref`, `!GetAtt`, `!Sub`, `!Join`, `!If` and `!FindInMap` stand for.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>.

use std::collections::BTreeSet;

use local_core::{ACCOUNT, REGION};
use serde_json::{Map, Value};

use crate::{
    LoadOptions,
    document::Document,
    error::{Place, TemplateError},
    parameters::{self, Settled, Values},
    passed::Passed,
    properties::text,
};

/// How deep functions and the names they lead to may be nested; beyond it they lead in a circle.
const DEPTH_MAX: u32 = 64;

/// Resolves the values of one template.
#[derive(Debug)]
pub(crate) struct Resolver<'a> {
    pub(crate) document: Document,
    pub(crate) options: &'a LoadOptions<'a>,
    parameters: Values,
    /// The values of parameters with `NoEcho`.
    pub(crate) secrets: BTreeSet<String>,
}

/// Where a value stands in the template, and how deep the resolver is in it.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    pub(crate) place: Place,
    depth: u32,
}

impl Spot {
    pub(crate) fn new(place: Place) -> Self {
        Self { place, depth: 0 }
    }

    /// The same depth plus one, at another place.
    pub(crate) fn into(&self, place: Place) -> Result<Self, TemplateError> {
        if self.depth == DEPTH_MAX {
            return Err(self.place.invalid("refers to itself, or is nested too deep"));
        }
        Ok(Self { place, depth: self.depth + 1 })
    }
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(
        mut document: Document,
        options: &'a LoadOptions<'a>,
    ) -> Result<Self, TemplateError> {
        let Settled { values, secrets } = parameters::settle(&mut document, options.parameters)?;
        Ok(Self { document, options, parameters: values, secrets })
    }

    /// Holds what applications are passed to what their parameters allow, and gives what of it is
    /// not to be shown.
    pub(crate) fn check_passed(
        &self,
        passed: Vec<Passed>,
    ) -> Result<BTreeSet<String>, TemplateError> {
        let mut secrets = BTreeSet::new();
        for Passed { application, parameter, declaration, value, condition } in passed {
            let place = Place::at(&application).child("Parameters").child(&parameter);
            let spot = Spot::new(place.clone());
            if let Some(condition) = &condition
                && !self.holds(condition, &spot)?
            {
                continue;
            }
            let value = self.resolve(&value, &spot)?.unwrap_or_default();
            let value = text(value, &place)?;
            let name = format!("{application}.{parameter}");
            let (value, is_secret) = parameters::settle_one(&name, declaration, Some(&value))?;
            if is_secret {
                secrets.insert(value);
            }
        }
        Ok(secrets)
    }

    /// `value` with every function in it resolved; nothing if it is `AWS::NoValue`.
    pub(crate) fn resolve(&self, value: &Value, at: &Spot) -> Result<Option<Value>, TemplateError> {
        let at = at.into(at.place.clone())?;
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Ok(Some(value.clone()))
            }
            Value::Array(items) => self.resolve_items(items, &at).map(|it| Some(Value::Array(it))),
            Value::Object(fields) => match function(fields) {
                Some((name, argument)) => self.call(name, argument, &at),
                None => self.resolve_fields(fields, &at).map(|it| Some(Value::Object(it))),
            },
        }
    }

    pub(crate) fn resolve_items(
        &self,
        items: &[Value],
        at: &Spot,
    ) -> Result<Vec<Value>, TemplateError> {
        let mut resolved = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            resolved.extend(self.resolve(item, &at.into(at.place.item(index))?)?);
        }
        Ok(resolved)
    }

    fn resolve_fields(
        &self,
        fields: &Map<String, Value>,
        at: &Spot,
    ) -> Result<Map<String, Value>, TemplateError> {
        let mut resolved = Map::new();
        for (name, value) in fields {
            if let Some(value) = self.resolve(value, &at.into(at.place.child(name))?)? {
                resolved.insert(name.clone(), value);
            }
        }
        Ok(resolved)
    }

    fn call(
        &self,
        name: &str,
        argument: &Value,
        at: &Spot,
    ) -> Result<Option<Value>, TemplateError> {
        match (name, argument) {
            ("Ref", Value::String(target)) if target == "AWS::NoValue" => Ok(None),
            ("Ref", Value::String(target)) => self.reference(target, at).map(Some),
            ("Fn::GetAtt", _) => {
                let (resource, attribute) = attribute_path(argument, at)?;
                self.attribute(&resource, &attribute, at).map(Some)
            }
            ("Fn::Sub", _) => self.substitute(argument, at).map(|it| Some(Value::String(it))),
            ("Fn::Join", Value::Array(parts)) => self.join(parts, at).map(Some),
            ("Fn::FindInMap", Value::Array(keys)) => self.find_in_map(keys, at).map(Some),
            ("Fn::If", Value::Array(branches)) => match branches.as_slice() {
                [Value::String(condition), yes, no] => {
                    self.resolve(if self.holds(condition, at)? { yes } else { no }, at)
                }
                _ => Err(at.place.invalid("Fn::If takes a condition's name and two values")),
            },
            _ => {
                Err(at.place.invalid(format!("{name} is not known, or not with such an argument")))
            }
        }
    }

    /// A parameter, a pseudo parameter or a resource.
    fn reference(&self, target: &str, at: &Spot) -> Result<Value, TemplateError> {
        if let Some(value) = self.parameters.get(target) {
            return Ok(Value::String(value.clone()));
        }
        let stack = self.options.stack_name;
        let value = match target {
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::Region" => REGION.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::StackName" => stack.to_owned(),
            "AWS::StackId" => {
                format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{stack}/local")
            }
            resource => self.reference_of(resource, at)?,
        };
        Ok(Value::String(value))
    }

    fn attribute(
        &self,
        resource: &str,
        attribute: &str,
        at: &Spot,
    ) -> Result<Value, TemplateError> {
        self.attribute_of(resource, attribute, at).map(Value::String)
    }

    /// `"text ${Name}"`, or `["text ${Name}", {"Name": …}]`.
    fn substitute(&self, argument: &Value, at: &Spot) -> Result<String, TemplateError> {
        let (template, own) = match argument {
            Value::String(template) => (template, Map::new()),
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(template), Value::Object(own)] => {
                    (template, self.resolve_fields(own, at)?)
                }
                _ => return Err(at.place.invalid("Fn::Sub takes a text and an object")),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                return Err(at.place.invalid("Fn::Sub takes a text"));
            }
        };
        let mut result = String::new();
        let mut rest = template.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let (name, behind) =
                after.split_once('}').ok_or_else(|| at.place.invalid("a ${ is never closed"))?;
            result.push_str(before);
            result.push_str(&self.variable(name, &own, at)?);
            rest = behind;
        }
        result.push_str(rest);
        Ok(result)
    }

    fn variable(
        &self,
        name: &str,
        own: &Map<String, Value>,
        at: &Spot,
    ) -> Result<String, TemplateError> {
        if let Some(literal) = name.strip_prefix('!') {
            return Ok(format!("${{{literal}}}"));
        }
        let value = match (own.get(name), name.split_once('.')) {
            (Some(value), _) => value.clone(),
            (None, Some((resource, attribute))) => self.attribute(resource, attribute, at)?,
            (None, None) => self.reference(name, at)?,
        };
        text(value, &at.place)
    }

    fn join(&self, parts: &[Value], at: &Spot) -> Result<Value, TemplateError> {
        let [Value::String(separator), Value::Array(items)] = parts else {
            return Err(at.place.invalid("Fn::Join takes a separator and a list"));
        };
        let items = self.resolve_items(items, at)?;
        let texts: Vec<String> =
            items.into_iter().map(|item| text(item, &at.place)).collect::<Result<_, _>>()?;
        Ok(Value::String(texts.join(separator)))
    }

    fn find_in_map(&self, keys: &[Value], at: &Spot) -> Result<Value, TemplateError> {
        let keys = self.resolve_items(keys, at)?;
        let [Value::String(map), Value::String(first), Value::String(second)] = keys.as_slice()
        else {
            return Err(at.place.invalid("Fn::FindInMap takes the names of a map and two keys"));
        };
        let found = self.document.mappings.get(map).and_then(|it| it.get(first)?.get(second));
        found.cloned().ok_or_else(|| {
            at.place.invalid(format!("there is no {map}.{first}.{second} in Mappings"))
        })
    }
}

/// The function that an object is, if it is one.
pub(crate) fn function(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = fields.iter();
    match (entries.next(), entries.next()) {
        (Some((name, argument)), None) if name == "Ref" || name.starts_with("Fn::") => {
            Some((name, argument))
        }
        _ => None,
    }
}

fn attribute_path(argument: &Value, at: &Spot) -> Result<(String, String), TemplateError> {
    let path = match argument {
        Value::String(path) => path.split_once('.'),
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(resource), Value::String(attribute)] => {
                Some((resource.as_str(), attribute.as_str()))
            }
            _ => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    };
    path.map(|(resource, attribute)| (resource.to_owned(), attribute.to_owned()))
        .ok_or_else(|| at.place.invalid("Fn::GetAtt takes a resource and an attribute"))
}
