//! What nested applications are passed.

use serde_json::Value;

use crate::properties::Properties;

/// What an application is passed for a parameter: held to what the parameter allows once it is
/// known.
#[derive(Debug, Clone)]
pub(crate) struct Passed {
    pub(crate) application: String,
    pub(crate) parameter: String,
    pub(crate) declaration: Properties,
    pub(crate) value: Value,
    /// Without it the application is not there.
    pub(crate) condition: Option<String>,
}
