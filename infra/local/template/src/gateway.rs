//! HTTP APIs in CloudFormation's own words: an API with its stage and authorizers, and routes that
//! lead by integrations to functions. Those of a template in several files are written so: SAM adds
//! the routes of functions only to an API of the same file.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-route.html>.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Template,
    error::{Place, TemplateError},
    permission::Invocations,
    physical::function_name,
    properties::{Properties, text},
    route::{Access, METHODS, Route, checked_path},
};

/// What routes are made of, by logical ids: what `!Ref` of them gives here.
#[derive(Debug, Default)]
pub(crate) struct Gateway {
    apis: BTreeSet<String>,
    /// The API of each.
    authorizers: BTreeMap<String, String>,
    /// The API and the function of each.
    integrations: BTreeMap<String, (String, String)>,
    /// The APIs that have a stage.
    served: BTreeSet<String>,
    routes: Vec<Properties>,
}

impl Gateway {
    pub(crate) fn add_api(
        &mut self,
        id: &str,
        mut properties: Properties,
    ) -> Result<(), TemplateError> {
        is_only(&mut properties, "ProtocolType", "HTTP")?;
        properties.pass_over(&["Description", "Name", "Tags"]);
        self.apis.insert(id.to_owned());
        properties.done()
    }

    /// The stage that needs no name in the path, and changes as soon as its routes do.
    pub(crate) fn add_stage(&mut self, mut properties: Properties) -> Result<(), TemplateError> {
        self.served.insert(properties.text("ApiId")?);
        is_only(&mut properties, "StageName", "$default")?;
        is_only(&mut properties, "AutoDeploy", "true")?;
        // How much it takes at a time is of AWS's size, not of this machine's.
        properties.pass_over(&["DefaultRouteSettings", "RouteSettings"]);
        properties.pass_over(&["AccessLogSettings", "Description", "Tags"]);
        properties.done()
    }

    /// A JWT authorizer. Who issues tokens on one machine is up to the local stack.
    pub(crate) fn add_authorizer(
        &mut self,
        id: &str,
        mut properties: Properties,
    ) -> Result<(), TemplateError> {
        is_only(&mut properties, "AuthorizerType", "JWT")?;
        let place = properties.place().child("IdentitySource");
        let sources = properties.list("IdentitySource")?;
        if !matches!(sources.as_slice(), [(_, only)] if *only == "$request.header.Authorization") {
            return Err(place.invalid("must be $request.header.Authorization alone"));
        }
        let jwt = properties.object("JwtConfiguration")?;
        let mut jwt =
            jwt.ok_or_else(|| properties.place().child("JwtConfiguration").invalid("is required"))?;
        jwt.text("Issuer")?;
        if jwt.list("Audience")?.is_empty() {
            return Err(jwt.place().child("Audience").invalid("must name at least one audience"));
        }
        jwt.done()?;
        self.authorizers.insert(id.to_owned(), properties.text("ApiId")?);
        properties.pass_over(&["Name"]);
        properties.done()
    }

    pub(crate) fn add_integration(
        &mut self,
        id: &str,
        mut properties: Properties,
    ) -> Result<(), TemplateError> {
        is_only(&mut properties, "IntegrationType", "AWS_PROXY")?;
        is_only(&mut properties, "PayloadFormatVersion", "2.0")?;
        let function = properties.text("IntegrationUri")?;
        let function = function_name(&function).to_owned();
        self.integrations.insert(id.to_owned(), (properties.text("ApiId")?, function));
        properties.pass_over(&["Description"]);
        properties.done()
    }

    pub(crate) fn add_route(&mut self, properties: Properties) {
        self.routes.push(properties);
    }

