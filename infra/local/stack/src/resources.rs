//! The functions of a template, and the values of its parameters.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use local_lambda::{AsyncConfig, FunctionSpec};
use local_template::{Function, Template};

use super::{StackContext, StackError, logs, options::StackOptions};

pub(super) fn functions(
    template: &Template,
    options: &StackOptions,
) -> Result<Vec<FunctionSpec>, StackError> {
    for name in options.environment.keys() {
        if !template.functions.iter().any(|function| is_called(function, name)) {
            let known: Vec<_> = template.functions.iter().map(|it| it.binary.as_str()).collect();
            return Err(StackError::UnknownFunction {
                name: name.clone(),
                known: known.join(", "),
            });
        }
    }
    let spec = |function| function_spec(function, &template.secrets, options);
    Ok(template.functions.iter().map(spec).collect())
}

/// The names that people have for a function.
fn is_called(function: &Function, name: &str) -> bool {
    function.name == name || function.binary == name || function.logical_id == name
}

fn function_spec(
    function: &Function,
    secrets: &BTreeSet<String>,
    options: &StackOptions,
) -> FunctionSpec {
    let mut environment = function.environment.clone();
    for (_, more) in options.environment.iter().filter(|(name, _)| is_called(function, name)) {
        environment.extend(more.clone());
    }
    let short = logs::short(&function.name, &options.name).to_owned();
    // One that comes twice would be taken for a name that two functions share.
    let aliases = BTreeSet::from([function.binary.clone(), function.logical_id.clone(), short]);
    let reserved = function.reserved_concurrency.and_then(|it| usize::try_from(it).ok());
    FunctionSpec {
        name: function.name.clone(),
        aliases: aliases.into_iter().collect(),
        binary: binary(&options.binaries, &function.binary),
        environment,
        secrets: secrets.clone(),
        timeout: function.timeout,
        memory_mb: function.memory_mib,
        concurrency_max: reserved.unwrap_or(options.processes_max),
        asynchronous: AsyncConfig {
            retries_max: function.async_invoke.retries_max,
            event_age_max: function.async_invoke.age_max,
            on_failure: function.async_invoke.on_failure_arn.clone(),
        },
    }
}

fn binary(directory: &Path, name: &str) -> std::path::PathBuf {
    directory.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// What a deployment would be asked for: what was given, and what the context provides.
pub(super) fn parameters(
    context: &dyn StackContext,
    external_url: &str,
    declared: &BTreeSet<String>,
    own: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut parameters = context.parameters(external_url);
    // What a template does not ask for, it is not given.
    parameters.retain(|name, _| declared.contains(name));
    parameters.extend(own.clone());
    parameters
}
