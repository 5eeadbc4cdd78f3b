//! Nested applications: a template in several files is read as the one that they make up.
//!
//! An `AWS::Serverless::Application` is a stack of its own in AWS. Here its resources join those of
//! the template that names it, with what it is passed in the place of its parameters and what it
//! puts out in the place of references to that. What the files share must not differ: logical ids
//! are unique throughout, and a condition of one name is the same condition everywhere.
//!
//! Source: <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-application.html>.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde_json::{Map, Value};

use crate::{
    Template,
    document::Document,
    error::{Place, TemplateError},
    merge::{
        apply_globals, condition_of_both, entries, entries_mut, folder_of, join, merge,
        take_applications,
    },
    passed::Passed,
    properties::Properties,
    rewrite::{rewrite, rewrite_once},
    text_of, yaml,
};

/// How deep applications may be nested; beyond it a file names itself.
const DEPTH_MAX: u32 = 8;

/// A template with its nested applications among its own resources.
#[derive(Debug)]
pub(crate) struct Assembled {
    pub(crate) template: Value,
    pub(crate) passed: Vec<Passed>,
}

/// Reads files by their paths relative to the template's folder.
pub(crate) type Files<'f> = &'f dyn Fn(&str) -> io::Result<String>;

/// The template that `text` and the files it names make up.
pub(crate) fn assemble(text: &str, files: Files<'_>) -> Result<Assembled, TemplateError> {
    expand(yaml::parse(text)?, "", files, 0)
}