    /// The routes, once everything is known that they name.
    pub(crate) fn settle(
        mut self,
        template: &mut Template,
        invocations: &Invocations,
    ) -> Result<(), TemplateError> {
        for properties in std::mem::take(&mut self.routes) {
            let place = properties.place().clone();
            let (api, route) = self.route(properties)?;
            let path = route.path.split('/').map(|it| if it.starts_with('{') { "*" } else { it });
            let path = path.collect::<Vec<_>>().join("/");
            let method = if route.method == "ANY" { "*" } else { &route.method };
            let request = format!("{api}/$default/{method}{path}");
            if !invocations.allow(&route.function, &request) {
                let problem = format!(
                    "no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke {} for {}",
                    route.function, request
                );
                return Err(place.invalid(problem));
            }
            template.routes.push(route);
        }
        Ok(())
    }

    fn route(&self, mut properties: Properties) -> Result<(String, Route), TemplateError> {
        let api = properties.text("ApiId")?;
        let at = |name: &str, place: &Place| place.child(name);
        let place = properties.place().clone();
        if !self.apis.contains(&api) {
            let problem = format!("{api} is not an AWS::ApiGatewayV2::Api of the template");
            return Err(at("ApiId", &place).invalid(problem));
        }
        if !self.served.contains(&api) {
            return Err(at("ApiId", &place).invalid(format!("{api} has no stage")));
        }
        let key = properties.text("RouteKey")?;
        let known = key.split_once(' ').filter(|(method, _)| METHODS.contains(method));
        let (method, path) = known.ok_or_else(|| {
            at("RouteKey", &place).invalid(format!("{key} must be such as GET /orders"))
        })?;
        let path = checked_path(path.to_owned(), &at("RouteKey", &place))?;
        let target = properties.text("Target")?;
        let integration = target.strip_prefix("integrations/");
        let integration = integration.and_then(|id| self.integrations.get(id));
        let function = integration.filter(|(of, _)| *of == api).map(|(_, function)| function);
        let function = function.ok_or_else(|| {
            let problem = format!("{target} is not integrations/ and one of the API");
            at("Target", &place).invalid(problem)
        })?;
        let (access, scopes) = self.access(&mut properties, &api)?;
        properties.pass_over(&["OperationName"]);
        properties.done()?;
        let function = function.clone();
        Ok((api, Route { method: method.to_owned(), path, function, access, scopes }))
    }

    /// Who may call, and with which scopes.
    fn access(
        &self,
        properties: &mut Properties,
        api: &str,
    ) -> Result<(Access, Vec<String>), TemplateError> {
        let known = [("NONE", Access::Anyone), ("JWT", Access::Token), ("AWS_IAM", Access::Iam)];
        let access = properties.choice("AuthorizationType", &known)?.unwrap_or(Access::Anyone);
        let authorizer = properties.text_if_any("AuthorizerId")?;
        let scopes_place = properties.place().child("AuthorizationScopes");
        let scopes = properties.list("AuthorizationScopes")?.into_iter();
        let scopes = scopes.map(|(place, it)| text(it, &place)).collect::<Result<Vec<_>, _>>()?;
        let place = properties.place().child("AuthorizerId");
        let is_of_api =
            authorizer.as_ref().and_then(|it| self.authorizers.get(it)).is_some_and(|of| of == api);
        match (access, authorizer) {
            (Access::Token, _) if is_of_api => {}
            (Access::Token, _) => return Err(place.invalid("must be an authorizer of the API")),
            (Access::Anyone | Access::Iam, Some(_)) => {
                return Err(place.invalid("is of routes that ask for a token"));
            }
            (Access::Anyone | Access::Iam, None) => {}
        }
        if access != Access::Token && !scopes.is_empty() {
            return Err(scopes_place.invalid("are of tokens, and the route asks for none"));
        }
        Ok((access, scopes))
    }
}

/// Refuses a property that is not `only`.
pub(crate) fn is_only(
    properties: &mut Properties,
    name: &str,
    only: &str,
) -> Result<(), TemplateError> {
    let given = properties.text(name)?;
    if given == only {
        return Ok(());
    }
    let problem = format!("is {given}, only {only} is followed on one machine");
    Err(properties.place().child(name).invalid(problem))
}
