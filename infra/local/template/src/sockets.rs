//! WebSocket APIs: an API with its stage, deployment and Lambda authorizer, and routes that lead by
//! integrations to functions.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html>.

mod parts;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    Template,
    error::{Place, TemplateError},
    permission::Invocations,
    physical::Kind,
    properties::Properties,
    resolver::Resolver,
    resources::resolved,
};
use parts::{Integration, Stage};

/// The routes that have a meaning of their own.
const CONNECT: &str = "$connect";
const DISCONNECT: &str = "$disconnect";
const DEFAULT: &str = "$default";

/// A WebSocket API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketApi {
    /// Its name in the template, which is its id here.
    pub logical_id: String,
    /// The stage that it is served as.
    pub stage: String,
    /// Where in a message's JSON the key of its route stands: `["action"]` of
    /// `$request.body.action`.
    pub selection: Vec<String>,
    /// Its routes, in the order of their keys.
    pub routes: Vec<SocketRoute>,
}

/// A route of a WebSocket API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketRoute {
    /// `$connect`, `$disconnect`, `$default`, or what a message names.
    pub key: String,
    /// The name of the function that it leads to.
    pub function: String,
    /// How long the function may take.
    pub timeout: Duration,
    /// Who may connect, of the route `$connect`; anyone of the others.
    pub access: SocketAccess,
}

/// Who may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketAccess {
    /// Anyone.
    Anyone,
    /// Callers that sign the request with credentials of AWS: `AWS_IAM`.
    Iam,
    /// Whom a function lets in: `CUSTOM`.
    Function(SocketAuthorizer),
}

/// A Lambda authorizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketAuthorizer {
    /// Its name in the template.
    pub logical_id: String,
    /// The name of the function.
    pub function: String,
    /// What a request must have, or it is refused before the function is asked.
    pub sources: Vec<IdentitySource>,
}

/// What a request must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentitySource {
    /// A header: `route.request.header.NAME`.
    Header(String),
    /// A parameter of the query: `route.request.querystring.NAME`.
    Query(String),
}

/// What the WebSocket API of a template is made of, by logical ids.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    ids: BTreeSet<String>,
    selection: Vec<String>,
    stages: Vec<Stage>,
    deployments: BTreeSet<String>,
    authorizers: BTreeMap<String, SocketAuthorizer>,
    integrations: BTreeMap<String, Integration>,
    routes: Vec<Properties>,
}

impl Sockets {
    /// What such an API is made of.
    const PARTS: [Kind; 6] = [
        Kind::GatewayApi,
        Kind::GatewayAuthorizer,
        Kind::GatewayDeployment,
        Kind::GatewayIntegration,
        Kind::GatewayRoute,
        Kind::GatewayStage,
    ];

    /// Knows which of the APIs among `resources` is a WebSocket API.
    pub(crate) fn among(
        resolver: &Resolver<'_>,
        resources: &[(&str, Kind)],
    ) -> Result<Self, TemplateError> {
        let mut sockets = Self::default();
        for (id, _) in resources.iter().filter(|(_, kind)| *kind == Kind::GatewayApi) {
            if resolved(resolver, id)?.peek("ProtocolType") != Some("WEBSOCKET") {
                continue;
            }
            if let Some(other) = sockets.ids.first() {
                let problem = format!("is a second WebSocket API beside {other}: one is served");
                return Err(Place::at(id).invalid(problem));
            }
            sockets.ids.insert((*id).to_owned());
        }
        Ok(sockets)
    }

    /// Takes a resource that belongs to a WebSocket API; gives back another.
    pub(crate) fn take(
        &mut self,
        id: &str,
        kind: Kind,
        properties: Properties,
    ) -> Result<Option<Properties>, TemplateError> {
        let api = if kind == Kind::GatewayApi { Some(id) } else { properties.peek("ApiId") };
        let is_own = api.is_some_and(|api| self.ids.contains(api));
        if kind == Kind::GatewayDeployment && !is_own {
            let problem = "must be a WebSocket API: one for HTTP has AutoDeploy in its stage";
            return Err(properties.place().child("ApiId").invalid(problem));
        }
        if !is_own || !Self::PARTS.contains(&kind) {
            return Ok(Some(properties));
        }
        let id = id.to_owned();
        if kind == Kind::GatewayApi {
            self.selection = parts::api(properties)?;
        } else if kind == Kind::GatewayAuthorizer {
            let authorizer = parts::authorizer(&id, properties)?;
            self.authorizers.insert(id, authorizer);
        } else if kind == Kind::GatewayIntegration {
            self.integrations.insert(id, parts::integration(properties)?);
        } else if kind == Kind::GatewayStage {
            self.stages.push(parts::stage(properties)?);
        } else if kind == Kind::GatewayDeployment {
            parts::deployment(properties)?;
            self.deployments.insert(id);
        } else {
            self.routes.push(properties);
        }
        Ok(None)
    }

