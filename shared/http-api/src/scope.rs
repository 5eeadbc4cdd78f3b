//! Scopes that a token must grant.

use std::fmt;

use runtime::{ConfigError, Environment};

/// Where a token lists its scopes, unless configured: `scope` (RFC 9068) or else `scp` (Entra,
/// Okta). These are the claims that API Gateway reads as well.
const USUAL_CLAIMS: [&str; 2] = ["scope", "scp"];
/// The longest name of a scope or claim, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// A scope that a token must have, as its issuer names it, and the claim that lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenScope {
    name: String,
    claim: Option<String>,
}

/// The name of a scope or claim is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no name of a scope or claim: 1 to {NAME_BYTES_MAX} visible ASCII characters but \" \\ [ ] and blanks"
)]
pub struct InvalidScope {
    /// The name that was refused.
    pub text: String,
}

impl TokenScope {
    /// Reads the scope that the variable `name` holds, and the claim that the variable `claim`
    /// holds, if that is set.
    ///
    /// # Errors
    ///
    /// When the scope is not set, or there can be no scope or claim of its name.
    pub fn read(
        environment: &Environment,
        name: &'static str,
        claim: &'static str,
    ) -> Result<Self, ConfigError> {
        let scope = environment.parsed(name, |name| Self::parse(name))?;
        if environment.optional(claim).is_none() {
            return Ok(scope);
        }
        environment.parsed(claim, |claim| scope.in_claim(claim))
    }

    /// A scope in the claim `scope` or `scp`.
    ///
    /// # Errors
    ///
    /// When there can be no scope of this name.
    pub fn parse(name: impl Into<String>) -> Result<Self, InvalidScope> {
        name_of(name.into()).map(|name| Self { name, claim: None })
    }

    /// The same scope in `claim` and no other, e.g. `permissions`.
    ///
    /// # Errors
    ///
    /// When there can be no claim of this name.
    pub fn in_claim(self, claim: impl Into<String>) -> Result<Self, InvalidScope> {
        let claim = Some(name_of(claim.into())?);
        Ok(Self { claim, ..self })
    }

    /// The claims that may list it.
    pub(crate) fn claims(&self) -> impl Iterator<Item = &str> {
        let usual = if self.claim.is_none() { &USUAL_CLAIMS[..] } else { &[] };
        self.claim.as_deref().into_iter().chain(usual.iter().copied())
    }

    /// Whether it is one of `list`, letter for letter. Scopes are separated by blanks; API Gateway
    /// puts brackets around what was an array.
    pub(crate) fn is_in(&self, list: &str) -> bool {
        let array = list.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        array.unwrap_or(list).split_ascii_whitespace().any(|scope| scope == self.name)
    }
}

/// As the issuer names it.
impl fmt::Display for TokenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A scope token of RFC 6749, section 3.3, that cannot be mistaken for a list.
fn name_of(text: String) -> Result<String, InvalidScope> {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'[' | b']');
    if (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(text)
    } else {
        Err(InvalidScope { text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: &str = "GREETING_SCOPE";
    const CLAIM: &str = "GREETING_CLAIM";

    #[test]
    fn a_scope_and_its_claim_are_as_the_issuer_names_them() {
        let environment = Environment::of([(SCOPE, "Greetings.Write")]);
        let read = |environment: &Environment| TokenScope::read(environment, SCOPE, CLAIM);
        let named = TokenScope::parse("Greetings.Write").unwrap();
        assert_eq!(read(&environment), Ok(named.clone()));
        let claimed = read(&environment.clone().with(CLAIM, "permissions"));
        assert_eq!(claimed, Ok(named.in_claim("permissions").unwrap()));
        for name in [SCOPE, CLAIM] {
            for bad in ["", "two words", "[a]"] {
                let error = read(&environment.clone().with(name, bad)).unwrap_err().to_string();
                let expected = format!("{name}: {bad:?} is no name of a scope or claim: ");
                assert!(error.starts_with(&expected), "{error}");
            }
        }
        let missing = read(&environment.without(SCOPE)).unwrap_err();
        assert_eq!(missing, ConfigError::Missing { name: SCOPE });
    }
}
