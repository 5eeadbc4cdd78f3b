//! The keys of an issuer: a set of JSON Web Keys (RFC 7517), as far as it signs with RS256 or ES256.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;

/// Keys by `kid`.
pub(crate) type Keys = BTreeMap<String, Key>;

/// What a signature is checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// RS256: modulus and exponent.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// ES256: a point on P-256, uncompressed.
    P256(Vec<u8>),
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kid: String,
    kty: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// The keys that can be used. Others are passed over, as the standard asks.
pub(crate) fn parse(set: &[u8]) -> Result<Keys, serde_json::Error> {
    let Set { keys } = serde_json::from_slice(set)?;
    let keys = keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
    Ok(keys.filter_map(|key: Jwk| Some((key.kid.clone(), key.usable()?))).collect())
}

impl Jwk {
    fn usable(&self) -> Option<Key> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let is_for = |algorithm: &str| self.alg.as_deref().is_none_or(|it| it == algorithm);
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) if is_for("RS256") => {
                Some(Key::Rsa { n: number(self.n.as_deref()?)?, e: number(self.e.as_deref()?)? })
            }
            ("EC", Some("P-256")) if is_for("ES256") => {
                let [x, y] = [self.x.as_deref()?, self.y.as_deref()?].map(bytes);
                Some(Key::P256([vec![4], x?, y?].concat()))
            }
            _ => None,
        }
    }
}

/// Some write a zero before a number, so that no reader takes it for a negative one.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = bytes(text)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Some(bytes[zeros..].to_vec())
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
