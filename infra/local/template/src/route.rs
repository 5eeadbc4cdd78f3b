//! The routes of HTTP APIs.

use std::collections::BTreeMap;

use crate::{
    error::{Place, TemplateError},
    properties::{Properties, text},
};

/// A route of an HTTP API: an `HttpApi` event of a function, or an `AWS::ApiGatewayV2::Route`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The HTTP method, e.g. `GET`, or `ANY`.
    pub method: String,
    /// The path with its variables in braces, e.g. `/orders/{id}`.
    pub path: String,
    /// The name of the function that answers.
    pub function: String,
    /// Who may call.
    pub access: Access,
    /// The scopes of which a caller's token must have one, if there are any.
    pub scopes: Vec<String>,
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Anyone.
    Anyone,
    /// Every caller with a token of the API's issuer: a JWT authorizer.
    Token,
    /// Callers that sign requests with credentials of AWS and may invoke the route: `AWS_IAM`.
    Iam,
}

/// The authorizer that every API has that wants it.
const AWS_IAM: &str = "AWS_IAM";

/// What an `AWS::Serverless::HttpApi` says about who may call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Api {
    authorizers: Vec<String>,
    default_authorizer: Option<String>,
    has_iam: bool,
}

/// The HTTP APIs of a template by logical id.
pub(crate) type Apis = BTreeMap<String, Api>;

pub(crate) const METHODS: &[&str] =
    &["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

pub(crate) fn read_api(mut properties: Properties) -> Result<Api, TemplateError> {
    let mut api = Api { authorizers: Vec::new(), default_authorizer: None, has_iam: false };
    if let Some(mut auth) = properties.object("Auth")? {
        for (name, authorizer) in auth.entries("Authorizers")? {
            read_authorizer(authorizer)?;
            api.authorizers.push(name);
        }
        api.has_iam = auth.flag("EnableIamAuthorizer")?.unwrap_or(false);
        api.default_authorizer = auth.text_if_any("DefaultAuthorizer")?;
        if let Some(default) = &api.default_authorizer
            && !api.authorizers.contains(default)
        {
            let problem = format!("{default} is not one of the Authorizers");
            return Err(auth.place().child("DefaultAuthorizer").invalid(problem));
        }
        auth.done()?;
    }
    // How much it takes at a time is of AWS's size, not of this machine's.
    properties.pass_over(&["DefaultRouteSettings", "RouteSettings"]);
    properties.pass_over(&["AccessLogSettings", "Description", "FailOnWarnings", "Name", "Tags"]);
    properties.done()?;
    Ok(api)
}

/// A JWT authorizer. Who issues tokens on one machine is up to the local stack.
fn read_authorizer(mut authorizer: Properties) -> Result<(), TemplateError> {
    let Some(mut jwt) = authorizer.object("JwtConfiguration")? else {
        return Err(authorizer.place().invalid("must have a JwtConfiguration"));
    };
    jwt.text("issuer")?;
    if jwt.list("audience")?.is_empty() {
        return Err(jwt.place().child("audience").invalid("must name at least one audience"));
    }
    jwt.done()?;
    let source = authorizer.text("IdentitySource")?;
    if source != "$request.header.Authorization" {
        let place = authorizer.place().child("IdentitySource");
        return Err(place.invalid("must be $request.header.Authorization"));
    }
    authorizer.done()
}

/// The properties of an `HttpApi` event of the function with the name `function`.
pub(crate) fn read(
    function: &str,
    mut properties: Properties,
    apis: &Apis,
) -> Result<Route, TemplateError> {
    let id = properties.text("ApiId")?;
    let api = apis.get(&id).ok_or_else(|| {
        let problem = format!("{id} is not an AWS::Serverless::HttpApi of the template");
        properties.place().child("ApiId").invalid(problem)
    })?;
    let (access, scopes) = access(&mut properties, api)?;
    let route = Route {
        method: method(&mut properties)?,
        path: path(&mut properties)?,
        function: function.to_owned(),
        access,
        scopes,
    };
    let version = properties.text_if_any("PayloadFormatVersion")?;
    if version.is_some_and(|version| version != "2.0") {
        return Err(properties.place().child("PayloadFormatVersion").invalid("must be 2.0"));
    }
    properties.done()?;
    Ok(route)
}

fn method(properties: &mut Properties) -> Result<String, TemplateError> {
    let method = properties.text("Method")?.to_ascii_uppercase();
    if METHODS.contains(&method.as_str()) {
        Ok(method)
    } else {
        Err(properties.place().child("Method").invalid(format!("{method} is no HTTP method")))
    }
}

fn path(properties: &mut Properties) -> Result<String, TemplateError> {
    let path = properties.text("Path")?;
    checked_path(path, &properties.place().child("Path"))
}

/// A path whose variables are whole segments.
pub(crate) fn checked_path(path: String, place: &Place) -> Result<String, TemplateError> {
    let whole_segments = path.split('/').skip(1).all(|segment| {
        let variable = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        !variable.unwrap_or(segment).contains(['{', '}'])
    });
    if path.starts_with('/') && whole_segments {
        Ok(path)
    } else {
        let problem =
            format!("{path} must begin with / and have its {{variables}} in whole segments");
        Err(place.invalid(problem))
    }
}

/// Who may call, and with which scopes.
fn access(properties: &mut Properties, api: &Api) -> Result<(Access, Vec<String>), TemplateError> {
    let Some(mut auth) = properties.object("Auth")? else {
        let default = api.default_authorizer.as_ref();
        return Ok((default.map_or(Access::Anyone, |_| Access::Token), Vec::new()));
    };
    let authorizer = auth.text_if_any("Authorizer")?.or_else(|| api.default_authorizer.clone());
    let scopes = auth.list("AuthorizationScopes")?.into_iter();
    let scopes = scopes.map(|(place, it)| text(it, &place)).collect::<Result<Vec<_>, _>>()?;
    let place: Place = auth.place().child("Authorizer");
    let scopes_place = auth.place().child("AuthorizationScopes");
    auth.done()?;
    let access = match authorizer.as_deref() {
        None | Some("NONE") => Access::Anyone,
        Some(AWS_IAM) if api.has_iam => Access::Iam,
        Some(AWS_IAM) => {
            return Err(place.invalid("is AWS_IAM, but the API has no EnableIamAuthorizer"));
        }
        Some(known) if api.authorizers.iter().any(|it| it == known) => Access::Token,
        Some(unknown) => {
            return Err(place.invalid(format!("{unknown} is not an authorizer of the API")));
        }
    };
    if access != Access::Token && !scopes.is_empty() {
        return Err(scopes_place.invalid("are of tokens, and the route asks for none"));
    }
    Ok((access, scopes))
}
