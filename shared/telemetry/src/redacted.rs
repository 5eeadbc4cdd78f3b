//! Values that must not be shown.

use std::fmt;

use serde::Deserialize;

/// A value about a person: it can be read from JSON, but neither a log nor JSON ever shows it.
///
/// ```
/// let email = telemetry::Redacted::new("ann@example.com");
/// assert_eq!(format!("{email} {email:?}"), "[redacted] [redacted]");
/// assert_eq!(*email.expose(), "ann@example.com");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// Hides `value`.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one place that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The value, for good.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Redacted<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
