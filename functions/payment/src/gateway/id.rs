//! The provider's ids.

use std::fmt;

use serde::Deserialize;

const ID_LENGTH_MAX: usize = 255;

/// An id of the provider's: letters, digits and underscores, and so fit for events and logs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Id(pub(super) String);

/// The text is no id of the provider's.
#[derive(Debug, thiserror::Error)]
#[error("not an id: 1 to {ID_LENGTH_MAX} letters, digits and underscores")]
pub struct InvalidId;

impl TryFrom<String> for Id {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        let is_id = (1..=ID_LENGTH_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        if is_id { Ok(Self(text)) } else { Err(InvalidId) }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Id {
    /// The id as the provider writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
