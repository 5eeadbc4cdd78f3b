//! The data of an event, read as the struct of its version.

use event_envelope::{DecodeError, Version};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The result of reading.
pub(crate) type Reading<T> = Result<T, DecodeError>;

/// The data of an event that is yet to be read.
pub(crate) struct Data<'a> {
    pub(crate) version: Version,
    pub(crate) value: &'a Value,
}

impl Data<'_> {
    /// Reads it as `T`, if that is the struct of its major version.
    pub(crate) fn read_if<T: DeserializeOwned>(&self, majors: &[u16]) -> Reading<Option<T>> {
        if !majors.contains(&self.version.major) {
            return Ok(None);
        }
        serde_path_to_error::deserialize(self.value).map(Some).map_err(|error| {
            let path = match error.path().to_string().as_str() {
                "." => "data".to_owned(),
                path => format!("data.{path}"),
            };
            DecodeError::field(path, error.into_inner())
        })
    }
}
