//! Who is let in.
//!
//! Where the stack has an issuer, tokens are checked as API Gateway checks them: see
//! [`issuer`](crate::issuer). Without one the bearer token *is* the caller: `Bearer alice` is user `alice` with every scope of the API;
//! `Bearer alice:orders:read` and `Bearer alice:orders:read,orders:write` name the scopes. What a
//! function sees has the shape that a JWT authorizer gives it.
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>.
//!
//! Where a request has to be signed with credentials of AWS, any will do: the signature has to be
//! there, and is not checked. Source:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html>.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use serde::Serialize;

use crate::issuer::{Invalid, Verifier};

/// Who issued every token.
const ISSUER: &str = "http://localhost";
/// Whom every token is for.
const AUDIENCE: &str = "local";
const USER_BYTES_MAX: usize = 64;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Anyone,
    /// Every caller with a token.
    Token,
    /// Every caller that signs the request with credentials of AWS.
    Iam,
}

/// What a token is.
#[derive(Debug)]
pub(crate) enum Tokens {
    /// A name, with all of these scopes unless it says which: those of the API.
    Names(Vec<String>),
    /// What its issuer signed.
    Issued(Box<Verifier>),
}

/// `requestContext.authorizer` of the event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Authorizer {
    Jwt(Jwt),
    Iam(Iam),
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Jwt {
    claims: BTreeMap<String, String>,
    scopes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Iam {
    pub(crate) access_key: String,
    pub(crate) account_id: &'static str,
    pub(crate) caller_id: String,
    pub(crate) user_arn: String,
    user_id: String,
}

/// Why a caller is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    Missing,
    Invalid(Invalid),
    Unscoped,
    Unsigned,
}

impl Denied {
    /// The `WWW-Authenticate` header; none with a 403: the caller is known, and may not.
    pub(crate) fn challenge(self) -> Option<String> {
        match self {
            Self::Missing => Some("Bearer".to_owned()),
            Self::Invalid(reason) => Some(format!(
                r#"Bearer scope="" error="invalid_token" error_description="{reason}""#
            )),
            Self::Unscoped | Self::Unsigned => None,
        }
    }
}

/// The caller that the `Authorization` header names, where one is asked for. Of the scopes that a
/// route asks for, one is enough.
pub(crate) async fn authorize(
    access: Access,
    scopes: &[String],
    headers: &HeaderMap,
    tokens: &Tokens,
    now: i64,
) -> Result<Option<Authorizer>, Denied> {
    match access {
        Access::Anyone => Ok(None),
        Access::Token => {
            let jwt = match tokens {
                Tokens::Issued(verifier) => verified(headers, verifier, now).await?,
                Tokens::Names(all) => bearer(headers, all)?,
            };
            let may = scopes.is_empty() || scopes.iter().any(|scope| jwt.scopes.contains(scope));
            if may { Ok(Some(Authorizer::Jwt(jwt))) } else { Err(Denied::Unscoped) }
        }
        Access::Iam => {
            signer(headers).map(|iam| Some(Authorizer::Iam(iam))).ok_or(Denied::Unsigned)
        }
    }
}

/// Who signed the request, by Signature Version 4:
/// `AWS4-HMAC-SHA256 Credential=<access key>/<date>/<region>/<service>/aws4_request, …`.
pub(crate) fn signer(headers: &HeaderMap) -> Option<Iam> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let parts = value.strip_prefix("AWS4-HMAC-SHA256 ")?.split(',').map(str::trim);
    let parts: BTreeMap<&str, &str> = parts.filter_map(|part| part.split_once('=')).collect();
    parts.get("Signature").filter(|signature| !signature.is_empty())?;
    let (access_key, scope) = parts.get("Credential")?.split_once('/')?;
    if !is_user(access_key) || !scope.ends_with("/aws4_request") {
        return None;
    }
    Some(Iam {
        access_key: access_key.to_owned(),
        account_id: local_core::ACCOUNT,
        caller_id: access_key.to_owned(),
        user_arn: format!("arn:aws:iam::{}:user/{access_key}", local_core::ACCOUNT),
        user_id: access_key.to_owned(),
    })
}

