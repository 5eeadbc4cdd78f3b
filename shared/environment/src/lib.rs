#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

/// A variable that is not set, or is not Unicode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "environment variable {name} is missing or not text: set it where the process is configured"
)]
pub struct Missing {
    /// The variable.
    pub name: &'static str,
}

/// The variable `name`. It may be empty: that is for the caller to judge.
///
/// # Errors
///
/// When it is not set, or is not Unicode; the process should not start.
#[expect(clippy::disallowed_methods, reason = "the one place that reads a function's environment")]
pub fn required(name: &'static str) -> Result<String, Missing> {
    std::env::var(name).map_err(|_| Missing { name })
}

/// The variable `name`, if it is set and is Unicode. It may be empty.
#[expect(clippy::disallowed_methods, reason = "the one place that reads a function's environment")]
pub fn optional(name: &'static str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_read_and_a_missing_one_named() {
        assert!(!required("CARGO_PKG_NAME").unwrap().is_empty());
        let missing = required("NO_SUCH_VARIABLE").unwrap_err();
        assert!(missing.to_string().contains("NO_SUCH_VARIABLE"));
    }
}
