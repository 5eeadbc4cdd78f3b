//! Functions.

use std::{collections::BTreeMap, time::Duration};

use local_iam::Role;
use serde_json::Value;

use crate::{
    document::Resource,
    error::{Place, TemplateError},
    mapping::on_failure,
    physical::arn,
    properties::{Properties, text},
    queue::seconds,
    role::sends_to,
};

/// The runtimes whose functions are plain binaries.
const RUNTIMES: &[&str] = &["provided.al2", "provided.al2023"];

/// An `AWS::Serverless::Function`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in Lambda.
    pub name: String,
    /// What `!GetAtt Function.Arn` gives.
    pub arn: String,
    /// The Cargo binary that it runs.
    pub binary: String,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// Its memory, in MiB.
    pub memory_mib: u32,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
    /// How many invocations may run at a time, if that is reserved.
    pub reserved_concurrency: Option<u32>,
    /// What happens to asynchronous invocations.
    pub async_invoke: AsyncInvoke,
    /// The role that it acts as.
    pub role: Role,
}

/// What happens to the asynchronous invocations of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsyncInvoke {
    /// Tries after a first that failed.
    pub retries_max: u32,
    /// An event older than this is dropped.
    pub age_max: Duration,
    /// ARN of the queue for dropped events.
    pub on_failure_arn: Option<String>,
}

/// Limits and defaults:
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>.
///
/// The function's events are read by [`events`](crate::events::read) before.
pub(crate) fn read(
    logical_id: &str,
    name: String,
    resource: &Resource,
    mut role: Role,
    mut properties: Properties,
) -> Result<Function, TemplateError> {
    runs_here(&mut properties)?;
    let place = properties.place().child("EventInvokeConfig");
    let async_invoke = async_invoke(properties.object("EventInvokeConfig")?)?;
    if let Some(queue) = &async_invoke.on_failure_arn {
        role.statements.extend(sends_to(queue, &place)?);
    }
    let function = Function {
        logical_id: logical_id.to_owned(),
        arn: arn("lambda", &format!("function:{name}")),
        name,
        binary: binary(logical_id, resource)?,
        timeout: seconds(properties.whole("Timeout", 1..=900)?, 3),
        memory_mib: properties.whole("MemorySize", 128..=10_240)?.unwrap_or(128),
        environment: environment(&mut properties)?,
        reserved_concurrency: properties.whole("ReservedConcurrentExecutions", 0..=u32::MAX)?,
        async_invoke,
        role,
    };
    properties.pass_over(&[
        "FunctionName",
        "Architectures",
        "CodeUri",
        "Description",
        "KmsKeyArn",
        "LoggingConfig",
        "Tags",
        "Tracing",
    ]);
    properties.done()?;
    Ok(function)
}

fn runs_here(properties: &mut Properties) -> Result<(), TemplateError> {
    let runtime = properties.text("Runtime")?;
    if !RUNTIMES.contains(&runtime.as_str()) {
        let problem = format!("is {runtime}, only binaries run here: {}", RUNTIMES.join(", "));
        return Err(properties.place().child("Runtime").invalid(problem));
    }
    properties.text("Handler")?;
    Ok(())
}

fn binary(logical_id: &str, resource: &Resource) -> Result<String, TemplateError> {
    let place = Place::at(logical_id).child("Metadata");
    let mut metadata = Properties::new(place, resource.metadata.clone())?;
    let method = metadata.text("BuildMethod")?;
    if method != "rust-cargolambda" {
        let problem = format!("is {method}, must be rust-cargolambda");
        return Err(metadata.place().child("BuildMethod").invalid(problem));
    }
    let build = metadata.object("BuildProperties")?;
    let mut build =
        build.ok_or_else(|| metadata.place().child("BuildProperties").invalid("is required"))?;
    build.text("Binary")
}

fn environment(properties: &mut Properties) -> Result<BTreeMap<String, String>, TemplateError> {
    let Some(mut environment) = properties.object("Environment")? else {
        return Ok(BTreeMap::new());
    };
    let variables = match environment.take("Variables") {
        Some(Value::Object(variables)) => variables,
        _ => return Err(environment.place().child("Variables").invalid("must be an object")),
    };
    let place = environment.place().child("Variables");
    environment.done()?;
    variables
        .into_iter()
        .map(|(name, value)| {
            let value = text(value, &place.child(&name))?;
            Ok((name, value))
        })
        .collect()
}

/// Limits and defaults:
/// <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html>.
fn async_invoke(properties: Option<Properties>) -> Result<AsyncInvoke, TemplateError> {
    let (mut retries, mut age, mut on_failure_arn) = (None, None, None);
    if let Some(mut properties) = properties {
        retries = properties.whole("MaximumRetryAttempts", 0..=2)?;
        age = properties.whole("MaximumEventAgeInSeconds", 60..=21_600)?;
        on_failure_arn = on_failure(&mut properties)?;
        properties.done()?;
    }
    Ok(AsyncInvoke {
        retries_max: retries.unwrap_or(2),
        age_max: seconds(age, 21_600),
        on_failure_arn,
    })
}
