use std::fmt;

/// The secret that authenticates a function to a provider. Neither `Debug` nor any error shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

/// The key cannot be sent in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key: visible ASCII characters only, at least one")]
pub struct InvalidKey;

impl ApiKey {
    /// Takes a key that came from outside.
    ///
    /// # Errors
    ///
    /// When it is empty, or holds anything but visible ASCII, such as the line end of the file it
    /// was read from; the function should not start.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidKey> {
        let key = text.into();
        let is_sendable = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        if is_sendable { Ok(Self(key)) } else { Err(InvalidKey) }
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_what_a_header_can_carry_and_a_log_cannot() {
        let key = ApiKey::parse("sk_test_123").unwrap();
        assert_eq!(format!("{key:?}"), "ApiKey(…)");
        for bad in ["", "sk_test\n", "sk test", "schlüssel"] {
            assert_eq!(ApiKey::parse(bad), Err(InvalidKey), "{bad:?}");
        }
    }
}
