//! Who is asking: the claims that API Gateway's JWT authorizer has verified.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use event_envelope::AggregateId;
use http::{HeaderValue, header};

use crate::Problem;

/// The claims that list scopes; which one depends on who issues the tokens.
const SCOPE_CLAIMS: [&str; 2] = ["scope", "scp"];

/// The subject of the claims, if they grant `scope`.
///
/// The claims are read rather than `authorizer.jwt.scopes`, and a scope is asked for by every
/// route: an ID token has no scopes, and must not pass for an access token. Source:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>.
pub(crate) fn caller(event: &ApiGatewayV2httpRequest, scope: &str) -> Result<AggregateId, Problem> {
    let authorizer = event.request_context.authorizer.as_ref();
    let claims = authorizer.and_then(|it| it.jwt.as_ref()).map(|jwt| &jwt.claims);
    let claims = claims.ok_or_else(|| Problem::unauthorized("the request has no claims"))?;
    let subject = claims.get("sub").ok_or_else(|| Problem::unauthorized("no claim \"sub\""))?;
    let user = AggregateId::parse(subject.as_str())
        .map_err(|error| Problem::unauthorized(format!("claim \"sub\": {error}")))?;
    let granted = SCOPE_CLAIMS.iter().filter_map(|name| claims.get(*name));
    if granted.flat_map(|list| scopes(list)).any(|it| it == scope) {
        Ok(user)
    } else {
        Err(missing(scope))
    }
}

/// A list of scopes is separated by spaces; one that was an array is in brackets as well.
fn scopes(list: &str) -> impl Iterator<Item = &str> {
    list.trim_start_matches('[').trim_end_matches(']').split_whitespace()
}

/// Source: <https://www.rfc-editor.org/rfc/rfc6750#section-3.1>.
fn missing(scope: &str) -> Problem {
    let problem = Problem::forbidden(format!("the token does not have the scope {scope:?}"));
    let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
    match HeaderValue::try_from(challenge) {
        Ok(challenge) => problem.header(header::WWW_AUTHENTICATE, challenge),
        Err(_) => problem,
    }
}