    /// The API, once everything is known that its parts name.
    pub(crate) fn settle(
        mut self,
        template: &mut Template,
        invocations: &Invocations,
    ) -> Result<(), TemplateError> {
        let Some(id) = self.ids.pop_first() else { return Ok(()) };
        let stage = self.stage(&id)?;
        let mut routes = BTreeMap::new();
        for properties in std::mem::take(&mut self.routes) {
            let place = properties.place().clone();
            let route = self.route(properties)?;
            let reached = [Some((&route.function, format!("{id}/{stage}/{}", route.key)))];
            let asked = [match &route.access {
                SocketAccess::Function(SocketAuthorizer { logical_id, function, .. }) => {
                    Some((function, format!("{id}/authorizers/{logical_id}")))
                }
                SocketAccess::Anyone | SocketAccess::Iam => None,
            }];
            for (function, request) in reached.into_iter().chain(asked).flatten() {
                if template.function(function).is_none() {
                    return Err(place.invalid(format!("{function} is no function of the template")));
                }
                if !invocations.allow(function, &request) {
                    let problem = format!(
                        "no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke {function} \
                         for {request}"
                    );
                    return Err(place.invalid(problem));
                }
            }
            if let Some(other) = routes.insert(route.key.clone(), route) {
                let problem = format!("there is another route {}", other.key);
                return Err(place.child("RouteKey").invalid(problem));
            }
        }
        if routes.is_empty() {
            return Err(Place::at(&id).invalid("has no route, and AWS deploys no API without"));
        }
        let routes = routes.into_values().collect();
        let selection = self.selection;
        template.socket_api = Some(SocketApi { logical_id: id, stage, selection, routes });
        Ok(())
    }

    fn stage(&self, id: &str) -> Result<String, TemplateError> {
        let [stage] = self.stages.as_slice() else {
            let problem = format!("has {} stages: one is served", self.stages.len());
            return Err(Place::at(id).invalid(problem));
        };
        match &stage.deployment {
            Some(deployment) if !self.deployments.contains(deployment) => {
                let problem = format!("{deployment} is no deployment of the API");
                Err(stage.place.child("DeploymentId").invalid(problem))
            }
            Some(_) | None => Ok(stage.name.clone()),
        }
    }

    fn route(&self, mut properties: Properties) -> Result<SocketRoute, TemplateError> {
        properties.text("ApiId")?;
        let place = properties.place().clone();
        let key = properties.text("RouteKey")?;
        let is_known = [CONNECT, DISCONNECT, DEFAULT].contains(&key.as_str());
        if key.is_empty() || (key.starts_with('$') && !is_known) {
            let problem = format!("{key:?} is no route: $connect, $disconnect, $default or a word");
            return Err(place.child("RouteKey").invalid(problem));
        }
        let target = properties.text("Target")?;
        let integration = target.strip_prefix("integrations/");
        let integration =
            integration.and_then(|id| self.integrations.get(id)).ok_or_else(|| {
                let problem = format!("{target} is not integrations/ and one of the API");
                place.child("Target").invalid(problem)
            })?;
        let access = self.access(&mut properties, &key)?;
        if properties.flag("ApiKeyRequired")? == Some(true) {
            return Err(place.child("ApiKeyRequired").unsupported());
        }
        properties.pass_over(&["OperationName"]);
        properties.done()?;
        let Integration { function, timeout } = integration.clone();
        Ok(SocketRoute { key, function, timeout, access })
    }

    /// Who may take the route. Connecting is what is authorized, messages are not.
    fn access(
        &self,
        properties: &mut Properties,
        key: &str,
    ) -> Result<SocketAccess, TemplateError> {
        let kinds = [("NONE", "NONE"), ("AWS_IAM", "AWS_IAM"), ("CUSTOM", "CUSTOM")];
        let kind = properties.choice("AuthorizationType", &kinds)?.unwrap_or("NONE");
        let authorizer = properties.text_if_any("AuthorizerId")?;
        let place = properties.place();
        if kind != "NONE" && key != CONNECT {
            let problem = format!("is {kind}, and only {CONNECT} is authorized");
            return Err(place.child("AuthorizationType").invalid(problem));
        }
        let authorizer = authorizer.map(|id| {
            let problem = format!("{id} is no authorizer of the API");
            let found = self.authorizers.get(&id).cloned();
            found.ok_or_else(|| place.child("AuthorizerId").invalid(problem))
        });
        match (kind, authorizer.transpose()?) {
            ("CUSTOM", Some(authorizer)) => Ok(SocketAccess::Function(authorizer)),
            ("CUSTOM", None) => Err(place.child("AuthorizerId").invalid("is required by CUSTOM")),
            (_, Some(_)) => Err(place.child("AuthorizerId").invalid("is of CUSTOM authorization")),
            ("AWS_IAM", None) => Ok(SocketAccess::Iam),
            (_, None) => Ok(SocketAccess::Anyone),
        }
    }
}
