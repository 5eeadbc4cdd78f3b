//! The resources of a template one by one: those that are there, and what they say.

use serde_json::Value;

use crate::{
    error::{Place, TemplateError},
    globals::with_globals,
    physical::Kind,
    properties::Properties,
    resolver::{Resolver, Spot},
};

/// The resources whose condition holds, with what each of them is.
pub(crate) fn present<'r>(
    resolver: &'r Resolver<'_>,
) -> Result<Vec<(&'r str, Kind)>, TemplateError> {
    let mut present = Vec::new();
    let mut unknown = Vec::new();
    for (id, resource) in &resolver.document.resources {
        let spot = Spot::new(Place::at(id));
        let left_out = match &resource.condition {
            Some(condition) => !resolver.holds(condition, &spot)?,
            None => false,
        };
        if !left_out {
            // The template's author needs to know all of it that is not run.
            match Kind::of(id, resource) {
                Ok(kind) => present.push((id.as_str(), kind)),
                Err(error) => unknown.push(error),
            }
        }
    }
    TemplateError::all(unknown).map_or(Ok(present), Err)
}

/// The properties of a resource, globals included and functions resolved.
pub(crate) fn resolved(resolver: &Resolver<'_>, id: &str) -> Result<Properties, TemplateError> {
    let place = Place::at(id);
    let document = &resolver.document;
    let written = match document.resources.get(id) {
        Some(resource) if resource.kind == "AWS::Serverless::Function" => {
            with_globals(&document.function_globals, &resource.properties)
        }
        Some(resource) => resource.properties.clone(),
        None => Value::Null,
    };
    let properties = resolver.resolve(&written, &Spot::new(place.clone()))?;
    Properties::new(place, properties.unwrap_or_default())
}
