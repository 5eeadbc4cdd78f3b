//! A token: a JSON Web Signature in its compact form (RFC 7515) around claims (RFC 7519).

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{TokenIssuer, keys::Key};

/// Why a token is refused, in the words that the challenge has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Invalid {
    #[error("the token has an invalid number of segments")]
    Segments,
    #[error("the token is malformed")]
    Malformed,
    #[error("the token is signed by an algorithm that is not supported")]
    Algorithm,
    #[error("no key of the issuer has the token's key id")]
    UnknownKey,
    #[error("the token has an invalid signature")]
    Signature,
    #[error("the token has an invalid issuer")]
    Issuer,
    #[error("the token does not have a valid audience")]
    Audience,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYet,
}

/// A token that has not been checked yet.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    pub(crate) key_id: String,
    pub(crate) claims: Map<String, Value>,
    algorithm: String,
    signed: &'a str,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    crit: Option<Value>,
}

impl<'a> Token<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Invalid> {
        let (signed, signature) = text.rsplit_once('.').ok_or(Invalid::Segments)?;
        let (header, claims) = signed.split_once('.').ok_or(Invalid::Segments)?;
        if claims.contains('.') {
            return Err(Invalid::Segments);
        }
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Invalid::Malformed);
        let header: Header =
            serde_json::from_slice(&bytes(header)?).map_err(|_| Invalid::Malformed)?;
        // What must be understood is not understood here.
        if header.crit.is_some() {
            return Err(Invalid::Malformed);
        }
        Ok(Self {
            key_id: header.kid,
            claims: serde_json::from_slice(&bytes(claims)?).map_err(|_| Invalid::Malformed)?,
            algorithm: header.alg,
            signed,
            signature: bytes(signature)?,
        })
    }

    /// The key decides how it is checked, never the token alone.
    pub(crate) fn check_signature(&self, key: &Key) -> Result<(), Invalid> {
        let message = self.signed.as_bytes();
        let checked = match (key, self.algorithm.as_str()) {
            (Key::Rsa { n, e }, "RS256") => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                &self.signature,
            ),
            (Key::P256(point), "ES256") => {
                // It holds here, so that any issuer can be tried.
                tracing::warn!("API Gateway takes tokens signed by RSA only: this one is ES256");
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, &self.signature)
            }
            _ => return Err(Invalid::Algorithm),
        };
        checked.map_err(|_| Invalid::Signature)
    }
}

/// Whether the claims hold at `now`, in seconds since 1970.
pub(crate) fn check_claims(
    claims: &Map<String, Value>,
    issuer: &TokenIssuer,
    now: i64,
) -> Result<(), Invalid> {
    if claims.get("iss").and_then(Value::as_str) != Some(issuer.url.as_str()) {
        return Err(Invalid::Issuer);
    }
    // Where there is an audience, the client does not matter.
    let names = |value: &Value| {
        let one = std::slice::from_ref(value);
        value.as_array().map_or(one, Vec::as_slice).iter().any(|it| it == issuer.audience.as_str())
    };
    if !claims.get("aud").or_else(|| claims.get("client_id")).is_some_and(names) {
        return Err(Invalid::Audience);
    }
    let expires = claims.get("exp").and_then(seconds).ok_or(Invalid::Malformed)?;
    if expires <= now {
        return Err(Invalid::Expired);
    }
    for name in ["nbf", "iat"] {
        let since = claims.get(name).map(|value| seconds(value).ok_or(Invalid::Malformed));
        if since.transpose()?.is_some_and(|since| since > now) {
            return Err(Invalid::NotYet);
        }
    }
    Ok(())
}

/// Whole seconds; some issuers write fractions.
#[expect(clippy::cast_possible_truncation, reason = "a conversion of floats saturates")]
fn seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
}

/// Claims as functions see them: all are text, and arrays stand in brackets, separated by blanks.
pub(crate) fn claim_texts(claims: &Map<String, Value>) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    };
    let whole = |value: &Value| {
        let list = |items: &Vec<Value>| {
            format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(" "))
        };
        value.as_array().map_or_else(|| text(value), list)
    };
    claims.iter().map(|(name, value)| (name.clone(), whole(value))).collect()
}
