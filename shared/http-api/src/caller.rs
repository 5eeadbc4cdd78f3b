//! The caller of a request: the claims that API Gateway's JWT authorizer has verified.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use event_envelope::{AggregateId, fingerprint};
use http::{HeaderValue, header};

use crate::{Problem, TokenScope};

/// The longest subject, in bytes. `OpenID` Connect allows 255 ASCII characters; a longer one
/// of another issuer does no harm.
pub const SUBJECT_BYTES_MAX: usize = 1024;
/// What the ids begin with that are derived. A subject that begins so is derived as well, so that
/// no caller can choose the id of another.
const DERIVED: &str = "cust_";

/// Why a text is not a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSubject {
    /// There is nothing to read.
    #[error("the subject is empty or blank")]
    Blank,
    /// It is longer than any issuer's.
    #[error("the subject is longer than {SUBJECT_BYTES_MAX} bytes")]
    TooLong,
}

/// The id of `subject`, of `issuer`: what [`Request::caller`] returns.
///
/// A subject that is an identifier is its own id. The id of any other text does not contain it,
/// since it may be a mail address: it is a hash of issuer and subject. Both are taken as they are
/// in the token, letter for letter (an issuer may end in a slash).
///
/// A subject is unique only within its issuer, so that subjects that are identifiers must not come
/// from two issuers.
///
/// # Errors
///
/// When the subject is blank or longer than [`SUBJECT_BYTES_MAX`].
///
/// [`Request::caller`]: crate::Request::caller
pub fn caller_id(issuer: &str, subject: &str) -> Result<AggregateId, InvalidSubject> {
    if subject.trim().is_empty() {
        return Err(InvalidSubject::Blank);
    }
    if subject.len() > SUBJECT_BYTES_MAX {
        return Err(InvalidSubject::TooLong);
    }
    let own = Some(subject).filter(|id| !id.starts_with(DERIVED));
    if let Some(id) = own.and_then(|subject| AggregateId::parse(subject).ok()) {
        return Ok(id);
    }
    let hash = fingerprint(&[issuer.as_bytes(), subject.as_bytes()]);
    // A derived id has the right form and length, so this error is never returned.
    AggregateId::parse(format!("{DERIVED}{hash}")).map_err(|_| InvalidSubject::TooLong)
}

/// Who the claims are about, if they grant `scope`.
///
/// The claims are read rather than `authorizer.jwt.scopes`, and a scope is required by every
/// route: an ID token has no scopes, and must not pass for an access token. Source:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>.
pub(crate) fn caller(
    event: &ApiGatewayV2httpRequest,
    scope: &TokenScope,
) -> Result<AggregateId, Problem> {
    let authorizer = event.request_context.authorizer.as_ref();
    let claims = authorizer.and_then(|authorizer| authorizer.jwt.as_ref()).map(|jwt| &jwt.claims);
    let claims = claims.ok_or_else(|| Problem::unauthorized("the request has no claims"))?;
    // Cognito states the kind of token. Where the claim of the scope is one that ID tokens
    // have as well, nothing else distinguishes them.
    if claims.get("token_use").is_some_and(|kind| kind == "id") {
        return Err(Problem::unauthorized("an ID token is no access token: send that one"));
    }
    let subject = claims.get("sub").ok_or_else(|| Problem::unauthorized("no claim \"sub\""))?;
    let issuer = claims.get("iss").map_or("", String::as_str);
    let caller = caller_id(issuer, subject)
        .map_err(|error| Problem::unauthorized(format!("claim \"sub\": {error}")))?;
    let mut granted = scope.claims().filter_map(|name| claims.get(name));
    if granted.any(|list| scope.is_in(list)) { Ok(caller) } else { Err(missing(scope)) }
}

/// Source: <https://www.rfc-editor.org/rfc/rfc6750#section-3.1>.
fn missing(scope: &TokenScope) -> Problem {
    let problem = Problem::forbidden(format!("the token does not have the scope \"{scope}\""));
    let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
    match HeaderValue::try_from(challenge) {
        Ok(challenge) => problem.header(header::WWW_AUTHENTICATE, challenge),
        Err(_) => problem,
    }
}

#[cfg(test)]
mod tests;
