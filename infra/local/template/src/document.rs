//! The template as written: its sections and resources, before anything is resolved.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    error::{Place, TemplateError},
    properties::Properties,
};

/// The transformation that makes a template a SAM template.
const SAM: &str = "AWS::Serverless-2016-10-31";

/// Sections of a template, by name.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) parameters: BTreeMap<String, Properties>,
    pub(crate) mappings: Value,
    pub(crate) conditions: Map<String, Value>,
    /// `Globals.Function`: what every function starts from.
    pub(crate) function_globals: Value,
    pub(crate) resources: BTreeMap<String, Resource>,
}

/// One resource as written.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) kind: String,
    pub(crate) properties: Value,
    pub(crate) metadata: Value,
    pub(crate) condition: Option<String>,
    depends_on: Vec<String>,
}

impl Document {
    pub(crate) fn new(template: Value) -> Result<Self, TemplateError> {
        let mut sections = Properties::new(Place::at("template"), template)?;
        require_sam(&mut sections)?;
        // Outputs are for the operator who deploys; nothing in the stack reads them.
        sections.pass_over(&["AWSTemplateFormatVersion", "Description", "Metadata", "Outputs"]);
        let parameters = sections.entries("Parameters")?.into_iter().collect();
        let mappings = sections.take("Mappings").unwrap_or_default();
        let conditions = match sections.take("Conditions") {
            Some(Value::Object(conditions)) => conditions,
            _ => Map::new(),
        };
        let function_globals = function_globals(&mut sections)?;
        let mut resources = BTreeMap::new();
        for (id, properties) in sections.entries("Resources")? {
            resources.insert(id.clone(), Resource::new(&id, properties)?);
        }
        sections.done()?;
        let document = Self { parameters, mappings, conditions, function_globals, resources };
        document.check_dependencies()?;
        Ok(document)
    }

    fn check_dependencies(&self) -> Result<(), TemplateError> {
        for (id, resource) in &self.resources {
            if let Some(missing) =
                resource.depends_on.iter().find(|it| !self.resources.contains_key(*it))
            {
                let place = Place::at(id).child("DependsOn");
                return Err(place.invalid(format!("{missing} is not a resource of the template")));
            }
        }
        Ok(())
    }
}

impl Resource {
    fn new(id: &str, mut attributes: Properties) -> Result<Self, TemplateError> {
        let resource = Self {
            kind: attributes.text("Type")?,
            properties: attributes.take("Properties").unwrap_or_default(),
            metadata: attributes.take("Metadata").unwrap_or_default(),
            condition: attributes.text_if_any("Condition")?,
            depends_on: names(attributes.take("DependsOn"), &Place::at(id).child("DependsOn"))?,
        };
        // A stack on one machine is made anew at each start.
        attributes.pass_over(&["DeletionPolicy", "UpdateReplacePolicy"]);
        attributes.done()?;
        Ok(resource)
    }
}

fn require_sam(sections: &mut Properties) -> Result<(), TemplateError> {
    let place = sections.place().child("Transform");
    let transforms = names(sections.take("Transform"), &place)?;
    match transforms.as_slice() {
        [only] if only == SAM => Ok(()),
        _ => Err(place.invalid(format!("must be {SAM} and nothing else"))),
    }
}

fn function_globals(sections: &mut Properties) -> Result<Value, TemplateError> {
    let Some(mut globals) = sections.object("Globals")? else { return Ok(Value::Null) };
    let function = globals.take("Function").unwrap_or_default();
    globals.done()?;
    Ok(function)
}

/// One name or a list of them.
fn names(value: Option<Value>, place: &Place) -> Result<Vec<String>, TemplateError> {
    let items = match value {
        None => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(single) => vec![single],
    };
    items
        .into_iter()
        .map(|item| {
            let name = item.as_str().map(ToOwned::to_owned);
            name.ok_or_else(|| place.invalid("must be a name or a list of names"))
        })
        .collect()
}
