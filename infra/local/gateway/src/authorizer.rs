//! The authorizer of a machine without an identity provider: the bearer token *is* the caller.
//!
//! `Bearer alice` is user `alice` with every scope of the API; `Bearer alice:orders:read` and
//! `Bearer alice:orders:read,orders:write` name the scopes. What a function sees has the shape
//! that a JWT authorizer gives it.
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use serde::Serialize;

/// Who issued every token.
const ISSUER: &str = "http://localhost";
/// Whom every token is for.
const AUDIENCE: &str = "orderly";
/// What a token may do if it does not say.
const DEFAULT_SCOPES: &str = "orders:read,orders:write";
const USER_BYTES_MAX: usize = 64;

/// `requestContext.authorizer` of the event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Authorizer {
    jwt: Jwt,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Jwt {
    claims: BTreeMap<&'static str, String>,
    scopes: Vec<String>,
}

/// Why a caller is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    Missing,
    Invalid,
}

impl Denied {
    /// The `WWW-Authenticate` header.
    pub(crate) fn challenge(self) -> &'static str {
        match self {
            Self::Missing => "Bearer",
            Self::Invalid => {
                r#"Bearer scope="" error="invalid_token" error_description="the token has an invalid number of segments""#
            }
        }
    }
}

/// The caller that the `Authorization` header names.
pub(crate) fn authorize(headers: &HeaderMap) -> Result<Authorizer, Denied> {
    let value = headers.get(header::AUTHORIZATION).ok_or(Denied::Missing)?;
    let value = value.to_str().map_err(|_| Denied::Invalid)?;
    let (scheme, token) = value.split_once(' ').ok_or(Denied::Invalid)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Denied::Invalid);
    }
    let (user, scopes) = token.split_once(':').unwrap_or((token, DEFAULT_SCOPES));
    let scopes: Vec<&str> = scopes.split(',').filter(|scope| !scope.is_empty()).collect();
    if !is_user(user) || !scopes.iter().all(|scope| is_scope(scope)) {
        return Err(Denied::Invalid);
    }
    let claims = BTreeMap::from([
        ("sub", user.to_owned()),
        ("iss", ISSUER.to_owned()),
        ("aud", AUDIENCE.to_owned()),
        ("scope", scopes.join(" ")),
        ("token_use", "access".to_owned()),
    ]);
    let scopes = scopes.into_iter().map(str::to_owned).collect();
    Ok(Authorizer { jwt: Jwt { claims, scopes } })
}

fn is_user(text: &str) -> bool {
    (1..=USER_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A scope token of RFC 6749, section 3.3.
fn is_scope(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(header: &str) -> Result<Authorizer, Denied> {
        authorize(&HeaderMap::from_iter([(header::AUTHORIZATION, header.parse().unwrap())]))
    }

    #[test]
    fn a_user_has_every_scope_unless_the_token_names_some() {
        let alice = caller("Bearer alice").unwrap().jwt;
        assert_eq!(alice.claims["sub"], "alice");
        assert_eq!(alice.claims["scope"], "orders:read orders:write");
        let reader = caller("bearer al-ice_1:orders:read").unwrap().jwt;
        assert_eq!(reader.scopes, ["orders:read"]);
        assert_eq!(caller("Bearer alice:").unwrap().jwt.claims["scope"], "");
    }

    #[test]
    fn everything_else_is_denied() {
        assert_eq!(authorize(&HeaderMap::new()), Err(Denied::Missing));
        let long = format!("Bearer {}", "a".repeat(65));
        for header in ["", "alice", "Basic alice", "Bearer ", "Bearer a b", "Bearer ../a", &long] {
            assert_eq!(caller(header), Err(Denied::Invalid), "{header:?}");
        }
    }
}
