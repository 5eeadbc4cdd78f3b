//! Who signed, and when: `t=1492774577,v1=5257a8…,v0=6ffbb5…`.
//!
//! The signature of scheme `v1` is the HMAC with SHA-256, under the endpoint's secret, of the time,
//! a point and the raw body. There may be several, while the secret is changed. Other schemes are
//! not checked: `v0` is there to be wrong.
//!
//! Source: <https://docs.stripe.com/webhooks#verify-manually>.

use std::{fmt, time::Duration};

use ring::hmac::{HMAC_SHA256, Key, verify};
use time::OffsetDateTime;

/// How far the time of a signature may be from ours, to both sides.
pub const TOLERANCE: Duration = Duration::from_secs(300);
/// The most secrets that hold at a time.
pub const SECRETS_MAX: usize = 4;

/// The longest header, in bytes.
const HEADER_BYTES_MAX: usize = 4096;
/// The most signatures that are checked. The provider sends one for each secret.
const SIGNATURES_MAX: usize = 16;
/// The longest secret, in bytes.
const SECRET_BYTES_MAX: usize = 255;
/// The shortest one: too many to guess.
const SECRET_BYTES_MIN: usize = 16;
/// A time of more digits is none.
const TIME_DIGITS_MAX: usize = 12;
/// The bytes of SHA-256.
const HASH_BYTES: usize = 32;

/// The secrets of an endpoint: one, and for the time of a rotation the other as well. `Debug` shows
/// none.
#[derive(Clone)]
pub struct SigningSecrets(Vec<Key>);

/// A text holds no secrets of an endpoint. It is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "give 1 to {SECRETS_MAX} signing secrets with white space between them, each of \
     {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} visible ASCII characters without commas"
)]
pub struct InvalidSecrets;

impl SigningSecrets {
    /// Takes the secrets in `text`, which white space separates.
    ///
    /// # Errors
    ///
    /// When there are none or too many, or one cannot be a secret.
    pub fn parse(text: String) -> Result<Self, InvalidSecrets> {
        let secrets: Vec<&str> = text.split_ascii_whitespace().collect();
        let is_secret = |secret: &&str| {
            (SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&secret.len())
                && secret.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
        };
        if !(1..=SECRETS_MAX).contains(&secrets.len()) || !secrets.iter().all(is_secret) {
            return Err(InvalidSecrets);
        }
        Ok(Self(secrets.iter().map(|secret| Key::new(HMAC_SHA256, secret.as_bytes())).collect()))
    }

    /// Whether one of them made one of the signatures, of `body`. It takes as long to find out how
    /// wrong a signature is as that it is right.
    pub fn have_signed(&self, signature: &Signature, body: &[u8]) -> bool {
        let signed = [signature.time.as_bytes(), b".", body].concat();
        let made = |key| signature.given.iter().any(|given| verify(key, &signed, given).is_ok());
        self.0.iter().any(made)
    }
}

impl fmt::Debug for SigningSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningSecrets({})", self.0.len())
    }
}

/// The content of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// As it was written: so it was signed.
    time: String,
    at: OffsetDateTime,
    given: Vec<[u8; HASH_BYTES]>,
}

impl Signature {
    /// Reads the header. None, when it names not one time, or no signature of a scheme that is
    /// known here.
    pub fn parse(header: &str) -> Option<Self> {
        if header.len() > HEADER_BYTES_MAX {
            return None;
        }
        let mut times = Vec::new();
        let mut given = Vec::new();
        for item in header.split(',') {
            match item.split_once('=')? {
                ("t", time) => times.push(time),
                ("v1", hex) => given.push(hash(hex)?),
                _ => {}
            }
        }
        let [time] = times[..] else { return None };
        let is_time = (1..=TIME_DIGITS_MAX).contains(&time.len())
            && time.bytes().all(|byte| byte.is_ascii_digit());
        if !is_time || !(1..=SIGNATURES_MAX).contains(&given.len()) {
            return None;
        }
        let at = OffsetDateTime::from_unix_timestamp(time.parse().ok()?).ok()?;
        Some(Self { time: time.to_owned(), at, given })
    }

    /// Whether it was made within [`TOLERANCE`] of `now`.
    pub fn is_of_now(&self, now: OffsetDateTime) -> bool {
        (now - self.at).unsigned_abs() <= TOLERANCE
    }
}

fn hash(text: &str) -> Option<[u8; HASH_BYTES]> {
    let mut bytes = [0; HASH_BYTES];
    hex::decode_to_slice(text, &mut bytes).ok().map(|()| bytes)
}

#[cfg(test)]
mod tests;
