//! State machines, with their definitions.

use std::io;

use local_iam::Role;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::{
    error::{Place, TemplateError},
    physical::state_machine_arn,
    properties::{Properties, text},
    resolver::{Resolver, Spot},
};

/// An `AWS::Serverless::StateMachine` of the type `STANDARD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateMachine {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in Step Functions.
    pub name: String,
    /// What `!Ref` and `!GetAtt StateMachine.Arn` give.
    pub arn: String,
    /// Its definition in the Amazon States Language, with all substitutions made: JSON.
    pub definition: String,
    /// The role that it runs as: the one it names, or the one that SAM makes.
    pub role: Role,
}

/// Source: <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html>.
pub(crate) fn read(
    resolver: &Resolver<'_>,
    logical_id: &str,
    role: Role,
    mut properties: Properties,
    files: &dyn Fn(&str) -> io::Result<String>,
) -> Result<StateMachine, TemplateError> {
    let name = resolver.name_of(logical_id, &Spot::new(Place::at(logical_id)))?;
    is_standard(&mut properties)?;
    let definition = definition(&mut properties, files)?;
    properties.pass_over(&["Name", "Logging", "PropagateTags", "RolePath", "Tags", "Tracing"]);
    properties.done()?;
    Ok(StateMachine {
        logical_id: logical_id.to_owned(),
        arn: state_machine_arn(&name),
        name,
        definition,
        role,
    })
}

/// Executions of a standard machine are durable and unique by name; those of an express machine
/// are neither, and nothing here behaves like them.
fn is_standard(properties: &mut Properties) -> Result<(), TemplateError> {
    match properties.text_if_any("Type")?.as_deref() {
        None | Some("STANDARD") => Ok(()),
        Some(other) => {
            let problem = format!("is {other}, only STANDARD is run on one machine");
            Err(properties.place().child("Type").invalid(problem))
        }
    }
}

/// The file that the machine names, with its substitutions made.
fn definition(
    properties: &mut Properties,
    files: &dyn Fn(&str) -> io::Result<String>,
) -> Result<String, TemplateError> {
    let place = properties.place().child("DefinitionUri");
    let file = properties.text("DefinitionUri")?;
    let substitutions = substitutions(properties)?;
    let written =
        files(&file).map_err(|error| place.invalid(format!("{file} cannot be read: {error}")))?;
    let definition = substitute(&written, &substitutions)
        .map_err(|problem| place.invalid(format!("{file}: {problem}")))?;
    serde_json::from_str::<IgnoredAny>(&definition)
        .map_err(|error| place.invalid(format!("{file} is not JSON: {error}")))?;
    Ok(definition)
}

fn substitutions(properties: &mut Properties) -> Result<Vec<(String, String)>, TemplateError> {
    let place = properties.place().child("DefinitionSubstitutions");
    let written = match properties.take("DefinitionSubstitutions") {
        Some(Value::Object(written)) => written,
        None => return Ok(Vec::new()),
        Some(_) => return Err(place.invalid("must be an object")),
    };
    written
        .into_iter()
        .map(|(name, value)| {
            let value = text(value, &place.child(&name))?;
            Ok((name, value))
        })
        .collect()
}

/// `${Name}` by the value of `Name`.
///
/// What is put in is not looked at again, and is not escaped: CloudFormation replaces text. It
/// passes over a `${Name}` without a value, which then is what a task invokes, and so that is
/// refused here. A value that nothing asks for is passed over as there: it changes nothing.
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html#cfn-stepfunctions-statemachine-definitionsubstitutions>.
fn substitute(written: &str, values: &[(String, String)]) -> Result<String, String> {
    let mut result = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').ok_or("a ${ is never closed")?;
        let Some((_, value)) = values.iter().find(|(known, _)| known == name) else {
            return Err(format!("${{{name}}} has no value in DefinitionSubstitutions"));
        };
        result.push_str(before);
        result.push_str(value);
        rest = behind;
    }
    result.push_str(rest);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_substitution_is_made_wherever_it_is_asked_for_and_only_once() {
        let values = [("A", "${B}"), ("B", "b"), ("Spare", "")];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(substitute("${A} ${B}${B} $ {}", &values).as_deref(), Ok("${B} bb $ {}"));
        assert_eq!(
            substitute("${A} ${a}", &values),
            Err("${a} has no value in DefinitionSubstitutions".to_owned())
        );
        assert_eq!(substitute("${A", &values), Err("a ${ is never closed".to_owned()));
    }
}