impl Template {
    /// The template at `path` with its nested applications' resources among its own, in the long form
    /// of functions, with nothing resolved.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or is no template.
    pub fn written(path: &Path) -> Result<Value, TemplateError> {
        let text = text_of(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let files = |file: &str| fs::read_to_string(folder.join(file));
        assemble(&text, &files).map(|it| it.template)
    }
}

/// One nested application, in the words of the template that names it.
#[derive(Debug)]
struct Application {
    id: String,
    condition: Option<String>,
    template: Value,
    passed: Vec<Passed>,
}

fn expand(
    mut template: Value,
    folder: &str,
    files: Files<'_>,
    depth: u32,
) -> Result<Assembled, TemplateError> {
    let whole = template.clone();
    let written = take_applications(&mut template);
    if written.is_empty() {
        return Ok(Assembled { template, passed: Vec::new() });
    }
    Document::new(whole)?;
    apply_globals(&mut template);
    forget_waiting_for(&mut template, &written);
    let mut applications = Vec::new();
    for (id, resource) in &written {
        applications.push(read(id, resource, folder, files, depth)?);
    }
    let (mut outputs, mut passed) = (BTreeMap::new(), Vec::new());
    for application in applications {
        for (name, output) in entries(&application.template, "Outputs") {
            outputs.insert(format!("{}.Outputs.{name}", application.id), output["Value"].clone());
        }
        let Application { condition, template: nested, passed: of_nested, .. } = application;
        merge(&mut template, nested, condition.as_deref())?;
        passed.extend(of_nested);
    }
    // An output may be what another application is passed, and so on.
    let lookup = |name: &str, place: &Place| match outputs.get(name) {
        Some(value) => Ok(Some(value.clone())),
        None => match name.split('.').next() {
            Some(id) if written.contains_key(id) => {
                Err(place.invalid(format!("{name} is no output of the application {id}")))
            }
            _ => Ok(None),
        },
    };
    if let Some(id) = written.keys().find(|id| template["Resources"].get(*id).is_some()) {
        return Err(Place::at(id).invalid("is the name of an application and of a resource in one"));
    }
    for section in ["Conditions", "Resources", "Outputs"] {
        for (name, value) in entries_mut(&mut template, section) {
            *value = rewrite(value, &lookup, &Place::at(name))?;
        }
    }
    for Passed { application, parameter, value, .. } in &mut passed {
        let place = Place::at(application).child("Parameters").child(parameter);
        *value = rewrite(value, &lookup, &place)?;
    }
    Ok(Assembled { template, passed })
}

/// On one machine all resources are there at once: only what is not there must not be named.
fn forget_waiting_for(template: &mut Value, applications: &BTreeMap<String, Value>) {
    for (_, resource) in entries_mut(template, "Resources") {
        let is_known = |it: &Value| it.as_str().is_some_and(|id| applications.contains_key(id));
        match resource.get_mut("DependsOn") {
            Some(Value::Array(names)) => names.retain(|it| !is_known(it)),
            Some(name) if is_known(name) => *name = Value::Array(Vec::new()),
            _ => {}
        }
    }
}

fn read(
    id: &str,
    resource: &Value,
    folder: &str,
    files: Files<'_>,
    depth: u32,
) -> Result<Application, TemplateError> {
    let mut attributes = Properties::new(Place::at(id), resource.clone())?;
    let place = attributes.place().child("Properties");
    let mut properties = Properties::new(place, attributes.required("Properties")?)?;
    let place = properties.place().child("Location");
    let Value::String(location) = properties.required("Location")? else {
        return Err(place.invalid("must be the path of a template: no other is read here"));
    };
    if location.contains(':') || location.starts_with('/') {
        return Err(place.invalid(format!("{location} is no path relative to the template")));
    }
    if depth == DEPTH_MAX {
        return Err(place.invalid(format!("{location} is nested too deep, or names itself")));
    }
    let given = match properties.take("Parameters") {
        Some(Value::Object(given)) => given,
        None => Map::new(),
        Some(_) => return Err(properties.place().child("Parameters").invalid("must be an object")),
    };
    properties.pass_over(&["NotificationARNs", "Tags", "TimeoutInMinutes"]);
    properties.done()?;
    let condition = attributes.text_if_any("Condition")?;
    let path = join(folder, &location);
    let text =
        files(&path).map_err(|error| place.invalid(format!("{path} cannot be read: {error}")))?;
    let in_file = |source| TemplateError::Nested { file: path.clone(), source: Box::new(source) };
    let mut nested = yaml::parse(&text).map_err(in_file)?;
    // Whether it is a whole template by itself, with nothing in it that is not understood.
    let parameters = Document::new(nested.clone()).map_err(in_file)?.parameters;
    apply_globals(&mut nested);
    let values = values(id, &parameters, given)?;
    let inside = folder_of(&path);
    let Assembled { template, passed: of_nested } =
        expand(nested, &inside, files, depth + 1).map_err(in_file)?;
    let passed = parameters.into_iter().map(|(parameter, declaration)| Passed {
        application: id.to_owned(),
        value: values.get(&parameter).cloned().unwrap_or_default(),
        parameter,
        declaration,
        condition: condition.clone(),
    });
    let mut application = Application {
        id: id.to_owned(),
        template,
        passed: passed.collect(),
        condition: condition.clone(),
    };
    application.pass(&values, &location, of_nested).map_err(in_file)?;
    Ok(application)
}

/// What the parameters of an application are: what is given, else their defaults.
fn values(
    id: &str,
    parameters: &BTreeMap<String, Properties>,
    given: Map<String, Value>,
) -> Result<BTreeMap<String, Value>, TemplateError> {
    let place = Place::at(id).child("Properties.Parameters");
    if let Some(unknown) = given.keys().find(|name| !parameters.contains_key(*name)) {
        return Err(place.child(unknown).invalid("is not a parameter of the application"));
    }
    let mut values: BTreeMap<String, Value> = given.into_iter().collect();
    for (name, declaration) in parameters {
        if !values.contains_key(name) {
            let default = declaration.clone().take("Default").ok_or_else(|| {
                place.child(name).invalid("is a parameter without a default, and is not given")
            })?;
            values.insert(name.clone(), default);
        }
    }
    Ok(values)
}

impl Application {
    /// Puts what is passed in the place of the parameters, and paths into the words of the parent.
    fn pass(
        &mut self,
        values: &BTreeMap<String, Value>,
        location: &str,
        of_nested: Vec<Passed>,
    ) -> Result<(), TemplateError> {
        let lookup = |name: &str, place: &Place| match name {
            "AWS::StackName" | "AWS::StackId" => Err(place.invalid(format!(
                "{name} of a nested application is not known beforehand: pass it a parameter"
            ))),
            _ => Ok(values.get(name).cloned()),
        };
        for section in ["Conditions", "Resources", "Outputs"] {
            for (name, value) in entries_mut(&mut self.template, section) {
                *value = rewrite_once(value, &lookup, &Place::at(name))?;
            }
        }
        for mut passed in of_nested {
            let place = Place::at(&passed.application).child("Parameters").child(&passed.parameter);
            passed.value = rewrite_once(&passed.value, &lookup, &place)?;
            // What is not there passes nothing on.
            if let Some(outer) = &self.condition {
                let both =
                    condition_of_both(&mut self.template, passed.condition.as_deref(), outer);
                passed.condition = Some(both);
            }
            self.passed.push(passed);
        }
        let folder = folder_of(location);
        for (_, resource) in entries_mut(&mut self.template, "Resources") {
            for path in ["CodeUri", "DefinitionUri"] {
                if let Some(Value::String(uri)) = resource["Properties"].get_mut(path) {
                    *uri = join(&folder, uri);
                }
            }
        }
        Ok(())
    }
}