/// A token of the issuer, with or without `Bearer` before it.
async fn verified(headers: &HeaderMap, verifier: &Verifier, now: i64) -> Result<Jwt, Denied> {
    let value = headers.get(header::AUTHORIZATION).ok_or(Denied::Missing)?;
    let value = value.to_str().map_err(|_| Denied::Invalid(Invalid::Malformed))?;
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value,
    };
    let claims = verifier.verify(token, now).await.map_err(Denied::Invalid)?;
    let lists = ["scope", "scp"].iter().filter_map(|name| claims.get(*name));
    let scopes = lists.flat_map(|list| {
        let array = list.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        array.unwrap_or(list).split_ascii_whitespace().map(str::to_owned)
    });
    let scopes = scopes.collect();
    Ok(Jwt { claims, scopes })
}

fn bearer(headers: &HeaderMap, all: &[String]) -> Result<Jwt, Denied> {
    let value = headers.get(header::AUTHORIZATION).ok_or(Denied::Missing)?;
    let value = value.to_str().map_err(|_| Denied::Invalid(Invalid::Segments))?;
    let (scheme, token) = value.split_once(' ').ok_or(Denied::Invalid(Invalid::Segments))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Denied::Invalid(Invalid::Segments));
    }
    let (user, scopes) = match token.split_once(':') {
        Some((user, named)) => (user, named.split(',').filter(|it| !it.is_empty()).collect()),
        None => (token, all.iter().map(String::as_str).collect::<Vec<_>>()),
    };
    if !is_user(user) || !scopes.iter().all(|scope| is_scope(scope)) {
        return Err(Denied::Invalid(Invalid::Segments));
    }
    let claims = BTreeMap::from([
        ("sub", user.to_owned()),
        ("iss", ISSUER.to_owned()),
        ("aud", AUDIENCE.to_owned()),
        ("scope", scopes.join(" ")),
        ("token_use", "access".to_owned()),
    ]);
    let scopes = scopes.into_iter().map(str::to_owned).collect();
    let claims = claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Jwt { claims, scopes })
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

    fn caller(header: &str) -> Result<Jwt, Denied> {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, header.parse().unwrap())]);
        bearer(&headers, &["orders:read", "orders:write"].map(str::to_owned))
    }

    #[test]
    fn a_user_has_every_scope_unless_the_token_names_some() {
        let alice = caller("Bearer alice").unwrap();
        assert_eq!(alice.claims["sub"], "alice");
        assert_eq!(alice.claims["scope"], "orders:read orders:write");
        let reader = caller("bearer al-ice_1:orders:read").unwrap();
        assert_eq!(reader.scopes, ["orders:read"]);
        assert_eq!(caller("Bearer alice:").unwrap().claims["scope"], "");
    }

    #[tokio::test]
    async fn one_of_a_routes_scopes_is_enough_and_none_is_not() {
        let asked = ["orders:read", "orders:write"].map(str::to_owned);
        let may = async |header: &str, scopes: &[String]| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, header.parse().unwrap())]);
            let tokens = Tokens::Names(Vec::new());
            let caller = authorize(Access::Token, scopes, &headers, &tokens, 0).await;
            caller.map(|caller| caller.is_some())
        };
        assert_eq!(may("Bearer alice:orders:read", &asked).await, Ok(true));
        assert_eq!(may("Bearer alice:orders:read", &asked[1..]).await, Err(Denied::Unscoped));
        assert_eq!(may("Bearer alice:", &asked).await, Err(Denied::Unscoped));
        assert_eq!(may("Bearer alice:", &[]).await, Ok(true));
    }

    #[test]
    fn everything_else_is_denied() {
        assert_eq!(bearer(&HeaderMap::new(), &[]), Err(Denied::Missing));
        let long = format!("Bearer {}", "a".repeat(65));
        for header in ["", "alice", "Basic alice", "Bearer ", "Bearer a b", "Bearer ../a", &long] {
            assert_eq!(caller(header), Err(Denied::Invalid(Invalid::Segments)), "{header:?}");
        }
    }
}
