//! Making one template of several: sections, conditions, globals and paths.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    error::{Place, TemplateError},
    globals::with_globals,
};

const APPLICATION: &str = "AWS::Serverless::Application";

/// Takes the applications out of the resources.
pub(crate) fn take_applications(template: &mut Value) -> BTreeMap<String, Value> {
    let Some(Value::Object(resources)) = template.get_mut("Resources") else {
        return BTreeMap::new();
    };
    let is_application = |it: &Value| it["Type"] == APPLICATION;
    let all = std::mem::take(resources).into_iter();
    let (applications, others): (Vec<_>, Vec<_>) = all.partition(|(_, it)| is_application(it));
    resources.extend(others);
    applications.into_iter().collect()
}

/// Globals are of the file that states them: they go where they apply.
pub(crate) fn apply_globals(template: &mut Value) {
    let globals = template["Globals"]["Function"].take();
    if let Some(globals) = template["Globals"].as_object_mut() {
        globals.remove("Function");
    }
    for (_, resource) in entries_mut(template, "Resources") {
        if resource["Type"] == "AWS::Serverless::Function" {
            resource["Properties"] = with_globals(&globals, &resource["Properties"]);
        }
    }
}

/// Adds the sections of `nested`, all under `condition`.
pub(crate) fn merge(
    template: &mut Value,
    mut nested: Value,
    condition: Option<&str>,
) -> Result<(), TemplateError> {
    if let Some(outer) = condition {
        let inner: BTreeSet<String> = entries(&nested, "Resources")
            .filter_map(|(_, it)| it["Condition"].as_str().map(str::to_owned))
            .collect();
        let both: BTreeMap<String, String> = inner
            .into_iter()
            .map(|inner| (inner.clone(), condition_of_both(&mut nested, Some(&inner), outer)))
            .collect();
        for (_, resource) in entries_mut(&mut nested, "Resources") {
            let of_both = resource["Condition"].as_str().and_then(|inner| both.get(inner));
            resource["Condition"] = json!(of_both.map_or(outer, String::as_str));
        }
    }
    for section in ["Conditions", "Mappings", "Resources"] {
        let Some(Value::Object(added)) = nested.get_mut(section).map(Value::take) else { continue };
        if template[section].is_null() {
            template[section] = json!({});
        }
        for (name, value) in added {
            let known = template[section].get(&name);
            let is_same = section != "Resources" && known == Some(&value);
            if known.is_some() && !is_same {
                let problem = match section {
                    "Resources" => "is a resource of two files".to_owned(),
                    _ => format!("is in {section} of two files, and not the same in both"),
                };
                return Err(Place::at(&name).invalid(problem));
            }
            template[section][name] = value;
        }
    }
    Ok(())
}

/// The name of the condition that both hold, which is added to the template.
pub(crate) fn condition_of_both(template: &mut Value, inner: Option<&str>, outer: &str) -> String {
    let Some(inner) = inner.filter(|inner| *inner != outer) else { return outer.to_owned() };
    let name = format!("{outer} and {inner}");
    if template["Conditions"].is_null() {
        template["Conditions"] = json!({});
    }
    template["Conditions"][&name] =
        json!({ "Fn::And": [{ "Condition": outer }, { "Condition": inner }] });
    name
}

pub(crate) fn entries<'v>(
    template: &'v Value,
    section: &str,
) -> impl Iterator<Item = (&'v String, &'v Value)> + use<'v> {
    template.get(section).and_then(Value::as_object).into_iter().flatten()
}

pub(crate) fn entries_mut<'v>(
    template: &'v mut Value,
    section: &str,
) -> impl Iterator<Item = (&'v String, &'v mut Value)> + use<'v> {
    template.get_mut(section).and_then(Value::as_object_mut).into_iter().flatten()
}

/// `path` from within `folder`, with its `..` followed as far as they can be.
pub(crate) fn join(folder: &str, path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in folder.split('/').chain(path.split('/')) {
        match (segment, segments.last()) {
            ("" | ".", _) => {}
            ("..", Some(last)) if *last != ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    if segments.is_empty() { ".".to_owned() } else { segments.join("/") }
}

pub(crate) fn folder_of(path: &str) -> String {
    path.rsplit_once('/').map_or_else(String::new, |(folder, _)| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_followed_from_the_file_that_names_them() {
        for (folder, path, expected) in [
            ("services", "../../functions/order", "../functions/order"),
            ("services", "order.yaml", "services/order.yaml"),
            ("", "../functions/order", "../functions/order"),
            ("a/b", "./../c.yaml", "a/c.yaml"),
            ("a", "..", "."),
        ] {
            assert_eq!(join(folder, path), expected);
        }
    }
}
