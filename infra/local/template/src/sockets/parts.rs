//! What a WebSocket API is made of, resource by resource.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGatewayV2.html>.

use std::time::Duration;

use super::{IdentitySource, SocketAuthorizer};
use crate::{
    error::{Place, TemplateError},
    gateway::is_only,
    physical::function_name,
    properties::{Properties, text},
};

/// The most that an integration may take, which is also what it may take if nothing is said.
const TIMEOUT_MAX_MS: u32 = 29_000;
const STAGE_BYTES_MAX: usize = 128;

/// Where a route leads.
#[derive(Debug, Clone)]
pub(super) struct Integration {
    pub(super) function: String,
    pub(super) timeout: Duration,
}

/// As what the API is served.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) place: Place,
    pub(super) name: String,
    /// None of a stage that follows its API by itself.
    pub(super) deployment: Option<String>,
}

/// Where in a message the key of its route stands.
pub(super) fn api(mut properties: Properties) -> Result<Vec<String>, TemplateError> {
    properties.text("ProtocolType")?;
    let expression = properties.text("RouteSelectionExpression")?;
    // Both ways of writing it are AWS's.
    let inner = expression.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let path = inner.or_else(|| expression.strip_prefix('$'));
    let path = path.and_then(|it| it.strip_prefix("request.body."));
    let selection: Vec<String> = path.unwrap_or_default().split('.').map(str::to_owned).collect();
    if selection.iter().any(|it| it.is_empty() || it.contains(['$', '{', '}', '[', ' '])) {
        let problem = format!("is {expression}, must be such as $request.body.action");
        return Err(properties.place().child("RouteSelectionExpression").invalid(problem));
    }
    properties.pass_over(&["Description", "Name", "Tags", "Version"]);
    properties.done()?;
    Ok(selection)
}

pub(super) fn stage(mut properties: Properties) -> Result<Stage, TemplateError> {
    properties.text("ApiId")?;
    let place = properties.place().clone();
    let name = properties.text("StageName")?;
    let is_name = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
    if name.is_empty() || name.len() > STAGE_BYTES_MAX || !name.chars().all(is_name) {
        let problem = format!("is {name:?}, must be letters, digits, - and _: $default is of HTTP");
        return Err(place.child("StageName").invalid(problem));
    }
    let deployment = properties.text_if_any("DeploymentId")?;
    let follows = properties.flag("AutoDeploy")?.unwrap_or(false);
    match (&deployment, follows) {
        (Some(_), true) => {
            return Err(place.child("DeploymentId").invalid("is not for a stage with AutoDeploy"));
        }
        (None, false) => {
            return Err(place.child("DeploymentId").invalid("is required without AutoDeploy"));
        }
        (Some(_), false) | (None, true) => {}
    }
    // How much it takes at a time is of AWS's size, not of this machine's.
    properties.pass_over(&["DefaultRouteSettings", "RouteSettings"]);
    properties.pass_over(&["AccessLogSettings", "Description", "Tags"]);
    properties.done()?;
    Ok(Stage { place, name, deployment })
}

pub(super) fn deployment(mut properties: Properties) -> Result<(), TemplateError> {
    properties.text("ApiId")?;
    properties.pass_over(&["Description"]);
    properties.done()
}

pub(super) fn authorizer(
    id: &str,
    mut properties: Properties,
) -> Result<SocketAuthorizer, TemplateError> {
    properties.text("ApiId")?;
    is_only(&mut properties, "AuthorizerType", "REQUEST")?;
    let function = invoked(&mut properties, "AuthorizerUri")?;
    let mut sources = Vec::new();
    for (place, source) in properties.list("IdentitySource")? {
        let written = text(source, &place)?;
        let header = written.strip_prefix("route.request.header.");
        let query = written.strip_prefix("route.request.querystring.");
        sources.push(match (header, query) {
            (Some(name), _) if !name.is_empty() => IdentitySource::Header(name.to_owned()),
            (_, Some(name)) if !name.is_empty() => IdentitySource::Query(name.to_owned()),
            _ => {
                let problem = format!(
                    "is {written}, must be route.request.header. or route.request.querystring. \
                     with a name"
                );
                return Err(place.invalid(problem));
            }
        });
    }
    properties.pass_over(&["Name"]);
    properties.done()?;
    Ok(SocketAuthorizer { logical_id: id.to_owned(), function, sources })
}

pub(super) fn integration(mut properties: Properties) -> Result<Integration, TemplateError> {
    properties.text("ApiId")?;
    is_only(&mut properties, "IntegrationType", "AWS_PROXY")?;
    let function = invoked(&mut properties, "IntegrationUri")?;
    if properties.peek("IntegrationMethod").is_some() {
        is_only(&mut properties, "IntegrationMethod", "POST")?;
    }
    if properties.peek("ConnectionType").is_some() {
        is_only(&mut properties, "ConnectionType", "INTERNET")?;
    }
    let timeout = properties.whole("TimeoutInMillis", 50..=TIMEOUT_MAX_MS)?;
    let timeout = Duration::from_millis(timeout.unwrap_or(TIMEOUT_MAX_MS).into());
    properties.pass_over(&["Description"]);
    properties.done()?;
    Ok(Integration { function, timeout })
}

/// The function that an invocation's ARN names. A WebSocket API takes no other.
fn invoked(properties: &mut Properties, name: &str) -> Result<String, TemplateError> {
    let uri = properties.text(name)?;
    let path =
        uri.strip_prefix("arn:aws:apigateway:").and_then(|it| it.split_once(":lambda:path/"));
    let function = path.and_then(|(_, path)| path.strip_prefix("2015-03-31/functions/"));
    let function = function.and_then(|it| it.strip_suffix("/invocations"));
    match function.filter(|it| it.starts_with("arn:aws:lambda:")) {
        Some(arn) => Ok(function_name(arn).to_owned()),
        None => {
            let problem = format!(
                "is {uri}, must be arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN\
                 /invocations"
            );
            Err(properties.place().child(name).invalid(problem))
        }
    }
}
